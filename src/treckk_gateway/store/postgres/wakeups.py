"""The Wakeups port over Procrastinate: a worker under a supervisor, a rescuer and a sweeper beside it.

Source: storage-and-engine reference, 6.2 to 6.5.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Any

import attrs
import structlog
from procrastinate import App, PsycopgConnector

from treckk_gateway.errors import StoreError, described
from treckk_gateway.model import Instant
from treckk_gateway.store.postgres.errand import ERRAND, Errand, Follow, Whose
from treckk_gateway.store.postgres.jobs import QUEUE, app_for
from treckk_gateway.store.postgres.lending import connection_arguments
from treckk_gateway.store.postgres.store import PostgresStore
from treckk_gateway.store.postgres.sweep import Lateness
from treckk_gateway.store.rows import Topic, Wake
from treckk_gateway.store.sql.setback import Latest

RESCUER = 0x72_65_73_63_75_65
"""The advisory lock of the one who rescues: "rescue". Two with the same list would run jobs twice."""

_SECOND = 1_000_000
_COOLING = 1.0
_PATIENCE = (1.0, 2.0, 4.0, 8.0, 0.0)
"""Seconds between tries while the database cannot be asked."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_DAY = 86_400.0
_KEPT_HOURS = 24

log = structlog.get_logger(__name__)

Handler = Callable[[Wake], Awaitable[None]]


@attrs.frozen(kw_only=True)
class Pulse:
    """The engine's intervals, in seconds, and how many jobs run side by side."""

    slots: int = 32
    poll: float = 1.0
    heartbeat: float = 5.0
    stalled: float = 15.0
    sweep: float = 60.0
    overdue: float = 60.0
    again: float = 300.0
    pool_timeout: float = 5.0


