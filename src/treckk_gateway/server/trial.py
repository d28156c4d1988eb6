"""A gateway served on this machine for the length of a test: what the author of an adapter tries the whole way with.

::

    async with trial(tmp_path, {"acme": {"adapter": "acme", "token": "file:acme"}}, secrets={"acme": TOKEN}) as whole:
        await provider.write(whole.webhook("acme"), "Ada parkir liar")
        await whole.settled()
        [case] = await whole.cases()

The channels are real, so the adapter's package must be installed; the provider is the author's own stand-in.
"""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
from aiohttp import web

from treckk_gateway.casework import Clock, wall_clock
from treckk_gateway.casework.views import CaseFile
from treckk_gateway.gateway import Gateway
from treckk_gateway.model import Actor, Role
from treckk_gateway.server.app import application
from treckk_gateway.settings import from_mapping

_PATIENCE = 60.0
_ALWAYS = {"out_of_hours": False}
_READER = Actor(name="trial", role=Role.ADMIN)


@attrs.frozen(kw_only=True)
class Trial:
    """A running gateway; `url` is its public address, which really is where it is served."""

    gateway: Gateway
    url: str

    def webhook(self, channel_id: str) -> str:
        """Where the provider of a channel posts to, and what it signs."""
        return f"{self.url}/channels/{channel_id}"

    async def settled(self, patience: float = _PATIENCE) -> None:
        """Return once nothing is under way and no file is still to be fetched.

        Raises `TimeoutError` when that takes longer than `patience` seconds.
        """
        async with asyncio.timeout(patience):
            while not await self.gateway.settled(patience) or await self._fetching():  # noqa: ASYNC110 rows send no event
                await asyncio.sleep(0.1)

    async def cases(self) -> tuple[CaseFile, ...]:
        """Every case with its messages and deliveries, as an admin sees it, newest first."""
        page = await self.gateway.desk.cases(_READER)
        return tuple([await self.gateway.desk.case_file(_READER, one.reference) for one in page.items])

    async def _fetching(self) -> bool:
        files = [file for case in await self.cases() for one in case.messages for file in one.attachments]
        return any(file.state == "pending" for file in files)


@asynccontextmanager
async def trial(
    folder: Path,
    channels: Mapping[str, Mapping[str, object]],
    *,
    secrets: Mapping[str, str] = {},
    clock: Clock = wall_clock,
) -> AsyncIterator[Trial]:
    """Serve a gateway with these `[channels]` and the shipped profile; its data lies below `folder`.

    `secrets` are written as files there, to be named as `file:NAME`; `clock` gives microseconds since 1970, for what
    takes a day. Raises `ConfigError` for settings that are refused.
    """
    for name, secret in {"gateway.key": base64.b64encode(bytes(32)).decode(), **secrets}.items():
        (folder / name).write_text(secret, encoding="utf-8")
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        own = {"public_url": url, "secret_key": "file:gateway.key", "data_dir": "data"}
        # A test says the same by day and by night.
        table = {"gateway": own, "channels": {name: dict(one) for name, one in channels.items()}, "clocks": _ALWAYS}
        gateway = Gateway(from_mapping(table, where="trial", base=folder), clock=clock)
        async with gateway:
            runner = web.AppRunner(application(gateway), access_log=None, shutdown_timeout=1.0)
            await runner.setup()
            try:
                await web.SockSite(runner, door).start()
                yield Trial(gateway=gateway, url=url)
            finally:
                await runner.cleanup()
