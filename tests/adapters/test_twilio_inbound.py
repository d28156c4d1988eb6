from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.adapters.twilio import codes, form, inbound
from treckk_gateway.channel import WebhookRequest
from treckk_gateway.errors import NotTaken, OptedOut, PayloadError, Rejected, Scope, Uncertain, WindowClosed
from treckk_gateway.model import DeliveryReceipt, DeliveryState, InboundMessage, codec
from treckk_gateway.testing.judging import reading

SAMPLES = Path(__file__).parents[1] / "samples" / "twilio"
URL = "https://aduan.example.go.id/channels/wa"
SID = "SM" + 32 * "1"


def sample(file):
    return json.loads((SAMPLES / f"{file}.json").read_text(encoding="utf-8"))


def posted(fields, query=""):
    body = urlencode(list(fields.items()) if isinstance(fields, dict) else fields).encode()
    return WebhookRequest.of("POST", f"{URL}?{query}" if query else URL, (), body)


ALL = {f"{file}: {name}": one for file in ("messages", "receipts", "unknown") for name, one in sample(file).items()}


@pytest.mark.parametrize("name", ALL)
def test_recorded_requests_say_what_they_said(name):
    one = ALL[name]

    found = inbound.read(posted(one["fields"], one.get("query", "")))

    reading.compare(name, found, [{key: tuple(v) if isinstance(v, list) else v for key, v in one["item"].items()}])
    assert codec.decode(codec.encode(found[0]), type(found[0])) == found[0]


def test_every_word_of_twilio_has_a_sample():
    seen = {one["fields"]["MessageStatus"] for one in sample("receipts").values() if "MessageStatus" in one["fields"]}

    assert set(inbound.STATES) - seen == {"accepted"}
    assert inbound.STATES["accepted"] is DeliveryState.ACCEPTED


def test_a_number_set_to_get_has_its_fields_in_the_address():
    fields = {"MessageSid": SID, "From": "whatsapp:+6281200000000", "Body": "halo"}

    [message] = inbound.read(WebhookRequest.of("GET", f"{URL}?{urlencode(fields)}"))

    assert (message.text, message.dedupe_key) == ("halo", SID)


@pytest.mark.parametrize("sid", ["", "x", "SM" + 31 * "1", SID + "1", "\x00", "SM" + 32 * "z"])
def test_what_is_no_sid_is_never_a_key(sid):
    fields = {"MessageSid": sid, "From": "whatsapp:+6281200000000", "Body": "halo"}

    [message] = inbound.read(posted(fields))
    [again] = inbound.read(posted(fields))
    [other] = inbound.read(posted({**fields, "Body": "lain"}))

    assert message.message_id is None
    assert message.dedupe_key == again.dedupe_key != other.dedupe_key
    assert len(message.dedupe_key) == 64


def test_of_a_repeated_field_the_first_counts():
    pairs = [("MessageSid", SID), ("From", "whatsapp:+6281200000000"), ("Body", "satu"), ("Body", "dua")]

    [message] = inbound.read(posted(pairs))

    assert message.text == "satu"


def test_ten_files_are_kept_and_an_eleventh_is_no_field_of_twilios():
    media = {f"MediaUrl{number}": f"https://api.twilio.com/x/{number}" for number in range(12)}

    [message] = inbound.read(posted({"MessageSid": SID, "From": "+14155550111", **media}))

    assert len(message.attachments) == 10


@pytest.mark.parametrize(
    "body",
    [
        "QWRhIHBlZGFnYW5n",  # too short to be sure
        "A" * 61,  # no multiple of four
        "Adapedagangditrotoardepansekolahanaksusahlewatmohonditertibkan!!",  # other characters
        "/" * 64,  # no text
        base64.b64encode(("\x00\x01" * 30).encode()).decode(),  # control characters
        base64.b64encode(("🙏" * 30).encode()).decode(),  # hardly ASCII
    ],
)
def test_words_are_not_taken_for_base64(body):
    [message] = inbound.read(posted({"MessageSid": SID, "From": "+6281200000000", "Body": body}))

    assert message.text == body


