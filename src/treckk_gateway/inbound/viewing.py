"""Copies that may be shown, made in a process with bounds on time and memory; none is stored unsealed."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib.util import find_spec
from typing import TypeVar

from treckk_gateway.errors import MediaRefused
from treckk_gateway.inbound.parsing import bound
from treckk_gateway.inbound.pictures import LONGEST_SIDE, THUMBNAIL, Picture, place_of, redraw

T = TypeVar("T")

_MEMORY = 1 << 30


class Viewer:
    """Makes pictures anew. Without Pillow (the extra `media`) it makes none and says so."""

    def __init__(self, *, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self._pool: ProcessPoolExecutor | None = None
        self._turn = asyncio.Lock()

    @property
    def able(self) -> bool:
        """Whether pictures can be made here."""
        return find_spec("PIL") is not None

    async def picture(self, content: bytes, *, thumbnail: bool = False) -> Picture:
        """A copy as JPEG. Raises `MediaRefused` when none can be made."""
        if not self.able:
            raise MediaRefused("pictures are shown when treckk-gateway[media] is installed")
        return await self._apart(redraw, content, THUMBNAIL if thumbnail else LONGEST_SIDE)

    async def place(self, content: bytes) -> tuple[float, float] | None:
        """Where a picture claims to have been taken."""
        try:
            return await self._apart(place_of, content) if self.able else None
        except MediaRefused:
            return None

    async def close(self) -> None:
        """End the process."""
        async with self._turn:
            self._end()

    async def _apart(self, work: Callable[..., T], *arguments: object) -> T:
        async with self._turn:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    1, mp_context=multiprocessing.get_context("spawn"), initializer=bound, initargs=(_MEMORY,)
                )
            running = asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
            try:
                async with asyncio.timeout(self._seconds):
                    return await running
            except ValueError as problem:
                raise MediaRefused(str(problem)) from None
            except (TimeoutError, MemoryError, BrokenProcessPool):
                self._end()
                raise MediaRefused("it cannot be shown within the bounds of time and memory") from None

    def _end(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):  # noqa: SLF001 the only way to end hanging work
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)
