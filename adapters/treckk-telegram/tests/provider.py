"""Telegram on this machine: the methods that the adapter calls, with their forms of "no"."""

from __future__ import annotations

import itertools
import json

from treckk_gateway.channel import WebhookRequest, WebhookResponse
from treckk_gateway.testing import RETRY_AFTER, Fault, HttpStandIn


class Telegram(HttpStandIn):
    """An async context manager; `url` goes into `api_base_url`, `requests` are what it was asked.

    `refuses` is an error code and description that every message gets instead of being taken.
    """

    def __init__(self, token: str, webhook_url: str = "", refuses: tuple[int, str] | None = None) -> None:
        no = {Fault.BUSY: (429, "Too Many Requests: retry after 7"), Fault.REJECTED: (400, "Bad Request: text is bad")}
        super().__init__(self._method, faults={fault: refusal(*said) for fault, said in no.items()})
        self._token, self._webhook_url, self._refuses = token, webhook_url, refuses
        self._numbers = itertools.count(1)

    def _method(self, request: WebhookRequest) -> WebhookResponse:
        bot, _, method = request.url.removeprefix(f"{self.url}/").partition("/")
        if bot != f"bot{self._token}":
            return _no(401, "Unauthorized")
        if method == "getWebhookInfo":
            return _json(200, {"ok": True, "result": {"url": self._webhook_url}})
        if method != "sendMessage":
            return _no(404, "Not Found")
        if self._refuses:
            return _no(*self._refuses)
        return _json(200, {"ok": True, "result": {"message_id": next(self._numbers)}})


def refusal(code: int, description: str):
    """The answer that says no so, whatever is asked."""
    return lambda _request: _no(code, description)


def _no(code: int, description: str) -> WebhookResponse:
    body = {"ok": False, "error_code": code, "description": description}
    return _json(code, body | ({"parameters": {"retry_after": RETRY_AFTER}} if code == 429 else {}))


def _json(status: int, body: dict[str, object]) -> WebhookResponse:
    return WebhookResponse(status, json.dumps(body).encode(), "application/json")
