"""Amazon SNS: is a note genuine, and the handshake of a subscription.

What is signed names its certificate by an address, so a stranger could have us ask any host, or trust any key. Hence
the order: a topic of ours first, then an address that can only be SNS's own in the topic's region, and only then a
request, through the gateway's hardened fetcher, kept for a day and few in number. Nothing of the note's own
`SubscribeURL` is followed: topic and token are all that is needed.

Sources: Amazon SNS developer guide, "Verifying the signatures of Amazon SNS messages", "HTTP/HTTPS subscription
confirmation JSON format"; API reference, "ConfirmSubscription".
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import attrs
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import Certificate, load_pem_x509_certificate

from treckk_gateway.adapters.email.webhooks.payload import part, read_json
from treckk_gateway.channel import ChannelContext, MediaSource, WebhookRequest
from treckk_gateway.errors import MediaRefused, MediaUnavailable, PayloadError, SignatureError

TOLERANCE = 2 * 3600
"""Seconds. A note bears the time it was published; SNS tries again for an hour at most."""
FETCHES = 10
"""Certificates asked for in a minute, whoever makes us ask."""

_ARN = re.compile(
    r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}):([0-9]{12}):[A-Za-z0-9_.-]{1,256}"
)
_PEM_PATH = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{8,64}\.pem")
_TOKEN = re.compile(r"[0-9A-Za-z]{1,1024}")
_HASHES = {"1": SHA1, "2": SHA256}
_NOTE = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_HANDSHAKE = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {"Notification": _NOTE, "SubscriptionConfirmation": _HANDSHAKE, "UnsubscribeConfirmation": _HANDSHAKE}
_PEM_BYTES = 16 * 1024
_ANSWER_BYTES = 64 * 1024
_KEPT = 8
_DAY = 24 * 3600
_MINUTE = 60

log = structlog.get_logger(__name__)


@attrs.frozen
class Topic:
    """A topic's name, and the one host that speaks for it."""

    arn: str
    region: str
    host: str

    @classmethod
    def parse(cls, arn: str) -> Topic:
        """Read an ARN. Raises `ValueError`."""
        found = _ARN.fullmatch(arn)
        if not found:
            raise ValueError("topics: is no ARN of an SNS topic: arn:aws:sns:REGION:ACCOUNT:NAME")
        return cls(arn, found[2], f"sns.{found[2]}.amazonaws.com{'.cn' if found[1] == 'aws-cn' else ''}")


@attrs.frozen(repr=False)
class Note:
    """An SNS message as posted: `kind` is its type, `fields` all it says."""

    kind: str
    topic: Topic
    fields: dict[str, str]

    @property
    def message(self) -> str:
        """What was published."""
        return self.fields.get("Message", "")

    @property
    def message_id(self) -> str:
        """SNS's id, the same in each attempt."""
        return self.fields.get("MessageId", "")


def read_note(body: bytes) -> Note:
    """The note in a body. Raises `PayloadError`."""
    tree = read_json(body)
    fields = {name: value for name, value in tree.items() if isinstance(value, str)} if isinstance(tree, dict) else {}
    try:
        topic = Topic.parse(fields.get("TopicArn", ""))
    except ValueError:
        raise PayloadError("no note of SNS's") from None
    if part(fields, "Type") not in _SIGNED:
        raise PayloadError("an unknown type of note")
    return Note(fields["Type"], topic, fields)


