"""httpSMS on this machine: the calls the adapter makes, and the webhooks the service posts with its token."""

from __future__ import annotations

import itertools
import json
import time

import aiohttp
import jwt
from treckk_gateway.channel import WebhookRequest, WebhookResponse
from treckk_gateway.testing import HttpStandIn

KEY = "kit-signing-key-0001-" + "k" * 64  # made up, as all that follows
API_KEY = "kit-api-key-0001"
PHONE = "+6281100000009"


class Service(HttpStandIn):
    """An async context manager; `url` goes into `api_base_url`. `refuses` is a status every message gets."""

    def __init__(self, refuses: int | None = None) -> None:
        super().__init__(self._called)
        self.refuses = refuses
        self._numbers = itertools.count(1)

    async def says(self, webhook: str, kind: str, **data: object) -> int:
        """Post an event as the service does; the status it was answered."""
        body = event(kind, f"event-{next(self._numbers)}", **data)
        async with aiohttp.ClientSession() as http, http.post(webhook, data=body, headers=signed(webhook)) as answer:
            return answer.status

    def _called(self, request: WebhookRequest) -> WebhookResponse:
        if request.header("x-api-key") != API_KEY:
            return _json(401, {"status": "error", "message": "You are not authorized"})
        if request.url.endswith("/v1/phones?limit=20"):  # the most the service gives at once
            return _json(200, {"status": "success", "data": [{"phone_number": PHONE}]})
        if self.refuses:
            return _json(self.refuses, {"status": "error", "message": "refused"})
        asked = json.loads(request.body)
        data = {"id": f"hs-{next(self._numbers)}", "request_id": asked["request_id"], "status": "pending"}
        return _json(200, {"status": "success", "message": "message added to queue", "data": data})


def event(kind: str, name: str = "event-0", **data: object) -> bytes:
    """A CloudEvent."""
    envelope = {"specversion": "1.0", "id": name, "source": "/v1/messages/receive", "type": kind}
    return json.dumps(envelope | {"datacontenttype": "application/json", "data": data}).encode()


def signed(url: str, key: str = KEY, at: float | None = None, **claims: object) -> dict[str, str]:
    """The headers the service sends to this address."""
    now = int(time.time() if at is None else at)
    said = {"aud": url, "exp": now + 600, "iat": now, "nbf": now - 600, "iss": "api.httpsms.com", "sub": "kit-user"}
    token = jwt.encode(said | claims, key, algorithm="HS256")
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _json(status: int, body: object) -> WebhookResponse:
    return WebhookResponse(status, json.dumps(body).encode(), "application/json")
