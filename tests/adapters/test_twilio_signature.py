from __future__ import annotations

import hashlib
import time
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from treckk_gateway.adapters.twilio import form
from treckk_gateway.adapters.twilio.signature import SETTINGS, SIGNATURE, Verifier, sign
from treckk_gateway.channel import WebhookRequest
from treckk_gateway.errors import SignatureError

TOKEN = "treckk-demo-token-0001"
U = "https://aduan.example.id/hooks/twilio/in?ch=wa1"
P = [
    ("AccountSid", "AC" + 32 * "0"),
    ("Body", "Ada parkir liar & macet di Jl. A. Yani 🙏"),
    ("From", "whatsapp:+6281200000000"),
    ("MessageSid", "SM" + 32 * "1"),
    ("NumMedia", "0"),
    ("ProfileName", "Siti Aminah"),
    ("To", "whatsapp:+6281100000000"),
    ("WaId", "6281200000000"),
]
A = "I3liqfFSbytXwhoJiBKMgCudGyA="
F = "sqQdjc0MP+6gSgrD5mo3fyAUcVXTqn9NwrgiwO4BdMo="
JSON = '{"event":"test","text":"café 🙏"}'.encode()
SHARED = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
VERIFIER = Verifier(tokens=(TOKEN.encode(),))
SHARING = Verifier(tokens=(TOKEN.encode(),), shared_keys={"webhooks_sharedkey_1": TOKEN.encode()})


def posted(signature=A, *, url=U, pairs=P, headers=(), method="POST", body=None):
    body = urlencode(pairs).encode() if body is None else body
    return WebhookRequest.of(
        method, url, [*([(SIGNATURE, signature)] if signature is not None else []), *headers], body
    )


VECTORS = {
    "A form": posted(),
    "B default port written": posted("i401w2Hl11eEUBD6aJ9ktg9kc5s="),
    "D empty and repeated fields": posted(
        "U4EfGNyVJ6daI2O1OxDhATXnfpo=", pairs=[*P, ("MediaUrl0", ""), ("Tag", "b"), ("Tag", "a"), ("Tag", "b")]
    ),
    "E GET without a form": posted("LHeSoFQQ2hMDnu4wKTegm4Q1GQ4=", method="GET", body=b""),
    "G JSON by its hash": posted(
        "sFix+7DUzIZu0AgFTlvwzIdAjkA=",
        url=f"{U}&bodySHA256=529d27aaf5db41d1b82e8620154d5696bd32baff59a66817abd3b9d361a7820d",
        body=JSON,
    ),
    "H capitals first": posted("IAYekzsULiAk1oKXL/j+YYjmAVM=", pairs=[("b", "1"), ("B", "2"), ("a", "3")]),
}


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_are_genuine(name):
    VERIFIER.check(VECTORS[name])


def test_a_shared_key_signs_with_sha256():
    SHARING.check(posted(F, headers=[(SETTINGS, SHARED)]))


def test_another_port_must_be_there():
    with pytest.raises(SignatureError):
        VERIFIER.check(posted("VRKVHsCIBF3RP9R8mov6JZTMrC4="))
    VERIFIER.check(posted("VRKVHsCIBF3RP9R8mov6JZTMrC4=", url=U.replace(".id/", ".id:8443/")))


@pytest.mark.parametrize(
    ("ours", "signed"),
    [
        ("https://h.example.org/a", "https://h.example.org:443/a"),
        ("https://h.example.org:443/a", "https://h.example.org/a"),
        ("http://h.example.org/a?x=http://y:80/", "http://h.example.org:80/a?x=http://y:80/"),
        ("http://h.example.org:80", "http://h.example.org"),
        ("https://[2001:db8::1]/a", "https://[2001:db8::1]:443/a"),
        ("https://[2001:db8::1]:443/a", "https://[2001:db8::1]/a"),
        ("https://u:p@h.example.org/a", "https://u:p@h.example.org:443/a"),
        ("https://h.example.org/%7ea+b%2B/?q=%20&e=", "https://h.example.org/%7ea+b%2B/?q=%20&e="),
    ],
)
def test_only_the_default_port_may_differ(ours, signed):
    VERIFIER.check(posted(sign(TOKEN.encode(), signed, P), url=ours))


@pytest.mark.parametrize(
    ("ours", "signed"),
    [
        ("https://h.example.org/a", "https://h.example.org:80/a"),
        ("https://h.example.org/a", "http://h.example.org/a"),
        ("https://h.example.org:8443/a", "https://h.example.org/a"),
        ("https://h.example.org:8443/a", "https://h.example.org:443/a"),
        ("https://h.example.org/a", "https://h.example.org/a/"),
        ("https://h.example.org/a", "https://h.example.org/prefix/a"),
        ("https://h.example.org/%7Ea", "https://h.example.org/~a"),
        ("ftp://h.example.org/a", "ftp://h.example.org:21/a"),
        ("nonsense", "nonsense:443"),
    ],
)
def test_any_other_difference_of_the_address_is_refused(ours, signed):
    with pytest.raises(SignatureError):
        VERIFIER.check(posted(sign(TOKEN.encode(), signed, P), url=ours))


