"""The folder of the spool: its files, sealed and bounded, the oldest first.

Each file has a key of its own, wrapped by the gateway's. Files of processes that are gone are taken over.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

import attrs
import msgspec
import structlog

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.ids import Clock
from treckk_gateway.errors import StoreBusy, TreckkError, described
from treckk_gateway.inbound.arrival import Arrival
from treckk_gateway.inbound.spool.file import ASIDE, SUFFIX, SpoolFile, framed, read
from treckk_gateway.model import Instant
from treckk_gateway.privacy import Box, Keyring

P = ParamSpec("P")
T = TypeVar("T")

FULL = 30
"""Seconds after which a provider may come again when nothing fits here."""
_WHOLE = 4_000_000
"""Bytes after which the next file is begun, so that room is given back while the spool is emptied."""

log = structlog.get_logger(__name__)

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Arrival).decode


@attrs.define(eq=False)
class Kept:
    """A file we hold: how many records it has, and how many of them were replayed.

    `box` is what its records are sealed in; of a file taken over it is read with it. `spoiled` says that something in
    it could not be replayed, `unfinished` counts the bytes of a record that was never whole.
    """

    file: SpoolFile
    box: Box | None = None
    records: int = 0
    done: int = 0
    spoiled: bool = False
    unfinished: int = 0


class SpoolFolder:
    """The files this process holds in a folder of at most `limit` bytes. What touches the disk runs in one thread."""

    def __init__(self, path: Path, *, keyring: Keyring, clock: Clock, unique: Callable[[], str], limit: int) -> None:
        self.files: deque[Kept] = deque()
        self.limit = limit
        self.bytes = self.aside = 0
        self.full = False
        self._path = path
        self._keyring = keyring
        self._clock = clock
        self._unique = unique
        self._written: Kept | None = None
        self._lock = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="treckk-spool")

    @property
    def used(self) -> bool:
        """Whether a gateway was open with this folder before."""
        return self._path.is_dir()

    @property
    def waiting(self) -> int:
        """Requests in the files that were not replayed yet."""
        return sum(one.records - one.done for one in self.files)

    @property
    def oldest_at(self) -> Instant | None:
        """When the oldest file was begun."""
        return self.files[0].file.begun_at if self.files else None

    async def open(self) -> None:
        """Make the folder where there is none. Raises `OSError`."""
        await self._run(partial(self._path.mkdir, parents=True, exist_ok=True, mode=0o700))

    def close(self) -> None:
        """Let go of the files."""
        for one in self.files:
            one.file.close()
        self.files.clear()
        self._thread.shutdown()

    def require_room(self, size: int) -> None:
        """Raises `StoreBusy` when so many bytes more do not fit; the log is told once until there is room again."""
        if self.bytes + size <= self.limit:
            return
        if not self.full:
            self.full = True
            log.error("spool.full", count=self.waiting, bytes=self.bytes)
        raise StoreBusy("the spool is full", retry_after=FULL)

    async def append(self, arrivals: Sequence[Arrival]) -> None:
        """Seal and write; returns once they are on the disk. A file that failed once is not written again."""
        async with self._lock:
            try:
                kept = self._written
                if kept is None or kept.file.size >= _WHOLE:
                    kept = await self._begin()
                assert kept.box is not None  # noqa: S101 ours
                self.bytes += await self._run(_write, kept.file, kept.box, arrivals)
            except Exception:
                self._written = None
                raise
            kept.records += len(arrivals)

    async def _begin(self) -> Kept:
        wrapped = self._keyring.new_key()
        file = await self._run(SpoolFile.create, self._path, self._clock(), self._unique(), wrapped)
        kept = Kept(file, self._keyring.box(wrapped))
        self._written = kept
        self.files.append(kept)
        self.bytes += file.size
        return kept

    async def adopt(self) -> AsyncIterator[Kept]:
        """What processes that are gone left behind, from now on ours."""
        ours = {one.file.path for one in self.files}
        names = await self._run(lambda: sorted(self._path.iterdir()))
        self.aside = sum(1 for one in names if one.suffix == ASIDE)
        for path in names:
            if path.suffix != SUFFIX or path in ours:
                continue
            file = await self._run(SpoolFile.adopt, path)
            if file is None:
                continue
            kept = Kept(file, records=len(read(await self._run(file.content)).records))
            self.files.append(kept)
            self.bytes += file.size
            yield kept

    async def retire(self, kept: Kept) -> None:
        """Nothing more is written to this file."""
        async with self._lock:
            if kept is self._written:
                self._written = None

    async def read(self, kept: Kept) -> list[Arrival]:
        """What can be opened of a file, oldest first; the rest of it spoils it."""
        contents = read(await self._run(kept.file.content))
        arrivals = await self._run(self._opened, kept, contents.key, contents.records)
        kept.records, kept.unfinished = len(contents.records), contents.unfinished
        kept.spoiled = kept.spoiled or contents.damaged or len(arrivals) < kept.records
        return arrivals

    def _opened(self, kept: Kept, wrapped: bytes | None, records: Sequence[bytes]) -> list[Arrival]:
        """Another gateway's key opens nothing."""
        arrivals: list[Arrival] = []
        if wrapped is None:
            return arrivals
        try:
            box = kept.box or self._keyring.box(wrapped)
            arrivals.extend(_unpack(box.open(Purpose.SPOOL, one)) for one in records)
        except (TreckkError, msgspec.MsgspecError) as problem:
            log.error("spool.unreadable", count=len(records) - len(arrivals), **described(problem))
        return arrivals

    async def finish(self, kept: Kept) -> None:
        """The oldest file was replayed: give its room back, or set it aside for people."""
        if kept.unfinished:
            log.warning("spool.unfinished", bytes=kept.unfinished)
        await self._run(kept.file.set_aside if kept.spoiled else kept.file.remove)
        self.files.popleft()
        self.bytes -= kept.file.size
        self.full = False
        if kept.spoiled:
            self.aside += 1
            log.error("spool.set_aside", count=kept.records, bytes=kept.file.size)

    async def _run(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(work, *arguments, **named))


def _write(file: SpoolFile, box: Box, arrivals: Sequence[Arrival]) -> int:
    """Seal and write; how many bytes that were."""
    data = b"".join(framed(box.seal(Purpose.SPOOL, _pack(one))) for one in arrivals)
    file.append(data)
    return len(data)
