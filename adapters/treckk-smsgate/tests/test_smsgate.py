"""The checks of the conformance kit, filled in for SMSGate, and what is SMSGate's own."""

from __future__ import annotations

import json
from base64 import b64encode

import attrs
import pytest
from phone import CREDENTIAL, KEY, PASSWORD, USER, Phone, answer, signed
from treckk_gateway.channel import ChannelContext, WebhookRequest
from treckk_gateway.errors import NotTaken, Rejected, Scope, SendError, SignatureError, Uncertain
from treckk_gateway.model import Address, DeliveryState, MediaKind, OutboundMessage, Secret
from treckk_gateway.testing.conformance import ChannelConformance, Refusal, Sample

from treckk_smsgate import SmsGateChannel
from treckk_smsgate.smsgate import SIGNATURE, TIMESTAMP, signature

URL = "https://gateway.example.org/channels/smsgate"
NOW = 1795500000.0
CITIZEN = "+6281200000001"  # invented


def make(url="http://127.0.0.1:9", keys=(KEY,), **more):
    """A channel that sends to `url`; nobody listens at the default."""
    more = {"username": USER, "password": Secret(PASSWORD)} | more
    options = SmsGateChannel.Options(signing_key=tuple(map(Secret, keys)), api_base_url=url, **more)
    context = ChannelContext(channel_id="smsgate", webhook_url=URL, clock=lambda: NOW)
    return SmsGateChannel.from_settings(options, context)


def post(body, key=KEY, at=NOW):
    return WebhookRequest.of("POST", URL, signed(body, key, at), body)


def event(name, /, **payload):
    """An event as the app writes it."""
    envelope = {"deviceId": "ffffffffceb0b1db0000018e937c815b", "id": "Ey6ECgOkVVFjz3CL48B8C", "webhookId": "w-1"}
    return post(json.dumps(envelope | {"event": name, "payload": payload}).encode())


def received(text, at="2026-11-26T15:46:11.000+07:00", **more):
    said = {"messageId": "abc123", "message": text, "sender": CITIZEN, "recipient": "+6281100000009", "simNumber": 1}
    return said | {"phoneNumber": CITIZEN, "receivedAt": at} | more


class TestSmsGate(ChannelConformance):
    secrets = (KEY, PASSWORD, CREDENTIAL)
    signature_headers = (SIGNATURE, TIMESTAMP)
    signs_url = False
    refusals = (
        Refusal("too much to send", answer(503, error="QueueLimitExceeded"), NotTaken),
        Refusal("no such phone", answer(400, message="Invalid device ID"), Rejected, Scope.CHANNEL),
        Refusal("no number", answer(400, message="invalid phone number"), Rejected, Scope.ADDRESS),
    )

    def channel(self, stand_in=None):
        return make(stand_in.url) if stand_in else make()

    def stranger(self):
        return make(keys=("another-signing-key",))

    def stand_in(self):
        return Phone()

    def sign(self, body):
        return post(body)

    def samples(self):
        who = {"sender": Address("sms", CITIZEN), "unsupported": None, "automatic": False}
        said = {"text": "Lampu jalan padam", "recipient": "+6281100000009", "claimed_at": 1795682771000000}
        yield Sample("a text", event("sms:received", **received("Lampu jalan padam")), who | said)
        older = {"messageId": "abc124", "message": "Lapor", "phoneNumber": "081200000001", "simNumber": None}
        yield Sample("from an older app", event("sms:received", **older, receivedAt="2026-11-26T15:46:12Z"), who)
        bank = received("Saldo Anda", sender="BANK-X", phoneNumber="BANK-X")
        yield Sample(
            "from a name", event("sms:received", **bank), {"automatic": True, "sender": Address("sms", "BANK-X")}
        )
        batch = [received("satu"), received("dua", "2026-11-26T15:46:13.000+07:00")]
        yield Sample("several at once", event("sms:batch:received", messages=batch), {"text": "satu"}, {"text": "dua"})
        files = [
            {"partId": 1, "contentType": "image/jpeg", "name": "a.jpg", "size": 3, "data": b64encode(b"jpg").decode()}
        ]
        mms = {"messageId": "mms-1", "sender": CITIZEN, "body": "Pohon tumbang", "attachments": files}
        picture = {"attachments.0.kind": MediaKind.IMAGE, "attachments.0.content": b"jpg", "attachments.0.size": 3}
        downloaded = event("mms:downloaded", **mms, receivedAt="2026-11-26T15:46:14Z")
        yield Sample("a picture", downloaded, who | picture | {"text": "Pohon tumbang"})
        told = {"messageId": "mms-2", "sender": CITIZEN, "subject": "Foto", "size": 125684, "receivedAt": "x"}
        yield Sample("a picture only told of", event("mms:received", **told), {"text": "Foto", "unsupported": "mms"})
        data = {"messageId": "d-1", "sender": CITIZEN, "data": "AAEC", "receivedAt": "2026-11-26T15:46:15Z"}
        yield Sample("data", event("sms:data-received", **data), {"unsupported": "data", "text": ""})
        yield Sample("a heartbeat", event("system:ping", health={"status": "pass"}))
        about = {"messageId": "d-1", "recipient": CITIZEN, "phoneNumber": CITIZEN, "simNumber": 1}
        done = {"delivery_id": "d-1", "provider_message_id": "d-1"}
        sent = event("sms:sent", **about, partsCount=2, sentAt="2026-11-26T15:47:00.000+07:00")
        yield Sample("sent", sent, done | {"state": DeliveryState.SENT, "claimed_at": 1795682820000000})
        yield Sample("delivered", event("sms:delivered", **about), done | {"state": DeliveryState.DELIVERED})
        failed = event("sms:failed", **about, reason="Send result: RESULT_ERROR_NO_SERVICE", failedAt="x")
        lost = {"state": DeliveryState.FAILED, "code": "RESULT_ERROR_NO_SERVICE", "scope": None}
        yield Sample("failed", failed, done | lost)
        wrong = event("sms:failed", **about, reason="Invalid number +62", failedAt="x")
        yield Sample("no number", wrong, done | {"code": "invalid_number", "scope": Scope.ADDRESS})
        yield Sample("cancelled", event("sms:cancelled", **about), done | {"code": "cancelled"})

    def unknown(self):
        yield Sample("a new receipt", event("sms:bounced", messageId="d-1", recipient=CITIZEN))
        yield Sample("a new kind of message", event("rcs:received", **received("halo")))


