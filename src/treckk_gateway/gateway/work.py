"""What is due, brought to the stage that sees to it."""

from __future__ import annotations

import attrs

from treckk_gateway.gateway.parts import Parts
from treckk_gateway.store.rows import Topic, Wake


@attrs.frozen
class Work:
    """Stages know nothing of one another: only here stands which takes which row."""

    parts: Parts

    async def handle(self, wake: Wake) -> None:
        """See to one row."""
        if self.parts.tracing is None:
            await self._work(wake)
        else:
            await self.parts.tracing.work(self._work, wake)

    async def _work(self, wake: Wake) -> None:
        match wake.topic:
            case Topic.INBOX:
                await self.parts.intake.handle(wake.row_id)
            case Topic.OUTBOX:
                await self.parts.sender.handle(wake.row_id)
            case Topic.TIMER:
                await self._timer(wake.row_id)

    async def _timer(self, timer_id: int) -> None:
        timer = await self.parts.store.timer(timer_id)
        if timer is None:
            return
        if timer.kind == "triage":
            await self.parts.stage.handle(timer)
        elif timer.kind == "evidence":
            await self.parts.evidence.handle(timer)
        elif timer.kind == "ask":
            await self.parts.asker.handle(timer)
        elif timer.kind == "clock":
            await self.parts.watch.handle(timer)
        else:
            await self.parts.notices.handle(timer)