def test_base64_is_undone_for_sms_only():
    body = base64.b64encode(b"Ada pedagang di trotoar depan sekolah, anak susah lewat.").decode()

    [message] = inbound.read(posted({"MessageSid": SID, "From": "whatsapp:+6281200000000", "Body": body}))

    assert message.text == body


@pytest.mark.parametrize(
    "request_",
    [
        posted({}),
        posted({"From": ""}),
        posted({"From": "whatsapp:"}),
        posted({"From": ":+62812"}),
        posted({"MessageSid": SID, "Body": "halo"}),
        posted({"MessageStatus": "sent"}),
        posted({"MessageStatus": "sent", "MessageSid": "x"}, "delivery="),
        posted([(f"x{number}", "") for number in range(1001)]),
        WebhookRequest.of("POST", URL, (), b'{"From": "whatsapp:+6281200000000"}'),
        WebhookRequest.of("POST", "https://[/?a=1", (), b"MessageStatus=sent"),
        WebhookRequest.of("POST", URL, (), b"\xff\xfe\x00"),
    ],
)
def test_what_names_nobody_is_a_payload_error(request_):
    with pytest.raises(PayloadError):
        inbound.read(request_)


@given(body=st.binary(max_size=200))
def test_any_bytes_are_items_or_a_payload_error(body):
    try:
        found = inbound.read(WebhookRequest.of("POST", URL, (), b"From=%2B6281200000000&MessageSid=&" + body))
    except PayloadError:
        return
    assert all(isinstance(one, InboundMessage | DeliveryReceipt) and one.dedupe_key for one in found)
    assert [codec.decode(codec.encode(one), type(one)) for one in found] == list(found)


@given(text=st.text(max_size=60))
def test_clean_text_has_no_control_characters_and_keeps_the_rest(text):
    cleaned = form.clean(text)

    assert not any(one < " " and one not in "\n\t" for one in cleaned)
    kept = [one for one in text if one.isprintable()]
    assert [one for one in cleaned if one.isprintable()] == kept


@given(text=st.text(st.sampled_from("ab%=&+;0123456789FfCc\x80é🙏 \x00"), max_size=40))
def test_forms_are_read_as_the_standard_library_reads_them(text):
    request = WebhookRequest.of("POST", URL, (), text.encode())

    assert list(form.posted(request).pairs) == parse_qsl(text, keep_blank_values=True)


ANSWERS = [
    (429, "", NotTaken, "http_429", {"after": 3.0}),
    (429, '{"code": 20429}', NotTaken, "20429", {"after": 3.0}),
    (400, '{"code": 20429}', NotTaken, "20429", {"after": 3.0}),
    (400, '{"code": 63018}', NotTaken, "63018", {"after": 3.0}),
    (400, '{"code": 30003}', NotTaken, "30003", {"after": 3.0}),
    (400, '{"code": 63016}', WindowClosed, "63016", {"scope": Scope.MESSAGE}),
    (400, '{"code": 21211}', Rejected, "21211", {"scope": Scope.ADDRESS}),
    (400, '{"code": 21610}', OptedOut, "21610", {"scope": Scope.ADDRESS}),
    (400, '{"code": 63014}', OptedOut, "63014", {"scope": Scope.ADDRESS}),
    (401, '{"code": 20003}', Rejected, "20003", {"scope": Scope.CHANNEL}),
    (400, '{"code": 21606}', Rejected, "21606", {"scope": Scope.CHANNEL}),
    (400, '{"code": 21617}', Rejected, "21617", {"scope": Scope.MESSAGE}),
    (400, '{"code": 99999}', Rejected, "99999", {"scope": Scope.MESSAGE}),
    (400, '{"type": "x", "title": "y", "status": 400, "code": 21620}', Rejected, "21620", {"scope": Scope.MESSAGE}),
    (400, "<html>", Rejected, "http_400", {"scope": Scope.MESSAGE}),
    (400, '{"code": "21211"}', Rejected, "http_400", {}),
    (400, '{"code": true}', Rejected, "http_400", {}),
    (400, "[1]", Rejected, "http_400", {}),
    (400, "[" * 100_000, Rejected, "http_400", {}),
    (401, "", Rejected, "http_401", {"scope": Scope.CHANNEL}),
    (404, '{"code": 20404}', Rejected, "20404", {"scope": Scope.CHANNEL}),
    (302, "", Rejected, "http_302", {}),
    (500, '{"code": 20500}', Uncertain, "20500", {}),
    (503, '{"code": 21610}', Uncertain, "21610", {}),
    (503, "<html>", Uncertain, "http_503", {}),
]