REFUSED = {
    "no header": posted(None),
    "empty header": posted(""),
    "header that is not ASCII": posted("I3liqfFSbytXwhoJiBKMgCudGyü="),
    "header of surrogates": posted("I3liqfFSbytXwhoJiBKMgCudGy\udcff="),
    "header sent twice": posted(headers=[(SIGNATURE, A)]),
    "header cut": posted(A[:-2]),
    "header with a blank": posted(f"{A} "),
    "header of another hash": posted(F),
    "byte of the body changed": posted(body=urlencode(P).encode().replace(b"macet", b"macat")),
    "byte of the query changed": posted(url=U.replace("wa1", "wa2")),
    "byte of the path changed": posted(url=U.replace("twilio", "Twilio")),
    "field added": posted(pairs=[*P, ("NumSegments", "1")]),
    "field removed": posted(pairs=P[1:]),
    "empty field added": posted(pairs=[*P, ("x", "")]),
    "repeated value dropped": posted(
        "U4EfGNyVJ6daI2O1OxDhATXnfpo=", pairs=[*P, ("MediaUrl0", ""), ("Tag", "b"), ("Tag", "b")]
    ),
    "unknown key id": posted(F, headers=[(SETTINGS, "key=other,algorithm=HMAC_SHA256")]),
    "no key id": posted(A, headers=[(SETTINGS, "algorithm=HMAC_SHA1")]),
    "weaker hash asked for": posted(A, headers=[(SETTINGS, "key=webhooks_sharedkey_1,algorithm=HMAC_SHA1")]),
    "no hash asked for": posted(A, headers=[(SETTINGS, "key=webhooks_sharedkey_1")]),
    "another hash asked for": posted(F, headers=[(SETTINGS, "key=webhooks_sharedkey_1,algorithm=HMAC_SHA512")]),
    "settings sent twice": posted(F, headers=[(SETTINGS, SHARED), (SETTINGS, SHARED)]),
    "settings empty": posted(A, headers=[(SETTINGS, "")]),
    "JSON altered": posted(
        "sFix+7DUzIZu0AgFTlvwzIdAjkA=", url=VECTORS["G JSON by its hash"].url, body=JSON.replace(b"test", b"tEst")
    ),
    "hash of the body sent twice": posted(
        sign(TOKEN.encode(), f"{U}&bodySHA256={hashlib.sha256(JSON).hexdigest()}&bodySHA256=x", []),
        url=f"{U}&bodySHA256={hashlib.sha256(JSON).hexdigest()}&bodySHA256=x",
        body=JSON,
    ),
    "body on a GET": posted("LHeSoFQQ2hMDnu4wKTegm4Q1GQ4=", method="GET", body=b"a=1"),
    "another method": posted(method="PUT"),
    "2000 fields": posted(pairs=[*P, *((f"x{number}", "y") for number in range(2000))]),
    "a body of two megabytes": posted(body=b"x" * 2**21),
    "an address that is none": posted(url="https://[/?a=1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_forged_requests_are_refused(name):
    for verifier in (VERIFIER, SHARING):
        with pytest.raises(SignatureError) as caught:
            verifier.check(REFUSED[name])
        told = str(caught.value)
        assert not any(value in told for _, value in P if len(value) > 2), "the refusal tells nothing of the request"
        assert TOKEN not in told


def test_another_token_is_refused():
    with pytest.raises(SignatureError):
        Verifier(tokens=(b"another",)).check(posted())


def test_both_tokens_are_good_while_they_are_changed():
    changing = Verifier(tokens=(b"the-new-one", TOKEN.encode()))

    changing.check(posted())
    changing.check(posted(sign(b"the-new-one", U, P)))


def test_shared_keys_only_refuses_the_token():
    strict = Verifier(tokens=(TOKEN.encode(),), shared_keys={"webhooks_sharedkey_1": b"k"}, shared_keys_only=True)

    strict.check(posted(sign(b"k", U, P, "sha256"), headers=[(SETTINGS, SHARED)]))
    with pytest.raises(SignatureError):
        strict.check(posted())


def test_a_signature_does_not_fit_another_request():
    other = sign(TOKEN.encode(), U, [("MessageSid", "SM" + 32 * "2")])

    with pytest.raises(SignatureError):
        VERIFIER.check(posted(other))


def test_a_hostile_count_of_fields_stays_cheap():
    hostile = posted(body=b"a=1&" * 250_000)
    began = time.process_time()

    for _ in range(20):
        with pytest.raises(SignatureError):
            VERIFIER.check(hostile)

    assert time.process_time() - began < 1.0


def test_a_verifier_does_not_print_its_keys():
    assert TOKEN not in repr(SHARING)


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PAIRS = st.lists(st.tuples(WORDS, WORDS), max_size=8)


@given(pairs=PAIRS, path=st.from_regex(r"[a-zA-Z0-9/_.%-]{0,12}(\?[a-z=&0-9]{0,8})?", fullmatch=True))
def test_plain_requests_are_signed_as_the_vendors_package_signs_them(pairs, path):
    url = f"https://aduan.example.id/{path}"
    pairs = [pair for pair in pairs if any(pair)]  # an empty pair leaves no trace in a form
    oracle = RequestValidator(TOKEN).compute_signature(url, MultiDict(pairs))

    assert sign(TOKEN.encode(), url, pairs) == oracle
    VERIFIER.check(posted(oracle, url=url, pairs=pairs))


@given(raw=st.binary(max_size=60), header=st.text(max_size=40))
def test_any_bytes_and_any_header_are_refused_as_signature_errors(raw, header):
    with pytest.raises(SignatureError):
        VERIFIER.check(posted(header, body=raw, url=f"https://aduan.example.id/{raw.decode('latin-1')}"))


@given(raw=st.binary(max_size=80))
def test_signed_bytes_are_genuine_whatever_they_hold(raw):
    pairs = form.posted(posted(body=raw)).pairs

    VERIFIER.check(posted(sign(TOKEN.encode(), U, pairs), body=raw))