class JobWakeups:
    """Runs `slots` handlers side by side, one owner's rows after one another, wherever their jobs were deferred.

    The worker is started again whenever it ends by itself. What it left behind is found: jobs of a worker that died
    by the rescuer, rows without a job by the sweeper.
    """

    def __init__(self, store: PostgresStore, clock: Callable[[], Instant], pulse: Pulse) -> None:
        self._store = store
        self._clock = clock
        self._latest = Latest(clock)
        self._pulse = pulse
        self._handler: Handler | None = None
        self._running: set[asyncio.Task[Any]] = set()
        self._lanes: dict[str, bool] = {}
        self._places = asyncio.Semaphore(pulse.slots)
        self._working: asyncio.Task[None] | None = None
        self._app: App | None = None
        self._pruned_until = 0.0
        self._stopping = False
        self._ended = asyncio.Event()
        self.restarts = 0

    @property
    def busy(self) -> bool:
        """Whether any handler runs."""
        return bool(self._running)

    def hint(self) -> None:
        """Nothing to do: what became due was woken by the transaction that made it so."""

    async def run(self, handler: Handler) -> None:
        """Work until stopped, whatever becomes of the database meanwhile."""
        self._handler = handler
        beside = [
            asyncio.create_task(self._repeat(self._rescue, self._pulse.stalled / 4), name="treckk-rescue"),
            asyncio.create_task(self._sweeping(), name="treckk-sweep"),
            asyncio.create_task(self._repeat(self._keep_step, self._pulse.poll), name="treckk-clock"),
            asyncio.create_task(self._repeat(self._prune, self._pulse.sweep), name="treckk-prune"),
        ]
        try:
            await self._supervise()
        finally:
            for one in beside:
                one.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            self._ended.set()

    async def stop(self, grace: float) -> None:
        """Fetch nothing more, wait for what runs, then cancel it: the sweep finds its rows."""
        self._stopping = True
        working = self._working
        if working is not None:
            working.cancel()
        if self._running:
            _done, late = await asyncio.wait(set(self._running), timeout=grace)
            for one in late:
                one.cancel()
        await self._ended.wait()

    async def _supervise(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping:
            begun = asyncio.get_running_loop().time()
            self._working = asyncio.create_task(self._work(), name="treckk-worker")
            try:
                await self._working
            except asyncio.CancelledError:
                if not self._stopping:
                    raise
            except Exception as problem:  # noqa: BLE001 told in the log; the worker is started again
                log.warning("wakeups.worker_ended", count=self.restarts + 1, **described(problem))
            if self._stopping:
                return
            self.restarts += 1
            lived = asyncio.get_running_loop().time() - begun
            pause = _FIRST_PAUSE if lived > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _work(self) -> None:
        pool = {"min_size": 1, "max_size": 1, "timeout": self._pulse.pool_timeout, "name": "treckk-jobs"}
        app = app_for(self._look, self._store.ask, conninfo=self._store.conninfo, kwargs=_own_arguments(), **pool)
        async with app.open_async():
            self._app = app
            try:
                await app.run_worker_async(
                    queues=[QUEUE],
                    name="treckk",
                    concurrency=self._pulse.slots,
                    fetch_job_polling_interval=self._pulse.poll,
                    update_heartbeat_interval=self._pulse.heartbeat,
                    stalled_worker_timeout=self._pulse.stalled,
                    delete_jobs="always",
                    install_signal_handlers=False,
                )
            finally:
                self._app = None

    async def _look(self, topic: Topic, owner: int) -> None:
        """A job: everything that is due for one owner, and what follows from it. It never fails."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 jobs run in tasks
        self._running.add(task)
        try:
            inherited = copy_context()

            def begin(found: Follow) -> asyncio.Task[None]:
                context = inherited.copy()
                context.run(ERRAND.set, errand)
                return asyncio.create_task(self._see_to(*found), name=f"treckk-{found.whose.topic}", context=context)

            errand = Errand(begin)
            errand.take([Follow(Whose(topic, owner))])
            await errand.over()
        finally:
            self._running.discard(task)

    async def _see_to(self, whose: Whose, first: Wake | None) -> None:
        """Handle whatever is due there, beginning with `first` where it is known.

        Where the database cannot be asked it is tried again for a while, since nobody else may know of this before the
        next sweep.
        """
        for pause in _PATIENCE:
            try:
                if not await self._drain(whose, first):
                    await self._store.wake(*whose, self._clock() + int(_COOLING * _SECOND))
            except StoreError as problem:
                log.error("wakeups.store_failed", topic=whose.topic, **described(problem))
            else:
                return
            if self._stopping:
                return
            first = None
            await asyncio.sleep(pause)

    async def _drain(self, whose: Whose, first: Wake | None) -> bool:
        """Whether nothing of it is due any more, or somebody is at its lane: who comes then leaves word of more."""
        wake = first or await self._head(whose)
        if wake is None:
            return True
        if (lane := wake.lane) in self._lanes:
            self._lanes[lane] = True
            return True
        self._lanes[lane] = False
        try:
            while not self._stopping and await self._handle(wake):
                following = await self._next(whose, lane)
                if following is None:
                    return True
                if following.row_id == wake.row_id:
                    return False
                wake = following
        finally:
            del self._lanes[lane]
        return False

    async def _next(self, whose: Whose, lane: str) -> Wake | None:
        while True:
            self._lanes[lane] = False
            wake = await self._head(whose)
            if wake is not None or not self._lanes[lane]:
                return wake

    async def _head(self, whose: Whose) -> Wake | None:
        return await self._store.head(*whose, self._clock())

    async def _handle(self, wake: Wake) -> bool:
        """Whether the handler came to its end."""
        handler = self._handler
        assert handler is not None  # noqa: S101 set before the worker runs
        try:
            async with self._places:
                await handler(wake)
        except StoreError:
            raise
        except Exception as problem:  # noqa: BLE001 told in the log, and looked at again
            log.error("wakeups.handler_failed", topic=wake.topic, count=1, **described(problem))
            return False
        return True

    async def _rescue(self) -> None:
        """Take over the jobs of workers that no longer show signs of life, and what followed from them."""
        app = self._app
        if app is None or not isinstance(app.connector, PsycopgConnector):
            return
        async with app.connector.pool.connection() as connection, connection.transaction():
            found = await connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (RESCUER,))
            if not (await found.fetchone() or (False,))[0]:
                return
            stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=self._pulse.stalled))
            if stalled:  # first, so that the jobs are found again should it fail
                await self._wake_all(self._clock())
            for job in stalled:
                try:
                    await app.job_manager.retry_job(job)
                except Exception as problem:  # noqa: BLE001 its worker ended it after all
                    log.warning("wakeups.not_rescued", **described(problem))

    async def _wake_all(self, now: Instant) -> None:
        """Whatever is due by now, whoever woke it before: nothing of it may hang on a job of those that are gone."""
        while await self._store.sweep(now, Lateness(overdue=0, again=1, waiting=True)):
            continue

    async def _sweeping(self) -> None:
        """At the start whatever is due, since the last worker may have ended any way; later what is overdue."""
        again = int(self._pulse.again * _SECOND)
        await self._quietly(lambda: self._store.sweep(self._clock(), Lateness(overdue=0, again=again)))
        lateness = Lateness(overdue=int(self._pulse.overdue * _SECOND), again=again)
        await self._repeat(lambda: self._store.sweep(self._clock(), lateness), self._pulse.sweep)

    async def _keep_step(self) -> None:
        """A clock that was set back holds nothing up: nothing is asked of the database while it goes on."""
        await self._latest.now(self._store)

    async def _prune(self) -> None:
        """After the start and once a day: what ended badly, as jobs of a worker that was stopped past its grace."""
        app, now = self._app, asyncio.get_running_loop().time()
        if app is not None and now >= self._pruned_until:
            await app.job_manager.delete_old_jobs(
                nb_hours=_KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
            )
            self._pruned_until = now + _DAY

    async def _repeat(self, work: Callable[[], Awaitable[object]], seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._quietly(work)

    async def _quietly(self, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except Exception as problem:  # noqa: BLE001 tried again at the next interval
            log.warning("wakeups.side_failed", **described(problem))


def _own_arguments() -> dict[str, Any]:
    return {name: value for name, value in connection_arguments().items() if name not in {"context", "autocommit"}}
