"""Who may post: Meta, by the app's secret over the raw body; and once, to subscribe, whoever knows the verify token.

Source: WhatsApp Business Platform, "Create a webhook endpoint"; Graph API, "Getting started with webhooks".
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from urllib.parse import parse_qs

from treckk_gateway.channel import WebhookRequest
from treckk_gateway.errors import SignatureError

HEADER = "X-Hub-Signature-256"
_PREFIX = b"sha256="


def check(request: WebhookRequest, secrets: Sequence[bytes], verify_token: bytes) -> None:
    """Raise `SignatureError` unless the request is Meta's. The bytes are signed as they came, escapes and all."""
    if request.method == "GET":
        _subscription(request, verify_token)
        return
    given = (request.header(HEADER) or "").encode("utf-8", "replace")
    fits = [hmac.compare_digest(signature(secret, request.body), given) for secret in secrets]
    if request.method != "POST" or not any(fits):
        raise SignatureError(f"{HEADER} is missing or does not fit")


def challenge(request: WebhookRequest) -> bytes | None:
    """What a subscription wants to hear back; `None` for any other request."""
    if request.method != "GET":
        return None
    return _only(request, "hub.challenge").encode("utf-8", "replace")


def signature(secret: bytes, body: bytes) -> bytes:
    """What stands in `X-Hub-Signature-256`."""
    return _PREFIX + hmac.digest(secret, body, "sha256").hex().encode()


def _subscription(request: WebhookRequest, verify_token: bytes) -> None:
    token = _only(request, "hub.verify_token").encode("utf-8", "replace")
    fits = hmac.compare_digest(token, verify_token)
    if not fits or _only(request, "hub.mode") != "subscribe" or request.body:
        raise SignatureError("hub.verify_token is missing or does not fit")


def _only(request: WebhookRequest, name: str) -> str:
    try:
        values = parse_qs(request.query, max_num_fields=20).get(name, [])
    except ValueError:
        return ""
    return values[0] if len(values) == 1 else ""
