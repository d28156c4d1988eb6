"""One file of the spool: a header with the file's own wrapped key, then sealed records, each in a frame.

A frame is a mark, the length, a checksum, and the sealed bytes. A process that dies while it writes leaves an
unfinished frame at the end; nobody was told yes for that one. Whoever holds a file's lock owns it: the lock ends with
the process, and another may then take the file over.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import attrs

SUFFIX = ".spool"
ASIDE = ".aside"
"""What a file is called once it holds something that could not be replayed."""

KEY_BYTES = 60
"""A wrapped key's length: nonce, key and tag."""

_UNNAMED = ".new"
_OPENING = b"treckk spool 1\n"
_HEADER = len(_OPENING) + KEY_BYTES
_MARK = b"\xf5SPL"
_FRAME = struct.Struct(">4sII")


@attrs.frozen
class Contents:
    """What was read: the wrapped key, `None` when not even that is whole, and the sealed records, oldest first.

    `damaged` says that something before the last whole record cannot be read; `unfinished` counts the bytes of a tail.
    """

    key: bytes | None
    records: tuple[bytes, ...] = ()
    damaged: bool = False
    unfinished: int = 0


def header(wrapped: bytes) -> bytes:
    """How a file begins."""
    return _OPENING + wrapped


def framed(sealed: bytes) -> bytes:
    """A record as it is written."""
    return _FRAME.pack(_MARK, len(sealed), _checksum(sealed)) + sealed


def read(content: bytes) -> Contents:
    """Everything whole in the file, whatever else stands there."""
    if len(content) < _HEADER or not content.startswith(_OPENING):
        return Contents(None, damaged=len(content) >= _HEADER, unfinished=len(content))
    records, damaged, at = [], False, _HEADER
    while (found := _next(content, at)) is not None:
        begins, sealed = found
        damaged = damaged or begins != at
        records.append(sealed)
        at = begins + _FRAME.size + len(sealed)
    return Contents(content[len(_OPENING) : _HEADER], tuple(records), damaged, len(content) - at)


def _next(content: bytes, at: int) -> tuple[int, bytes] | None:
    """The first whole frame from there on, and where it begins."""
    while (begins := content.find(_MARK, at)) >= 0:
        body = begins + _FRAME.size
        if body <= len(content):
            _mark, length, checksum = _FRAME.unpack_from(content, begins)
            sealed = content[body : body + length]
            if len(sealed) == length and _checksum(sealed) == checksum:
                return begins, sealed
        at = begins + 1
    return None


def _checksum(sealed: bytes) -> int:
    return zlib.crc32(sealed, zlib.crc32(len(sealed).to_bytes(4, "big")))


class SpoolFile:
    """A file this process holds the lock of. Every method may raise `OSError`, and blocks: call it in a thread."""

    def __init__(self, path: Path, descriptor: int, size: int) -> None:
        self.path = path
        self.size = size
        """Bytes that are whole and on the disk."""
        self._descriptor = descriptor

    @classmethod
    def create(cls, folder: Path, begun_at: int, unique: str, wrapped: bytes) -> SpoolFile:
        """A new file, locked and on the disk before it has its name: nobody else ever sees an unlocked one."""
        path = folder / f"{begun_at:020d}-{unique}{SUFFIX}"
        unnamed = path.with_suffix(_UNNAMED)
        descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        made = cls(path, descriptor, 0)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            made.append(header(wrapped))
            unnamed.rename(path)
            _sync(folder)
        except BaseException:
            with suppress(OSError):
                unnamed.unlink()
            os.close(descriptor)
            raise
        return made

    @classmethod
    def adopt(cls, path: Path) -> SpoolFile | None:
        """A file whose process is gone; `None` while somebody holds it, or when it is gone itself."""
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = os.fstat(descriptor)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if found.st_nlink == 0:  # its last owner emptied it between the two calls
            os.close(descriptor)
            return None
        return cls(path, descriptor, found.st_size)

    @property
    def begun_at(self) -> int:
        """When it was begun: microseconds since the epoch."""
        digits = self.path.name.partition("-")[0]
        return int(digits) if digits.isdigit() else 0

    def append(self, data: bytes) -> None:
        """Write after what is whole, and return once it is on the disk."""
        at, left = self.size, memoryview(data)
        while left:
            written = os.pwrite(self._descriptor, left, at)
            at, left = at + written, left[written:]
        os.fdatasync(self._descriptor)
        self.size = at

    def content(self) -> bytes:
        """All of it."""
        size = os.fstat(self._descriptor).st_size
        return b"".join(self._pieces(size))

    def _pieces(self, size: int) -> Iterator[bytes]:
        at = 0
        while at < size:
            piece = os.pread(self._descriptor, size - at, at)
            if not piece:
                return
            yield piece
            at += len(piece)

    def remove(self) -> None:
        """Everything in it was replayed."""
        self.path.unlink(missing_ok=True)
        _sync(self.path.parent)
        self.close()

    def set_aside(self) -> None:
        """Keep it for people: something in it could not be replayed."""
        self.path.rename(self.path.with_suffix(ASIDE))
        _sync(self.path.parent)
        self.close()

    def close(self) -> None:
        """Let go of it; another process may take it over."""
        os.close(self._descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
