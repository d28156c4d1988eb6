"""A phone with SMSGate on this machine: the calls the adapter makes, and the webhooks the app posts, signed."""

from __future__ import annotations

import itertools
import json
import time
from base64 import b64encode
from urllib.parse import urlsplit

import aiohttp
from treckk_gateway.channel import WebhookRequest, WebhookResponse
from treckk_gateway.testing import HttpStandIn

from treckk_smsgate.smsgate import SIGNATURE, TIMESTAMP, signature

KEY = "kit-signing-key-0001"  # made up, as all that follows
USER, PASSWORD = "kituser", "kit-password-0001"
CREDENTIAL = b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class Phone(HttpStandIn):
    """An async context manager; `url` goes into `api_base_url`.

    `devices` is what its server lists; in local mode, `None`, there is no such list. `refuses` is a status and a body
    that every message gets instead of being taken. `webhooks` are those registered.
    The app keeps one message per id and answers a repeat 409, as its API does since 2026.
    """

    def __init__(self, refuses: tuple[int, dict[str, str]] | None = None) -> None:
        super().__init__(self._called)
        self.refuses = refuses
        self.webhooks: list[dict[str, str]] = []
        self.devices: list[dict[str, str]] | None = None
        self.messages: dict[str, dict[str, object]] = {}
        self._numbers = itertools.count(1)

    async def says(self, webhook: str, event: str, signed_with: str = KEY, **payload: object) -> int:
        """Post an event as the app does; the status it was answered."""
        envelope = {"deviceId": "kit-device", "webhookId": "kit-webhook", "id": f"event-{next(self._numbers)}"}
        body = json.dumps(envelope | {"event": event, "payload": payload}).encode()
        headers = signed(body, signed_with)
        async with aiohttp.ClientSession() as http, http.post(webhook, data=body, headers=headers) as answer:
            return answer.status

    def _called(self, request: WebhookRequest) -> WebhookResponse:
        if request.header("Authorization") != f"Basic {CREDENTIAL}":
            return _json(401, {"message": "Unauthorized"})
        path = urlsplit(request.url).path
        if path == "/webhooks":
            return _json(200, self.webhooks)
        if path == "/devices":
            return _json(404, {}) if self.devices is None else _json(200, self.devices)
        if request.method == "GET":
            found = self.messages.get(path.removeprefix("/messages/"))
            return _json(200, found) if found else _json(404, {"message": "Message not found"})
        return self._queued(json.loads(request.body))

    def _queued(self, asked: dict[str, object]) -> WebhookResponse:
        if self.refuses:
            return _json(*self.refuses)
        if asked["id"] in self.messages:
            return _json(409, {"message": "message with such ID already exists"})
        state = {"id": asked["id"], "state": "Pending", "recipients": [], "isHashed": False, "isEncrypted": False}
        self.messages[str(asked["id"])] = state
        return _json(202, state)


def answer(status: int, **said: str):
    """An answer to whatever is asked."""
    return lambda _request: _json(status, said)


def signed(body: bytes, key: str = KEY, at: float | None = None) -> dict[str, str]:
    """The headers the app sends with these bytes."""
    seconds = str(int(time.time() if at is None else at))
    return {
        "Content-Type": "application/json",
        SIGNATURE: signature(key.encode(), body, seconds).decode(),
        TIMESTAMP: seconds,
    }


def _json(status: int, body: object) -> WebhookResponse:
    return WebhookResponse(status, json.dumps(body).encode(), "application/json")
