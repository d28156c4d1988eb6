"""A gateway that only listens, settings with invented people, and servers on loopback."""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
import structlog
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from treckk_gateway import ChannelHealth, Gateway, Health, Settings, WebhookRequest, WebhookResponse
from treckk_gateway.channel import standard_webhooks
from treckk_gateway.server import subapp
from treckk_gateway.server.cli import run
from treckk_gateway.settings import from_mapping

TOKENS = {role: f"{role}-token-0123456789abcdef" for role in ("admin", "leadership", "team", "holder", "duty")}
WEB_SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
TWILIO_TOKEN = "0123456789abcdef0123456789abcdef"


class Listener:
    """Stands where a gateway stands and keeps what it was handed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.profile = SimpleNamespace(zone="Asia/Makassar", unit="Satpol PP Contoh", emergency_number="110")
        self.channels = {"whatsapp": object()}
        self.desk = SimpleNamespace()
        self.heard: list[WebhookRequest] = []
        self.answer: WebhookResponse | Exception = WebhookResponse(200, b"<Response/>", "text/xml")
        self.ready = True

    async def receive(self, channel_id: str, request: WebhookRequest) -> WebhookResponse:
        self.heard.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def largest(self, _channel_id: str) -> int:
        return self.settings.max_body

    async def oldest_work(self) -> int | None:
        return 5_000_000

    async def counters(self) -> dict[str, int]:
        return {"received": 3, "filed": 2, "parked": 1, "new": 0, "outbox": 4, "dead": 5, "refused": 6}

    async def health(self) -> Health:
        one = ChannelHealth(
            channel_id="whatsapp",
            adapter="twilio",
            last_inbound_at=1_000_000,
            last_outbound_at=None,
            refused=6,
            paused="x",
        )
        return Health(
            ready=self.ready,
            problems=() if self.ready else ("the store cannot be written",),
            channels=(one,),
            storing=self.ready,
        )

    def webhook_url(self, channel_id: str) -> str:
        return self.settings.webhook_url(channel_id)


def settings_in(folder: Path, environment: pytest.MonkeyPatch, **gateway: Any) -> Settings:
    """Three channels and one person of each role, over a data folder of its own."""
    environment.setenv("T_KEY", base64.b64encode(bytes(32)).decode())
    environment.setenv("T_WEB", WEB_SECRET)
    environment.setenv("T_TWILIO", TWILIO_TOKEN)
    return from_mapping(
        {
            "gateway": {
                "public_url": "https://aduan.example.go.id",
                "secret_key": "env:T_KEY",
                "data_dir": "data",
                **gateway,
            },
            "channels": {
                "portal": {"adapter": "web", "secret": "env:T_WEB"},
                "lapor": {"adapter": "web", "secret": "env:T_WEB"},
                "whatsapp": {
                    "adapter": "twilio",
                    "account_sid": "AC" + "0" * 32,
                    "auth_token": "env:T_TWILIO",
                    "sender": "whatsapp:+6281100000000",
                    "api_base_url": "http://127.0.0.1:9",  # nobody listens: a receipt that leaves in time goes nowhere
                },
            },
            "clocks": {"out_of_hours": False},
            "staff": [
                {
                    "name": f"Petugas {role}",
                    "role": role,
                    "token_sha256": hashlib.sha256(token.encode()).hexdigest(),
                    **({"post": "paringin"} if role in {"team", "duty"} else {}),
                }
                for role, token in TOKENS.items()
            ],
        },
        base=folder,
    )


@pytest.fixture
def make_settings(tmp_path, monkeypatch) -> Callable[..., Settings]:
    return functools.partial(settings_in, tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def lasting_settings(tmp_path_factory) -> Iterator[Settings]:
    """Settings for a gateway that a module's tests share."""
    with pytest.MonkeyPatch.context() as environment:
        yield settings_in(tmp_path_factory.mktemp("lasting"), environment)


@pytest.fixture
async def start():
    """Starts applications on loopback; each is stopped at the end."""
    servers: list[TestServer] = []

    async def run(app: web.Application) -> TestServer:
        server = TestServer(app, host="127.0.0.1")
        await server.start_server(access_log=None)
        servers.append(server)
        return server

    yield run
    for server in servers:
        await server.close()


@pytest.fixture
async def client():
    async with ClientSession() as session:
        yield session


@pytest.fixture
async def gateway(make_settings):
    """The real one, over a folder of its own."""
    async with Gateway.from_config(make_settings()) as running:
        yield running


@pytest.fixture
async def served(gateway, start):
    """The real one, served; the address without a slash at its end."""
    server = await start(subapp(gateway))
    return str(server.make_url("")).rstrip("/")


@pytest.fixture
def listener(make_settings) -> Listener:
    return Listener(make_settings())


@pytest.fixture
def bearing():
    """The header of a role's token."""
    return lambda role: {"Authorization": f"Bearer {TOKENS[role]}"}


@pytest.fixture
def signed():
    """Headers of a signed web webhook."""

    def sign(message_id: str, now: float, body: bytes) -> dict[str, str]:
        return standard_webhooks.sign((standard_webhooks.key(WEB_SECRET),), message_id, int(now), body)

    return sign


class Told(NamedTuple):
    """What a command came to, under the names `subprocess` has for it."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def treckk(monkeypatch) -> Iterator[Callable[..., Told]]:
    """`treckk("case", "list", said=b"")`: a command in this process, which then logs as it did before."""
    monkeypatch.setenv("COLUMNS", "200")
    before, configure, root = structlog.get_config(), structlog.configure, logging.getLogger()
    handlers, level = root.handlers[:], root.level
    # A logger that is kept would speak as the command set it up in every test that comes after.
    monkeypatch.setattr(
        structlog, "configure", lambda **given: configure(**given | {"cache_logger_on_first_use": False})
    )

    def command(*arguments: object, said: bytes = b"") -> Told:
        streams = {name: io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for name in ("stdout", "stderr")}
        with monkeypatch.context() as here:
            here.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(said)))
            for name, stream in streams.items():
                here.setattr(sys, name, stream)
            code = run([str(one) for one in arguments])
        return Told(code, *(stream.buffer.getvalue().decode() for stream in streams.values()))

    yield command
    configure(**before)
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
