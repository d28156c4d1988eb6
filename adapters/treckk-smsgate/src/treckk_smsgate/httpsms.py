"""httpSMS: a phone with the app, behind the maker's service or one's own.

Facts: httpSMS documentation (docs.httpsms.com): Webhooks, API reference; for the claims of the token and what is done
when we do not answer, the service's source (NdoleStudio/httpsms, webhook service).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import jwt
from treckk_gateway.channel import ChannelContext, Inbound, Problem, WebhookRequest, outcome
from treckk_gateway.errors import Rejected, Scope, SendError, SignatureError, Uncertain
from treckk_gateway.model import OutboundMessage, Secret, SendResult

from treckk_smsgate import httpsms_events, sim

HEADER = "Authorization"
_BEARER = "Bearer "
_SHORTEST_KEY = 32
"""Characters: RFC 7518, 3.2 asks for a key as long as the hash."""
_SKEW = 60
_CREDIT = 402


def _sound(_options: object, _field: object, key: Secret) -> None:
    if len(key.reveal()) < _SHORTEST_KEY:
        raise ValueError(f"signing_key has at least {_SHORTEST_KEY} characters; set such a one for the webhook")


def _number(_options: object, _field: object, written: str) -> None:
    if not written.startswith("+") or not written[1:].isdigit():
        raise ValueError("phone is the number of the SIM card, written +62...")


@attrs.frozen(kw_only=True)
class HttpSmsOptions:
    """`[channels.NAME]` with `adapter = "httpsms"`.

    `signing_key` is what the webhook was registered with, `api_key` that of the account, `phone` the number of the SIM
    card that sends. `seconds_between` is its pace.
    """

    signing_key: Secret = attrs.field(validator=_sound)
    api_key: Secret
    phone: str = attrs.field(validator=_number)
    api_base_url: str = attrs.field(default="https://api.httpsms.com", validator=sim.safe_base)
    region: str = "ID"
    seconds_between: float = attrs.field(default=6.0, validator=sim.positive)


class HttpSmsChannel(sim.SimChannel):
    """One SIM card of an account."""

    kind = "httpsms"
    Options = HttpSmsOptions
    where = "httpSMS"

    def __init__(self, options: HttpSmsOptions, context: ChannelContext) -> None:
        claims = sim.capabilities(options.seconds_between)
        form = sim.NumberForm.INTERNATIONAL
        super().__init__(context, claims, base_url=options.api_base_url, region=options.region, form=form)
        self._options = options

    def verify(self, request: WebhookRequest) -> None:
        """A token for this address, made with the webhook's key, good for ten minutes. It does not cover the body."""
        written = request.header(HEADER) or ""
        if not written.startswith(_BEARER):
            raise SignatureError("there is no bearer token")
        try:
            claims = jwt.decode(
                written.removeprefix(_BEARER),
                self._options.signing_key.reveal(),
                algorithms=["HS256"],
                audience=request.url,
                # Times are looked at below, by the clock we were given.
                options={"require": ["exp", "aud"], "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
            begins, ends, now = int(claims.get("nbf", 0)), int(claims["exp"]), self._context.clock()
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            # `from None`: the error that caused ours may hold the token.
            raise SignatureError("the token is not made with our key for this address") from None
        if not begins - _SKEW <= now <= ends + _SKEW:
            raise SignatureError("the token's time is over, or has not come")

    def parse(self, request: WebhookRequest) -> Sequence[Inbound]:
        """What an event says."""
        return httpsms_events.read(request.body, self._region)

    async def send(self, message: OutboundMessage) -> SendResult:
        """Queue it once. Our id comes back with the receipts, but keeps no repeat from being sent."""
        number, (text, parts) = self._to(message), self._text(message)
        payload: dict[str, Any] = {
            "from": self._options.phone,
            "to": number,
            "content": text,
            "request_id": message.delivery_id,
        }
        answer = await self._call("POST", "/v1/messages/send", self._credentials(), message.timeout, payload)
        if answer.status == _CREDIT:
            raise Rejected("no_credit", "the account's messages are used up", scope=Scope.CHANNEL)
        if answer.status // 100 != 2:
            now = self._context.clock()
            raise outcome.from_status(answer.status, answer.headers, now=now, where=self.where)
        data = answer.said.get("data")
        name = data.get("id") if isinstance(data, dict) else None
        if not isinstance(name, str) or not name:
            raise Uncertain("odd_answer", "httpSMS's answer cannot be read")
        return SendResult(provider_message_id=name, parts=parts)

    async def check(self) -> Sequence[Problem]:
        """Whether the key is good, and the phone one of the account's."""
        try:
            answer = await self._once("GET", "/v1/phones?limit=20", self._credentials())
        except SendError as problem:
            return [Problem(summary=f"httpSMS cannot be asked ({problem.code})", remedy="look at the network")]
        if answer.status in (401, 403):
            remedy = "copy the API key from the account's settings"
            return [Problem(summary="httpSMS does not accept the api_key", remedy=remedy, fatal=True)]
        if answer.status // 100 != 2:
            return [Problem(summary=f"httpSMS answers {answer.status}", remedy="check api_base_url")]
        phones = answer.said.get("data")
        known = [one.get("phone_number") for one in phones if isinstance(one, dict)] if isinstance(phones, list) else []
        if self._options.phone not in known:
            remedy = "log in with the app on that phone, and write its number as the account shows it"
            return [Problem(summary="httpSMS knows no such phone", remedy=remedy)]
        return []

    def _credentials(self) -> dict[str, str]:
        return {"x-api-key": self._options.api_key.reveal()}
