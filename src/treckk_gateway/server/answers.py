"""How many HTTP answers of each class were given since the start."""

from __future__ import annotations

import attrs

_CLASSES = range(2, 6)


@attrs.frozen
class AnswerCounts:
    """Counts by the first digit of the status; everything mounted together shares one."""

    _counts: dict[int, int] = attrs.field(factory=lambda: dict.fromkeys(_CLASSES, 0))

    def count(self, status: int) -> None:
        """One more answer with this status."""
        group = status // 100
        self._counts[group] = self._counts.get(group, 0) + 1

    def by_class(self) -> dict[str, int]:
        """`{"2xx": 12, "3xx": 0, ...}`."""
        return {f"{group}xx": count for group, count in sorted(self._counts.items())}