class Notes:
    """Checks notes of the topics that were configured, and subscribes to those."""

    def __init__(self, topics: Sequence[Topic], context: ChannelContext) -> None:
        self._topics = frozenset(one.arn for one in topics)
        self._context = context
        self._certificates: dict[str, tuple[float, Certificate]] = {}
        self._asked: list[float] = []
        self._turn = asyncio.Lock()

    async def verify(self, request: WebhookRequest) -> None:
        """Raise `SignatureError` unless SNS signed it for one of our topics.

        Raises `MediaUnavailable` when that cannot be told now.
        """
        try:
            note = read_note(request.body)
        except PayloadError:
            raise SignatureError("no note of SNS's, or sent raw: leave raw message delivery off") from None
        if request.header("x-amz-sns-message-type") != note.kind:
            raise SignatureError("the header names another type of note")
        if note.topic.arn not in self._topics:
            raise SignatureError("the topic is not one of ours")
        kind = _HASHES.get(note.fields.get("SignatureVersion", ""))
        if kind is None:
            raise SignatureError("the signature is of an unknown version")
        now = self._context.clock()
        if abs(now - _seconds(note.fields.get("Timestamp", ""))) > TOLERANCE:
            raise SignatureError("the note is too old or lies ahead")
        try:
            signature = base64.b64decode(note.fields.get("Signature", ""), validate=True)
        except (binascii.Error, ValueError):
            raise SignatureError("the signature is malformed") from None
        certificate = await self._certificate(note, now)
        _check(certificate, signature, _signed(note), kind(), now)

    async def confirm(self, note: Note) -> None:
        """Subscribe to a topic of ours, as a verified note asks. Raises `MediaError` when SNS does not take it."""
        if note.kind == "UnsubscribeConfirmation":
            log.warning("subscription.ended")
        if note.kind != "SubscriptionConfirmation":
            return
        token = note.fields.get("Token", "")
        if not _TOKEN.fullmatch(token):
            raise PayloadError("the note holds no token")
        query = f"Action=ConfirmSubscription&TopicArn={quote(note.topic.arn, safe='')}&Token={token}"
        host = note.topic.host
        await self._context.fetch(MediaSource(url=f"https://{host}/?{query}", hosts=(host,)), _ANSWER_BYTES)
        log.info("subscription.confirmed")

    async def _certificate(self, note: Note, now: float) -> Certificate:
        url = note.fields.get("SigningCertURL", "")
        _check_address(url, note.topic)
        async with self._turn:
            known = self._certificates.get(url)
            if known is not None and now - known[0] < _DAY:
                return known[1]
            self._asked = [at for at in self._asked if now - at < _MINUTE][-FETCHES:]
            if len(self._asked) >= FETCHES:
                raise MediaUnavailable("certificates were asked for too often")
            self._asked.append(now)
            try:
                pem = await self._context.fetch(MediaSource(url=url, hosts=(note.topic.host,)), _PEM_BYTES)
                certificate = load_pem_x509_certificate(pem)
            except (MediaRefused, ValueError):
                raise SignatureError("there is no such certificate") from None
            self._certificates[url] = (now, certificate)
            while len(self._certificates) > _KEPT:
                self._certificates.pop(next(iter(self._certificates)))
            return certificate


def _check_address(url: str, topic: Topic) -> None:
    """An address that is exactly SNS's own; parsing alone would leave room for other readings of it."""
    path = urlsplit(url).path if url.isascii() and url.isprintable() and "[" not in url else ""
    if not _PEM_PATH.fullmatch(path) or url != f"https://{topic.host}{path}":
        raise SignatureError("the certificate is not at Amazon SNS")


def _check(certificate: Certificate, signature: bytes, signed: bytes, kind: Any, now: float) -> None:  # noqa: ANN401 a hash
    key, when = certificate.public_key(), datetime.fromtimestamp(now, UTC)
    if (
        not isinstance(key, RSAPublicKey)
        or not certificate.not_valid_before_utc <= when <= certificate.not_valid_after_utc
    ):
        raise SignatureError("the certificate is out of date or of another kind")
    try:
        key.verify(signature, signed, PKCS1v15(), kind)
    except InvalidSignature:
        raise SignatureError("the signature is wrong") from None


def _signed(note: Note) -> bytes:
    """Names and values in SNS's order, a line each; what is absent (`Subject`) is left out."""
    lines = [f"{name}\n{note.fields[name]}\n" for name in _SIGNED[note.kind] if name in note.fields]
    return "".join(lines).encode("utf-8", "replace")


def _seconds(written: str) -> float:
    try:
        return datetime.strptime(written, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise SignatureError("the note bears no time") from None
