"""The gateway: opened, fed and closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from msgspec.structs import asdict

from treckk_gateway.casework import Clock, Ids, wall_clock
from treckk_gateway.channel import (
    Channel,
    Checking,
    Listening,
    Problem,
    WebhookRequest,
    WebhookResponse,
)
from treckk_gateway.errors import StoreAway, StoreError, described
from treckk_gateway.gateway.checkup import Checkup
from treckk_gateway.gateway.configured import configured
from treckk_gateway.gateway.health import Health
from treckk_gateway.gateway.parts import Parts
from treckk_gateway.gateway.plan import Plan
from treckk_gateway.gateway.work import Work
from treckk_gateway.inbound.fetching import Fetcher
from treckk_gateway.inbound.showing import FileForm, ShownFile
from treckk_gateway.inbound.spool import Spool
from treckk_gateway.model import Actor, Instant
from treckk_gateway.outbound.closed import check_templates, template_problems
from treckk_gateway.profile import Profile, bounded
from treckk_gateway.profile import load as load_profile
from treckk_gateway.settings import Settings, check_posts
from treckk_gateway.settings import load as load_settings
from treckk_gateway.triage import Step

_SECOND = 1_000_000
_GRACE = 10.0
"""Seconds that work under way is given at the end."""

log = structlog.get_logger(__name__)


class Gateway:
    """Takes messages in, brings them to people, and tells reporters what became of them.

    Use it as an async context manager in any event loop. It sets up no logging, no signal handlers, and touches no
    thread pool but its own. `desk` is what staff see and do, `coordination` what they do among themselves, `reports`
    what leadership sees of it all, `receive` takes webhooks from any framework.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        profile: Profile | None = None,
        triage: Sequence[Step] = (),
        clock: Clock = wall_clock,
        ids: Ids | None = None,
        working: bool = True,
        listening: bool | None = None,
    ) -> None:
        self.settings = settings
        self.profile = bounded(profile or load_profile(settings.profile), settings.boundaries)
        check_posts(settings, self.profile)
        self._fetcher = Fetcher()
        self.channels: Mapping[str, Channel] = configured(settings, self._fetcher, clock)
        check_templates(self.channels.values(), self.profile, str(settings.source or "settings"))
        self._clock = clock
        self._working = working
        self._listening = working if listening is None else listening
        self._parts = Parts.of(
            Plan(
                settings=settings,
                profile=self.profile,
                channels=self.channels,
                triage=tuple(triage),
                clock=clock,
                ids=ids or Ids(),
            )
        )
        self.desk = self._parts.desk
        self.coordination = self._parts.coordination
        self.reports = self._parts.reports
        self._tasks: list[asyncio.Task[None]] = []
        self._waiting: asyncio.Task[None] | None = None
        self._open = False

    @classmethod
    def from_config(
        cls,
        config: Path | str | Settings,
        *,
        triage: Sequence[Step] = (),
        clock: Clock = wall_clock,
        ids: Ids | None = None,
        working: bool = True,
        listening: bool | None = None,
    ) -> Self:
        """A gateway from a TOML file or settings. `triage` adds steps after the configured ones.

        With `working=False` it takes webhooks, looks and acts, but files and sends nothing: others on the same
        PostgreSQL do. `listening` says whether channels' own listeners run, as they do by default where work is done.
        Raises `ConfigError` or `ProfileError` before anything starts.
        """
        settings = config if isinstance(config, Settings) else load_settings(Path(config))
        return cls(settings, triage=triage, clock=clock, ids=ids, working=working, listening=listening)

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    def webhook_url(self, channel_id: str) -> str:
        """The public address of a channel's webhooks."""
        return self.settings.webhook_url(channel_id)

    async def receive(self, channel_id: str, request: WebhookRequest) -> WebhookResponse:
        """Take a webhook: the answer is given after the message is on the disk. Never raises for what came in."""
        if not self._open:
            return WebhookResponse(503, headers={"Retry-After": "30"})
        receive, tracing = self._parts.receiver.receive, self._parts.tracing
        if tracing is None:
            return await receive(channel_id, request)
        return await tracing.receive(receive, channel_id, request)

    def largest(self, channel_id: str) -> int:
        """The bytes a webhook to that channel may have."""
        return self._parts.receiver.largest(channel_id)

    async def counters(self) -> dict[str, int]:
        """The books: `received = filed + parked + new`, what waits to leave, what was given up, what was refused."""
        counted = asdict(await self._parts.store.counters())
        return counted | {"refused": self._parts.receiver.traffic.refused.total()}

    async def oldest_work(self) -> Instant | None:
        """Since when the oldest work that could be done has been due; `None` when nothing is due."""
        return await self._parts.store.oldest_work(self._clock())

    async def health(self) -> Health:
        """Whether messages can be taken, and how the channels do."""
        checkup = Checkup(self._parts, self.channels.values(), self.settings.engine.pool_timeout)
        return await checkup.health(opened=self._open)

    async def check(self) -> Sequence[tuple[str, Problem]]:
        """What every channel finds wrong with its own set-up."""
        found = []
        for channel in self.channels.values():
            if isinstance(channel, Checking):
                found += [(channel.channel_id, one) for one in await channel.check()]
            found += [(channel.channel_id, one) for one in template_problems(channel)]
        return found

    async def file(self, actor: Actor, reference: str, file_id: int, form: FileForm = FileForm.PICTURE) -> ShownFile:
        """A file of a case, as the actor may see it; looking is written down.

        Raises `NotFoundError`, `NotAllowed`, or `Incomplete` when no copy can be made in that form.
        """
        return await self._parts.showing.show(actor, await self.desk.case(actor, reference), file_id, form)

    async def settled(self, timeout: float) -> bool:  # noqa: ASYNC109 the caller's patience, not a deadline
        """Wait until nothing is due any more; false when that takes longer than `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while not await self._idle():  # noqa: ASYNC110 rows are the truth, they send no event
                    await asyncio.sleep(0.02)
        except TimeoutError:
            return False
        return True

    async def _idle(self) -> bool:
        due = await self._parts.store.next_due()
        counted = await self._parts.store.counters()
        return not self._parts.wakeups.busy and (due is None or due > self._clock()) and counted.new == 0

    async def _start(self) -> None:
        parts, away = self._parts, await self._open_store()
        if parts.receiver.spool is not None:
            await parts.receiver.spool.open(parts.receiver.keep)
        self._open = True
        if self._working or self._listening:
            await parts.doors.open(self.channels.values(), self._deliver if self._listening else None)
        if away is not None:
            self._waiting = asyncio.create_task(self._open_later(away), name="treckk-opening")
        elif self._working:
            await self._begin_work()

    async def _open_store(self) -> Spool | None:
        """Open it. Where it is away, and was there before since it has a spool, that takes its place until then."""
        spool = self._parts.receiver.spool
        try:
            await self._parts.store.open()
        except StoreAway as problem:
            if spool is None or not spool.used:
                raise
            spool.hold(problem)
            return spool
        return None

    async def _open_later(self, spool: Spool) -> None:
        while True:
            await asyncio.sleep(spool.retry)
            try:
                await self._parts.store.open()
                if self._working:
                    await self._begin_work()
            except StoreAway:
                continue
            except StoreError as problem:
                log.error("store.not_opened", **described(problem))
            else:
                log.info("store.opened")
                return

    async def _begin_work(self) -> None:
        parts = self._parts
        await parts.watch.recount()
        interrupted = await parts.store.recover(self._clock())
        if interrupted:
            log.warning("messages.interrupted", count=interrupted)
        self._tasks = [
            asyncio.create_task(parts.wakeups.run(Work(parts).handle), name="treckk-work"),
            asyncio.create_task(parts.settler.run(), name="treckk-settle"),
            asyncio.create_task(parts.reconciler.run(), name="treckk-recover"),
            asyncio.create_task(parts.retention.run(), name="treckk-retention"),
            asyncio.create_task(parts.collector.run(), name="treckk-files"),
            asyncio.create_task(parts.digest.run(), name="treckk-digest"),
        ]

    async def _stop(self) -> None:
        """What was accepted is kept, what is under way is finished or taken up at the next start."""
        parts = self._parts
        self._open = False
        await parts.doors.close()
        for channel in self.channels.values():
            if isinstance(channel, Listening):
                await _quietly(channel.quiet())
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.gather(self._waiting, return_exceptions=True)
        if parts.receiver.spool is not None:
            await parts.receiver.spool.close()
        if self._tasks:
            work, *others = self._tasks
            for one in others:
                one.cancel()
            await parts.wakeups.stop(_GRACE)
            await asyncio.gather(work, *others, return_exceptions=True)
            self._tasks = []
        if self._working or self._listening:
            for channel in self.channels.values():
                await _quietly(channel.close())
        await self._fetcher.close()
        await parts.parser.close()
        await parts.collector.close()
        parts.files.close()
        if parts.tracing is not None:
            await parts.tracing.close()
        await parts.store.close()

    async def _deliver(self, channel: Channel, request: WebhookRequest) -> WebhookResponse:
        deliver, tracing = self._parts.receiver.deliver, self._parts.tracing
        if tracing is None:
            return await deliver(channel, request)
        return await tracing.deliver(deliver, channel, request)


async def _quietly(closing: Awaitable[None]) -> None:
    """One channel that cannot close must not keep the others open."""
    try:
        await closing
    except Exception as problem:  # noqa: BLE001 told in the log, and dealt with below
        log.error("channel.close_failed", **described(problem))
