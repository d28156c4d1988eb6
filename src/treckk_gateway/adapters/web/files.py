"""The attachments of a portal's webhook: inline in base64, or an address to fetch them from."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any
from urllib.parse import urlsplit

from treckk_gateway.model import Attachment, MediaKind

LARGEST_FILE = 10 * 2**20
"""Bytes of one inline file; a larger one is named, but not kept."""
MOST_FILES = 20
"""Further ones are left out."""

_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,80}", re.IGNORECASE)
_URL = re.compile(r"https?://[!-~]+", re.IGNORECASE)
_LONGEST_NAME = 120
_LONGEST_URL = 2048


def read_files(written: object) -> tuple[Attachment, ...]:
    """The files of `data.attachments`. One that cannot be read is kept by name, of kind `OTHER`, without content."""
    return tuple(_file(one) for one in written[:MOST_FILES]) if isinstance(written, list) else ()


def _file(written: object) -> Attachment:
    entry: dict[str, Any] = written if isinstance(written, dict) else {}
    content_type, filename = _content_type(entry.get("content_type")), _filename(entry.get("filename"))
    content, size = _content(entry.get("content_base64"))
    ref = _address(entry.get("url")) if content is None else None
    readable = content is not None or ref is not None
    return Attachment(
        kind=MediaKind.of(content_type) if readable else MediaKind.OTHER,
        content_type=content_type,
        filename=filename,
        size=size,
        ref=ref,
        content=content,
    )


def _content(written: object) -> tuple[bytes | None, int | None]:
    """The bytes and their number; no bytes when they are too many, neither when it is no base64."""
    if not isinstance(written, str) or not written:
        return None, None
    size = len(written) * 3 // 4
    if size > LARGEST_FILE:
        return None, size
    try:
        content = base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return None, None
    return content, len(content)


def _content_type(written: object) -> str:
    plain = written.partition(";")[0].strip().lower() if isinstance(written, str) else ""
    return plain if _CONTENT_TYPE.fullmatch(plain) else "application/octet-stream"


def _filename(written: object) -> str | None:
    """The sender's name for it without folders, controls and marks that turn the direction of writing."""
    plain = re.split(r"[/\\]", written)[-1] if isinstance(written, str) else ""
    return "".join(one for one in plain if one.isprintable()).strip()[:_LONGEST_NAME] or None


def _address(written: object) -> str | None:
    """An http(s) address with a host and without credentials; who may be asked is decided where it is fetched."""
    if not isinstance(written, str) or len(written) > _LONGEST_URL or not _URL.fullmatch(written):
        return None
    try:
        parts = urlsplit(written)
        usable = parts.hostname and parts.username is None
    except ValueError:
        return None
    return written if usable else None