def message(text="Petugas menuju lokasi", number=CITIZEN, **more):
    recipient = Address("sms", number)
    return OutboundMessage(delivery_id="d-1", attempt_id="a-1", recipient=recipient, text=text, timeout=5.0, **more)


async def outcome(phone, said=None, **options):
    """What sending comes to: a result or an error."""
    channel = make(phone.url, **options)
    await channel.open()
    try:
        return await channel.send(said or message())
    except SendError as problem:
        return problem
    finally:
        await channel.close()


async def test_what_is_posted_and_what_is_kept_of_the_answer():
    async with Phone() as phone:
        sent = await outcome(phone, message("Kata \u201cbaik\u201d\u2014" + "a" * 160, reply=True), sim_number=2)

    assert (sent.provider_message_id, sent.state, sent.parts) == ("d-1", DeliveryState.ACCEPTED, 2)
    assert json.loads(phone.requests[0].body) == {
        "id": "d-1",
        "textMessage": {"text": 'Kata "baik"-' + "a" * 160},
        "phoneNumbers": [CITIZEN],
        "withDeliveryReport": True,
        "ttl": 172800,
        "priority": 10,
        "simNumber": 2,
    }


async def test_a_repeat_is_known_by_its_id_and_sent_once():
    async with Phone() as phone:
        first, again = await outcome(phone), await outcome(phone)

    assert first == again
    assert list(phone.messages) == ["d-1"]


async def test_a_number_may_be_wanted_as_it_is_dialled_at_home():
    async with Phone() as phone:
        await outcome(phone, number_form="national")

    assert json.loads(phone.requests[0].body)["phoneNumbers"] == ["081200000001"]
    assert phone.requests[0].query == "skipPhoneValidation=true"


@pytest.mark.parametrize(
    ("refuses", "error", "code", "scope"),
    [
        ((503, {"error": "QueueLimitExceeded", "message": "queue limits exceeded"}), NotTaken, "queue_full", None),
        ((503, {}), Uncertain, "http_503", None),
        ((400, {"message": "No devices registered"}), Rejected, "no_device", Scope.CHANNEL),
        ((400, {"message": "invalid phone number"}), Rejected, "invalid_number", Scope.ADDRESS),
        ((400, {"message": "Text message is empty"}), Rejected, "http_400", Scope.MESSAGE),
        ((403, {}), Rejected, "http_403", Scope.CHANNEL),
    ],
)
async def test_a_refusal_holds_for_what_the_app_says(refuses, error, code, scope):
    async with Phone(refuses) as phone:
        problem = await outcome(phone)

    assert isinstance(problem, error)
    assert (problem.code, getattr(problem, "scope", None)) == (code, scope)


