"""Was it Twilio? Checked on raw bytes against the configured public address.

Source: Twilio docs, Webhooks security, and the package's `request_validator`, whose traps (a missing header raises,
`bodySHA256` beside a form is never compared, repeated fields get lost) are the reason for a check of our own.
Nothing here logs or raises what was signed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from binascii import b2a_base64
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain

import attrs
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from multidict import istr

from treckk_gateway.adapters.twilio import form
from treckk_gateway.adapters.twilio.layout import Layouts, Recognized
from treckk_gateway.channel import WebhookRequest
from treckk_gateway.errors import SignatureError

SIGNATURE = istr("X-Twilio-Signature")
SETTINGS = istr("X-Twilio-Webhooks-Signature-Settings")
MAX_BODY = 2**20
"""Bytes; Twilio's own webhooks stay far below."""

_SHAPE = {"sha1": re.compile(r"[A-Za-z0-9+/]{27}="), "sha256": re.compile(r"[A-Za-z0-9+/]{43}=")}
_HASH = {"sha1": SHA1, "sha256": SHA256}
_DEFAULT_PORT = {"https": "443", "http": "80"}


@attrs.frozen(kw_only=True)
class Verifier:
    """The keys a request may be signed with.

    `tokens` are auth tokens of the account (several while they are changed); `shared_keys` are SharedKey secrets by
    key id. With `shared_keys_only` a request signed with an auth token is refused.
    """

    tokens: tuple[bytes, ...] = attrs.field(repr=False)
    shared_keys: Mapping[str, bytes] = attrs.field(factory=dict, repr=False)
    shared_keys_only: bool = False
    layouts: Layouts = attrs.field(factory=Layouts, repr=False, eq=False)

    def check(self, request: WebhookRequest) -> None:
        """Return if the request is Twilio's; raise `SignatureError` otherwise, whatever is odd about it."""
        if len(request.body) > MAX_BODY:
            raise SignatureError("the body is longer than any of Twilio's")
        keys, algorithm = self._keys(request)
        proof = _proof(request, algorithm)
        usual = self.layouts.recognize(request.body)
        try:
            covered = _covered(request, usual)
            genuine = _signs(keys[0], request.url, covered, algorithm, proof) or any(
                _signs(key, url, covered, algorithm, proof) for url in _urls(request.url) for key in keys
            )
        except ValueError:
            raise SignatureError("the request is no form Twilio would sign") from None
        if not genuine:
            raise SignatureError(
                "the signature does not match: compare auth_token and public_url with Twilio's settings"
            )
        if usual is None:
            self.layouts.learn(request.body)

    def _keys(self, request: WebhookRequest) -> tuple[tuple[bytes, ...], str]:
        """The keys that may have signed it and the hash **our configuration** has for them.

        The settings header is written by the caller, so it only ever names one of our keys and cannot pick a hash.
        """
        if SETTINGS not in request.headers:
            if self.shared_keys_only:
                raise SignatureError("signed without a shared key, which the settings demand")
            return self.tokens, "sha1"
        parts = dict(part.strip().partition("=")[::2] for part in (request.header(SETTINGS) or "").split(","))
        key = self.shared_keys.get(parts.get("key", ""))
        if key is None or parts.get("algorithm") != "HMAC_SHA256":
            raise SignatureError("signed with a shared key or a hash the settings do not have")
        return (key,), "sha256"


def sign(key: bytes, url: str, pairs: form.Pairs, algorithm: str = "sha1") -> str:
    """The signature Twilio would send: over the address, then every distinct name and value in code point order."""
    return _digest(key, url, _joined(form.Form.of(pairs)), algorithm).decode("ascii")


def _proof(request: WebhookRequest, algorithm: str) -> bytes:
    written = request.header(SIGNATURE)
    if written is None:
        raise SignatureError(f"{SIGNATURE} is missing or sent twice")
    if not _SHAPE[algorithm].fullmatch(written):
        raise SignatureError(f"{SIGNATURE} does not have the shape of a signature")
    return written.encode("ascii")


def _covered(request: WebhookRequest, usual: Recognized | None) -> bytes:
    """What is signed beside the address: the form, or nothing for GET and for bodies signed by their hash."""
    hashes = [value for name, value in form.queried(request).pairs if name == "bodySHA256"]
    if hashes:
        ours = hashlib.sha256(request.body).hexdigest()
        if len(hashes) > 1 or not hmac.compare_digest(ours.encode(), hashes[0].encode("utf-8", "replace")):
            raise SignatureError("the body is not the one whose hash was signed")
        return b""
    if request.method == "GET" and not request.body:
        return b""
    if request.method != "POST":
        raise SignatureError("Twilio sends POST, or GET without a body")
    return _joined(form.posted(request)) if usual is None else usual.signed


def _joined(written: form.Form) -> bytes:
    distinct = set(written.pairs) if written.repeats else written.pairs
    return "".join(chain.from_iterable(sorted(distinct))).encode("utf-8", "surrogateescape")


def _signs(key: bytes, url: str, covered: bytes, algorithm: str, proof: bytes) -> bool:
    return hmac.compare_digest(_digest(key, url, covered, algorithm), proof)


def _digest(key: bytes, url: str, covered: bytes, algorithm: str) -> bytes:
    # A copied object, not `hmac.digest`: that one gives the interpreter away for a few microseconds of work, and the
    # thread that writes the store takes it.
    signing = _keyed(key, algorithm).copy()
    signing.update(url.encode("utf-8", "surrogateescape") + covered)
    return b2a_base64(signing.finalize(), newline=False)


@lru_cache(maxsize=16)
def _keyed(key: bytes, algorithm: str) -> HMAC:
    return HMAC(key, _HASH[algorithm]())


def _urls(url: str) -> Iterator[str]:
    """The address as configured, then with its default port written or left out.

    Twilio is not consistent about `:443` and `:80` (`request_validator` of its packages tries both); any other port
    must be there as it is.
    """
    yield url
    scheme, mark, rest = url.partition("://")
    default = _DEFAULT_PORT.get(scheme.lower())
    if not mark or default is None:
        return
    end = next((place for place, one in enumerate(rest) if one in "/?#"), len(rest))
    host, tail = rest[:end], rest[end:]
    if host.endswith(f":{default}"):
        yield f"{scheme}://{host.removesuffix(f':{default}')}{tail}"
    elif not re.search(r":\d*$", host):
        yield f"{scheme}://{host}:{default}{tail}"
