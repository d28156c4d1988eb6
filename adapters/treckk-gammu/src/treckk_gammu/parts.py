"""How long texts travel: cut into parts that a header numbers, joined again by it. Pure.

Source: 3GPP TS 23.040, 9.2.3.24 (user data header, concatenation with 8 and 16 bits of reference).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

import attrs
from treckk_gateway.channel import segments

_SHORT, _WIDE = 0x00, 0x08
"""Kinds of header elements that number parts: with one byte of reference, with two."""


@attrs.frozen(kw_only=True)
class Place:
    """Which part of which text: `reference` is the sender's own, `number` counts from 1 to `total`."""

    reference: int
    total: int
    number: int


@attrs.frozen(kw_only=True)
class Part:
    """One part as SMSD stores it: `text` is hexadecimal UTF-16, `coding` one of its words, `header` hexadecimal."""

    text: str
    coding: str
    header: str | None


def place(header: str) -> Place | None:
    """What a header says of its part; `None` for a text of one part, and for a header that makes no sense."""
    try:
        raw = bytes.fromhex(header)
    except ValueError:
        return None
    at = 1
    while at + 1 < len(raw):
        kind, length = raw[at], raw[at + 1]
        data = raw[at + 2 : at + 2 + length]
        if (kind, len(data)) in {(_SHORT, 3), (_WIDE, 4)}:
            found = Place(reference=int.from_bytes(data[:-2]), total=data[-2], number=data[-1])
            return found if found.total > 1 and 1 <= found.number <= found.total else None
        at += 2 + length
    return None


def cut(text: str, delivery_id: str) -> tuple[Part, ...]:
    """The parts of a text. The reference follows from our id, so that a repeat would look the same."""
    coding = "Unicode_No_Compression"
    if segments.alphabet(text) is segments.Alphabet.GSM7:
        coding = "Default_No_Compression"
    pieces = segments.split(text)
    reference = zlib.crc32(delivery_id.encode()) & 0xFF
    return tuple(
        Part(
            text=piece.encode("utf-16-be", "replace").hex().upper(),
            coding=coding,
            header=f"050003{reference:02X}{len(pieces):02X}{number:02X}" if len(pieces) > 1 else None,
        )
        for number, piece in enumerate(pieces, 1)
    )


def joined(texts: Iterable[str]) -> str | None:
    """The text of parts in their order; `None` when one is no hexadecimal UTF-16.

    Joined before it is decoded: a sign of two units may lie on a cut.
    """
    try:
        return bytes.fromhex("".join(texts)).decode("utf-16-be", "replace")
    except ValueError:
        return None


@attrs.define
class Gathering:
    """Parts of one text that have arrived: by number, the id of the row."""

    sender: str
    reference: int
    total: int
    rows: dict[int, int]

    @property
    def key(self) -> tuple[str, int, int]:
        """What its parts have in common."""
        return self.sender, self.reference, self.total

    @property
    def whole(self) -> bool:
        """Whether all are there."""
        return len(self.rows) == self.total

    @property
    def ids(self) -> tuple[int, ...]:
        """The rows in the order of the text."""
        return tuple(row for _, row in sorted(self.rows.items()))


def gathered(rows: Iterable[tuple[int, str, str]]) -> Iterator[Gathering]:
    """Rows of (id, sender, header), oldest first, put together: whole texts, single ones, and those with gaps.

    References are used again after 256 texts: a number that is there already begins another text.
    """
    open_ones: list[Gathering] = []
    for row, sender, header in rows:
        where = place(header)
        if where is None:
            yield Gathering(sender=sender, reference=-1, total=1, rows={1: row})
            continue
        key = (sender, where.reference, where.total)
        found = next((one for one in open_ones if one.key == key and where.number not in one.rows), None)
        if found is None:
            found = Gathering(sender=sender, reference=where.reference, total=where.total, rows={})
            open_ones.append(found)
        found.rows[where.number] = row
    yield from open_ones
