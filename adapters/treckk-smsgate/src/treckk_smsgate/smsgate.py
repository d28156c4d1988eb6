"""SMSGate: a phone with the app, asked directly (local mode), over a server of one's own, or over the maker's.

Facts: SMSGate documentation (docs.sms-gate.app): Webhooks, Sending messages, Status tracking, Authentication.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import attrs
from treckk_gateway.channel import ChannelContext, Inbound, Problem, WebhookRequest, outcome
from treckk_gateway.errors import NotTaken, Rejected, Scope, SendError, SignatureError, Uncertain
from treckk_gateway.model import DeliveryState, Instant, OutboundMessage, Secret, SendResult

from treckk_smsgate import sim, smsgate_events

SIGNATURE = "X-Signature"
TIMESTAMP = "X-Timestamp"

STATES = {
    "Pending": DeliveryState.ACCEPTED,
    "Processed": DeliveryState.SENDING,
    "Sent": DeliveryState.SENT,
    "Delivered": DeliveryState.DELIVERED,
    "Failed": DeliveryState.FAILED,
}
"""The app's words for a message it has (Status tracking)."""

_WANTED = ("sms:received", "sms:sent", "sms:delivered", "sms:failed")
_SECONDS = re.compile(r"[0-9]{1,12}")
_SHORTEST_KEY = 8
_SILENT = 3600


def _keys(written: Secret | tuple[Secret, ...]) -> tuple[Secret, ...]:
    return (written,) if isinstance(written, Secret) else tuple(written)


def _sound(_options: object, _field: object, keys: tuple[Secret, ...]) -> None:
    if not keys or any(len(one.reveal()) < _SHORTEST_KEY for one in keys):
        raise ValueError(f"signing_key has at least {_SHORTEST_KEY} characters; the app makes one of 8 or you set it")


@attrs.frozen(kw_only=True)
class SmsGateOptions:
    """`[channels.NAME]` with `adapter = "smsgate"`.

    `signing_key` is what the app shows under Settings, Webhooks; several where several phones post here, or while it
    is changed. Credentials are `username` and `password`, or a `token`. `tolerance` is how many seconds the phone's
    clock may differ from ours, `ttl` after how many a message that was not sent yet is given up, `seconds_between` the
    pace of the SIM card. `sim_number` and `device_id` choose a card and a phone where there are several.
    """

    signing_key: tuple[Secret, ...] = attrs.field(converter=_keys, validator=_sound)
    api_base_url: str = attrs.field(default="https://api.sms-gate.app/3rdparty/v1", validator=sim.safe_base)
    username: str = ""
    password: Secret | None = None
    token: Secret | None = None
    sim_number: int | None = None
    device_id: str | None = None
    number_form: sim.NumberForm = sim.NumberForm.INTERNATIONAL
    region: str = "ID"
    tolerance: float = attrs.field(default=300.0, validator=sim.positive)
    ttl: int = attrs.field(default=172_800, validator=sim.positive)
    seconds_between: float = attrs.field(default=6.0, validator=sim.positive)

    def __attrs_post_init__(self) -> None:
        if (self.token is None) == (self.password is None) or bool(self.username) != (self.password is not None):
            raise ValueError("give username and password, or a token")


