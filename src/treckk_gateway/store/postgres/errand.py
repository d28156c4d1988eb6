"""What a handler's own transactions made due: done under the job that runs already, instead of by a job for each.

A job that runs is the engine's word that somebody alive is at it. While it is held, what follows from it needs no job
of its own: should its worker die, whoever takes the job over also wakes whatever is due (`JobWakeups`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple

from treckk_gateway.store.rows import Topic, Wake


class Whose(NamedTuple):
    """Whose rows are to be looked at: a topic, and an owner (see `Connection.wake`)."""

    topic: Topic
    owner: int


class Follow(NamedTuple):
    """Whoever has something due, and the first row of it where that was looked up already."""

    whose: Whose
    first: Wake | None = None


class Errand:
    """One job with all that follows from it. It is closed once nothing is under way any more; then it takes nothing."""

    def __init__(self, begin: Callable[[Follow], asyncio.Task[None]]) -> None:
        self._begin = begin
        self._under_way: set[asyncio.Future[Any]] = set()
        self.closed = False

    def take(self, found: Iterable[Follow]) -> None:
        """Have these seen to."""
        for one in found:
            self.await_end(self._begin(one))

    def take_from(self, writing: asyncio.Future[tuple[Any, Sequence[Follow]]]) -> None:
        """Have what a transaction makes due seen to, after its commit."""

        def take(done: asyncio.Future[tuple[Any, Sequence[Follow]]]) -> None:
            if not done.cancelled() and done.exception() is None:
                self.take(done.result()[1])

        writing.add_done_callback(take)
        self.await_end(writing)

    def await_end(self, future: asyncio.Future[Any]) -> None:
        """Not be over before this is: a lane, or a transaction that may make more of them due."""
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)

    async def over(self) -> None:
        """Return when nothing is under way any more. Cancelled, it cancels what is."""
        try:
            while self._under_way:
                await asyncio.wait(self._under_way)
        finally:
            self.closed = True
            for one in self._under_way:
                one.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)


ERRAND: ContextVar[Errand | None] = ContextVar("treckk_errand", default=None)
"""The errand that the code which runs now belongs to."""
