"""Requests as they must not be taken: forged from a genuine one, cut, bent and hostile. Pure; no randomness."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import attrs

from treckk_gateway.channel import WebhookRequest

Forgery = tuple[str, WebhookRequest]
"""What was done to it, and the request."""

_NO_FORM = re.compile(rb"[\x00-\x20<>\"{}\x7f-\xff]")

UNHEARD = "kit-never-heard-of"
"""A field that no provider has."""

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


def strange(request: WebhookRequest) -> Iterator[Forgery]:
    """The same body by other methods and under other content types."""
    for method in ("GET", "PUT", "post", "", "\u00fc"):
        yield f"method {method!r}", attrs.evolve(request, method=method)
    for kind in (
        None,
        "",
        "image/png",
        "text/plain; charset=utf-16",
        "multipart/form-data",
        "a/b; charset=\u00fc",
        ";;",
    ):
        yield f"content type {kind!r}", _with(request, {"Content-Type": kind})


def large(body: bytes, size: int) -> Iterator[tuple[str, bytes]]:
    """Bodies of about `size` bytes: one value, many values, deep ones, noise, and endless lines."""
    tree, pairs = _json(body), _form(body)
    if tree is not None:
        leaves = [path for path in _paths(tree) if path and isinstance(_at(tree, path), str)]
        for path in sorted(leaves, key=lambda one: -len(_at(tree, one)))[:3]:
            yield f"a long {path[-1]}", json.dumps(_put(tree, path, "x" * size)).encode()
        for path in leaves[:2]:
            yield f"a wide {path[-1]}", json.dumps(_put(tree, path, [{}] * (size // 4))).encode()
        yield "many fields", json.dumps({"kit": dict.fromkeys(map(str, range(size // 14)), 1), "then": tree}).encode()
    if pairs:
        yield "a long last value", body + b"x" * size
        yield "many fields", body + b"&" + b"&".join(b"k%d=1" % number for number in range(size // 9))
    if tree is None and not pairs:
        yield "a long end", body + b"x" * size
        yield "many lines", body + b"x\r\n" * (size // 3)
    yield "deep lists", b"[" * size
    yield "deep objects", b'{"a":' * (size // 5)
    yield "zeros", b"\x00" * size


def added_to(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The body with a field more that nobody knows: in each object of JSON, or in a form."""
    tree, pairs = _json(body), _form(body)
    if tree is not None:
        for path in _paths(tree):
            found = _at(tree, path)
            if isinstance(found, dict):
                more = json.dumps(_put(tree, path, {**found, UNHEARD: {"a": [1, None]}})).encode()
                yield f"a new field in {_named(path)}", more
    if pairs:
        yield "a new field", urlencode([*pairs, (UNHEARD, "1")]).encode()


def without(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The body with one field left out: of each object of JSON, or of a form."""
    tree, pairs = _json(body), _form(body)
    for path in _paths(tree) if tree is not None else ():
        holder = _at(tree, path[:-1])
        if path and isinstance(holder, dict):
            less = {name: value for name, value in holder.items() if name != path[-1]}
            yield _named(path), json.dumps(_put(tree, path[:-1], less)).encode()
    for name in dict.fromkeys(name for name, _ in pairs):
        yield name, urlencode([pair for pair in pairs if pair[0] != name]).encode()


def unheard(word: str) -> str:
    """A word of the same form that no provider has: a status may be the name of an event, with dots or colons."""
    return word + ("ISH" if word.isupper() else "ish")


def reworded(body: bytes, word: str) -> Iterator[bytes]:
    """The body with each value that is this word replaced by one nobody ever heard; none without such a value."""
    tree, pairs, other = _json(body), _form(body), unheard(word)
    if tree is not None:
        found = tree
        for path in [one for one in _paths(tree) if _at(tree, one) == word]:
            found = _put(found, path, other)
        if found != tree:
            yield json.dumps(found).encode()
    if any(value == word for _, value in pairs):
        yield urlencode([(name, other if value == word else value) for name, value in pairs]).encode()


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
    yield "bytes in the path that are no text", attrs.evolve(request, url=f"{request.url}\udcff")
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


def _json(body: bytes) -> Any:  # noqa: ANN401 any JSON
    """The object or list the body is; `None` when it is none."""
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict | list) else None


def _form(body: bytes) -> list[tuple[str, str]]:
    """The pairs of a form; none when the body is no form."""
    if _NO_FORM.search(body):
        return []
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        return []


def _at(tree: Any, path: tuple[Any, ...]) -> Any:  # noqa: ANN401 any JSON
    for step in path:
        tree = tree[step]
    return tree


def _named(path: tuple[Any, ...]) -> str:
    return ".".join(map(str, path)) or "the whole"


def _bent_json(body: bytes) -> Iterator[tuple[str, bytes]]:
    tree = _json(body)
    for path in _paths(tree) if tree is not None else ():
        for odd in _ODD_VALUES:
            yield f"{_named(path)} set to {odd!r:.20}", json.dumps(_put(tree, path, odd)).encode()


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
    pairs = _form(body)
    for place, (name, value) in enumerate(pairs):
        before, after = pairs[:place], pairs[place + 1 :]
        yield f"{name} dropped", urlencode([*before, *after]).encode()
        yield f"{name} sent twice", urlencode([*before, (name, value), (name, f"{value}x"), *after]).encode()
        for odd in _ODD_WORDS:
            bent = urlencode([*before, (name, odd), *after], errors="surrogatepass")
            yield f"{name} set to {odd!r:.20}", bent.encode()
