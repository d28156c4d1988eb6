"""Our word to the portal: the body of a callback, and what its answer means."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import aiohttp

from treckk_gateway.adapters.web.payload import UPDATE
from treckk_gateway.channel import outcome, standard_webhooks
from treckk_gateway.errors import NotTaken, Rejected, Scope, SendError, Uncertain
from treckk_gateway.model import OutboundMessage

WHERE = "the portal's callback_url"
MOST_CHOICES = 20
"""Answers a callback offers at most."""


def write(message: OutboundMessage, now: float) -> bytes:
    """The callback's body: thin, so no name, address or photo. `version` lets a portal drop what came too late."""
    data: dict[str, object] = {
        "reference": message.reference,
        "state": message.state,
        "text": message.text,
        "conversation_id": message.recipient.value,
        "delivery_id": message.delivery_id,
        "version": message.version,
    }
    if message.choices:
        data["choices"] = [{"answer": one.answer, "label": one.label} for one in message.choices]
    stamp = datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"type": UPDATE, "timestamp": stamp, "data": data}, separators=(",", ":")).encode()


def headers(keys: Sequence[bytes], message: OutboundMessage, now: float, body: bytes) -> dict[str, str]:
    """The signed headers; `webhook-id` is our delivery id, the same over all attempts."""
    name = message.delivery_id
    if not standard_webhooks.is_safe_id(name):
        name = hashlib.sha256(name.encode()).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "treckk-gateway",
        **standard_webhooks.sign(keys, name, int(now), body),
    }


async def post(
    session: aiohttp.ClientSession, url: str, body: bytes, signed: dict[str, str], *, seconds: float, now: float
) -> None:
    """Post it once. 2xx only is success and no redirect is followed; raises a `SendError` otherwise.

    `seconds` is the whole time it may take; the connection gets half of it, so that running out of time before
    anything was written is told apart from running out after. `now` is for a `Retry-After` that names a date.
    """
    limit = aiohttp.ClientTimeout(total=seconds, connect=seconds / 2)
    try:
        async with session.post(url, data=body, headers=signed, timeout=limit, allow_redirects=False) as answer:
            status, answered = answer.status, answer.headers
    except (aiohttp.ClientError, OSError, ValueError) as problem:
        raise _classified(problem) from None  # the client's error may quote addresses
    if status // 100 != 2:  # noqa: PLR2004 the class of answers
        raise outcome.from_status(status, answered, now=now, where=WHERE)


def _classified(problem: Exception) -> SendError:
    """What a failed exchange means. Whatever may have happened after writing is uncertain."""
    if isinstance(problem, aiohttp.InvalidURL):
        return Rejected("bad_url", f"{WHERE} is no usable address", scope=Scope.CHANNEL)
    if isinstance(problem, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return NotTaken("not_connected", f"{WHERE} cannot be reached")
    if isinstance(problem, TimeoutError):
        return Uncertain("no_answer", f"{WHERE} did not answer in time")
    return Uncertain("cut_off", f"{WHERE} broke off")
