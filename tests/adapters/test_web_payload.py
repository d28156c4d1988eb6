from __future__ import annotations

import base64
import contextlib
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.adapters.web import files, payload, person
from treckk_gateway.errors import PayloadError
from treckk_gateway.model import Address, InboundMessage, Location, MediaKind, PlaceSource

STAMP = "2026-11-24T06:00:00Z"
INSTANT = 1_795_500_000_000_000


def read(kind="complaint.created", timestamp=STAMP, **data):
    return payload.read_message(json.dumps({"type": kind, "timestamp": timestamp, "data": data}).encode())


def test_the_least_complaint_is_an_id_and_a_text():
    assert read(id="lapor-1", text="jalan rusak") == InboundMessage(
        dedupe_key="lapor-1",
        message_id="lapor-1",
        sender=Address("web", "lapor-1"),
        text="jalan rusak",
        claimed_at=INSTANT,
    )


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ({"conversation_id": "c-1", "sender": {"id": "s-1"}}, "c-1"),
        ({"sender": {"id": "s-1"}}, "s-1"),
        ({"conversation_id": "", "sender": {"id": "s-1"}}, "s-1"),
        ({"conversation_id": None, "sender": {"id": " "}}, "m-1"),
        ({"conversation_id": 71}, "71"),
        ({"sender": "Siti"}, "m-1"),
        ({}, "m-1"),
    ],
)
def test_the_sender_is_the_conversation_else_the_person_else_the_message(data, value):
    assert read(id="m-1", text="halo", **data).sender == Address("web", value)


@pytest.mark.parametrize("given_id", [None, "", "  ", "\t", [], {}, True, 1.5])
def test_without_an_id_the_key_is_a_hash_of_the_raw_bytes(given_id):
    body = json.dumps({"type": "complaint.created", "data": {"id": given_id, "text": "halo"}}).encode()

    message = payload.read_message(body)

    assert message.dedupe_key == f"sha256:{hashlib.sha256(body).hexdigest()}:0"
    assert message.message_id is None
    assert message != payload.read_message(body + b" ")


def test_an_id_may_be_a_number():
    assert read(id=17, text="halo").dedupe_key == "17"


@pytest.mark.parametrize("odd", ["x" * 257, "a\x00b", "a\nb", "\u202egnp"])
def test_an_unwieldy_id_is_hashed_and_stays_distinct(odd):
    key = read(id=odd, text="halo").dedupe_key

    assert key.startswith("sha256:")
    assert key == read(id=odd, text="lain").dedupe_key != read(id=f"{odd}x", text="halo").dedupe_key


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({"lat": -2.33, "lng": 115.45}, Location(lat=-2.33, lng=115.45, source=PlaceSource.PIN)),
        ({"lat": "-2.33", "lng": "115.45"}, Location(lat=-2.33, lng=115.45, source=PlaceSource.PIN)),
        ({"lat": 0, "lng": 0, "text": "depan pasar"}, Location(text="depan pasar")),
        ({"lat": 0, "lng": 0}, None),
        ({"lat": 95, "lng": 115.45}, None),
        ({"lat": True, "lng": True}, None),
        ({"lat": [1], "lng": {}}, None),
        ({"lat": "nan", "lng": "inf"}, None),
        ({"text": 7}, None),
        ("depan pasar", None),
    ],
)
def test_a_place_is_read_tolerantly(place, expected):
    assert read(id="m-1", text="halo", location=place).location == expected


@pytest.mark.parametrize(
    "data",
    [
        {"location": {"text": "depan pasar"}},
        {"location": {"lat": -2.3, "lng": 115.4}},
        {"attachments": [{"url": "https://portal.example.org/1"}]},
        {"attachments": ["nonsense"]},
        {"subject": "Pohon tumbang"},
    ],
)
def test_something_other_than_a_text_is_enough(data):
    assert read(id="m-1", **data).text == ""


