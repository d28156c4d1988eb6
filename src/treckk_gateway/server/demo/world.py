"""A gateway among local providers: everything a visitor needs, on this machine only."""

from __future__ import annotations

import asyncio
import base64
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import attrs
from aiohttp import web

from treckk_gateway.errors import ConfigError
from treckk_gateway.gateway import Gateway
from treckk_gateway.server.app import application
from treckk_gateway.settings import Settings, from_mapping
from treckk_gateway.testing.sandbox.mail import Mail, MailSandbox
from treckk_gateway.testing.sandbox.portal import PortalSandbox, Update
from treckk_gateway.testing.sandbox.twilio import Message, TwilioSandbox

WHATSAPP = "whatsapp:+6281100000000"
SMS = "+6281100000001"
DESK = "aduan@satpolpp.example.go.id"
CITIZEN = "+6281200000000"
CITIZEN_MAIL = "warga@example.org"
_TITLES = {"whatsapp": "WhatsApp", "sms": "SMS", "email": "Email", "web": "Web form"}
_STAFF = (
    ("rini", "admin", None),
    ("pak-kasat", "leadership", None),
    ("danru-paringin", "team", "paringin"),
    ("piket-mako", "duty", "mako"),
)


@attrs.frozen(kw_only=True)
class Line:
    """One bubble on the phone."""

    mine: bool
    text: str = attrs.field(repr=False)
    subject: str | None = attrs.field(default=None, repr=False)


