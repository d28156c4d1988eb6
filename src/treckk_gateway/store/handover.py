"""What a thread of a store has to say to the event loop that waits for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def tell(loop: asyncio.AbstractEventLoop, say: Callable[..., object], *arguments: object) -> None:
    """Call that on the loop; on a closed one nobody waits any more."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(say, *arguments)


def settle(future: asyncio.Future[T], result: T) -> None:
    """The result, for whoever still waits."""
    if not future.done():
        future.set_result(result)


def fail(future: asyncio.Future[T], problem: BaseException) -> None:
    """What went wrong, for whoever still waits."""
    if not future.done():
        future.set_exception(problem)
