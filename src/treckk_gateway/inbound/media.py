"""Files that came with a message: stored sealed, under a name that says nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import attrs

from treckk_gateway.casework.bodies import FileBody, Purpose
from treckk_gateway.inbound.content import sniff
from treckk_gateway.model import Attachment, MediaKind
from treckk_gateway.privacy import Box, Keyring
from treckk_gateway.store.orders import NewAttachment
from treckk_gateway.store.rows import ReporterRow

NOBODY = "-"
"""Owner of files that belong to no reporter: the pseudonym of nobody."""


class Files:
    """A folder of sealed files, each named by the keyed hash of its reporter and content."""

    def __init__(self, folder: Path, keyring: Keyring, *, scanned: bool = False) -> None:
        self._folder = folder
        self._keyring = keyring
        self._scanned = scanned
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="treckk-files")

    def _mark(self, content: bytes) -> bytes:
        """The keyed hash of a content, whoever sent it: the same file is known again in another case."""
        return self._keyring.digest("evidence", sha256(content).hexdigest())

    async def remove(self, names: Sequence[str]) -> None:
        """Take files away whose reporter was erased."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._remove, tuple(names))

    def _remove(self, names: Sequence[str]) -> None:
        for name in names:
            (self._folder / name[:2] / name).unlink(missing_ok=True)

    def close(self) -> None:
        """End the thread that writes."""
        self._thread.shutdown(wait=True)

    async def keep(
        self, attachments: Sequence[Attachment], reporter: ReporterRow, box: Box
    ) -> tuple[NewAttachment, ...]:
        """Store what came along, before the message is filed; what lies at the provider stays `pending`.

        Where files are scanned, what came along is pending too, and kept from view, until it was looked at.
        """
        return tuple([await self._keep(one, reporter.pseudonym, box) for one in attachments])

    async def keep_own(self, attachments: Sequence[Attachment], unit: Box) -> tuple[NewAttachment, ...]:
        """The same for what the unit's own people send as evidence: it belongs to no reporter."""
        return tuple([await self._keep(one, NOBODY, unit) for one in attachments])

    async def _keep(self, attachment: Attachment, owner: str, box: Box) -> NewAttachment:
        name, mark, kind = None, None, attachment.kind
        state = "pending" if attachment.ref else "lost"
        body = FileBody(content_type=attachment.content_type, filename=attachment.filename, ref=attachment.ref)
        if attachment.content is not None:
            known = sniff(attachment.content)
            body = attrs.evolve(body, odd=known.odd)
            name, mark = await self.write(attachment.content, owner, box)
            state = "pending" if self._scanned else "stored"
        return NewAttachment(
            kind=kind,
            state=state,
            size=len(attachment.content) if attachment.content is not None else attachment.size,
            name=name,
            details=box.seal_value(Purpose.FILE, body),
            look=state == "pending" or (name is not None and kind is MediaKind.IMAGE),
            reason="it was too large, or could not be read" if state == "lost" else None,
            mark=mark,
        )

    async def write(self, content: bytes, pseudonym: str, box: Box) -> tuple[str, bytes]:
        """Keep a content sealed; the name it is found under, and its mark."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._write, content, pseudonym, box)

    def _write(self, content: bytes, pseudonym: str, box: Box) -> tuple[str, bytes]:
        name, mark = self._keyring.content_name(pseudonym, content), self._mark(content)
        path = self._folder / name[:2] / name
        if path.exists():
            return name, mark
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = path.with_suffix(".part")
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(box.seal(Purpose.CONTENT, content))
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
        _sync_folder(path.parent)
        return name, mark

    async def read(self, name: str, box: Box) -> bytes:
        """The content again."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, name, box)

    def _read(self, name: str, box: Box) -> bytes:
        return box.open(Purpose.CONTENT, (self._folder / name[:2] / name).read_bytes())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