class SmsGateChannel(sim.SimChannel):
    """The SIM card of one phone, or of the phones of one account."""

    kind = "smsgate"
    Options = SmsGateOptions
    where = "SMSGate"

    def __init__(self, options: SmsGateOptions, context: ChannelContext) -> None:
        claims = sim.capabilities(options.seconds_between, media_in=True, idempotent_send=True, lookup=True)
        base, form = options.api_base_url, options.number_form
        super().__init__(context, claims, base_url=base, region=options.region, form=form)
        self._options = options
        self._signing = tuple(one.reveal().encode() for one in options.signing_key)

    def verify(self, request: WebhookRequest) -> None:
        """The phone signs the raw body followed by the seconds it signed at, anew for each attempt."""
        written = request.header(TIMESTAMP) or ""
        if not _SECONDS.fullmatch(written):
            raise SignatureError(f"{TIMESTAMP} is missing or no number of seconds")
        given = (request.header(SIGNATURE) or "").lower().encode("utf-8", "replace")
        fits = [hmac.compare_digest(signature(key, request.body, written), given) for key in self._signing]
        if not any(fits):
            raise SignatureError(f"{SIGNATURE} is missing or does not fit")
        if abs(self._context.clock() - int(written)) > self._options.tolerance:
            raise SignatureError(f"{TIMESTAMP} is too far from our clock: does the phone's clock go right?")

    def parse(self, request: WebhookRequest) -> Sequence[Inbound]:
        """What an event says."""
        return smsgate_events.read(request.body, self._region)

    async def send(self, message: OutboundMessage) -> SendResult:
        """Queue it under our id. The app keeps one message per id, so a repeat is answered 409 and sends nothing."""
        number, (text, parts) = self._to(message), self._text(message)
        path = "/messages?skipPhoneValidation=true" if number.startswith("0") else "/messages"
        payload = self._payload(message, number, text)
        answer = await self._call("POST", path, self._credentials(), message.timeout, payload)
        if answer.status == 409:
            return SendResult(provider_message_id=message.delivery_id, parts=parts)
        if answer.status // 100 != 2:
            raise self._refusal(answer)
        if not isinstance(answer.said.get("id"), str):
            raise Uncertain("odd_answer", "SMSGate's answer cannot be read")
        return SendResult(provider_message_id=message.delivery_id, parts=parts)

    async def lookup(self, message: OutboundMessage, since: Instant) -> SendResult | None:
        """What the app has under our id."""
        path = f"/messages/{quote(message.delivery_id, safe='')}"
        answer = await self._call("GET", path, self._credentials(), message.timeout)
        if answer.status == 404:
            return None
        if answer.status // 100 != 2:
            raise self._refusal(answer)
        state = STATES.get(str(answer.said.get("state")), DeliveryState.ACCEPTED)
        return SendResult(provider_message_id=message.delivery_id, state=state)

    async def check(self) -> Sequence[Problem]:
        """Whether the credentials are good, and the app posts here what we live on."""
        try:
            answer = await self._once("GET", "/webhooks", self._credentials())
        except SendError as problem:
            remedy = "look at the network; in local mode, whether the phone is on and its server started"
            return [Problem(summary=f"SMSGate cannot be asked ({problem.code})", remedy=remedy)]
        if answer.status in (401, 403):
            remedy = "copy user name and password from the app's home screen, or make a new token"
            return [Problem(summary="SMSGate does not accept the credentials", remedy=remedy, fatal=True)]
        if answer.status // 100 != 2:
            return [Problem(summary=f"SMSGate answers {answer.status}", remedy="check api_base_url")]
        ours = {one.get("event") for one in answer.items if isinstance(one, dict) and self._is_ours(one.get("url"))}
        missing = [event for event in _WANTED if event not in ours and f"{event}:batch" not in ours]
        if not missing:
            return await self._silence()
        remedy = f"register them with url {self._context.webhook_url}, as the channel's page shows"
        return [Problem(summary=f"SMSGate does not post here: {', '.join(missing)}", remedy=remedy)]

    async def _silence(self) -> list[Problem]:
        """How long ago a phone asked its server for work; in local mode there is no such list."""
        try:
            answer = await self._once("GET", "/devices", self._credentials())
        except SendError:
            return []
        phones = [
            one for one in answer.items if isinstance(one, dict) and self._options.device_id in (None, one.get("id"))
        ]
        seen = [moment for one in phones if (moment := sim.instant(one.get("lastSeen"))) is not None]
        if not seen or self._context.clock() - max(seen) / 1_000_000 < _SILENT:
            return []
        remedy = "see that it is on, charged and connected, and that battery saving is off for the app"
        return [Problem(summary="the phone was not heard of for an hour or more", remedy=remedy)]

    def _is_ours(self, url: object) -> bool:
        return isinstance(url, str) and url.partition("?")[0].rstrip("/") == self._context.webhook_url.rstrip("/")

    def _credentials(self) -> dict[str, str]:
        if self._options.token is not None:
            return {"Authorization": f"Bearer {self._options.token.reveal()}"}
        password = self._options.password.reveal() if self._options.password else ""
        return {"Authorization": f"Basic {b64encode(f'{self._options.username}:{password}'.encode()).decode()}"}

    def _payload(self, message: OutboundMessage, number: str, text: str) -> dict[str, Any]:
        chosen = {"simNumber": self._options.sim_number, "deviceId": self._options.device_id}
        return {
            "id": message.delivery_id,
            "textMessage": {"text": text},
            "phoneNumbers": [number],
            "withDeliveryReport": True,
            "ttl": self._options.ttl,
            "priority": 10 if message.reply else 0,  # answers before news; from 100 on the phone forgets its limits
            **{name: value for name, value in chosen.items() if value is not None},
        }

    def _refusal(self, answer: sim.Answer) -> SendError:
        """What an answer that is no success stands for; its texts are never passed on, they may name a number."""
        said = str(answer.said.get("message", "")).lower()
        if answer.status == 503 and answer.said.get("error") == "QueueLimitExceeded":
            return NotTaken("queue_full", "the phone has too much to send, or has been away")
        if answer.status == 400 and "device" in said:
            return Rejected("no_device", "SMSGate has no such phone: check device_id", scope=Scope.CHANNEL)
        if answer.status == 400 and "phone" in said and "valid" in said:
            return Rejected("invalid_number", "SMSGate takes it for no number", scope=Scope.ADDRESS)
        return outcome.from_status(answer.status, answer.headers, now=self._context.clock(), where=self.where)


def signature(key: bytes, body: bytes, timestamp: str) -> bytes:
    """What stands in `X-Signature`."""
    return hmac.digest(key, body + timestamp.encode(), "sha256").hex().encode()
