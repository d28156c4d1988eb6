"""Threads that ask the database. An executor hands work over by two futures and three locks, at twice the cost."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

from treckk_gateway.store.handover import fail, settle, tell

T = TypeVar("T")


class _Piece(NamedTuple):
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    work: Callable[[], Any]


class Hands:
    """A number of threads with one queue. They begin with the first piece of work and end with `close`."""

    def __init__(self, number: int, name: str) -> None:
        self._queue: SimpleQueue[_Piece | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._live, name=f"{name}-{one}", daemon=True) for one in range(number)
        ]
        self._begun = False

    def do(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """What becomes of it, for the loop that runs here. It is done though nobody waits for it any more."""
        if not self._begun:
            self._begun = True
            for one in self._threads:
                one.start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Piece(loop, future, work))
        return future

    def close(self, patience: float) -> None:
        """Begin nothing more, call off what waits, and return when the threads have ended, or after `patience` seconds.

        One that asks a database which stands still ends when that answers, or with the process. Safe to call twice.
        """
        with contextlib.suppress(Empty):
            while True:
                left = self._queue.get_nowait()
                if left is not None:
                    tell(left.loop, left.future.cancel)
        if self._begun:
            for _ in self._threads:
                self._queue.put(None)
            until = time.monotonic() + patience
            for one in self._threads:
                one.join(max(0.0, until - time.monotonic()))

    def _live(self) -> None:
        while (piece := self._queue.get()) is not None:
            try:
                result = piece.work()
            except BaseException as problem:  # noqa: BLE001 told to whoever waits for it
                tell(piece.loop, fail, piece.future, problem)
            else:
                tell(piece.loop, settle, piece.future, result)
            del piece
