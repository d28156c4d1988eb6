"""A stand-in for a county's portal: sends signed webhooks to the gateway and takes its signed callbacks."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Self

import aiohttp
import attrs
import msgspec
from yarl import URL

from treckk_gateway.channel import WebhookRequest, WebhookResponse, standard_webhooks
from treckk_gateway.errors import SignatureError
from treckk_gateway.model import Choice
from treckk_gateway.testing.stand_in import Fault, HttpStandIn


@attrs.frozen(kw_only=True)
class Update:
    """One callback as the portal shows it to its citizen. `webhook_id` is what it is taken once by."""

    webhook_id: str
    conversation_id: str
    delivery_id: str
    text: str = attrs.field(repr=False)
    reference: str | None = None
    state: str | None = None
    version: int | None = None
    choices: tuple[Choice, ...] = ()


def _nothing(_: Update) -> None:
    """The watcher of a portal nobody watches."""


class PortalSandbox:
    """A portal on 127.0.0.1; an async context manager.

    `secret` is the shared `whsec_...`, `webhook_url` the gateway's address of the web channel (it may be set later).
    `updates` are the genuine callbacks taken, oldest first; `repeats` counts those taken before, `refused` those
    whose signature or body was wrong. `watch` is called with each new update.
    """

    def __init__(
        self,
        secret: str,
        webhook_url: str = "",
        *,
        port: int = 0,
        watch: Callable[[Update], None] = _nothing,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self.webhook_url = webhook_url
        self.updates: list[Update] = []
        self.repeats = 0
        self.refused = 0
        self._key = standard_webhooks.key(secret)
        self._watch = watch
        self._clock = clock
        self._new_id = new_id
        self._server = HttpStandIn(self._take, port=port)
        self._session: aiohttp.ClientSession | None = None
        self._changed = asyncio.Event()

    @property
    def callback_url(self) -> str:
        """What goes into the channel's `callback_url`. Known once entered."""
        return f"{self._server.url}/treckk/updates"

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
        await self._server.__aexit__()

    async def submit(self, text: str | None = None, *, conversation_id: str, **data: Any) -> WebhookResponse:  # noqa: ANN401 JSON
        """Post what a citizen wrote and return the gateway's answer.

        `data` are further fields of the webhook: `subject`, `sender`, `location`, `attachments`, and `id`, which is
        new each time unless it is given.
        """
        fields = {"id": self._new_id(), "conversation_id": conversation_id, "text": text, **data}
        stamp = datetime.fromtimestamp(self._clock(), UTC).isoformat()
        body = {
            "type": "complaint.created",
            "timestamp": stamp,
            "data": {k: v for k, v in fields.items() if v is not None},
        }
        return await self.post(msgspec.json.encode(body))

    async def post(self, body: bytes) -> WebhookResponse:
        """Post these bytes, signed, whatever they are."""
        return await self.deliver(self.signed(body))

    def signed(self, body: bytes, *, webhook_id: str | None = None) -> WebhookRequest:
        """A genuine request, for tests that alter one before it is delivered."""
        signature = standard_webhooks.sign([self._key], webhook_id or f"msg_{self._new_id()}", int(self._clock()), body)
        return WebhookRequest.of("POST", self.webhook_url, {"Content-Type": "application/json", **signature}, body)

    async def deliver(self, request: WebhookRequest) -> WebhookResponse:
        """Send a request as it is and return the answer."""
        if self._session is None:
            msg = "the portal is used inside its `async with`"
            raise RuntimeError(msg)
        url = URL(request.url, encoded=True)  # as it is: no part of it is requoted
        call = self._session.request(request.method, url, data=request.body, headers=request.headers)
        async with call as answer:
            return WebhookResponse(answer.status, await answer.read(), answer.content_type, dict(answer.headers))

    def conversation(self, conversation_id: str) -> list[Update]:
        """The updates of one conversation, oldest first."""
        return [one for one in self.updates if one.conversation_id == conversation_id]

    async def heard(self, conversation_id: str, count: int = 1) -> list[Update]:
        """The updates of one conversation, once there are `count`. Waits without end: put a time-out around it."""
        while len(found := self.conversation(conversation_id)) < count:
            await self._changed.wait()
        return found

    async def play(self, fault: Fault | None) -> None:
        """Misbehave as a receiver of callbacks from now on; `None` is well."""
        await self._server.play(fault)

    async def reached(self) -> None:
        """Return once a whole callback was read since the last `play`, taken or not."""
        await self._server.reached()

    def saw(self, text: str) -> int:
        """How many callbacks, taken or not, carried this text."""
        return self._server.saw(text)

    def _take(self, request: WebhookRequest) -> WebhookResponse:
        try:
            webhook_id = standard_webhooks.verify([self._key], request, now=self._clock())
            update = _update(webhook_id, request.body)
        except SignatureError:
            self.refused += 1
            return WebhookResponse(401)
        except (ValueError, LookupError):
            self.refused += 1
            return WebhookResponse(400)
        if any(one.webhook_id == webhook_id for one in self.updates):
            self.repeats += 1
            return WebhookResponse()
        self.updates.append(update)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        self._watch(update)
        return WebhookResponse()


def _update(webhook_id: str, body: bytes) -> Update:
    tree = msgspec.json.decode(body, type=dict[str, Any])
    if tree["type"] != "case.updated":
        msg = "a callback of another type"
        raise ValueError(msg)
    known = {field.name for field in attrs.fields(Update)}
    return msgspec.convert({"webhook_id": webhook_id, **{k: v for k, v in tree["data"].items() if k in known}}, Update)
