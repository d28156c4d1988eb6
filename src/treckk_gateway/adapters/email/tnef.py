"""The files inside a `winmail.dat`, by [MS-OXTNEF]. Pure; broken or cut data gives what was whole before.

Ours, since no library of a permissive licence reads it (see the page of email). Only files are taken out: the text is
in the mail beside it, and the properties of Outlook are no matter of ours.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from treckk_gateway.channel.charset import decode_text
from treckk_gateway.channel.mail_headers import safe_filename

TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})

_SIGNATURE = b"\x78\x9f\x3e\x22"
_BEGIN = 6
_HEAD = struct.Struct("<BII")
_CHECKSUM = 2
_OF_A_FILE = 2
_RENDERING, _TITLE, _DATA, _CODE_PAGE = 0x00069002, 0x00018010, 0x0006800F, 0x00069007
_ATTRIBUTES, _FILES = 5000, 100


class Inner(NamedTuple):
    """One file of it, with the name it is claimed to have."""

    filename: str | None
    content: bytes


def files(raw: bytes) -> list[Inner]:
    """The files in it, in the order written, at most a hundred. Never raises; what is no TNEF holds none."""
    found: list[Inner] = []
    title, content, charset = None, None, "cp1252"
    for level, kind, data in _attributes(raw):
        if kind == _CODE_PAGE and len(data) >= 4:  # noqa: PLR2004 a number of four bytes
            charset = f"cp{int.from_bytes(data[:4], 'little')}"
        if level != _OF_A_FILE:
            continue
        if kind == _RENDERING:  # where the next file begins
            if content is not None:
                found.append(Inner(title, content))
            title, content = None, None
        elif kind == _TITLE:
            title = safe_filename(decode_text(data.partition(b"\0")[0], charset))
        elif kind == _DATA:
            content = data
        if len(found) >= _FILES:
            return found
    return [*found, Inner(title, content)] if content is not None else found


def _attributes(raw: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Level, number and bytes of each attribute, up to the first that is not whole."""
    if not raw.startswith(_SIGNATURE):
        return
    at = _BEGIN
    for _ in range(_ATTRIBUTES):
        if at + _HEAD.size > len(raw):
            return
        level, kind, size = _HEAD.unpack_from(raw, at)
        at += _HEAD.size
        if at + size > len(raw):
            return
        yield level, kind, raw[at : at + size]
        at += size + _CHECKSUM
