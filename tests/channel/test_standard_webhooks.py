from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from standardwebhooks.webhooks import Webhook

from treckk_gateway.channel import WebhookRequest, standard_webhooks
from treckk_gateway.errors import SignatureError

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
KEY = standard_webhooks.key(SECRET)
OTHER = bytes(range(40))
NOW = 1_700_000_000
BODY = b'{"type":"complaint.created","n":1}'
SIGNATURE = "v1,DziGRw6MkE6/kdpZUPg0DqVwlLq0kwho/DtJEJ5G+TA="
URL = "https://gateway.example.org/channels/web"


def request(body=BODY, /, *more, **changes):
    headers = {
        "webhook-id": "msg_treckk_0001",
        "webhook-timestamp": str(NOW),
        "webhook-signature": SIGNATURE,
        **{f"webhook-{name}": value for name, value in changes.items()},
    }
    pairs = [(name, value) for name, value in headers.items() if value is not None]
    return WebhookRequest.of("POST", URL, [*pairs, *more], body)


def verified(one, keys=(KEY,), now=NOW, tolerance=300):
    return standard_webhooks.verify(keys, one, now=now, tolerance=tolerance)


def test_a_known_message_is_signed_as_it_must_be():
    assert standard_webhooks.sign([KEY], "msg_treckk_0001", NOW, BODY) == {
        "webhook-id": "msg_treckk_0001",
        "webhook-timestamp": str(NOW),
        "webhook-signature": SIGNATURE,
    }


def test_a_genuine_request_gives_its_id():
    assert verified(request()) == "msg_treckk_0001"


def test_header_names_are_of_any_case():
    shouted = [(name.upper(), value) for name, value in request().headers.items()]

    assert verified(WebhookRequest.of("POST", URL, shouted, BODY))


@pytest.mark.parametrize(
    "signatures",
    [
        f"{SIGNATURE} v1,AAAA",
        f"v1,AAAA {SIGNATURE}",
        f"v1a,{'A' * 86} {SIGNATURE}",
        f"nonsense , v1 {SIGNATURE}",
        f"v2,x  {SIGNATURE}",
    ],
)
def test_one_fitting_signature_among_several_is_enough(signatures):
    assert verified(request(signature=signatures))


def test_any_of_several_keys_is_enough():
    assert verified(request(), keys=(OTHER, KEY))
    assert verified(request(), keys=(KEY, OTHER))


def test_signing_with_several_keys_satisfies_a_holder_of_either():
    one = request(
        **{k.removeprefix("webhook-"): v for k, v in standard_webhooks.sign([OTHER, KEY], "m", NOW, BODY).items()}
    )

    assert verified(one, keys=(OTHER,)) == verified(one, keys=(KEY,)) == "m"


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_a_timestamp_within_the_tolerance_is_taken(seconds):
    assert verified(request(), now=NOW + seconds)


@pytest.mark.parametrize("seconds", [-10_000, -301, -300.5, 300.5, 301, 10_000])
def test_a_timestamp_outside_the_tolerance_is_refused_in_both_directions(seconds):
    with pytest.raises(SignatureError, match="tolerance"):
        verified(request(), now=NOW + seconds)


