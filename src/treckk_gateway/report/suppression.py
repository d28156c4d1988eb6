"""Small numbers left out so that they cannot be worked out again from what is shown.

Source of the threshold: domain reference, R32. A number from 1 to 2 may point to one reporter. Left out alone it could
be computed from its total and its neighbours, so others are left out with it. That is safe in a tree, where every
number is the sum of those below it: if each sum misses none or at least two of its numbers, no combination of sums
gives one of them away. Everything else that is shown must be a sum of shown numbers.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

SMALL = 3
"""Numbers above zero and below this one are not shown outside leadership."""


@attrs.define(eq=False)
class Node:
    """A number that is the sum of those below it; a leaf has none below. `shown` is what suppression decides."""

    count: int
    below: tuple[Node, ...] = ()
    shown: bool = True

    @classmethod
    def over(cls, *below: Node) -> Node:
        """The sum of these."""
        return cls(sum(one.count for one in below), below)

    @property
    def value(self) -> int | None:
        """The number, or `None` where it is left out."""
        return self.count if self.shown else None


def suppress(root: Node) -> None:
    """Decide what of a tree is shown."""
    lines = [one for one in _all(root) if one.below]
    for one in _all(root):
        one.shown = not 0 < one.count < SMALL
    while any(_protect(line) for line in lines):
        pass


def _protect(line: Node) -> bool:
    """Leave out one more number of a sum that would give another away; false when it gives none away."""
    hidden = [one for one in line.below if not one.shown]
    if not _revealing(line, hidden):
        return False
    candidates = [one for one in line.below if one.shown and one.count]
    chosen = min(candidates, key=lambda one: one.count) if candidates else line
    changed, chosen.shown = chosen.shown, False
    return changed


def _revealing(line: Node, hidden: list[Node]) -> bool:
    if not line.shown:
        # The sum itself is missing: it must not follow from all its parts.
        return not hidden and line.count > 0
    # One missing number is a subtraction. Several are known too when they can only be as small as they are: none that
    # is missing is 0.
    return len(hidden) == 1 or (bool(hidden) and sum(one.count for one in hidden) <= sum(map(_least, hidden)))


def _least(node: Node) -> int:
    """The smallest number it can be for all anybody sees."""
    return node.count if node.shown else max(1, sum(map(_least, node.below)))


def _all(node: Node) -> Iterator[Node]:
    yield node
    for one in node.below:
        yield from _all(one)