@pytest.mark.parametrize(
    ("stamp", "instant"),
    [
        (STAMP, INSTANT),
        ("2026-11-24T13:00:00+07:00", INSTANT),
        ("2026-11-24T06:00:00", INSTANT),
        ("2026-11-24T06:00:00.250Z", INSTANT + 250_000),
        (1_795_500_000, INSTANT),
        (1_795_500_000.5, INSTANT + 500_000),
        ("yesterday", None),
        ("", None),
        (None, None),
        (True, None),
        (1e300, None),
        (-(10**18), None),
        ({}, None),
    ],
)
def test_the_senders_time_is_read_tolerantly(stamp, instant):
    assert read(timestamp=stamp, id="m-1", text="halo").claimed_at == instant


def test_an_unknown_type_is_kept_as_unsupported_even_when_it_says_nothing():
    assert read("complaint.rated", id="m-1").unsupported == "complaint.rated"
    assert read("complaint.rated", id="m-1", text="dua").text == "dua"


def test_an_unknown_type_that_is_no_word_is_not_repeated():
    assert read("Bapak Budi, 081200000001", id="m-1").unsupported == "type"


NONSENSE = {
    "nothing": b"",
    "no JSON": b"type=complaint.created",
    "no UTF-8": b'{"type": "\xff"}',
    "half a pair": b'{"type": "complaint.created", "data": {"id": "1", "text": "\\ud800"}}',
    "no object": b"[]",
    "a number": b"7",
    "nested without end": b"[" * 100_000,
    "no type": b'{"data": {"id": "1", "text": "x"}}',
    "an empty type": b'{"type": " ", "data": {"id": "1", "text": "x"}}',
    "a type that is no text": b'{"type": 7, "data": {"id": "1", "text": "x"}}',
    "no data": b'{"type": "complaint.created"}',
    "data that is no object": b'{"type": "complaint.created", "data": []}',
    "nothing said": b'{"type": "complaint.created", "data": {"id": "1"}}',
    "an empty text": b'{"type": "complaint.created", "data": {"id": "1", "text": " \\u0000 "}}',
    "our own callback": b'{"type": "case.updated", "data": {"text": "diterima"}}',
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_a_payload_error_that_quotes_nothing(name):
    with pytest.raises(PayloadError) as caught:
        payload.read_message(NONSENSE[name])

    assert caught.value.__cause__ is None


def test_a_byte_order_mark_is_no_reason_to_park():
    assert payload.read_message(b'\xef\xbb\xbf{"type":"complaint.created","data":{"text":"halo"}}').text == "halo"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_payload_error(body):
    with contextlib.suppress(PayloadError):
        assert payload.read_message(body).dedupe_key


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda one: st.lists(one) | st.dictionaries(st.text(), one),
)
FIELDS = ("id", "conversation_id", "text", "subject", "sender", "location", "attachments")


@given(st.dictionaries(st.sampled_from(FIELDS), JSON), JSON)
def test_any_json_is_a_message_or_a_payload_error(data, stamp):
    with contextlib.suppress(PayloadError):
        assert read(timestamp=stamp, **data).dedupe_key


# Files


def file(**entry):
    [one] = files.read_files([entry])
    return one


def test_an_inline_file_is_decoded():
    one = file(content_base64="R0lGODlh", content_type="Image/GIF; q=1", filename="/foto/pohon.gif")

    assert (one.kind, one.content_type, one.filename) == (MediaKind.IMAGE, "image/gif", "pohon.gif")
    assert (one.content, one.size, one.ref) == (b"GIF89a", 6, None)


def test_a_linked_file_is_named_by_its_address():
    one = file(url="https://portal.example.org/f/1?x=2", content_type="application/pdf")

    assert (one.kind, one.ref, one.content, one.size) == (
        MediaKind.DOCUMENT, "https://portal.example.org/f/1?x=2", None, None,
    )  # fmt: skip