FORGED = {
    "no id": request(id=None),
    "no timestamp": request(timestamp=None),
    "no signature": request(signature=None),
    "no header": WebhookRequest.of("POST", URL, (), BODY),
    "another id": request(id="msg_treckk_0002"),
    "another timestamp": request(timestamp=str(NOW + 1)),
    "another body": request(BODY + b" "),
    "no body": request(b""),
    "id twice": request(BODY, ("Webhook-Id", "msg_treckk_0001")),
    "timestamp twice": request(BODY, ("webhook-timestamp", str(NOW))),
    "signature twice": request(BODY, ("webhook-signature", SIGNATURE)),
    "signature empty": request(signature=""),
    "signature of a scheme only": request(signature="v1"),
    "signature without its scheme": request(signature=SIGNATURE.removeprefix("v1,")),
    "signature of another scheme": request(signature=SIGNATURE.replace("v1", "v1a")),
    "signature without padding": request(signature=SIGNATURE.rstrip("=")),
    "signature with more padding": request(signature=SIGNATURE + "="),
    "signature not ASCII": request(signature="v1,\u00fc"),
    "signature half a pair": request(signature="v1,\ud800"),
    "fitting signature after too many others": request(signature="v1,x " * 16 + SIGNATURE),
    "timestamp a fraction": request(timestamp=f"{NOW}.0"),
    "timestamp signed": request(timestamp=f"+{NOW}"),
    "timestamp spaced": request(timestamp=f" {NOW}"),
    "timestamp in words": request(timestamp="now"),
    "timestamp empty": request(timestamp=""),
    "timestamp in other digits": request(timestamp="\u0661\u0667" + str(NOW)[2:]),
    "timestamp endless": request(timestamp="9" * 400),
    "timestamp with an exponent": request(timestamp="17e8"),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_is_not_genuine_is_refused(name):
    with pytest.raises(SignatureError):
        verified(FORGED[name])


@pytest.mark.parametrize("name", ["", "a.b", "a b", "a\n", "\u00fc", "x" * 257, "a\x00", "a?b", "a%2e"])
def test_an_unsafe_id_is_neither_signed_nor_taken(name):
    signature = standard_webhooks._signature(KEY, name, str(NOW), BODY)

    with pytest.raises(ValueError, match="webhook-id"):
        standard_webhooks.sign([KEY], name, NOW, BODY)
    with pytest.raises(SignatureError):
        verified(request(id=name, signature=signature))


def test_the_longest_id_is_taken():
    headers = standard_webhooks.sign([KEY], "x" * 256, NOW, BODY)

    assert verified(WebhookRequest.of("POST", URL, headers, BODY)) == "x" * 256


@pytest.mark.parametrize("size", [24, 25, 32, 64])
def test_a_secret_of_24_to_64_bytes_is_read_padded_or_not(size):
    written = "whsec_" + base64.b64encode(bytes(range(size))).decode()

    assert standard_webhooks.key(written) == standard_webhooks.key(written.rstrip("=")) == bytes(range(size))


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        SECRET.removeprefix("whsec_"),
        SECRET.replace("whsec_", "whsk_"),
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        "whsec_not base64 at all, though long enough!",
        "whsec_" + "\u00fc" * 44,
        "whsec_" + "A" * 33,
        SECRET + "\n",
    ],
)
def test_any_other_secret_is_refused_without_being_told(secret):
    with pytest.raises(ValueError, match="whsec_") as caught:
        standard_webhooks.key(secret)

    assert len(secret) < 8 or secret.removeprefix("whsec_") not in str(caught.value)


@given(body=st.text().map(str.encode), number=st.integers(0, 10**6))
def test_the_reference_library_takes_what_we_sign(body, number):
    now = int(datetime.now(UTC).timestamp())
    headers = standard_webhooks.sign([OTHER, KEY], f"msg_{number}", now, body)

    Webhook(SECRET).verify(body, headers, json_parse=False)


@given(body=st.text(), number=st.integers(0, 10**6), size=st.integers(24, 64), back=st.integers(0, 299))
def test_we_take_what_the_reference_library_signs(body, number, size, back):
    secret = "whsec_" + base64.b64encode(bytes(range(size))).decode()
    stamp = datetime.fromtimestamp(NOW, UTC) - timedelta(seconds=back)
    signature = Webhook(secret).sign(f"msg_{number}", stamp, body)
    one = request(body.encode(), id=f"msg_{number}", timestamp=str(int(stamp.timestamp())), signature=signature)

    assert verified(one, keys=(standard_webhooks.key(secret),)) == f"msg_{number}"


@given(
    headers=st.lists(st.tuples(st.sampled_from(standard_webhooks.HEADERS), st.text(max_size=40)), max_size=6),
    body=st.binary(max_size=60),
)
def test_odd_headers_and_bodies_are_refused_and_nothing_else(headers, body):
    one = WebhookRequest.of("POST", URL, CIMultiDict(headers).items(), body)

    with pytest.raises(SignatureError):
        verified(one)
