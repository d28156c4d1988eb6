"""Words of a list, found in a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec


class Hit(msgspec.Struct, frozen=True, gc=False):
    """A word or phrase of a list, found at words `start` to before `end` of the message as it was written.

    Words that were rewritten before they were found stand at the place of what they were rewritten from. `joined`
    where two words meant it together; then it stands at the first. No value of triage is made as often, so it is a
    struct.
    """

    phrase: str
    start: int
    end: int
    joined: bool = False

    def inside(self, longer: Iterable[tuple[int, int]]) -> bool:
        """Whether it is a part of something longer, of which each stands at words `start` to before `end`."""
        start, end = self.start, self.end
        for begin, stop in longer:  # noqa: SIM110 a generator would cost more than what it compares
            if begin <= start and end <= stop and stop - begin > end - start:
                return True
        return False

    def gap(self, other: Hit) -> int:
        """How many words stand between the two; less than zero when they share one."""
        return max(other.start - self.end, self.start - other.end)


def nearest(first: Sequence[Hit], second: Sequence[Hit], most: int) -> tuple[Hit, Hit] | None:
    """Two different words, one of each, with at most `most` words between them."""
    for one in first:
        for other in second:
            if 0 <= one.gap(other) <= most:
                return one, other
    return None


Hits = Mapping[str, tuple[Hit, ...]]
"""What was found of each list, by its name."""


class Gathering:
    """Hits of one text while they are looked for: by their list, in order, each once; of one list at most `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._groups: dict[str, list[Hit]] = {}

    def add(self, names: Sequence[str], phrase: str, start: int, end: int) -> None:
        """The same words found of several lists, in none of which they stand yet."""
        hit = Hit(phrase, start, end)
        for name in names:
            group = self._groups.get(name)
            if group is None:
                self._groups[name] = [hit]
            elif len(group) < self._most:
                group.append(hit)

    def add_new(self, names: Sequence[str], phrase: str, start: int, end: int) -> None:
        """The same where some of the lists may have it."""
        hit = Hit(phrase, start, end)
        for name in names:
            group = self._groups.setdefault(name, [])
            if len(group) < self._most and hit not in group:
                group.append(hit)

    def without(self, calm: str) -> dict[str, tuple[Hit, ...]]:
        """Those that stand in no longer phrase of the list `calm`."""
        spans = [(one.start, one.end) for one in self._groups.get(calm, ())]
        if not spans:
            return {name: tuple(group) for name, group in self._groups.items()}
        found = {}
        for name, group in self._groups.items():
            left = tuple([hit for hit in group if not hit.inside(spans)])
            if left:
                found[name] = left
        return found
