"""Stored requests into items again; what may be hostile is parsed in a process with bounds on time and memory."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import structlog

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.channel import Channel, Inbound, ParseMode
from treckk_gateway.errors import PayloadError
from treckk_gateway.inbound.receiving import IntakeKeys, unpack
from treckk_gateway.store.rows import InboxRow

_MEMORY = 1 << 30
_KEPT = 4

log = structlog.get_logger(__name__)


class Parser:
    """Opens a stored request and has its channel parse it. Parsing is pure, so doing it again is safe."""

    def __init__(self, keys: IntakeKeys, *, seconds: float = 10.0, memory: int = _MEMORY) -> None:
        self._keys = keys
        self._seconds = seconds
        self._memory = memory
        self._pool: ProcessPoolExecutor | None = None
        self._turn = asyncio.Lock()
        self._recent: OrderedDict[bytes, Sequence[Inbound]] = OrderedDict()

    async def items(self, row: InboxRow, channel: Channel) -> Sequence[Inbound]:
        """All items of the request the row belongs to.

        Raises `PayloadError` when it cannot be parsed, or not within the bounds.
        """
        if row.raw is None:
            raise PayloadError("the raw request is gone")
        known = self._recent.get(row.raw)
        if known is not None:
            return known
        box = await self._keys.box(row.key_day)
        stored = box.open(Purpose.RAW, row.raw)
        if channel.capabilities.parse is ParseMode.DEFERRED:
            return await self._apart(channel, stored)
        parsed = channel.parse(unpack(stored))
        if len(parsed) > 1:
            self._recent[row.raw] = parsed
            while len(self._recent) > _KEPT:
                self._recent.popitem(last=False)
        return parsed

    async def close(self) -> None:
        """End the worker process."""
        async with self._turn:
            self._end()

    async def _apart(self, channel: Channel, stored: bytes) -> Sequence[Inbound]:
        async with self._turn:
            if self._pool is None:
                # Never fork: a child would inherit the data folder's lock and the store's descriptors.
                self._pool = ProcessPoolExecutor(
                    1, mp_context=multiprocessing.get_context("spawn"), initializer=bound, initargs=(self._memory,)
                )
            work = asyncio.get_running_loop().run_in_executor(self._pool, _parse, channel, stored)
            try:
                async with asyncio.timeout(self._seconds):
                    return await work
            except TimeoutError as problem:
                self._end()
                raise PayloadError(f"could not be read within {self._seconds:g} s") from problem
            except MemoryError as problem:
                self._end()
                raise PayloadError("could not be read within the bounds of memory") from problem
            except BrokenProcessPool:
                # It may have been the mail or the machine: worth another try, and parked when that fails as well.
                self._end()
                raise

    def _end(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):  # noqa: SLF001 the only way to end a hanging parse
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)


def _parse(channel: Channel, stored: bytes) -> Sequence[Inbound]:
    """In the worker: the request travels as it is stored, since its headers cannot be pickled."""
    return channel.parse(unpack(stored))


def bound(memory: int) -> None:
    """Begin a process that does foreign work: bounded memory, deaf to Ctrl-C, gone when its parent is."""
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