@pytest.mark.parametrize("content", ["R0lGODlh!", "R0l", "\u00fc", "", 7, None, []])
def test_a_file_that_cannot_be_decoded_is_kept_by_name(content):
    one = file(content_base64=content, content_type="image/gif", filename="pohon.gif")

    assert (one.kind, one.filename, one.content, one.ref) == (MediaKind.OTHER, "pohon.gif", None, None)


def test_a_file_that_cannot_be_decoded_may_still_be_fetched():
    assert file(content_base64="!", url="https://portal.example.org/1").ref == "https://portal.example.org/1"


def test_a_file_too_large_is_kept_by_name_and_size(monkeypatch):
    monkeypatch.setattr(files, "LARGEST_FILE", 100)
    one = file(content_base64=base64.b64encode(bytes(102)).decode(), filename="film.mp4")

    assert (one.filename, one.content, one.size) == ("film.mp4", None, 102)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://portal.example.org/1",
        "javascript:alert(1)",
        "//portal.example.org/1",
        "https://",
        "https:///1",
        "https://user:word@portal.example.org/1",
        "https://portal.example.org/a b",
        "https://portal.example.org/\r\nX: y",
        "https://portal.example.org/\u00fc",
        "https://[::1",
        "https://portal.example.org/" + "x" * 2048,
        7,
        None,
    ],
)
def test_what_is_no_plain_web_address_is_not_fetched(url):
    assert file(url=url).ref is None


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("C:\\foto\\a.jpg", "a.jpg"),
        ("../../a.jpg", "a.jpg"),
        ("a\r\n\x00.jpg", "a.jpg"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("x" * 300, "x" * 120),
        ("dir/", None),
        ("", None),
        (7, None),
    ],
)
def test_a_file_name_is_only_a_name(written, name):
    assert file(filename=written).filename == name


@pytest.mark.parametrize("written", ["", "image", "a/b/c", "image/\u00fc", "x" * 200, 7, None])
def test_a_content_type_that_is_none_is_any_bytes(written):
    assert file(content_type=written).content_type == "application/octet-stream"


@pytest.mark.parametrize("written", [None, 7, "a", {}, {"url": "https://portal.example.org/1"}])
def test_files_that_are_no_list_are_none(written):
    assert files.read_files(written) == ()


def test_no_more_files_than_are_sensible():
    assert len(files.read_files([{}] * 1000)) == files.MOST_FILES


# Addresses


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("mailto:siti@example.org", Address("mailto", "siti@example.org")),
        ("siti@example.org", Address("mailto", "siti@example.org")),
        ("whatsapp:+6281200000071", Address("whatsapp", "+6281200000071")),
        ("WhatsApp: +62 812-0000-0071", Address("whatsapp", "+6281200000071")),
        ("sms:081200000071", Address("sms", "+6281200000071")),
        ("tel:+62 812 0000 0071", Address("tel", "+6281200000071")),
        ("0812-0000-0071", Address("tel", "+6281200000071")),
        ("6281200000071", Address("tel", "+6281200000071")),
        ("+1 202 555 0100", Address("tel", "+12025550100")),
    ],
)
def test_another_address_of_the_sender_is_an_alias(written, address):
    assert person.alias(written) == (address,)
    assert read(id="m-1", text="halo", sender={"address": written}).aliases == (address,)


@pytest.mark.parametrize(
    "written",
    [None, "", ":", "Jalan Merdeka 5", "mailto:", "mailto:siti", "siti@", "@example.org", "a b@example.org", "12",
     "whatsapp:siti", "telegram:12345678", "web:c-1", "+", "x" * 400, "\u0660", "a@b@example.org", "mailto:a@b\r\nX:y"],
)  # fmt: skip
def test_what_we_cannot_write_to_is_no_alias(written):
    assert person.alias(written) == ()


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_none(written):
    assert len(person.alias(written)) <= 1
