"""Work on foreign bytes in a process of its own, with bounds on time and memory."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

T = TypeVar("T")

MEMORY = 1 << 30
START = 60.0
"""Seconds a process may take to begin; on a busy machine that is longer than the work, and no fault of it."""


class Confined:
    """One process, begun when it is first needed; one piece of work at a time, each within `seconds`."""

    def __init__(self, *, seconds: float, memory: int = MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._pool: ProcessPoolExecutor | None = None
        self._turn = asyncio.Lock()

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """What `work` gives; what it raises is raised here.

        Past the bounds the process is ended: `TimeoutError`, `MemoryError`, or `BrokenProcessPool` when it died or
        did not begin.
        """
        async with self._turn:
            try:
                pool = self._pool or await self._begun()
                async with asyncio.timeout(self._seconds):
                    return await asyncio.get_running_loop().run_in_executor(pool, work, *arguments)
            except (TimeoutError, MemoryError, BrokenProcessPool):
                self._end()
                raise

    async def _begun(self) -> ProcessPoolExecutor:
        # Never fork: a child would inherit the data folder's lock and the store's descriptors.
        self._pool = pool = ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context("spawn"), initializer=_begin, initargs=(self._memory,)
        )
        try:
            async with asyncio.timeout(START):
                await asyncio.get_running_loop().run_in_executor(pool, _ready)
        except TimeoutError:
            raise BrokenProcessPool("the process did not begin") from None
        return pool

    async def close(self) -> None:
        """End the process."""
        async with self._turn:
            self._end()

    def _end(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):  # noqa: SLF001 the only way to end hanging work
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)


def _ready() -> None:
    """In the worker: it has begun."""


def _begin(memory: int) -> None:
    import resource  # noqa: PLC0415 not on every platform
    import signal  # noqa: PLC0415 only in the worker
    import threading  # noqa: PLC0415 only in the worker

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Whoever waits for work never learns that a killed parent is gone: the pool's pipe is open at both ends here."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
