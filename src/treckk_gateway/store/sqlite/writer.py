"""One thread that writes, with group commit: what waits together is committed together.

The next batch forms while the previous one is being synced, so a single request waits for nobody and many share one
sync. Source of the rules about errors inside a batch: storage-and-engine reference, 5.1 to 5.4.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any, Protocol, TypeVar, cast

import structlog

from treckk_gateway.errors import StoreBusy, StoreUnavailable, described
from treckk_gateway.store.handover import fail, settle, tell

T = TypeVar("T")
A_contra = TypeVar("A_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)
Operation = Callable[[sqlite3.Connection], T]


class Joint(Protocol[A_contra, R_co]):
    """One operation for many requests: each statement gives the interpreter away, and taking it back may cost more."""

    def __call__(self, connection: sqlite3.Connection, arguments: Sequence[A_contra]) -> Sequence[R_co]:
        """The results, in the order of the arguments."""

    def at_once(self, connection: sqlite3.Connection, arguments: Sequence[A_contra]) -> Sequence[R_co] | None:
        """The same by one statement, a transaction by itself; `None`, and nothing done, when that is not enough."""


_BATCH = 256
_CHECKPOINT_SECONDS = 0.25

log = structlog.get_logger(__name__)


class Rank(IntEnum):
    """Intake goes first: a citizen waits for its answer."""

    INTAKE = 0
    WORK = 1


class _Request:
    """One operation, or one argument of a joint one, and who waits for it since when."""

    __slots__ = ("argument", "future", "joint", "operation", "since")

    def __init__(
        self,
        future: asyncio.Future[Any],
        since: float,
        operation: Operation[Any] | None,
        joint: Joint[Any, Any] | None = None,
        argument: object = None,
    ) -> None:
        self.future = future
        self.since = since
        self.operation = operation
        self.joint = joint
        self.argument = argument

    def run(self, connection: sqlite3.Connection) -> object:
        """Do it by itself."""
        if self.joint is not None:
            return self.joint(connection, [self.argument])[0]
        return cast("Operation[Any]", self.operation)(connection)


class _Failed:
    """What a request is told instead of a result."""

    __slots__ = ("problem",)

    def __init__(self, problem: BaseException) -> None:
        self.problem = problem


class Writer:
    """Runs operations on the one writing connection and settles their futures after the commit."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], *, limit: int = 2000, oldest: float = 3.0) -> None:
        self._connect = connect
        self._limit = limit
        self._oldest = oldest
        self._queues: tuple[deque[_Request], deque[_Request]] = (deque(), deque())
        self._wake = threading.Event()
        self._closing = False
        self._dead: BaseException | None = None
        self._busy_since: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._kicked = False
        self._open = False
        self.commits = 0

    @property
    def alive(self) -> bool:
        """Whether writes can be taken: the disk may also stand still."""
        return self._open and not self._stalled(self._queues[Rank.INTAKE], time.monotonic())

    async def start(self) -> None:
        """Open the connection inside the thread and begin. Raises what opening raises."""
        self._loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._live, args=(opened,), name="treckk-writer", daemon=True)
        self._thread.start()
        await opened

    async def run(self, operation: Operation[T], rank: Rank = Rank.WORK) -> T:
        """The operation's result, once it is on the disk.

        Raises `StoreBusy` when the queue is over its bounds, `StoreUnavailable` when nothing can be written.
        """
        return await cast("asyncio.Future[T]", self._enqueued(rank, operation))

    def join(self, joint: Joint[A_contra, T], argument: A_contra, rank: Rank = Rank.WORK) -> asyncio.Future[T]:
        """The result for `argument` of an operation that takes all that wait together. Raises what `run` raises."""
        return self._enqueued(rank, None, joint, argument)

    def _enqueued(
        self,
        rank: Rank,
        operation: Operation[Any] | None,
        joint: Joint[Any, Any] | None = None,
        argument: object = None,
    ) -> asyncio.Future[Any]:
        loop = self._loop
        if loop is None or self._closing or not self._open:
            raise StoreUnavailable("the store is closed")
        queue, now = self._queues[rank], time.monotonic()
        if len(queue) >= self._limit or self._stalled(queue, now):
            raise StoreBusy("the store is behind: try again")
        future: asyncio.Future[Any] = loop.create_future()
        queue.append(_Request(future, now, operation, joint, argument))
        if not self._kicked:
            # Once per turn of the loop: waking the thread for each request would cost more than the request.
            self._kicked = True
            loop.call_soon(self._kick)
        return future

    def _kick(self) -> None:
        self._kicked = False
        self._wake.set()
        if not self._open:  # it died between a look at it and what was queued then
            self._refuse_waiting()

    async def stop(self) -> None:
        """Finish what is queued, checkpoint, close the connection, end the thread."""
        self._closing = True
        self._wake.set()
        thread = self._thread
        while thread is not None and thread.is_alive():  # noqa: ASYNC110 the end of a thread sends no event
            await asyncio.sleep(0.005)

    def _stalled(self, queue: deque[_Request], now: float) -> bool:
        """Whether what is being written, or the first that waits, is older than it may be."""
        busy = self._busy_since
        if busy is not None and now - busy > self._oldest:
            return True
        try:
            return bool(queue) and now - queue[0].since > self._oldest
        except IndexError:  # the thread took it in between
            return False

    def _live(self, opened: asyncio.Future[None]) -> None:
        try:
            connection = self._connect()
        except BaseException as problem:  # noqa: BLE001 handed to whoever opens the store
            self._dead = problem
            self._call(fail, opened, problem)
            return
        self._open = True
        self._call(settle, opened, None)
        try:
            self._work(connection)
        except BaseException as problem:  # noqa: BLE001 told in the log, and dealt with below
            self._dead = problem
            log.error("store.writer_died", **described(problem))
        finally:
            self._open = False
            self._refuse_waiting()
            with contextlib.suppress(sqlite3.Error):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()

    def _work(self, connection: sqlite3.Connection) -> None:
        checkpointed, dirty = time.monotonic(), False
        while True:
            batch = self._take()
            if not batch:
                if self._closing:
                    return
                self._wake.wait(_CHECKPOINT_SECONDS if dirty else None)
                self._wake.clear()
            else:
                self._busy_since = batch[0].since
                self._call(_settle_batch, batch, self._run(connection, batch))
                self._busy_since = None
                dirty = True
            if dirty and time.monotonic() - checkpointed > _CHECKPOINT_SECONDS:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                checkpointed, dirty = time.monotonic(), bool(batch)

    def _take(self) -> list[_Request]:
        batch: list[_Request] = []
        for queue in self._queues:
            while queue and len(batch) < _BATCH:
                batch.append(queue.popleft())
        return batch

    def _run(self, connection: sqlite3.Connection, batch: list[_Request]) -> Sequence[Any]:
        try:
            results = _together(connection, batch)
            self.commits += 1
        except BaseException as first:  # noqa: BLE001 redone below, one by one
            # A single statement that broke a rule undid itself; else no transaction means that the disk or file failed.
            if not _undo(connection) and not isinstance(first, sqlite3.IntegrityError):
                return _all_failed(batch, first)
        else:
            return results
        try:
            results = _one_by_one(connection, batch)
            self.commits += 1
        except BaseException as problem:  # noqa: BLE001 every request is told
            _undo(connection)
            return _all_failed(batch, problem)
        return results

    def _refuse_waiting(self) -> None:
        problem = _Failed(StoreUnavailable("the store is closed"))
        for queue in self._queues:
            while queue:
                self._call(_settle_batch, [queue.popleft()], [problem])

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        tell(cast("asyncio.AbstractEventLoop", self._loop), function, *arguments)


