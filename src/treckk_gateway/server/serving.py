"""`treckk serve`: from a file to a running server. The door is opened first, the rest is loaded while it answers."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from treckk_gateway.errors import ConfigError
from treckk_gateway.server.doorway import Doorway

if TYPE_CHECKING:
    from treckk_gateway.settings import Settings


def serve_file(config: Path) -> None:
    """Run what the file describes until SIGTERM or SIGINT, then end in order. Raises `TreckkError` when it cannot."""
    gc.disable()  # nothing that is loaded at the start is ever garbage
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        runner.run(_serve(config))


def work_file(config: Path) -> None:
    """Work for the servers over the file's PostgreSQL, until SIGTERM or SIGINT. Raises `TreckkError`."""
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        runner.run(_work(config))


async def _serve(config: Path) -> None:
    stop = _told_to_stop()
    door = Doorway.open(config)
    try:
        settings, running = await asyncio.to_thread(_load, config)
        await running.run(settings, door, stop)
    finally:
        door.close()


async def _work(config: Path) -> None:
    stop = _told_to_stop()
    settings, running = await asyncio.to_thread(_load, config)
    if settings.database is None:
        reason = "a worker needs PostgreSQL; with SQLite, treckk serve does the work itself"
        raise ConfigError(str(config), "gateway.database", reason)
    await running.work(settings, stop)


def _told_to_stop() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)
    return stop


def _load(config: Path) -> tuple[Settings, ModuleType]:
    _lean_structlog()
    from treckk_gateway.server import running  # noqa: PLC0415 loaded while the doorway answers
    from treckk_gateway.settings import load  # noqa: PLC0415 as above

    return load(config), running


def _lean_structlog() -> None:
    """Load structlog without rich, which it takes for a console renderer that a server writing JSON never uses.

    That is a tenth of a cold start. Only this command does so, in a process of its own.
    """
    absent = "rich" not in sys.modules
    if absent:
        sys.modules["rich"] = None  # type: ignore[assignment]
    import structlog  # noqa: F401, PLC0415 loaded here on purpose

    if absent:
        del sys.modules["rich"]


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 there is none on some platforms
    except ImportError:
        return None
    return uvloop.new_event_loop