class World:
    """Providers, gateway and HTTP server together; an async context manager.

    `folder` holds the data and the made-up secrets. `port` 0 takes any free one; `url` is known once entered. `pages`
    adds what is shown of this world beside the gateway's own routes.
    """

    def __init__(self, folder: Path, pages: Callable[[web.Application, World], None], port: int = 0) -> None:
        self._folder = folder
        self._pages = pages
        self._port = port
        self._stack = AsyncExitStack()
        self._lines: dict[str, list[Line]] = {name: [] for name in _TITLES}
        self._watchers: set[asyncio.Event] = set()
        self._last_mail: Mail | None = None
        self._web_secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.closing = False
        self.tokens = {role: secrets.token_urlsafe(16) for _name, role, _post in _STAFF}
        self.url = ""

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closing = True
        self.changed()
        await self._stack.aclose()

    async def write(self, channel: str, text: str, **more: Any) -> None:  # noqa: ANN401 what the sandboxes take
        """Write as the citizen over one of the phone's channels. Raises `LookupError` for an unknown one."""
        self._lines[channel].append(Line(mine=True, text=text))
        self.changed()
        await self.send(channel, CITIZEN_MAIL if channel == "email" else CITIZEN, text, **more)

    async def send(self, channel: str, sender: str, text: str, /, **more: Any) -> None:  # noqa: ANN401 see above
        """Bring a message of any sender to the gateway the way its provider would."""
        ways: dict[str, Callable[[], Awaitable[object]]] = {
            "whatsapp": lambda: self.twilio.write(f"whatsapp:{sender}", WHATSAPP, text, **more),
            "sms": lambda: self.twilio.write(sender, SMS, text, **more),
            "email": lambda: self._mail(sender, text, **more),
            "web": lambda: self.portal.submit(text or None, conversation_id=sender, **more),
        }
        await ways[channel]()

    def phones(self) -> list[dict[str, Any]]:
        """What the phone shows, channel by channel."""
        return [
            {
                "id": name,
                "title": title,
                "lines": [{"mine": one.mine, "text": one.text, "subject": one.subject} for one in self._lines[name]],
            }
            for name, title in _TITLES.items()
        ]

    def heard(self, channel: str, sender: str) -> list[str]:
        """What arrived for one person on one channel, oldest first."""
        if channel == "web":
            return [one.text for one in self.portal.conversation(sender)]
        if channel == "email":
            return [one.text for one in self.mail.mailbox(sender)]
        return [one.body for one in self.twilio.phone(f"whatsapp:{sender}" if channel == "whatsapp" else sender)]

    def subscribe(self) -> asyncio.Event:
        """An event that is set each time something changes."""
        event = asyncio.Event()
        self._watchers.add(event)
        return event

    def unsubscribe(self, event: asyncio.Event) -> None:
        """Forget it."""
        self._watchers.discard(event)

    def changed(self) -> None:
        """Tell whoever watches."""
        for event in self._watchers:
            event.set()

    async def _start(self) -> None:
        enter = self._stack.enter_async_context
        self.twilio = await enter(TwilioSandbox(watch=self._texted))
        self.portal = await enter(PortalSandbox(self._web_secret, watch=self._updated))
        self.mail = await enter(MailSandbox(watch=self._mailed))
        listener, self.url = _listening_socket(self._port)
        lmtp = _free_port()
        self.mail.listener = f"lmtp://127.0.0.1:{lmtp}"
        self.gateway = Gateway.from_config(self._settings())
        app = application(self.gateway)
        self._pages(app, self)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await enter(self.gateway)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listener).start()
        for name, sender in (("whatsapp", WHATSAPP), ("sms", SMS)):
            self.twilio.connect(sender, webhook_url=self.gateway.webhook_url(name) + "#rc=3&rp=all")
        self.portal.webhook_url = self.gateway.webhook_url("web")

    def _settings(self) -> Settings:
        files = {
            "key": base64.b64encode(secrets.token_bytes(32)).decode(),
            "twilio": self.twilio.auth_token,
            "web": self._web_secret,
        }
        for name, text in files.items():
            path = self._folder / f"{name}.secret"
            if name != "key" or not path.exists():
                path.touch(mode=0o600)
                path.write_text(text, encoding="utf-8")
        twilio = {
            "adapter": "twilio",
            "account_sid": self.twilio.account_sid,
            "auth_token": "file:twilio.secret",
            "api_base_url": self.twilio.url,
        }
        table = {
            "gateway": {"public_url": self.url, "data_dir": "data", "secret_key": "file:key.secret"},
            "channels": {
                "whatsapp": twilio | {"sender": WHATSAPP},
                "sms": twilio | {"sender": SMS, "inbound": True},
                "email": {"adapter": "email", "listen": self.mail.listener, "smtp": self.mail.url, "address": DESK},
                "web": {"adapter": "web", "secret": "file:web.secret", "callback_url": self.portal.callback_url},
            },
            # Whatever the hour is where the demo runs, it shows a day at work.
            "clocks": {"out_of_hours": False},
            "staff": [
                {
                    "name": name,
                    "role": role,
                    "addresses": [f"mailto:{name}@satpolpp.example.go.id"],
                    "token_sha256": sha256(self.tokens[role].encode()).hexdigest(),
                    **({"post": post} if post else {}),
                }
                for name, role, post in _STAFF
            ],
        }
        return from_mapping(table, where="demo", base=self._folder)

    async def _mail(self, sender: str, text: str, /, **more: Any) -> None:  # noqa: ANN401 see above
        if sender == CITIZEN_MAIL and self._last_mail is not None:
            await self.mail.reply(self._last_mail, text)
        else:
            await self.mail.write(sender, DESK, text, **({"subject": "Laporan"} | more))

    async def _texted(self, message: Message) -> None:
        if message.recipient in {f"whatsapp:{CITIZEN}", CITIZEN}:
            name = "whatsapp" if message.whatsapp else "sms"
            self._lines[name].append(Line(mine=False, text=message.body))
        self.changed()

    def _updated(self, update: Update) -> None:
        if update.conversation_id == CITIZEN:
            self._lines["web"].append(Line(mine=False, text=update.text))
        self.changed()

    async def _mailed(self, mail: Mail) -> None:
        if mail.recipient == CITIZEN_MAIL:
            self._last_mail = mail
            self._lines["email"].append(Line(mine=False, text=mail.text, subject=mail.subject))
        self.changed()


def _listening_socket(port: int) -> tuple[socket.socket, str]:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as problem:
        listener.close()
        raise ConfigError("demo", "--port", f"cannot listen on port {port}: {problem.strerror}") from problem
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