def _together(connection: sqlite3.Connection, batch: list[_Request]) -> Sequence[Any]:
    only = batch[0].joint
    if only is not None:
        arguments = [one.argument for one in batch if one.joint is only]
        at_once = only.at_once(connection, arguments) if len(arguments) == len(batch) else None
        if at_once is not None:
            return at_once
    results: list[Any] = [None] * len(batch)
    joint: dict[Joint[Any, Any], list[int]] = {}
    connection.execute("BEGIN IMMEDIATE")
    for number, request in enumerate(batch):
        if request.joint is None:
            results[number] = request.run(connection)
        else:
            joint.setdefault(request.joint, []).append(number)
    for operation, numbers in joint.items():
        found = operation(connection, [batch[number].argument for number in numbers])
        for number, result in zip(numbers, found, strict=True):
            results[number] = result
    connection.execute("COMMIT")
    return results


def _one_by_one(connection: sqlite3.Connection, batch: list[_Request]) -> Sequence[Any]:
    results: list[Any] = []
    connection.execute("BEGIN IMMEDIATE")
    for request in batch:
        connection.execute("SAVEPOINT one")
        try:
            results.append(request.run(connection))
        except Exception as problem:
            # A full disk rolls the whole transaction back by itself: then nothing of the batch is good.
            if not connection.in_transaction:
                raise
            connection.execute("ROLLBACK TO one")
            results.append(_Failed(_translated(problem)))
        connection.execute("RELEASE one")
    connection.execute("COMMIT")
    return results


def _undo(connection: sqlite3.Connection) -> bool:
    """Roll back; false when the transaction was already gone, which means the disk or the file failed."""
    if not connection.in_transaction:
        return False
    try:
        connection.execute("ROLLBACK")
    except sqlite3.Error:
        return False
    return True


def _translated(problem: BaseException) -> BaseException:
    if isinstance(problem, sqlite3.OperationalError | sqlite3.DatabaseError) and not isinstance(
        problem, sqlite3.IntegrityError
    ):
        translated = StoreUnavailable(
            f"the database refuses: {problem.__class__.__name__} {getattr(problem, 'sqlite_errorname', '')}"
        )
        translated.__cause__ = problem
        return translated
    return problem


def _all_failed(batch: list[_Request], problem: BaseException) -> Sequence[Any]:
    log.error("store.batch_failed", count=len(batch), **described(problem))
    told = _translated(problem)
    if not isinstance(told, StoreUnavailable):
        told = StoreUnavailable("the store failed in the middle of a batch; nothing of it was stored")
        told.__cause__ = problem
    return [_Failed(told)] * len(batch)


def _settle_batch(batch: list[_Request], results: Sequence[Any]) -> None:
    for request, result in zip(batch, results, strict=True):
        future = request.future
        if future.done():
            continue
        if type(result) is _Failed:
            future.set_exception(result.problem)
        else:
            future.set_result(result)
