"""What a tapped button carries: the answer it stands for, so that it is read like one that was written."""

from __future__ import annotations

from treckk_gateway.model import Choice

_MARK = "jawab:"


def payload(choice: Choice) -> str:
    """The provider's id of a button or a line of a list."""
    return _MARK + choice.answer


def answered(given: str | None) -> str | None:
    """The answer behind a tapped id; `None` for an id that is none of `payload`'s."""
    if given is None or not given.startswith(_MARK):
        return None
    return given.removeprefix(_MARK).strip() or None
