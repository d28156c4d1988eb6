"""What the examples need around them: a configuration in a folder of its own, providers, and servers on loopback."""

from __future__ import annotations

import base64
import importlib.util
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import structlog
from aiohttp import ClientSession, ClientTimeout, web
from places import DESK, EXAMPLES, PUBLIC, WEB_SECRET

from treckk_gateway.testing.sandbox.portal import PortalSandbox
from treckk_gateway.testing.sandbox.twilio import TwilioSandbox


@pytest.fixture
def example() -> Callable[[str], ModuleType]:
    """An example by its path, loaded as the script it is."""

    def load(path: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"example_{Path(path).stem}", EXAMPLES / path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Gives structlog back as it was, for examples that set it up."""
    yield
    structlog.reset_defaults()


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioSandbox]:
    async with TwilioSandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def county() -> AsyncIterator[PortalSandbox]:
    """A portal that is somebody else's: it sends signed webhooks and takes our callbacks."""
    async with PortalSandbox(WEB_SECRET) as sandbox:
        yield sandbox


@pytest.fixture
def configure(tmp_path) -> Callable[..., Path]:
    """Writes `treckk.toml` with its secrets, and says where."""

    def write(channels: dict[str, dict[str, Any]], **gateway: Any) -> Path:
        for name, text in (("gateway.key", base64.b64encode(bytes(32)).decode()), ("web.secret", WEB_SECRET)):
            (tmp_path / name).write_text(text, encoding="utf-8")
        tables = {"gateway": {"public_url": PUBLIC, "secret_key": "file:gateway.key", "data_dir": "data"} | gateway}
        tables["clocks"] = {"out_of_hours": False}
        tables |= {f"channels.{name}": one for name, one in channels.items()}
        lines = []
        for name, table in tables.items():
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
        config = tmp_path / "treckk.toml"
        config.write_text("\n".join(lines), encoding="utf-8")
        return config

    return write


@pytest.fixture
def whatsapp(tmp_path, twilio) -> dict[str, Any]:
    """The settings of a WhatsApp channel at the stand-in."""
    (tmp_path / "twilio.token").write_text(twilio.auth_token, encoding="utf-8")
    return {
        "adapter": "twilio",
        "account_sid": twilio.account_sid,
        "auth_token": "file:twilio.token",
        "sender": DESK,
        "api_base_url": twilio.url,
    }


@pytest.fixture
async def serve():
    """Starts aiohttp applications on loopback and says where; each is stopped at the end."""
    runners: list[web.AppRunner] = []

    async def start(app: web.Application | web.Server) -> str:
        runner = web.AppRunner(app, access_log=None) if isinstance(app, web.Application) else web.ServerRunner(app)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def client():
    async with ClientSession(timeout=ClientTimeout(total=20)) as session:
        yield session