@pytest.mark.parametrize(
    ("said", "code"),
    [(message(" "), "empty_text"), (message("\u0430" * 671), "text_too_long"), (message("{" * 766), "text_too_long")],
)
async def test_what_no_sim_card_should_send_is_not_posted(said, code):
    async with Phone() as phone:
        problem = await outcome(phone, said)

    assert (type(problem), problem.code, phone.requests) == (Rejected, code, [])


@pytest.mark.parametrize(
    ("state", "heard"),
    [
        ("Pending", "accepted"),
        ("Processed", "sending"),
        ("Sent", "sent"),
        ("Delivered", "delivered"),
        ("New", "accepted"),
    ],
)
async def test_an_uncertain_send_is_looked_up_by_our_id(state, heard):
    async with Phone() as phone:
        channel = make(phone.url)
        await channel.open()
        assert await channel.lookup(message(), 0) is None
        await channel.send(message())
        phone.messages["d-1"]["state"] = state
        found = await channel.lookup(message(), 0)
        await channel.close()

    assert found.state == heard


def test_one_sms_told_twice_is_one_message_and_the_same_word_later_another():
    """capcom6/android-sms-gateway#291: two events with ids of their own for one SMS."""

    def key(request):
        [item] = make().parse(request)
        return item.dedupe_key

    once = event("sms:received", **received("ya"))
    other = json.loads(once.body) | {"id": "another"}
    assert key(once) == key(post(json.dumps(other).encode()))
    assert key(once) != key(event("sms:received", **received("ya", "2026-11-26T15:48:11.000+07:00")))
    assert key(once) != key(event("sms:received", **received("tidak")))


def test_the_signature_is_that_of_the_documentation():
    """The vector was computed from the documented rule: raw body, then the seconds."""
    body = b'{"event":"sms:received","payload":{"message":"Lapor"}}'
    expected = b"e31a5e2e2d89ce35322306bf47853c1cdf0cad46ad85003d923ecc7aa02b26bd"
    assert signature(b"treckk-demo-key", body, "1700000000") == expected


@pytest.mark.parametrize("at", [NOW - 301, NOW + 301])
def test_an_old_signature_is_refused(at):
    with pytest.raises(SignatureError, match="clock"):
        make().verify(post(b"{}", at=at))
    make(tolerance=400).verify(post(b"{}", at=at))


def test_several_phones_may_post_with_keys_of_their_own():
    channel = make(keys=("key-of-phone-1", "key-of-phone-2"))
    channel.verify(post(b"{}", "key-of-phone-1"))
    channel.verify(post(b"{}", "key-of-phone-2"))


async def test_the_doctor_is_told_of_wrong_credentials_and_missing_webhooks():
    async with Phone() as phone:
        [problem] = await make(phone.url, password=Secret("another")).check()
        assert problem.fatal
        phone.webhooks = [{"event": "sms:received", "url": URL}, {"event": "sms:sent", "url": "https://other.example"}]
        [problem] = await make(phone.url).check()
        assert "sms:sent, sms:delivered, sms:failed" in problem.summary
        events = ("sms:received", "sms:sent", "sms:delivered", "sms:failed")
        phone.webhooks = [{"event": one, "url": f"{URL}?key=x"} for one in events]
        assert await make(phone.url).check() == []
        phone.devices = [
            {"id": "a", "lastSeen": "2026-11-24T05:00:00Z"},
            {"id": "b", "lastSeen": "2026-11-24T05:59:00Z"},
        ]
        assert await make(phone.url).check() == []
        [problem] = await make(phone.url, device_id="a").check()
        assert "not heard of" in problem.summary


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"password": None, "username": ""}, "or a token"),
        ({"token": Secret("t")}, "or a token"),
        ({"keys": ("short",)}, "at least 8"),
        ({"url": "http://sms.example.org"}, "own network"),
        ({"url": "ftp://192.168.1.10"}, "https"),
        ({"seconds_between": 0}, "above 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        make(**options)
    make("http://192.168.1.10:8080")


def test_a_token_is_a_credential_too():
    options = SmsGateChannel.Options(signing_key=Secret(KEY), token=Secret("a.b.c"))
    context = ChannelContext(channel_id="smsgate", webhook_url=URL)
    assert SmsGateChannel(options, context)._credentials() == {"Authorization": "Bearer a.b.c"}
    assert attrs.asdict(options)["api_base_url"].startswith("https://")
