"""Words of a list, found in a message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs


@attrs.frozen(kw_only=True, slots=True)
class Hit:
    """A word or phrase of the list `name`, found at words `start` to before `end` of the message as it was written.

    Words that were rewritten before they were found stand at the place of what they were rewritten from. `joined`
    where two words meant it together; then it stands at the first.
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


def grouped(hits: Iterable[Hit], most: int) -> dict[str, tuple[Hit, ...]]:
    """Hits by their list, in order, each once; of one list at most so many."""
    groups: dict[str, dict[tuple[int, int, str], Hit]] = {}
    for hit in hits:
        group = groups.setdefault(hit.name, {})
        if len(group) < most:
            group.setdefault((hit.start, hit.end, hit.phrase), hit)
    return {name: tuple(group.values()) for name, group in groups.items()}
