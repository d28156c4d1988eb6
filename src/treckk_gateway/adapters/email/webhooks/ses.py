"""Amazon SES: mail received, by way of SNS and S3, and the notices of what we send.

Sources: Amazon SES developer guide, "Contents of notifications for Amazon SES email receiving" (`content` comes
inline with the SNS action only, up to 150 KB), "Deliver to S3 bucket action", "Amazon SNS notification contents"
(bounce, complaint, delivery), "Event publishing" (`X-SES-MESSAGE-TAGS`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from treckk_gateway.adapters.email.mailbox import FROM_HEADER, TO_HEADER
from treckk_gateway.adapters.email.webhooks import s3
from treckk_gateway.adapters.email.webhooks.options import ServiceOptions
from treckk_gateway.adapters.email.webhooks.payload import listed, part, read_json, text
from treckk_gateway.adapters.email.webhooks.provider import MARK, Arrived, Provider, check_login, receipt
from treckk_gateway.adapters.email.webhooks.sns import Note, Notes, Topic, read_note
from treckk_gateway.channel import ChannelContext, WebhookRequest
from treckk_gateway.channel.mail_headers import from_base64
from treckk_gateway.errors import PayloadError
from treckk_gateway.model import DeliveryReceipt, DeliveryState

FETCHED = "SES-S3"
"""Method of a request whose body is the mail itself, fetched from S3."""

_STATES = {
    "Send": DeliveryState.ACCEPTED,
    "Delivery": DeliveryState.DELIVERED,
    "DeliveryDelay": DeliveryState.SENDING,
    "Bounce": DeliveryState.FAILED,
    "Reject": DeliveryState.FAILED,
    "Rendering Failure": DeliveryState.FAILED,
    "Complaint": DeliveryState.DELIVERED,
    "Open": DeliveryState.DELIVERED,
    "Click": DeliveryState.DELIVERED,
}
_DEAD = frozenset({"General", "NoEmail", "Suppressed", "OnAccountSuppressionList"})


class Ses(Provider):
    """Signed by SNS. Small mail comes along; what lies in the bucket is fetched before it is acknowledged."""

    def __init__(self, options: ServiceOptions, context: ChannelContext) -> None:
        super().__init__(options, context)
        self._notes = Notes(tuple(map(Topic.parse, options.topics)), context)
        self._bucket = s3.Bucket.of(options)

    @classmethod
    def check_options(cls, options: ServiceOptions) -> None:
        """The topics are needed; of S3 all or nothing."""
        if not options.topics:
            raise ValueError("topics: the ARNs of the SNS topics that may write to us are needed")
        for one in options.topics:
            Topic.parse(one)
        s3.Bucket.of(options)

    async def verify(self, request: WebhookRequest) -> None:
        """Check SNS's signature, by a certificate that only Amazon's host may give us."""
        if self.options.webhook_login:
            check_login(request, self.options.webhook_login)
        await self._notes.verify(request)

    async def complete(self, request: WebhookRequest) -> WebhookRequest:
        """Confirm a subscription of a topic of ours; fetch a mail that lies in S3."""
        try:
            note = read_note(request.body)
            await self._notes.confirm(note)
            tree = read_json(note.message.encode("utf-8", "replace"))
        except PayloadError:
            return request
        place = (text(tree, "receipt", "action", "bucketName"), text(tree, "receipt", "action", "objectKey"))
        bucket = self._bucket
        if text(tree, "content") or bucket is None or place[0] != bucket.name or not place[1]:
            return request
        source = bucket.source(place[1], note.topic.region, self.context.clock())
        raw = await self.context.fetch(source, self.options.max_size)
        envelope = [(FROM_HEADER, _sender(tree)), (TO_HEADER, text(tree, "receipt", "recipients", 0))]
        return WebhookRequest.of(FETCHED, request.url, envelope, raw)

    @classmethod
    def read(cls, request: WebhookRequest) -> Iterator[Arrived | DeliveryReceipt]:
        """A mail received, or what became of one of ours; nothing of SNS's own notes."""
        if request.method == FETCHED:
            yield Arrived(raw=request.body, sender=request.header(FROM_HEADER), recipient=request.header(TO_HEADER))
            return
        note = read_note(request.body)
        if note.kind != "Notification":
            return
        tree = read_json(note.message.encode("utf-8", "replace"))
        word = text(tree, "notificationType") or text(tree, "eventType")
        if word == "Received":
            yield _received(tree)
        elif word == "AmazonSnsSubscriptionSucceeded":
            return  # SES's own trial note, when a topic is chosen for notices
        elif word:
            yield from _notice(note, tree, word)
        else:
            raise PayloadError("no note of SES's")

    @classmethod
    def marks(cls, delivery_id: str) -> Mapping[str, str]:
        """Tags come back in events, where a configuration set publishes them."""
        return {"X-SES-MESSAGE-TAGS": f"{MARK}={re.sub(r'[^A-Za-z0-9_-]', '-', delivery_id)}"}


def _sender(tree: object) -> str:
    source = text(tree, "mail", "source")
    return "" if source == "<>" else source


def _received(tree: object) -> Arrived:
    content = text(tree, "content")
    if not content:
        raise PayloadError("SES sent no content: it lies in S3, and s3_bucket does not name that bucket")
    encoded = text(tree, "receipt", "action", "encoding").upper() == "BASE64"
    raw = from_base64(content.encode("ascii", "replace")) if encoded else content.encode("utf-8", "replace")
    return Arrived(raw=raw, sender=_sender(tree), recipient=text(tree, "receipt", "recipients", 0) or None)


def _notice(note: Note, tree: object, word: str) -> Iterator[DeliveryReceipt]:
    state = _STATES.get(word, DeliveryState.UNKNOWN)
    bounce, kind = text(tree, "bounce", "bounceType"), text(tree, "bounce", "bounceSubType")
    ids = [text(one, "value") for one in listed(tree, "mail", "headers") if text(one, "name").lower() == "message-id"]
    yield from receipt(
        f"note:{note.message_id}",
        state,
        " ".join(filter(None, (word, bounce, kind))),
        delivery_id=text(tree, "mail", "tags", MARK, 0),
        message_id=(ids or [text(tree, "mail", "commonHeaders", "messageId")])[0],
        code=text(tree, "bounce", "bouncedRecipients", 0, "status") if state is DeliveryState.FAILED else "",
        dead=word == "Bounce" and bounce == "Permanent" and kind in _DEAD,
        complaint=word == "Complaint" and part(tree, "complaint", "complaintFeedbackType") != "not-spam",
        opted_out=word == "Subscription",
    )
