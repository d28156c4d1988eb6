"""Roots and affixes: `tembak` is also found as tembakan, ditembak, menembak and penembakan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from treckk_gateway.profile.tokens import fold


@attrs.frozen(kw_only=True)
class Affixes:
    """What may stand before and after a root.

    `softened` are first letters of roots that change after a prefix, with what they become: `tembak`, `menembak`.
    """

    prefixes: frozenset[str] = frozenset()
    suffixes: frozenset[str] = frozenset()
    softened: Mapping[str, str] = attrs.field(factory=dict)


class Roots:
    """Lists of roots by name, of which every form counts."""

    def __init__(self, lists: Mapping[str, Iterable[str]] | None = None, affixes: Affixes | None = None) -> None:
        self._affixes = affixes or Affixes()
        self._stems: dict[str, tuple[str, ...]] = {}
        for name, roots in (lists or {}).items():
            for root in map(fold, roots):
                for stem in (root, *self._soft(root)):
                    self._stems[stem] = (*self._stems.get(stem, ()), name)
        self._before = range(1 + max(map(len, self._affixes.prefixes), default=0))
        self._after = range(1 + max(map(len, self._affixes.suffixes), default=0))
        self._shortest = min(map(len, self._stems), default=0)

    @property
    def stems(self) -> Iterable[str]:
        """The roots, and how they look after a prefix that changes them."""
        return self._stems

    def names(self, word: str) -> tuple[str, ...]:
        """The lists of which the word is a form; none, mostly."""
        if not self._stems or len(word) < self._shortest:
            return ()
        for before in self._before:
            if before and word[:before] not in self._affixes.prefixes:
                continue
            for after in self._after:
                end = len(word) - after
                if after and word[end:] not in self._affixes.suffixes:
                    continue
                found = self._stems.get(word[before:end])
                if found:
                    return found
        return ()

    def _soft(self, root: str) -> Iterable[str]:
        return [
            soft + root.removeprefix(hard) for hard, soft in self._affixes.softened.items() if root.startswith(hard)
        ]
