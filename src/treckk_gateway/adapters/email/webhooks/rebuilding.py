"""A mail that a service took apart, put together again, so that it is read like every other. Pure; the same each time.

Raw mail is better: a service's fields lose charsets and names. Whoever can choose chooses raw.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

import attrs

from treckk_gateway.channel.charset import clean_line

_NAME = re.compile(r"[!-9;-~]{1,76}")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,80}")
_OURS = ("content-", "mime-version")
_MOST_HEADERS = 500
_LONGEST = 16 * 1024
_PIECE = 3 << 18
"""Bytes, a multiple of three."""


@attrs.frozen(kw_only=True, repr=False)
class Carried:
    """A file that came with a mail; all but `content` is the sender's claim."""

    content: bytes
    content_type: str = ""
    filename: str = ""
    content_id: str = ""


def rebuilt(headers: Iterable[tuple[str, str]], *, text: str, html: str, files: Iterable[Carried]) -> bytes:
    """The mail with these headers, texts and files; headers that described the old parts are left out."""
    kept, report = [], False
    for name, value in list(headers)[:_MOST_HEADERS]:
        report = report or (name.lower() == "content-type" and value.lower().lstrip().startswith("multipart/report"))
        if _NAME.fullmatch(name) and not name.lower().startswith(_OURS):
            kept.append(f"{name}: {clean_line(value)[:_LONGEST]}".encode("utf-8", "replace"))
    texts = [_text(words, kind) for words, kind in ((text, "plain"), (html, "html")) if words]
    parts = [_joined(texts, "multipart/alternative")] if len(texts) > 1 else texts
    parts += [_file(one) for one in files]
    outer = "multipart/report; report-type=delivery-status" if report else "multipart/mixed"
    return b"\r\n".join([*kept, b"MIME-Version: 1.0", _joined(parts, outer)])


def _joined(parts: list[bytes], kind: str) -> bytes:
    boundary = hashlib.sha256(kind.encode() + b"\0".join(parts)).hexdigest()[:40].encode()
    opened = b"".join(b"--" + boundary + b"\r\n" + one + b"\r\n" for one in parts)
    return (
        f'Content-Type: {kind}; boundary="'.encode() + boundary + b'"\r\n\r\n' + opened + b"--" + boundary + b"--\r\n"
    )


def _text(words: str, kind: str) -> bytes:
    head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head.encode() + _base64(words.encode("utf-8", "replace"))


def _file(one: Carried) -> bytes:
    kind = one.content_type.partition(";")[0].strip().lower()
    if not _TYPE.fullmatch(kind) or kind.startswith("multipart/"):
        kind = "application/octet-stream"
    return "\r\n".join([f"Content-Type: {kind}", *_described(one, kind)]).encode() + b"\r\n\r\n" + _base64(one.content)


def _described(one: Carried, kind: str) -> Iterator[str]:
    identity = clean_line(one.content_id).strip("<> ")
    shown = "inline" if identity and kind.startswith("image/") else "attachment"
    name = quote(clean_line(one.filename)[:250].encode("utf-8", "replace"), safe="")
    yield f"Content-Disposition: {shown}" + (f"; filename*=utf-8''{name}" if name else "")
    if identity and identity.isascii() and identity.isprintable():
        yield f"Content-ID: <{identity[:250]}>"
    yield "Content-Transfer-Encoding: base64"


def _base64(content: bytes) -> bytes:
    """In pieces: while one is encoded no other thread runs."""
    pieces = (content[at : at + _PIECE] for at in range(0, len(content), _PIECE))
    return b"".join(binascii.b2a_base64(one, newline=False) for one in pieces)
