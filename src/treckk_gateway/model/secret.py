"""A configured secret that does not print itself."""

from __future__ import annotations

import attrs


@attrs.frozen(repr=False)
class Secret:
    """A secret read from `env:NAME` or `file:PATH`. `reveal()` is the only way to its text."""

    _text: str

    def reveal(self) -> str:
        """The secret itself; use it at once and keep no copy."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__
