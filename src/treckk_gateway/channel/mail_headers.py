"""Header fields of foreign mail, read within fixed bounds: values, parameters, encoded words, file names.

Pure; nothing here does I/O. What is over a cap is kept as it is, never lost and never an error.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from urllib.parse import unquote_to_bytes

from treckk_gateway.channel.charset import clean_line, decode_text

HEADER_BLOCK = 64 * 1024
"""Bytes of one header block that are read, in at most `HEADER_LINES` lines; what follows is left out."""
HEADER_LINES = 1000
HEADER_VALUE = 16 * 1024
"""Bytes of one header that are read."""
ENCODED_WORDS = 500
"""Encoded words decoded in one header; the rest stays as written."""
PARAMETERS = 64
"""Parameters read of one header."""
FILENAME = 120
"""Longest file name, in characters."""

Headers = tuple[tuple[str, bytes], ...]
"""Names in lower case with raw values, unfolded, in the order written; a name may repeat."""

_NAME = re.compile(rb"[!-9;-~]{1,100}")
_WORD = re.compile(rb"=\?([!-<>@-~]{1,40})\?([bBqQ])\?([^?\r\n]*)\?=")
_PARAMETER = re.compile(rb';\s*([^=;\s"]{1,80})\s*=\s*("[^"\\]*+(?:\\.[^"\\]*+)*+"?|[^;]*)', re.DOTALL)
_SECTION = re.compile(r"(?P<name>[^*]+)(?:\*(?P<index>[0-9]{1,3}))?(?P<encoded>\*)?")
_NO_NAME = re.compile(r'[<>:"|?*]')
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))


def read_headers(raw: bytes, start: int = 0, end: int | None = None) -> tuple[Headers, int]:
    """The header block that begins at `start`, and where its body begins. A line that is no header ends the block."""
    end = len(raw) if end is None else end
    block, body = _before_blank(raw, start, min(end, start + HEADER_VALUE))
    if block < body and (found := _read_fields(raw[start:block])):
        return found, body
    return _read_lines(raw, start, end)


def _before_blank(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the line before the first blank one ends, and where the line after it begins; twice `end` without one."""
    crlf = raw.find(b"\n\r\n", start, end)
    lf = raw.find(b"\n\n", start, end if crlf < 0 else crlf + 1)
    if lf >= 0:
        return lf, lf + 2
    return (crlf, crlf + 3) if crlf >= 0 else (end, end)


def _read_fields(block: bytes) -> Headers | None:
    """All fields of a block as programs write it; `None` for any other, which is read line by line."""
    line_end = b"\r\n" if block.endswith(b"\r") else b"\n"
    block = block.removesuffix(b"\r")
    if b"\n " in block or b"\n\t" in block:
        block = block.replace(line_end + b" ", b" ").replace(line_end + b"\t", b"\t")
    lines = block.split(line_end)
    ends = len(lines) - 1
    if ends >= HEADER_LINES or block.count(b"\n") != ends or block.count(b"\r") != ends * (len(line_end) - 1):
        return None
    try:
        return tuple([(_field_name(name), value) for name, value in [line.split(b":", 1) for line in lines]])
    except ValueError:  # no colon, or no name before it
        return None


@lru_cache(maxsize=512)
def _field_name(written: bytes) -> str:
    """In lower case. Raises `ValueError` for what is no name."""
    if not _NAME.fullmatch(written):
        raise ValueError
    return written.decode("ascii").lower()


def _read_lines(raw: bytes, start: int, end: int) -> tuple[Headers, int]:
    found: list[tuple[str, bytearray]] = []
    position = start
    for _ in range(HEADER_LINES):
        if position >= min(end, start + HEADER_BLOCK):
            break
        following = (raw.find(b"\n", position, end) + 1) or end
        line = raw[position : min(following, position + HEADER_VALUE)].rstrip(b"\r\n")
        name, colon, value = line.partition(b":")
        if not line:
            return _frozen(found), following
        if line[:1] in (b" ", b"\t") and found:
            found[-1][1].extend(line[: HEADER_VALUE - len(found[-1][1])])
        elif colon and _NAME.fullmatch(name.rstrip()):
            found.append((name.rstrip().decode("ascii").lower(), bytearray(value)))
        elif position > start or not line.startswith((b"From ", b">From ")):
            return _frozen(found), position
        position = following
    return _frozen(found), _before_blank(raw, max(position - 1, start), end)[1]


def by_name(headers: Headers) -> dict[str, bytes]:
    """The values by name (lower case): where one repeats, the first counts and proves nothing."""
    return dict(reversed(headers))


def first(headers: Headers, name: str) -> bytes | None:
    """The first value of that name, for a block that is asked only once."""
    return by_name(headers).get(name)


