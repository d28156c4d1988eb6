"""Mailgun: routes that forward or store, and the events of what we send.

Sources: Mailgun's documentation, "Receive, Forward and Store Messages" (fields of a route's post), "Securing
webhooks" (signature), "Webhook payload" (`event-data`), "Sending via SMTP" (`X-Mailgun-Variables`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from functools import partial
from threading import Lock

from treckk_gateway.adapters.email.reading import fingerprint
from treckk_gateway.adapters.email.webhooks.options import ServiceOptions
from treckk_gateway.adapters.email.webhooks.payload import Form, part, read_form, read_json, text
from treckk_gateway.adapters.email.webhooks.provider import MARK, Arrived, Provider, check_login, receipt
from treckk_gateway.adapters.email.webhooks.rebuilding import Carried, rebuilt
from treckk_gateway.channel import ChannelContext, WebhookRequest
from treckk_gateway.errors import PayloadError, SignatureError
from treckk_gateway.model import DeliveryReceipt, DeliveryState

TOLERANCE = 9 * 3600
"""Seconds. Mailgun tries again for eight hours, and does not say that it signs anew: a shorter one would lose mail."""

_REMEMBERED = 50_000
_DIGITS = re.compile(r"[0-9]{1,12}")
_TOKEN = re.compile(r"[!-~]{1,100}")
_STATES = {
    "accepted": DeliveryState.ACCEPTED,
    "delivered": DeliveryState.DELIVERED,
    "rejected": DeliveryState.FAILED,
    "complained": DeliveryState.DELIVERED,
    "opened": DeliveryState.DELIVERED,
    "clicked": DeliveryState.DELIVERED,
}
_DEAD_REASONS = frozenset({"suppress-bounce"})


class Mailgun(Provider):
    """Signed over a timestamp and a token, **not over the body**: who sees a signature could reuse it.

    So each token serves one mail: with another it is refused, as long as the timestamp would be taken. A login
    (`webhook_login`) is checked besides, where one is set.
    """

    def __init__(self, options: ServiceOptions, context: ChannelContext) -> None:
        super().__init__(options, context)
        self._keys = tuple(one.reveal().encode() for one in options.webhook_secret)
        self._used: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._using = Lock()

    @classmethod
    def check_options(cls, options: ServiceOptions) -> None:
        """The signing key is needed."""
        if not options.webhook_secret:
            raise ValueError("webhook_secret: Mailgun's HTTP webhook signing key is needed")

    def verify(self, request: WebhookRequest) -> None:
        """Check the signature, its age, and that its token was not used for something else."""
        if self.options.webhook_login:
            check_login(request, self.options.webhook_login)
        try:
            timestamp, token, signature = _proof(request)
        except PayloadError:
            raise SignatureError("there is no signature") from None
        if not _DIGITS.fullmatch(timestamp) or not _TOKEN.fullmatch(token):
            raise SignatureError("timestamp or token are malformed")
        signed, given = (timestamp + token).encode(), signature.encode("utf-8", "replace")
        expected = [hmac.new(key, signed, hashlib.sha256).hexdigest().encode() for key in self._keys]
        if not any(map(partial(hmac.compare_digest, given), expected)):
            raise SignatureError("the signature is wrong")
        now = self.context.clock()
        if abs(now - int(timestamp)) > TOLERANCE:
            raise SignatureError("the timestamp is too old or lies ahead")
        self._use(token, _content_key(request), now)

    def _use(self, token: str, content: str, now: float) -> None:
        with self._using:  # large mails are verified by a thread
            known = self._used.get(token)
            if known is not None and known[1] != content:
                raise SignatureError("the token was used for something else")
            self._used[token] = (now, content)
            while len(self._used) > _REMEMBERED or next(iter(self._used.values()))[0] < now - 2 * TOLERANCE:
                self._used.popitem(last=False)

    @classmethod
    def read(cls, request: WebhookRequest) -> Iterator[Arrived | DeliveryReceipt]:
        """An event, a raw mail (`body-mime`), or one in fields."""
        if _is_json(request):
            yield from _event(read_json(request.body))
            return
        form = read_form(request)
        raw = form.raw("body-mime")
        if raw is None:
            raw = _rebuilt(form)
        yield Arrived(raw=raw, sender=form.text("sender") or None, recipient=form.text("recipient") or None)

    @classmethod
    def marks(cls, delivery_id: str) -> Mapping[str, str]:
        """Variables come back in each event."""
        return {"X-Mailgun-Variables": json.dumps({MARK: delivery_id})}


def _is_json(request: WebhookRequest) -> bool:
    return (request.header("content-type") or "").lower().startswith("application/json")


def _proof(request: WebhookRequest) -> tuple[str, str, str]:
    if _is_json(request):
        tree = read_json(request.body)
        return (
            text(tree, "signature", "timestamp"),
            text(tree, "signature", "token"),
            text(tree, "signature", "signature"),
        )
    form = read_form(request)
    return form.only("timestamp") or "", form.only("token") or "", form.only("signature") or ""


def _content_key(request: WebhookRequest) -> str:
    """What a token was used for: a retry of the same mail is the same, however the form around it is written."""
    try:
        for one in Mailgun.read(request):
            return fingerprint(one.raw, one.recipient or "") if isinstance(one, Arrived) else one.dedupe_key
    except PayloadError:
        pass
    return hashlib.sha256(request.body).hexdigest()


def _rebuilt(form: Form) -> bytes:
    written = form.raw("message-headers")
    if written is None:
        raise PayloadError("the form holds no mail")
    pairs = [(text(one, 0), text(one, 1)) for one in read_json(written) if isinstance(one, list)]
    content_ids = _content_ids(form)
    files = [
        Carried(
            content=one.value,
            content_type=one.content_type or "",
            filename=one.filename or "",
            content_id=content_ids.get(one.name, ""),
        )
        for one in form.fields
        if re.fullmatch(r"attachment-[0-9]{1,4}", one.name)
    ]
    return rebuilt(pairs, text=form.text("body-plain"), html=form.text("body-html"), files=files)


def _content_ids(form: Form) -> Mapping[str, str]:
    """`content-id-map`: the id of each attachment that is shown inside the text, by the attachment's field."""
    written = form.raw("content-id-map")
    try:
        tree = read_json(written) if written else {}
    except PayloadError:
        tree = {}
    return {name: key for key, name in tree.items() if isinstance(name, str)} if isinstance(tree, dict) else {}


def _event(tree: object) -> Iterator[DeliveryReceipt]:
    data = part(tree, "event-data")
    word = text(data, "event")
    if not word:
        raise PayloadError("neither an event nor a mail")
    state, severity = _STATES.get(word, DeliveryState.UNKNOWN), ""
    if word == "failed":
        severity = text(data, "severity")
        state = DeliveryState.SENDING if severity == "temporary" else DeliveryState.FAILED
    yield from receipt(
        f"event:{text(data, 'id') or hashlib.sha256(repr(data).encode('utf-8', 'replace')).hexdigest()}",
        state,
        f"{word} {severity}".strip(),
        delivery_id=text(data, "user-variables", MARK),
        message_id=text(data, "message", "headers", "message-id"),
        code=text(data, "delivery-status", "enhanced-code") or _code(data) if state is DeliveryState.FAILED else "",
        dead=state is DeliveryState.FAILED and text(data, "reason") in _DEAD_REASONS,
        complaint=word == "complained",
        opted_out=word == "unsubscribed",
    )


def _code(data: object) -> str:
    code = part(data, "delivery-status", "code")
    return str(code) if isinstance(code, int) else ""
