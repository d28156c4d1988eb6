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

T = TypeVar("T")
A_contra = TypeVar("A_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)
Operation = Callable[[sqlite3.Connection], T]


class Joint(Protocol[A_contra, R_co]):
    """One operation for many requests: each statement gives the interpreter away, and taking it back may cost more."""

    def __call__(self, connection: sqlite3.Connection, arguments: Sequence[A_contra]) -> Sequence[R_co]:
        """The results, in the order of the arguments."""

    def is_one_statement(self, arguments: Sequence[A_contra]) -> bool:
        """Whether it writes by a single statement, which is a transaction by itself."""


_BATCH = 256
_CHECKPOINT_SECONDS = 0.25

log = structlog.get_logger(__name__)


class Rank(IntEnum):
    """Intake goes first: a citizen waits for its answer."""

    INTAKE = 0
    WORK = 1


class _Request:
    __slots__ = ("argument", "future", "joint", "operation", "since")

    def __init__(
        self,
        future: asyncio.Future[Any],
        operation: Operation[Any],
        joint: Joint[Any, Any] | None = None,
        argument: object = None,
    ) -> None:
        self.future = future
        self.operation = operation
        self.joint = joint
        self.argument = argument
        self.since = time.monotonic()


_Outcome = tuple[_Request, Any, BaseException | None]


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
        self.commits = 0

    @property
    def alive(self) -> bool:
        """Whether writes can be taken at all."""
        return self._thread is not None and self._thread.is_alive() and self._dead is None

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
        request = _Request(self._future(rank), operation)
        return cast("T", await self._enqueued(request, rank))

    async def join(self, joint: Joint[A_contra, T], argument: A_contra, rank: Rank = Rank.WORK) -> T:
        """The result for `argument` of an operation that takes all that wait together. Raises what `run` raises."""
        request = _Request(self._future(rank), lambda opened: joint(opened, [argument])[0], joint, argument)
        return cast("T", await self._enqueued(request, rank))

    def _future(self, rank: Rank) -> asyncio.Future[Any]:
        if self._loop is None or self._closing or not self.alive:
            raise StoreUnavailable("the store is closed")
        queue = self._queues[rank]
        if len(queue) >= self._limit or self._stalled(queue):
            raise StoreBusy("the store is behind: try again")
        return self._loop.create_future()

    def _enqueued(self, request: _Request, rank: Rank) -> asyncio.Future[Any]:
        self._queues[rank].append(request)
        if not self._kicked:
            # Once per turn of the loop: waking the thread for each request would cost more than the request.
            self._kicked = True
            cast("asyncio.AbstractEventLoop", self._loop).call_soon(self._kick)
        return request.future

    def _kick(self) -> None:
        self._kicked = False
        self._wake.set()

    async def stop(self) -> None:
        """Finish what is queued, checkpoint, close the connection, end the thread."""
        self._closing = True
        self._wake.set()
        thread = self._thread
        while thread is not None and thread.is_alive():  # noqa: ASYNC110 the end of a thread sends no event
            await asyncio.sleep(0.005)

    def _stalled(self, queue: deque[_Request]) -> bool:
        since = self._busy_since
        with contextlib.suppress(IndexError):
            since = min(since, queue[0].since) if since is not None else queue[0].since
        return since is not None and time.monotonic() - since > self._oldest

    def _live(self, opened: asyncio.Future[None]) -> None:
        try:
            connection = self._connect()
        except BaseException as problem:  # noqa: BLE001 handed to whoever opens the store
            self._dead = problem
            self._call(_fail, opened, problem)
            return
        self._call(_succeed, opened, None)
        try:
            self._work(connection)
        except BaseException as problem:  # noqa: BLE001 told in the log, and dealt with below
            self._dead = problem
            log.error("store.writer_died", **described(problem))
        finally:
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
                self._settle(self._run(connection, batch))
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

    def _run(self, connection: sqlite3.Connection, batch: list[_Request]) -> list[_Outcome]:
        try:
            outcomes = _together(connection, batch)
            self.commits += 1
        except BaseException as first:  # noqa: BLE001 redone below, one by one
            # A single statement that broke a rule undid itself; else no transaction means that the disk or file failed.
            if not _undo(connection) and not isinstance(first, sqlite3.IntegrityError):
                return _all_failed(batch, first)
        else:
            return outcomes
        try:
            outcomes = _one_by_one(connection, batch)
            self.commits += 1
        except BaseException as problem:  # noqa: BLE001 every request is told
            _undo(connection)
            return _all_failed(batch, problem)
        return outcomes

    def _settle(self, outcomes: list[_Outcome]) -> None:
        self._call(_settle, outcomes)

    def _refuse_waiting(self) -> None:
        problem = StoreUnavailable("the store is closed")
        for queue in self._queues:
            while queue:
                self._settle([(queue.popleft(), None, problem)])

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        loop = cast("asyncio.AbstractEventLoop", self._loop)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(function, *arguments)


def _together(connection: sqlite3.Connection, batch: list[_Request]) -> list[_Outcome]:
    alone = batch[0].joint
    if alone is not None and all(one.joint is alone for one in batch):
        arguments = [one.argument for one in batch]
        if alone.is_one_statement(arguments):
            results = alone(connection, arguments)
            return [(request, result, None) for request, result in zip(batch, results, strict=True)]
    connection.execute("BEGIN IMMEDIATE")
    outcomes: list[_Outcome] = []
    joint: dict[Any, list[_Request]] = {}
    for request in batch:
        if request.joint is None:
            outcomes.append((request, request.operation(connection), None))
        else:
            joint.setdefault(request.joint, []).append(request)
    for operation, requests in joint.items():
        results = operation(connection, [one.argument for one in requests])
        outcomes += [(request, result, None) for request, result in zip(requests, results, strict=True)]
    connection.execute("COMMIT")
    return outcomes


def _one_by_one(connection: sqlite3.Connection, batch: list[_Request]) -> list[_Outcome]:
    outcomes: list[_Outcome] = []
    connection.execute("BEGIN IMMEDIATE")
    for request in batch:
        connection.execute("SAVEPOINT one")
        try:
            outcomes.append((request, request.operation(connection), None))
        except Exception as problem:
            # A full disk rolls the whole transaction back by itself: then nothing of the batch is good.
            if not connection.in_transaction:
                raise
            connection.execute("ROLLBACK TO one")
            outcomes.append((request, None, _translated(problem)))
        connection.execute("RELEASE one")
    connection.execute("COMMIT")
    return outcomes


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


def _all_failed(batch: list[_Request], problem: BaseException) -> list[_Outcome]:
    log.error("store.batch_failed", count=len(batch), **described(problem))
    told = _translated(problem)
    if not isinstance(told, StoreUnavailable):
        told = StoreUnavailable("the store failed in the middle of a batch; nothing of it was stored")
        told.__cause__ = problem
    return [(request, None, told) for request in batch]


def _settle(outcomes: list[_Outcome]) -> None:
    for request, result, problem in outcomes:
        if request.future.done():
            continue
        if problem is None:
            request.future.set_result(result)
        else:
            request.future.set_exception(problem)


def _succeed(future: asyncio.Future[None], result: None) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[None], problem: BaseException) -> None:
    if not future.done():
        future.set_exception(problem)