def read_parameters(raw: bytes) -> tuple[bytes, dict[str, str]]:
    """A value like that of `Content-Type`: what stands before the first semicolon in lower case, and its parameters.

    Understands RFC 2231 (pieces, charset) and what senders write instead: encoded words and raw bytes.
    """
    head = raw.partition(b";")[0]
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for written, value in islice(_PARAMETER.findall(raw, len(head)), PARAMETERS):
        name = written.decode("latin-1").lower()
        if "*" not in name:
            if name not in plain:
                plain[name] = decode_header(_unquoted(value))
        elif section := _SECTION.fullmatch(name):
            known = pieces.setdefault(section["name"], {})
            known.setdefault(int(section["index"] or 0), (_unquoted(value), bool(section["encoded"])))
    for name, known in pieces.items():
        plain[name] = _joined(known)
    return head.strip().lower(), plain


def decode_header(raw: bytes) -> str:
    """A header's value as one clean line; encoded words are decoded wherever they stand, unknown charsets guessed."""
    raw = raw[:HEADER_VALUE]
    if b"=?" not in raw:
        if raw.isascii() and (text := raw.decode("ascii")).isprintable():
            return " ".join(text.split())
        return clean_line(decode_text(raw, None))
    found: list[str] = []
    run, charset, position = b"", "", 0
    for number, word in enumerate(_WORD.finditer(raw)):
        if number >= ENCODED_WORDS:
            break
        between, name = raw[position : word.start()], word[1].decode("ascii").partition("*")[0].lower()
        # Neighbours of one charset are joined before decoding: a character may be cut between two words.
        said = bool(between.strip())
        if said or name != charset:
            if run:
                found.append(decode_text(run, charset))
            run, charset = b"", name
        if said or (between and not number):
            found.append(decode_text(between, None))
        run += from_base64(word[3]) if word[2] in b"bB" else binascii.a2b_qp(word[3], header=True)
        position = word.end()
    if run:
        found.append(decode_text(run, charset))
    if position < len(raw):
        found.append(decode_text(raw[position:], None))
    return clean_line("".join(found))


def safe_filename(claimed: str) -> str | None:
    """A claimed file name without path, drive, control or invisible characters, at most `FILENAME` long.

    The extension survives the cut. `None` when nothing is left.
    """
    name = clean_line(claimed).replace("\\", "/").rpartition("/")[2]
    name = _NO_NAME.sub("_", name).strip(" .")
    stem, dot, extension = name.rpartition(".")
    if len(name) > FILENAME and stem:
        extension = extension[:16]
        name = stem[: FILENAME - len(dot + extension)] + dot + extension
    return name[:FILENAME] or None


def from_base64(raw: bytes, piece: int = 1 << 20) -> bytes:
    """The bytes; what is no base64 is passed over, and what follows the padding. Never raises.

    `piece` bytes at a time: while one is decoded no other thread runs.
    """
    if len(raw) <= piece:
        plain = raw.translate(None, _NOT_BASE64).partition(b"=")[0]
        over = len(plain) % 4
        return binascii.a2b_base64(plain[:-1] if over == 1 else plain + b"==" if over else plain)
    found: list[bytes] = []
    rest = b""
    for start in range(0, len(raw), piece):
        plain, padded, _ = (rest + raw[start : start + piece].translate(None, _NOT_BASE64)).partition(b"=")
        whole = len(plain) & ~3
        found.append(binascii.a2b_base64(plain[:whole]))
        rest = plain[whole:]
        if padded:
            break
    if len(rest) > 1:
        found.append(binascii.a2b_base64(rest + b"=="))
    return b"".join(found)


def _frozen(found: list[tuple[str, bytearray]]) -> Headers:
    return tuple((name, bytes(value)) for name, value in found)


def _unquoted(value: bytes) -> bytes:
    if not value.startswith(b'"'):
        return value.strip()
    value = value[1:].removesuffix(b'"')
    return re.sub(rb"\\(.)", rb"\1", value, flags=re.DOTALL) if b"\\" in value else value


def _joined(pieces: Mapping[int, tuple[bytes, bool]]) -> str:
    """The text of a parameter whose pieces were numbered; only an encoded first piece names a charset."""
    charset, raw = None, b""
    for index in sorted(pieces):
        value, encoded = pieces[index]
        if encoded and not raw and value.count(b"'") >= 2:  # noqa: PLR2004 charset'language'text
            name, _, value = value.split(b"'", 2)
            charset = name.decode("latin-1")
        raw += unquote_to_bytes(value) if encoded else value
    return decode_text(raw, charset) if charset else decode_header(raw)
