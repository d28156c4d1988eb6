"""Asking a configured clamd whether a file is harmful (its INSTREAM command; clamd(8))."""

from __future__ import annotations

import asyncio
import struct
from urllib.parse import urlsplit

import attrs

from treckk_gateway.errors import MediaUnavailable

_CHUNK = 256 * 1024
_LONGEST_ANSWER = 4096


@attrs.frozen
class Scanner:
    """`place` is `tcp://host:port` or `unix:/path`; `seconds` the time one file may take."""

    place: str
    seconds: float = 60.0

    async def harm(self, content: bytes) -> str | None:
        """The name of what was found, `None` for a clean file. Raises `MediaUnavailable` when there is no verdict."""
        try:
            async with asyncio.timeout(self.seconds):
                answer = await self._ask(content)
        except (TimeoutError, OSError, asyncio.LimitOverrunError, asyncio.IncompleteReadError) as problem:
            raise MediaUnavailable(f"the virus scanner gave no answer ({type(problem).__name__})") from None
        if answer.endswith(" OK"):
            return None
        if answer.endswith(" FOUND"):
            return answer.removesuffix(" FOUND").partition(": ")[2][:80] or "unnamed"
        raise MediaUnavailable("the virus scanner could not look at it")

    async def _ask(self, content: bytes) -> str:
        reader, writer = await self._connected()
        try:
            writer.write(b"zINSTREAM\0")
            for start in range(0, len(content), _CHUNK):
                piece = content[start : start + _CHUNK]
                writer.write(struct.pack("!L", len(piece)) + piece)
                await writer.drain()
            writer.write(struct.pack("!L", 0))
            await writer.drain()
            answer = await reader.readuntil(b"\0")
        finally:
            writer.close()
        return answer[:_LONGEST_ANSWER].rstrip(b"\0\n").decode("utf-8", "replace")

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.place.startswith("unix:"):
            return await asyncio.open_unix_connection(self.place.removeprefix("unix:"))
        parts = urlsplit(self.place)
        return await asyncio.open_connection(parts.hostname, parts.port)
