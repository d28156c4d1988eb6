"""A form of a known layout is read as every form is, or is not recognized."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from treckk_gateway.adapters.twilio import form
from treckk_gateway.adapters.twilio.layout import Layouts
from treckk_gateway.adapters.twilio.signature import SIGNATURE, Verifier, sign
from treckk_gateway.channel import WebhookRequest
from treckk_gateway.errors import SignatureError

TOKEN = b"treckk-demo-token-0001"
URL = "https://aduan.example.id/channels/wa"
USUAL = b"SmsSid=SM1&Body=a%2Bb+c%0A%C3%A9&From=whatsapp%3A%2B62&SmsStatus=&Body2=x"
PUTS = [b"&", b"=", b"%", b"+", b"%3D", b"%26", b"%00", b"\0", b"%C3", b"%zz", b"%4", b"\n", b"%\r\n", b"\xc3\xa9",
        b"Body", b"&Body=", b"=x", b"&&", b"==", b"%%41", b" ", b""]  # fmt: skip


def taught(*bodies: bytes) -> Layouts:
    layouts = Layouts()
    for one in (USUAL, *bodies):
        layouts.learn(one)
    return layouts


def changed(body: bytes, changes) -> bytes:
    for place, cut, put in changes:
        body = body[:place] + put + body[place + cut :]
    return body


CHANGES = st.lists(st.tuples(st.integers(0, len(USUAL)), st.integers(0, 3), st.sampled_from(PUTS)), max_size=4)


@given(changes=CHANGES, value=st.text(max_size=6))
@example(changes=[(USUAL.index(b"=SM"), 1, b"&"), (USUAL.index(b"&Body="), 1, b"=")], value="")
@example(changes=[(USUAL.index(b"&From"), 0, b"%\n")], value="")
@example(changes=[(USUAL.index(b"&From"), 0, b"%4")], value="")
def test_what_is_recognized_is_what_is_read(changes, value):
    body = changed(USUAL, changes).replace(b"x", value.encode("utf-8"))

    found = taught().recognize(body)

    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    if found is not None:
        assert found.signed == "".join(name + value for name, value in sorted(set(pairs))).encode()
        assert len(dict(pairs)) == len(pairs)
        assert all(found.get(name) == value for name, value in pairs)
        assert found.get("Other") is None
    assert list(form.read(body.decode("utf-8", "replace")).pairs) == pairs


@pytest.mark.parametrize("text", ["Ada parkir liar, di depan pasar!\nTolong.", "macet 🙏 = 100% & <b>", "", "é" * 200])
def test_a_plain_text_is_recognized(text):
    body = urlencode({"SmsSid": "SM1", "Body": text, "From": "x", "SmsStatus": "", "Body2": "1"}).encode()

    found = taught().recognize(body)

    assert found is not None or {"&", "="} & set(text)
    assert found is None or found.get("Body") == text


def signed(body: bytes) -> WebhookRequest:
    proof = sign(TOKEN, URL, form.read(body.decode("utf-8", "replace")).pairs)
    return WebhookRequest.of("POST", URL, [(SIGNATURE, proof)], body)


@given(changes=CHANGES)
def test_a_genuine_request_is_genuine_with_layouts_and_without(changes):
    body = changed(USUAL, changes)

    for layouts in (Layouts(), taught(), taught(body)):
        Verifier(tokens=(TOKEN,), layouts=layouts).check(signed(body))


def test_only_genuine_requests_teach():
    verifier, body = Verifier(tokens=(TOKEN,)), b"A=1&B=2"
    with pytest.raises(SignatureError):
        verifier.check(WebhookRequest.of("POST", URL, [(SIGNATURE, "A" * 27 + "=")], body))
    assert verifier.layouts.recognize(b"A=1&B=3") is None

    verifier.check(signed(body))

    found = verifier.layouts.recognize(b"A=3&B=4+5")
    assert found is not None
    assert found.get("B") == "4 5"


def test_several_layouts_are_known_at_once_and_the_oldest_goes():
    bodies = [b"A=1&B%d=2" % number for number in range(9)]
    layouts = taught(*bodies)

    assert [layouts.recognize(one) is not None for one in bodies] == [False] + [True] * 8
