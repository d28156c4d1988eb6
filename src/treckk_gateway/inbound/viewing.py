"""Copies that may be shown, made in a process with bounds on time and memory; none is stored unsealed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from importlib.util import find_spec
from typing import TypeVar

from treckk_gateway.errors import MediaRefused
from treckk_gateway.inbound.confined import Confined
from treckk_gateway.inbound.pictures import LONGEST_SIDE, THUMBNAIL, Picture, place_of, redraw

T = TypeVar("T")


class Viewer:
    """Makes pictures anew. Without Pillow (the extra `media`) it makes none and says so."""

    def __init__(self, *, seconds: float = 10.0) -> None:
        self._confined = Confined(seconds=seconds)

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
        await self._confined.close()

    async def _apart(self, work: Callable[..., T], *arguments: object) -> T:
        try:
            return await self._confined.run(work, *arguments)
        except ValueError as problem:
            raise MediaRefused(str(problem)) from None
        except (TimeoutError, MemoryError, BrokenProcessPool):
            raise MediaRefused("it cannot be shown within the bounds of time and memory") from None
