"""`treckk demo`: the main job on real protocols, without any account."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import tempfile
import webbrowser
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from treckk_gateway.server.demo.page import add_routes
from treckk_gateway.server.demo.script import play
from treckk_gateway.server.demo.world import World
from treckk_gateway.server.logs import configure_logging

_WIDE = 160
"""Characters a line where nobody says how many there are, so that the table is whole in a file."""


def run(*, script: bool = False, port: int = 0, browser: bool = True, keep: Path | None = None) -> int:
    """Run the demo until interrupted, or with `script` until every sample message was played; an exit code.

    Data goes into a temporary folder, or into `keep`. Raises `ConfigError` when the port is taken.
    """
    configure_logging(logging.ERROR)
    with _folder(keep) as folder:
        return asyncio.run(_run(folder, script=script, port=port, browser=browser))


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="treckk-demo-") as name:
        yield Path(name)


async def _run(folder: Path, *, script: bool, port: int, browser: bool) -> int:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    async with World(folder, add_routes, 0 if script else port) as world:
        if script:
            return 0 if await play(world, console) else 1
        console.print(f"The demo is at [bold]{world.url}[/bold] (stop it with Ctrl-C)")
        if browser:
            with contextlib.suppress(webbrowser.Error):
                webbrowser.open(world.url)
        await _interrupted()
    return 0


async def _interrupted() -> None:
    stop = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    await stop.wait()