@pytest.mark.parametrize(("status", "body", "kind", "code", "more"), ANSWERS)
def test_answers_become_typed_errors(status, body, kind, code, more):
    error = codes.error_of(status, {"Retry-After": "3"}, body, now=0.0)

    assert type(error) is kind
    assert error.code == code
    assert {name: getattr(error, name) for name in more} == more


def test_a_handset_that_is_off_is_tried_after_some_minutes():
    error = codes.error_of(400, {}, '{"code": 30003}', now=0.0)

    assert isinstance(error, NotTaken)
    assert error.after == codes.SOME_MINUTES


def test_every_known_code_has_one_meaning():
    listed = [code for group in codes._CODES.values() for code in group]

    assert len(listed) == len(set(listed)) == len(codes.MEANING)


@pytest.mark.parametrize(
    ("written", "scheme", "value"),
    [
        ("+6281200000000", "sms", "+6281200000000"),
        ("whatsapp:+6281200000000", "whatsapp", "+6281200000000"),
        ("whatsapp:+62081200000000", "whatsapp", "+6281200000000"),
        ("WHATSAPP: +6281200000000 ", "whatsapp", "+6281200000000"),
        (" 6281200000000", "sms", "+6281200000000"),
        ("whatsapp:ID.45aB", "whatsapp", "ID.45aB"),
        ("ID.45aB", "whatsapp", "ID.45aB"),
        ("messenger:a:b", "messenger", "a:b"),
        ("3636", "sms", "3636"),
        ("TELKOMSEL", "sms", "TELKOMSEL"),
    ],
)
def test_addresses_in_twilios_form(written, scheme, value):
    found = inbound.address(written)

    assert (found.scheme, found.value) == (scheme, value)


SAID = {"MessageSid": SID, "From": "whatsapp:+6281200000001", "SmsStatus": "received"}
ODD = st.sampled_from(["", " ", "x", "received", "sent", SID, "+6281200000001", "whatsapp:+6281200000001"])
VALUES = ODD | st.text(st.characters(codec="utf-8"), max_size=12)
NAMES = st.sampled_from(["MessageSid", "SmsSid", "From", "SmsStatus", "MessageStatus", "Body", ""])


@given(fields=st.dictionaries(NAMES, VALUES, max_size=4), more=st.lists(st.tuples(NAMES, VALUES), max_size=2))
def test_what_is_seen_at_a_glance_is_what_is_read(fields, more):
    request = posted([*(SAID | fields).items(), *more])

    seen = inbound.glance(request)

    if seen is not None:
        (found,) = inbound.read(request)
        assert (found.dedupe_key, found.sender, found.claimed_at) == (seen.dedupe_key, seen.sender, None)


@pytest.mark.parametrize(
    ("request_", "seen"),
    [
        (posted(SAID), True),
        (posted(SAID, "delivery=d"), False),
        (posted(SAID | {"SmsStatus": "sent"}), False),
        (posted(SAID | {"MessageStatus": "read"}), False),
        (posted(SAID | {"From": ""}), False),
        (posted([("a", "")] * 1001), False),
        (WebhookRequest.of("GET", f"{URL}?{urlencode(SAID)}"), False),
    ],
)
def test_a_plain_message_is_seen_at_a_glance_and_nothing_else(request_, seen):
    assert (inbound.glance(request_) is not None) == seen
