"""Requests as they must not be taken: forged from a genuine one, cut, bent and hostile. Pure; no randomness."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import attrs

from treckk_gateway.channel import WebhookRequest

Forgery = tuple[str, WebhookRequest]
"""What was done to it, and the request."""

_ODD_HEADERS = ("", "=", ",", "v1,", "v1,=", "\u00fc\u2028", "nan", "-1", "x" * 5000)
_ODD_BODIES = (
    b"", b"\x00", b"\xff\xfe\x00", b"\xef\xbb\xbf{}", b"{", b"{}", b"[]", b"null", b"true", b'"x"', b"1e999", b"NaN",
    b"9" * 5000, b"[" * 100_000, b'{"a":' * 50_000, b'{"a": "\\ud800"}', b"=&=&%zz=%", b"a=1&" * 5000, b"\r\n\r\n",
)  # fmt: skip
_ODD_VALUES: tuple[Any, ...] = (None, True, -1, 1e400, "", "\x00", "\ud800", "9" * 400, [], {}, [None], {"id": []})
_ODD_WORDS = ("", "\x00", "\ud800", "9" * 400, "NaN", "-1", "%", "\u202e")


def forged(
    request: WebhookRequest,
    other: WebhookRequest,
    *,
    signature_headers: Sequence[str],
    signs_url: bool = True,
    signs_body: bool = True,
) -> Iterator[Forgery]:
    """Every way a genuine request becomes a forged one; `other` is another genuine one with another body."""
    if signs_body:
        yield from _other_bodies(request)
    if signs_url:
        yield from _other_urls(request)
    for name in signature_headers:
        yield from _other_headers(request, name)
    if signature_headers and signs_body:
        yield "signature of another request", _with(request, {name: other.header(name) for name in signature_headers})
    if signature_headers:
        yield "no signature at all", _with(request, dict.fromkeys(signature_headers))


def hostile(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Bodies a parser must survive: nonsense, cut short, a byte changed, and values of the wrong type."""
    for number, odd in enumerate(_ODD_BODIES):
        yield f"odd body {number}", odd
    yield from cut(body)
    for place in _places(len(body), 32):
        yield f"byte {place} changed", body[:place] + bytes([body[place] ^ 0x5A]) + body[place + 1 :]
    yield from _bent_json(body)
    yield from _bent_form(body)


def cut(body: bytes, most: int = 64) -> Iterator[tuple[str, bytes]]:
    """The body cut short at up to `most` places, evenly spread."""
    for place in _places(len(body), most):
        yield f"cut at byte {place}", body[:place]


def _places(length: int, most: int) -> range:
    return range(0, length, max(1, length // most))


def _other_bodies(request: WebhookRequest) -> Iterator[Forgery]:
    body = request.body
    yield "body appended to", attrs.evolve(request, body=body + b"&kit=1")
    if body:
        yield "body emptied", attrs.evolve(request, body=b"")
        yield "body cut in half", attrs.evolve(request, body=body[: len(body) // 2])
    for place, byte in enumerate(body):
        if chr(byte).isalnum():
            swapped = b"b" if byte == ord("a") else b"a"
            yield "body byte changed", attrs.evolve(request, body=body[:place] + swapped + body[place + 1 :])
            return


def _other_urls(request: WebhookRequest) -> Iterator[Forgery]:
    parts = urlsplit(request.url)
    query = f"{parts.query}&kit=1" if parts.query else "kit=1"
    yield "query added to", attrs.evolve(request, url=urlunsplit(parts._replace(query=query)))
    yield "path changed", attrs.evolve(request, url=urlunsplit(parts._replace(path=f"{parts.path}x")))
    if parts.query:
        yield "query dropped", attrs.evolve(request, url=urlunsplit(parts._replace(query="")))


def _other_headers(request: WebhookRequest, name: str) -> Iterator[Forgery]:
    value = request.header(name)
    yield f"{name} dropped", _with(request, {name: None})
    if value is None:
        return
    yield (
        f"{name} sent twice",
        attrs.evolve(request, headers=_pairs(request, [*request.headers.items(), (name, value)])),
    )
    yield f"{name} cut", _with(request, {name: value[:-2]})
    for number, odd in enumerate(_ODD_HEADERS):
        yield f"{name} odd {number}", _with(request, {name: odd})


def _with(request: WebhookRequest, changes: dict[str, str | None]) -> WebhookRequest:
    """The request with these headers set; `None` drops one."""
    lowered = {name.lower() for name in changes}
    pairs = [(name, value) for name, value in request.headers.items() if name.lower() not in lowered]
    pairs += [(name, value) for name, value in changes.items() if value is not None]
    return attrs.evolve(request, headers=_pairs(request, pairs))


def _pairs(request: WebhookRequest, pairs: list[tuple[str, str]]) -> Any:  # noqa: ANN401 multidict's own type
    return WebhookRequest.of(request.method, request.url, pairs).headers


def _bent_json(body: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        tree = json.loads(body)
    except ValueError:
        return
    for path in _paths(tree):
        for odd in _ODD_VALUES:
            yield f"{'.'.join(map(str, path)) or 'all'} set to {odd!r:.20}", json.dumps(_put(tree, path, odd)).encode()


def _paths(tree: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 any JSON
    yield here
    branches = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, branch in branches:
        yield from _paths(branch, (*here, key))


def _put(tree: Any, path: tuple[Any, ...], value: Any) -> Any:  # noqa: ANN401 any JSON
    if not path:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = _put(tree[path[0]], path[1:], value)
    return copy


def _bent_form(body: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        return
    for place, (name, value) in enumerate(pairs):
        before, after = pairs[:place], pairs[place + 1 :]
        yield f"{name} dropped", urlencode([*before, *after]).encode()
        yield f"{name} sent twice", urlencode([*before, (name, value), (name, f"{value}x"), *after]).encode()
        for odd in _ODD_WORDS:
            bent = urlencode([*before, (name, odd), *after], errors="surrogatepass")
            yield f"{name} set to {odd!r:.20}", bent.encode()
