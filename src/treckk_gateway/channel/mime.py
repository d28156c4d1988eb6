"""Foreign mail taken apart into its parts, within fixed bounds. Pure; nothing here does I/O.

Bytes are walked with an explicit stack and caps, because no parser of the standard library is bounded on hostile mail:
`policy.default` is quadratic in header words, compat32 in nesting times lines (seen: 800 levels and 100,000 short
lines take 7 s on CPython 3.11). What is over a cap is kept as it is, never lost and never an error.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct

from treckk_gateway.channel.charset import clean, decode_text
from treckk_gateway.channel.mail_headers import (
    Headers,
    by_name,
    decode_header,
    from_base64,
    read_headers,
    read_parameters,
    safe_filename,
)

DEPTH = 20
"""Levels of multiparts that are opened; a deeper one is a single leaf."""
PARTS = 200
"""Leaves of one mail; whatever follows is one leaf of type `application/octet-stream`."""
BOUNDARY = 70
"""Longest boundary (RFC 2046, 5.1.1); a longer one is no boundary."""
_TYPE = re.compile(rb"\s*([a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,80})\s*")
_SHORT = 64


class Part(Struct, frozen=True, kw_only=True):
    """One leaf of a mail, or its top. `body` is as transferred; `inside` are the types around it, outermost first.

    `named` are the headers by name, see `by_name`. `content_type` is lower case and well formed, `text/plain` where the
    mail says nothing usable.
    """

    headers: Headers
    named: Mapping[str, bytes]
    content_type: str = "text/plain"
    parameters: Mapping[str, str] = {}
    disposition: str = ""
    filename: str | None = None
    body: bytes = b""
    inside: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Part({self.content_type})"

    def header(self, name: str) -> str | None:
        """The first header of that name as one clean line, `None` where there is none."""
        raw = self.named.get(name)
        return None if raw is None else decode_header(raw)

    def content(self) -> bytes:
        """The body without its transfer encoding; what does not fit the encoding is passed over."""
        encoding = self.named.get("content-transfer-encoding", b"").strip().lower()
        if encoding == b"base64":
            return from_base64(self.body)
        return binascii.a2b_qp(self.body) if encoding == b"quoted-printable" else self.body

    def text(self) -> str:
        """The content as text by its charset or a better guess, in plain lines and without anything unprintable."""
        return clean(decode_text(self.content(), self.parameters.get("charset")))


class Tree(Struct, frozen=True, kw_only=True):
    """A mail in parts: `top` has its headers, `leaves` all else in the order written; a plain mail is its one leaf."""

    top: Part
    leaves: tuple[Part, ...]


def walk(raw: bytes) -> Tree:
    """Take a mail apart. Never raises; bytes that are no mail are a top without headers and one leaf.

    Attached messages (`message/rfc822`) are leaves and are not opened.
    """
    top: Part | None = None
    leaves: list[Part] = []
    waiting = [_Span(0, len(raw))]
    while waiting:
        span = waiting.pop()
        headers, body = ((), span.start) if span.rest else read_headers(raw, span.start, span.end)
        named = by_name(headers)
        kind, parameters = _typed(named, span)
        inner: list[_Span] | None = None
        if kind.startswith("multipart/") and len(span.inside) < DEPTH:
            room = PARTS - len(leaves) - len(waiting)
            inner = _split(raw, _Span(body, span.end, (*span.inside, kind)), parameters, room)
        if inner is not None:
            top = top or _part(headers, named, kind, parameters, span)
            kind = "text/plain"  # where no part can be told from another
        if inner:
            waiting += reversed(inner)
            continue
        leaves.append(_part(headers, named, kind, parameters, span, raw[body : span.end]))
        top = top or leaves[0]
    return Tree(top=top or Part(headers=(), named={}), leaves=tuple(leaves))


class _Span(NamedTuple):
    """A stretch of the mail and the types around it; `rest` is what is over the number of parts."""

    start: int
    end: int
    inside: tuple[str, ...] = ()
    rest: bool = False


def _typed(named: Mapping[str, bytes], span: _Span) -> tuple[str, Mapping[str, str]]:
    """The content type with its parameters; plain text where nothing usable is said."""
    if span.rest:
        return "application/octet-stream", {}
    claimed = named.get("content-type")
    if claimed is None:
        return "text/plain", {}
    return _read_text_type(claimed) if _is_text_type(claimed) else _read_type(claimed)


def _is_text_type(claimed: bytes) -> bool:
    """Whether it is one of the types of texts: those are few and come again and again; a boundary or a file is new."""
    return claimed[:6] == b" text/" and len(claimed) < _SHORT


def _read_type(claimed: bytes) -> tuple[str, Mapping[str, str]]:
    written, parameters = read_parameters(claimed)
    kind = _TYPE.fullmatch(written)
    return kind[1].decode("ascii") if kind else "text/plain", parameters


_read_text_type = lru_cache(maxsize=256)(_read_type)


def _part(
    headers: Headers,
    named: Mapping[str, bytes],
    kind: str,
    parameters: Mapping[str, str],
    span: _Span,
    body: bytes = b"",
) -> Part:
    claimed = named.get("content-disposition")
    disposition, claims = read_parameters(claimed) if claimed else (b"", {})
    name = claims.get("filename") or parameters.get("name")
    return Part(
        headers=headers,
        named=named,
        content_type=kind,
        parameters=parameters,
        disposition=disposition.decode("latin-1"),
        filename=safe_filename(name) if name else None,
        body=body,
        inside=span.inside,
    )


def _split(raw: bytes, span: _Span, parameters: Mapping[str, str], room: int) -> list[_Span]:
    """The parts between delimiters, at most `room`; empty where there is no usable boundary."""
    boundary = parameters.get("boundary", "").rstrip()
    if not 0 < len(boundary) <= BOUNDARY or not boundary.isascii():
        return []
    found: list[_Span] = []
    opened: int | None = None
    for at, following, last in _delimiters(raw, span, b"--" + boundary.encode("ascii")):
        if opened is not None:
            found.append(_Span(opened, _before(raw, opened, at), span.inside))
        opened = None if last else following
        if last or len(found) >= room - 1:
            break
    if opened is not None:
        found.append(_Span(opened, span.end, span.inside, rest=len(found) >= room - 1))
    return found


def _delimiters(raw: bytes, span: _Span, delimiter: bytes) -> Iterator[tuple[int, int, bool]]:
    """Each delimiter line: where it begins, where the next line begins, whether it is the closing one."""
    position = span.start
    while (at := raw.find(delimiter, position, span.end)) >= 0:
        position = at + len(delimiter)
        if at > span.start and raw[at - 1 : at] != b"\n":
            continue
        following = (raw.find(b"\n", position, span.end) + 1) or span.end
        tail = raw[position : min(following, position + 80)].strip()
        if tail in (b"", b"--"):
            yield at, following, tail == b"--"
            position = following


def _before(raw: bytes, start: int, at: int) -> int:
    """The end of what precedes a delimiter: the line end before it belongs to the delimiter (RFC 2046, 5.1.1)."""
    for end in (b"\n", b"\r"):
        at -= at > start and raw[at - 1 : at] == end
    return at
