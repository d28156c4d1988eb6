"""Signing and verifying by Standard Webhooks 1.0.0, on raw bytes, for any adapter whose partner speaks it.

Signed is `id.timestamp.body` with HMAC-SHA256; `webhook-signature` lists `v1,<base64>` entries separated by spaces.
Source: Standard Webhooks 1.0.0, "Signature scheme" and "Webhook headers". Symmetric keys only: `v1a` entries are
passed over like any scheme we do not know.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence

from treckk_gateway.channel.webhook import WebhookRequest
from treckk_gateway.errors import SignatureError

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"
HEADERS = (ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER)

TOLERANCE = 300
"""Seconds a timestamp may lie before or after our clock."""

_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)
_MOST_SIGNATURES = 16
# Without the full stop, which separates what is signed: an id that holds one could be read as another message.
_SAFE_ID = re.compile(r"[A-Za-z0-9_:=+/@~-]{1,256}")
_DIGITS = re.compile(r"[0-9]{1,12}")


def key(secret: str) -> bytes:
    """The key that `whsec_` and the base64 of 24 to 64 bytes stand for, padded or not.

    Raises `ValueError` for anything else.
    """
    if not secret.startswith(_PREFIX):
        msg = "a Standard Webhooks secret begins with whsec_"
        raise ValueError(msg)
    written = secret.removeprefix(_PREFIX).rstrip("=")
    try:
        raw = base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        raw = b""
    if len(raw) not in _KEY_BYTES:
        msg = "a Standard Webhooks secret is whsec_ and the base64 of 24 to 64 bytes"
        raise ValueError(msg)
    return raw


def is_safe_id(message_id: str) -> bool:
    """Whether it can be a `webhook-id`: 1 to 256 characters, none of which could shift what is signed."""
    return _SAFE_ID.fullmatch(message_id) is not None


def sign(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers for a message, one signature for each key: while keys rotate, the receiver knows either.

    `message_id` stays the same over retries, `timestamp` (seconds) is that of the attempt. Raises `ValueError` for an
    id that is not safe.
    """
    if not is_safe_id(message_id):
        msg = "a webhook-id has 1 to 256 characters and no full stop"
        raise ValueError(msg)
    signatures = " ".join(_signature(one, message_id, str(timestamp), body) for one in keys)
    return {ID_HEADER: message_id, TIMESTAMP_HEADER: str(timestamp), SIGNATURE_HEADER: signatures}


def verify(keys: Sequence[bytes], request: WebhookRequest, *, now: float, tolerance: float = TOLERANCE) -> str:
    """The `webhook-id` of a genuine request, signed with any of the keys; `now` is in seconds.

    Raises `SignatureError` for everything else: a header missing or doubled, a timestamp that is not plain digits or
    is further than `tolerance` from now in either direction, no signature that fits.
    """
    message_id, timestamp, signatures = (request.header(name) for name in HEADERS)
    if message_id is None or timestamp is None or signatures is None:
        raise SignatureError("a webhook header is missing or doubled")
    if not is_safe_id(message_id):
        raise SignatureError("webhook-id is too long or not plain")
    if _DIGITS.fullmatch(timestamp) is None:
        raise SignatureError("webhook-timestamp is not plain digits")
    if abs(now - int(timestamp)) > tolerance:
        raise SignatureError("webhook-timestamp is outside the tolerance: replayed, or a clock is wrong")
    given = signatures.encode("utf-8", "replace").split(b" ", _MOST_SIGNATURES)[:_MOST_SIGNATURES]
    wanted = [_signature(one, message_id, timestamp, request.body).encode() for one in keys]
    if not any(hmac.compare_digest(ours, theirs) for ours in wanted for theirs in given):
        raise SignatureError("no signature fits")
    return message_id


def _signature(secret: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
