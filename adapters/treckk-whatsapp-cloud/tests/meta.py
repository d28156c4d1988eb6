"""Meta on this machine: the Graph API as far as the adapter calls it, and the webhooks, signed."""

from __future__ import annotations

import itertools
import json
from urllib.parse import urlsplit

import aiohttp
from treckk_gateway.channel import WebhookRequest, WebhookResponse
from treckk_gateway.testing import HttpStandIn

from treckk_whatsapp_cloud.signature import HEADER, signature

SECRET = "kit-app-secret-0001"  # made up, as all that follows
VERIFY = "kit-verify-token-0001"
TOKEN = "kit-access-token-0001"
NUMBER_ID = "106540352242922"
NUMBER = "6281100000000"
PICTURE = b"\xff\xd8\xff\xe0 a picture"


class Meta(HttpStandIn):
    """An async context manager; `url` goes into `api_base_url`.

    `refuses` is a status and a code that every message gets instead of being taken. People in `away` wrote longer ago
    than a day: only templates reach them. `sent` are the bodies taken.
    """

    def __init__(self, refuses: tuple[int, int] | None = None) -> None:
        super().__init__(self._called)
        self.refuses = refuses
        self.away: set[str] = set()
        self.sent: list[dict[str, object]] = []
        self.quality = "GREEN"
        self._numbers = itertools.count(1)

    async def subscribe(self, webhook: str, token: str = VERIFY) -> tuple[int, str]:
        """Ask for the challenge, as when a webhook is entered in the dashboard."""
        asked = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"}
        async with aiohttp.ClientSession() as http, http.get(webhook, params=asked) as answer:
            return answer.status, await answer.text()

    async def says(self, webhook: str, *values: dict[str, object], secret: str = SECRET) -> int:
        """Post a notification with these values; the status it was answered."""
        body = notification(*values)
        headers = signed(body, secret)
        async with aiohttp.ClientSession() as http, http.post(webhook, data=body, headers=headers) as answer:
            return answer.status

    def _called(self, request: WebhookRequest) -> WebhookResponse:
        if request.header("Authorization") != f"Bearer {TOKEN}":
            return _no(401, 190)
        path = urlsplit(request.url).path
        if path.endswith("/messages"):
            return self._message(json.loads(request.body))
        if path.startswith("/whatsapp_business/"):
            return WebhookResponse(200, PICTURE, "image/jpeg")
        if path == "/v24.0/media-1":
            file = f"{self.url}/whatsapp_business/attachments/media-1"
            return _json(200, {"url": file, "mime_type": "image/jpeg", "file_size": len(PICTURE), "id": "media-1"})
        if path == f"/v24.0/{NUMBER_ID}":
            return _json(200, {"display_phone_number": NUMBER, "quality_rating": self.quality, "id": NUMBER_ID})
        return _no(400, 100)

    def _message(self, asked: dict[str, object]) -> WebhookResponse:
        if self.refuses:
            return _no(*self.refuses)
        whom = str(asked.get("to") or asked.get("recipient"))
        if whom in self.away and asked["type"] != "template":
            return _no(400, 131047)
        self.sent.append(asked)
        name = f"wamid.out{next(self._numbers)}"
        contacts = [{"input": whom, "wa_id": whom}]
        return _json(200, {"messaging_product": "whatsapp", "contacts": contacts, "messages": [{"id": name}]})


def value(**more: object) -> dict[str, object]:
    """What one change holds beside `messages` and `statuses`."""
    metadata = {"display_phone_number": NUMBER, "phone_number_id": NUMBER_ID}
    return {"messaging_product": "whatsapp", "metadata": metadata, **more}


def notification(*values: dict[str, object]) -> bytes:
    """A notification as Meta writes it, signs of other alphabets escaped."""
    changes = [{"field": "messages", "value": one} for one in values]
    entries = [{"id": "102290129340398", "changes": [one]} for one in changes]
    return json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The headers that come with these bytes."""
    return {HEADER: signature(secret.encode(), body).decode(), "Content-Type": "application/json"}


def refusal(status: int, code: int):
    """The answer that says no so, whatever is asked."""
    return lambda _request: _no(status, code)


def _no(status: int, code: int) -> WebhookResponse:
    error = {"message": f"(#{code}) no", "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    return _json(status, {"error": error})


def _json(status: int, body: object) -> WebhookResponse:
    return WebhookResponse(status, json.dumps(body).encode(), "application/json")
