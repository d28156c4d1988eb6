"""Files of messages after the commit: fetched, looked at, kept. The text of a message never waits for its files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import attrs
import structlog

from treckk_gateway.casework.bodies import FileBody, Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.channel import Channel, MediaHolding, MediaSource
from treckk_gateway.errors import (
    MediaGone,
    MediaRefused,
    MediaUnavailable,
    NotFoundError,
    PayloadError,
    StoreError,
    described,
)
from treckk_gateway.inbound.content import Sniffed, sniff
from treckk_gateway.inbound.fetching import Bounds, Fetcher
from treckk_gateway.inbound.media import Files
from treckk_gateway.inbound.scanning import Scanner
from treckk_gateway.inbound.viewing import Viewer
from treckk_gateway.model import Actor, EventKind, Finding, MediaKind
from treckk_gateway.settings import MediaSettings
from treckk_gateway.store.orders import FileEnd
from treckk_gateway.store.rows import FileRow

_SECOND = 1_000_000
_AGAIN = (2, 10, 60, 600, 3600, 21_600, 64_800)
"""Seconds until the next try: a file may appear a little late, a host may be down for a day."""
_TOGETHER = 4

log = structlog.get_logger(__name__)


@attrs.frozen(kw_only=True)
class Collector:
    """Takes up files that are due, a few at a time; one that cannot be had ends as `lost` or `refused`, with reason."""

    casework: Casework
    channels: Mapping[str, Channel]
    files: Files
    fetcher: Fetcher
    viewer: Viewer
    settings: MediaSettings
    interval: float = 2.0

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                while await self.collect():
                    pass
            except StoreError as problem:
                log.error("files.store_failed", **described(problem))
            await asyncio.sleep(self.interval)

    async def close(self) -> None:
        """Close what fetching and viewing need."""
        await self.fetcher.close()
        await self.viewer.close()

    async def collect(self) -> int:
        """One round; how many files were taken up."""
        now = self.casework.clock()
        until = now + int((self.settings.seconds + 120) * _SECOND)
        rows = await self.casework.store.claim_files(now, until, _TOGETHER)
        await asyncio.gather(*(self._take(one) for one in rows))
        return len(rows)

    async def _take(self, row: FileRow) -> None:
        try:
            ended = await self._look(row)
        except MediaUnavailable as problem:
            ended = self._later(row, str(problem))
        except MediaGone as problem:
            ended = FileEnd(file_id=row.id, state="lost", reason=str(problem))
        except (MediaRefused, PayloadError) as problem:
            ended = FileEnd(file_id=row.id, state="refused", reason=str(problem))
        except NotFoundError:
            ended = FileEnd(file_id=row.id, state="lost", reason="erased")
        except Exception as problem:  # noqa: BLE001 one file's trouble must not stop the others
            log.error("file.failed", file_id=row.id, **described(problem))
            ended = self._later(row, f"looking at it failed ({type(problem).__name__})")
        await self.casework.store.end_file(ended)
        log.info("file.settled", file_id=row.id, channel_id=row.channel_id, state=ended.state, attempts=row.attempts)

    async def _look(self, row: FileRow) -> FileEnd:
        box = await self.casework.people.box(row.reporter_id)
        body = box.open_value(Purpose.FILE, row.details, FileBody)
        source = None if row.name is not None else self._source(row, body)
        content = (
            await self.fetcher.fetch(
                source, Bounds(most=self.settings.largest(row.kind), seconds=self.settings.seconds)
            )
            if source is not None
            else await self.files.read(row.name or "", box)
        )
        known = sniff(content)
        pseudonym = await self.casework.people.pseudonym(row.reporter_id)
        name, mark = (row.name, None) if row.name else await self.files.write(content, pseudonym, box)
        harm = await self._harm(content)
        place = await self._place(known, content) if harm is None else None
        details = attrs.evolve(body, content_type=known.content_type, place=place, odd=known.odd)
        await self._hint(row, place)
        if source is not None and source.erasable and self.settings.delete_at_provider:
            await self._discard(row, source)
        return FileEnd(
            file_id=row.id,
            state="stored" if harm is None else "refused",
            reason=None if harm is None else f"the virus scanner found {harm}; kept under lock",
            kind=known.kind if known.shown else MediaKind.OTHER,
            size=len(content),
            name=name,
            mark=mark,
            details=box.seal_value(Purpose.FILE, details),
        )

    def _source(self, row: FileRow, body: FileBody) -> MediaSource:
        channel = self.channels.get(row.channel_id or "")
        if body.ref is None or not isinstance(channel, MediaHolding):
            raise MediaRefused("its channel holds no files")
        return channel.media_source(body.ref)

    async def _harm(self, content: bytes) -> str | None:
        place = self.settings.clamd
        return await Scanner(place).harm(content) if place else None

    async def _place(self, known: Sniffed, content: bytes) -> tuple[float, float] | None:
        return await self.viewer.place(content) if known.kind is MediaKind.IMAGE else None

    async def _hint(self, row: FileRow, place: tuple[float, float] | None) -> None:
        """Where a picture says it was taken is a hint for people, the weakest there is: it moves no case."""
        case = await self.casework.store.case(case_id=row.case_id) if row.case_id is not None and place else None
        if case is None or place is None:
            return
        value = f"{place[0]:.5f},{place[1]:.5f}"
        reason = "a picture's own data say that it was taken there; such data are easily wrong"
        finding = Finding(step="media", field="photo_place", value=value, confidence=0.2, reason=reason)
        await self.casework.note(case, Actor.system("media"), EventKind.FINDINGS, {}, findings=[finding])

    async def _discard(self, row: FileRow, source: MediaSource) -> None:
        if not await self.fetcher.discard(source):
            log.warning("file.not_deleted", file_id=row.id, channel_id=row.channel_id)

    def _later(self, row: FileRow, reason: str) -> FileEnd:
        if row.attempts > len(_AGAIN):
            return FileEnd(file_id=row.id, state="lost", reason=reason)
        due = self.casework.clock() + _AGAIN[row.attempts - 1] * _SECOND
        return FileEnd(file_id=row.id, state="pending", reason=reason, due=due)
