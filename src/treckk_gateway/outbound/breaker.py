"""A channel that refuses us is left alone for a while; the others go on."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import structlog

from treckk_gateway.model import Instant

_SECOND = 1_000_000

log = structlog.get_logger(__name__)


@attrs.define
class _Trouble:
    failures: int = 0
    until: Instant = 0
    code: str | None = None


@attrs.define
class Breakers:
    """One breaker per channel: after `threshold` failures in a row, a try every `pause` seconds until one succeeds.

    Both are settings, `delivery.pause_after` and `delivery.pause`.
    """

    clock: Callable[[], Instant]
    threshold: int = 5
    pause: float = 60.0
    _troubles: dict[str, _Trouble] = attrs.field(factory=dict)
    last_success: dict[str, Instant] = attrs.field(factory=dict)

    def closed_until(self, channel_id: str) -> Instant | None:
        """Until when nothing should be sent there; `None` when it may."""
        trouble, now = self._troubles.get(channel_id), self.clock()
        if trouble is None or trouble.until <= now:
            return None
        # No pause is longer than this: a clock that was set back must not make it one of hours.
        trouble.until = min(trouble.until, now + int(self.pause * _SECOND))
        return trouble.until

    def paused(self, channel_id: str) -> str | None:
        """The code of the trouble that keeps the channel waiting, `None` when all is well."""
        trouble = self._troubles.get(channel_id)
        return trouble.code if trouble is not None and trouble.until > 0 else None

    def troubled(self, channel_id: str) -> tuple[int, Instant | None]:
        """Failures in a row, and until when nothing is sent for them."""
        trouble = self._troubles.get(channel_id)
        return (trouble.failures, trouble.until or None) if trouble is not None else (0, None)

    def reopened(self, channel_id: str) -> None:
        """What kept the channel is over, though nothing was sent yet."""
        if self._troubles.pop(channel_id, None) is not None:
            log.info("channel.recovered", channel_id=channel_id)

    def succeeded(self, channel_id: str) -> None:
        """The provider answered as it should."""
        self.last_success[channel_id] = self.clock()
        self.reopened(channel_id)

    def failed(self, channel_id: str, code: str, *, at_once: bool = False) -> None:
        """The provider failed; `at_once` when the channel as a whole is refused."""
        trouble = self._troubles.setdefault(channel_id, _Trouble())
        trouble.failures += 1
        trouble.code = code
        if at_once or trouble.failures >= self.threshold:
            trouble.until = self.clock() + int(self.pause * _SECOND)
            log.error("channel.paused", channel_id=channel_id, code=code, count=trouble.failures, seconds=self.pause)
