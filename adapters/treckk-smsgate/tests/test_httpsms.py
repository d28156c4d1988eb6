"""The checks of the conformance kit, filled in for httpSMS, and what is httpSMS's own."""

from __future__ import annotations

import json

import jwt
import pytest
from service import API_KEY, KEY, PHONE, Service, event, signed
from treckk_gateway.channel import ChannelContext, WebhookRequest, WebhookResponse
from treckk_gateway.errors import Rejected, Scope, SendError, SignatureError
from treckk_gateway.model import Address, DeliveryState, OutboundMessage, Secret
from treckk_gateway.testing.conformance import ChannelConformance, Refusal, Sample

from treckk_smsgate import HttpSmsChannel

URL = "https://gateway.example.org/channels/httpsms"
NOW = 1795500000.0
CITIZEN = "+6281200000001"  # invented


def make(url="http://127.0.0.1:9", key=KEY, api_key=API_KEY, phone=PHONE):
    """A channel that sends to `url`; nobody listens at the default."""
    options = HttpSmsChannel.Options(signing_key=Secret(key), api_key=Secret(api_key), phone=phone, api_base_url=url)
    context = ChannelContext(channel_id="httpsms", webhook_url=URL, clock=lambda: NOW)
    return HttpSmsChannel.from_settings(options, context)


def post(body, at=NOW, key=KEY, **claims):
    return WebhookRequest.of("POST", URL, signed(URL, key, at, **claims), body)


class TestHttpSms(ChannelConformance):
    secrets = (KEY, API_KEY)
    signature_headers = ("Authorization",)
    signs_body = False
    refusals = (
        Refusal("no credit", lambda _: WebhookResponse(402), Rejected, Scope.CHANNEL),
        Refusal("not valid", lambda _: WebhookResponse(422), Rejected, Scope.MESSAGE),
    )

    def channel(self, stand_in=None):
        return make(stand_in.url) if stand_in else make()

    def stranger(self):
        return make(key="another-signing-key-of-many-characters")

    def stand_in(self):
        return Service()

    def sign(self, body):
        return post(body)

    def samples(self):
        who = {"sender": Address("sms", CITIZEN), "recipient": PHONE}
        said = {"owner": PHONE, "contact": CITIZEN, "sim": "SIM1", "timestamp": "2026-11-26T08:46:11Z"}
        text = event("message.phone.received", message_id="m-1", content="Lampu jalan padam", **said)
        wanted = {"dedupe_key": "m-1", "text": "Lampu jalan padam", "claimed_at": 1795682771000000, "unsupported": None}
        yield Sample("a text", post(text), who | wanted)
        secret = event("message.phone.received", message_id="m-2", content="c2VjcmV0", encrypted=True, **said)
        yield Sample("an encrypted one", post(secret), who | {"text": "", "unsupported": "encrypted"})
        bank = event("message.phone.received", message_id="m-3", content="Saldo", **said | {"contact": "BANK-X"})
        yield Sample("from a name", post(bank), {"automatic": True})
        about = {"id": "hs-1", "request_id": "d-1", "contact": CITIZEN, "owner": PHONE}
        done = {"delivery_id": "d-1", "provider_message_id": "hs-1"}
        states = {"message.phone.sent": DeliveryState.SENT, "message.phone.delivered": DeliveryState.DELIVERED}
        for kind, state in states.items():
            yield Sample(kind, post(event(kind, **about)), done | {"state": state, "code": None})
        failed = event("message.send.failed", **about, error_message="NO_SERVICE")
        yield Sample("failed", post(failed), done | {"state": DeliveryState.FAILED, "code": "failed"})
        late = event("message.send.expired", message_id="hs-2", request_id=None, contact=CITIZEN)
        yield Sample("expired", post(late), {"provider_message_id": "hs-2", "delivery_id": None, "code": "expired"})
        yield Sample("a heartbeat", post(event("phone.heartbeat.offline", phone_id="p-1")))
        yield Sample("a call", post(event("message.call.missed", contact=CITIZEN)))

    def unknown(self):
        yield Sample("a new receipt", post(event("message.phone.forgotten", id="hs-1", request_id="d-1")))


async def outcome(service):
    channel = make(service.url)
    recipient = Address("sms", CITIZEN)
    await channel.open()
    try:
        return await channel.send(
            OutboundMessage(
                delivery_id="d-1", attempt_id="a-1", recipient=recipient, text="Petugas ke lokasi", timeout=5.0
            )
        )
    except SendError as problem:
        return problem
    finally:
        await channel.close()


async def test_what_is_posted_and_what_is_kept_of_the_answer():
    async with Service() as service:
        sent = await outcome(service)

    assert (sent.provider_message_id, sent.parts) == ("hs-1", 1)
    said = {"from": PHONE, "to": CITIZEN, "content": "Petugas ke lokasi", "request_id": "d-1"}
    assert json.loads(service.requests[0].body) == said


@pytest.mark.parametrize(
    ("status", "scope"), [(402, Scope.CHANNEL), (401, Scope.CHANNEL), (422, Scope.MESSAGE), (400, Scope.MESSAGE)]
)
async def test_a_refusal_holds_for_what_httpsms_says(status, scope):
    async with Service(status) as service:
        problem = await outcome(service)

    assert (type(problem), problem.scope) == (Rejected, scope)


@pytest.mark.parametrize(
    "request_",
    [
        post(b"{}", at=NOW - 700),
        post(b"{}", at=NOW + 700),
        post(b"{}", aud="https://elsewhere.example.org"),
        post(b"{}", exp="soon"),
        WebhookRequest.of("POST", URL, {"Authorization": f"Bearer {jwt.encode({'aud': URL}, KEY)}"}),
        WebhookRequest.of(
            "POST", URL, {"Authorization": "Bearer " + jwt.encode({"aud": URL, "exp": NOW}, None, "none")}
        ),
        WebhookRequest.of(
            "POST", URL, {"Authorization": f"Bearer {jwt.encode({'aud': URL, 'exp': NOW}, KEY, 'HS512')}"}
        ),
        WebhookRequest.of("POST", URL, {"Authorization": f"Basic {KEY}"}),
    ],
    ids=["old", "early", "for another", "odd time", "no end", "unsigned", "another hash", "no bearer"],
)
def test_a_token_that_is_not_good_here_and_now_is_refused(request_):
    with pytest.raises(SignatureError):
        make().verify(request_)


async def test_the_doctor_is_told_of_a_wrong_key_and_of_a_strange_phone():
    async with Service() as service:
        assert await make(service.url).check() == []
        [problem] = await make(service.url, api_key="another").check()
        assert problem.fatal
        [problem] = await make(service.url, phone="+6281100000008").check()
        assert "no such phone" in problem.summary


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="at least 32"):
        make(key="short")
    with pytest.raises(ValueError, match=r"\+62"):
        make(phone="0811")
