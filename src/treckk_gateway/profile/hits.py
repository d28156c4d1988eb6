"""Words of a list, found in a message."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Hit(msgspec.Struct, frozen=True, gc=False):
    """A word or phrase of the list `name`, found at words `start` to before `end` of the message as it was written.

    Words that were rewritten before they were found stand at the place of what they were rewritten from. `joined`
    where two words meant it together; then it stands at the first. Of all values of triage it is made most often,
    forty times a message, and so is a struct.
    """

    name: str
    phrase: str
    start: int
    end: int
    joined: bool = False

    def within(self, other: Hit) -> bool:
        """Whether it is a part of a longer one."""
        return other.start <= self.start and self.end <= other.end and other.end - other.start > self.end - self.start

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


class Hits:
    """Hits by their list, in order, each once; of one list at most so many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._groups: dict[str, dict[tuple[int, int, str], Hit]] = {}

    def add(self, names: Sequence[str], phrase: str, start: int, end: int) -> None:
        """The same words found of several lists."""
        key = (start, end, phrase)
        for name in names:
            group = self._groups.get(name)
            if group is None:
                self._groups[name] = {key: Hit(name, phrase, start, end)}
            elif key not in group and len(group) < self._most:
                group[key] = Hit(name, phrase, start, end)

    def without(self, calm: str) -> dict[str, tuple[Hit, ...]]:
        """Those that stand in no longer phrase of the list `calm`."""
        spans = [(start, end) for start, end, _phrase in self._groups.get(calm, ())]
        if not spans:
            return {name: tuple(group.values()) for name, group in self._groups.items()}
        found = {}
        for name, group in self._groups.items():
            left = tuple(hit for hit in group.values() if not _inside(hit, spans))
            if left:
                found[name] = left
        return found


def _inside(hit: Hit, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether it is a part of something longer."""
    start, end = hit.start, hit.end
    for begin, stop in spans:  # noqa: SIM110 a generator costs more than the few comparisons, for every hit
        if begin <= start and end <= stop and stop - begin > end - start:
            return True
    return False
