"""What a file is, by its first bytes: claimed types and names prove nothing."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from treckk_gateway.model import MediaKind

OPAQUE = "application/octet-stream"

_STARTS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftyp3g", "video/3gpp"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"OggS", "audio/ogg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"BEGIN:VCARD", "text/vcard"),
)
_OFFICE = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
)
_PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"#!/",
    b"\xca\xfe\xba\xbe",
    b"\xcf\xfa\xed\xfe",
    b"PK\x03\x04\n\x00\x00\x00\x00\x00AndroidManifest",
)
_MACROS = b"vbaProject.bin"
_LOOKED_AT = 4096


@attrs.frozen(kw_only=True)
class Sniffed:
    """A type told from the bytes. `shown` types may be handed on as what they are; the rest only as opaque files.

    `odd` says why a person should be careful: a program, or a document with macros.
    """

    content_type: str
    shown: bool
    odd: str | None = None

    @property
    def kind(self) -> MediaKind:
        """What it is, told from the bytes."""
        return MediaKind.of(self.content_type)


def sniff(content: bytes) -> Sniffed:
    """The type of a file by its bytes; `application/octet-stream` for what is not on the list."""
    head = content[:_LOOKED_AT]
    if head.startswith(_PROGRAMS[:-1]):
        return Sniffed(content_type=OPAQUE, shown=False, odd="program")
    found = next(_types(head), None)
    if found == "application/zip":
        return _packed(content)
    if found is not None:
        return Sniffed(content_type=found, shown=True)
    return (
        Sniffed(content_type="text/plain", shown=True) if _is_text(head) else Sniffed(content_type=OPAQUE, shown=False)
    )


def _types(head: bytes) -> Iterator[str]:
    return (kind for at, start, kind in _STARTS if head[at : at + len(start)] == start)


def _packed(content: bytes) -> Sniffed:
    """A zip: an Office document by the names in it, which are never unpacked."""
    if _MACROS in content:
        return Sniffed(content_type=OPAQUE, shown=False, odd="macros")
    found = next((kind for name, kind in _OFFICE if name in content), None)
    return Sniffed(content_type=found or "application/zip", shown=found is not None)


def _is_text(head: bytes) -> bool:
    if not head or b"\x00" in head:
        return False
    try:
        text = head[: len(head) - 3 if len(head) > 3 else None].decode("utf-8")  # noqa: PLR2004 a cut character
    except UnicodeDecodeError:
        return False
    return "<" not in text[:64]
