"""SendGrid: Inbound Parse, and the events of what we send.

Sources: Twilio SendGrid's documentation, "Setting up the Inbound Parse webhook" (fields, `email` for raw mail),
"Securing your Inbound Parse webhooks" and "Event webhook security features" (ECDSA over timestamp and raw body),
"Event webhook reference", "Building an X-SMTPAPI header" (`unique_args`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from treckk_gateway.adapters.email.webhooks.options import ServiceOptions
from treckk_gateway.adapters.email.webhooks.payload import Form, part, read_form, read_json, text
from treckk_gateway.adapters.email.webhooks.provider import MARK, Arrived, Provider, check_login, receipt
from treckk_gateway.adapters.email.webhooks.rebuilding import Carried, rebuilt
from treckk_gateway.channel import ChannelContext, WebhookRequest
from treckk_gateway.errors import PayloadError, SignatureError
from treckk_gateway.model import DeliveryReceipt, DeliveryState, Secret

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
TOLERANCE = 3 * 24 * 3600 + 3600
"""Seconds. SendGrid tries again for three days; the body is signed and a second copy is known, so age adds little."""

_DIGITS = re.compile(r"[0-9]{1,12}")
_STATES = {
    "processed": DeliveryState.ACCEPTED,
    "deferred": DeliveryState.SENDING,
    "delivered": DeliveryState.DELIVERED,
    "bounce": DeliveryState.FAILED,
    "dropped": DeliveryState.FAILED,
    "spamreport": DeliveryState.DELIVERED,
    "open": DeliveryState.DELIVERED,
    "click": DeliveryState.DELIVERED,
}
_STOPS = frozenset({"unsubscribe", "group_unsubscribe"})
_DEAD_REASONS = frozenset({"Bounced Address", "Invalid"})


class SendGrid(Provider):
    """Signed with ECDSA where a security policy was attached; a login in the URL else. Both, where both are set."""

    def __init__(self, options: ServiceOptions, context: ChannelContext) -> None:
        super().__init__(options, context)
        self._keys = tuple(map(_public_key, options.webhook_secret))

    @classmethod
    def check_options(cls, options: ServiceOptions) -> None:
        """A key or a login is needed."""
        if not options.webhook_secret and not options.webhook_login:
            raise ValueError("webhook_secret: give the public keys of the security policy, or a webhook_login")
        for one in options.webhook_secret:
            _public_key(one)

    def verify(self, request: WebhookRequest) -> None:
        """Check login and signature, whichever are configured."""
        if self.options.webhook_login:
            check_login(request, self.options.webhook_login)
        if not self._keys:
            return
        timestamp, signature = request.header(TIMESTAMP) or "", request.header(SIGNATURE) or ""
        if not _DIGITS.fullmatch(timestamp):
            raise SignatureError("there is no signature")
        if abs(self.context.clock() - int(timestamp)) > TOLERANCE:
            raise SignatureError("the timestamp is too old or lies ahead")
        try:
            given = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            raise SignatureError("the signature is malformed") from None
        if not any(_signed(key, given, timestamp.encode() + request.body) for key in self._keys):
            raise SignatureError("the signature is wrong")

    @classmethod
    def read(cls, request: WebhookRequest) -> Iterator[Arrived | DeliveryReceipt]:
        """Events (a list), a raw mail (`email`), or one in fields, each in a charset of its own."""
        if (request.header("content-type") or "").lower().startswith("application/json"):
            events = read_json(request.body)
            if not isinstance(events, list):
                raise PayloadError("no list of events")
            for one in events:
                yield from _event(one)
            return
        form = read_form(request)
        envelope = _json(form, "envelope")
        raw = form.raw("email")
        yield Arrived(
            raw=_rebuilt(form) if raw is None else raw,
            sender=text(envelope, "from") if isinstance(part(envelope, "from"), str) else None,
            recipient=text(envelope, "to", 0) or None,
        )

    @classmethod
    def marks(cls, delivery_id: str) -> Mapping[str, str]:
        """Unique arguments come back in each event."""
        return {"X-SMTPAPI": f'{{"unique_args": {{"{MARK}": "{delivery_id}"}}}}'}


def _public_key(written: Secret) -> ec.EllipticCurvePublicKey:
    problem = "webhook_secret: is no verification key of SendGrid's (base64 of an ECDSA public key)"
    try:
        key = load_der_public_key(base64.b64decode(written.reveal(), validate=True))
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(problem) from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError(problem)  # noqa: TRY004 what is wrong is the setting's value
    return key


def _signed(key: ec.EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _json(form: Form, name: str) -> object:
    try:
        return read_json(form.raw(name) or b"{}")
    except PayloadError:
        return {}


def _rebuilt(form: Form) -> bytes:
    written = form.raw("headers")
    if written is None:
        raise PayloadError("the form holds no mail")
    charsets, info = _json(form, "charsets"), _json(form, "attachment-info")
    files = [
        Carried(
            content=one.value,
            content_type=one.content_type or text(info, one.name, "type"),
            filename=text(info, one.name, "filename") or one.filename or "",
            content_id=text(info, one.name, "content-id"),
        )
        for one in form.fields
        if re.fullmatch(r"attachment[0-9]{1,4}", one.name)
    ]
    words, html = (form.text(name, text(charsets, name) or None) for name in ("text", "html"))
    return rebuilt(_headers(form.text("headers")), text=words, html=html, files=files)


def _headers(block: str) -> list[tuple[str, str]]:
    """The header block as SendGrid passes it on: lines, those that go on begin with a space."""
    found: list[tuple[str, str]] = []
    for line in block.splitlines():
        name, _, value = line.partition(":")
        if line[:1] in (" ", "\t") and found:
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
        else:
            found.append((name.strip(), value.strip()))
    return found


def _event(one: object) -> Iterator[DeliveryReceipt]:
    word = text(one, "event")
    if not word:
        raise PayloadError("no event of SendGrid's")
    state = _STATES.get(word, DeliveryState.UNKNOWN)
    failed = state is DeliveryState.FAILED
    named = text(one, "sg_event_id") or hashlib.sha256(repr(one).encode("utf-8", "replace")).hexdigest()
    yield from receipt(
        f"event:{named}",
        state,
        f"{word} {text(one, 'type')}".strip(),
        delivery_id=text(one, MARK),
        message_id=text(one, "smtp-id"),
        code=text(one, "status") if failed else "",
        dead=failed and text(one, "reason") in _DEAD_REASONS,
        complaint=word == "spamreport",
        opted_out=word in _STOPS,
    )
