"""The Store port over one SQLite file."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from treckk_gateway.errors import StoreUnavailable
from treckk_gateway.model import Case, Instant
from treckk_gateway.store.orders import CaseFilter, Change, Ended, Filing, Heard, NewEvent, NewRequest, Start
from treckk_gateway.store.rows import (
    ConversationRow,
    Counters,
    Filed,
    FileRows,
    Go,
    InboxRow,
    MessageRow,
    Nothing,
    NotYet,
    OutboxRow,
    PartyRow,
    ReporterRow,
    TimerRow,
    ValueRow,
    Wake,
)
from treckk_gateway.store.sqlite import casefile, connection, due, filing, outbox, people, receiving
from treckk_gateway.store.sqlite.writer import Rank, Writer

T = TypeVar("T")

FILE_NAME = "treckk.db"
LOCK_NAME = "treckk.lock"


class SQLiteStore:
    """One file in `folder`, one process. Reads run in two threads of our own, never in the host's."""

    def __init__(self, folder: Path, *, fingerprint: str, queue_limit: int = 2000, queue_seconds: float = 3.0) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._fingerprint = fingerprint
        self._lock: int | None = None
        self._writer = Writer(self._connect, limit=queue_limit, oldest=queue_seconds)
        self._readers: ThreadPoolExecutor | None = None
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []

    @property
    def alive(self) -> bool:
        """Whether writes can be taken."""
        return self._writer.alive

    async def open(self) -> None:
        """Lock the folder, migrate, start. Raises `StoreLocked`, `SchemaTooNew` or `StoreUnavailable`."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = connection.take_lock(self._folder / LOCK_NAME)
        try:
            await self._writer.start()
        except BaseException:
            self._unlock()
            raise
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="treckk-reader", initializer=self._enter_reader)

    async def close(self) -> None:
        """Readers first, the writer last, then the lock. Safe to call twice."""
        readers, self._readers = self._readers, None
        if readers is not None:
            readers.shutdown(wait=True, cancel_futures=True)
            for one in self._opened:
                one.close()
            self._opened.clear()
        await self._writer.stop()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _connect(self) -> sqlite3.Connection:
        opened = connection.open_writer(self._path)
        try:
            connection.migrate(opened)
            self._claim(opened)
        except BaseException:
            opened.close()
            raise
        return opened

    def _claim(self, opened: sqlite3.Connection) -> None:
        opened.execute("INSERT INTO meta (key, value) VALUES ('key', ?) ON CONFLICT DO NOTHING", (self._fingerprint,))
        known = opened.execute("SELECT value FROM meta WHERE key = 'key'").fetchone()[0]
        if known != self._fingerprint:
            raise StoreUnavailable(
                f"this data was sealed with another secret_key (fingerprint {known}, yours is"
                f" {self._fingerprint}): configure that one"
            )

    def _enter_reader(self) -> None:
        # Noted at once: a thread whose first query is called off must not leave its connection open.
        self._local.connection = connection.open_reader(self._path)
        self._opened.append(self._local.connection)

    async def _read(self, query: Callable[..., T], *arguments: Any, **named: Any) -> T:  # noqa: ANN401 passed through
        readers = self._readers
        if readers is None:
            raise StoreUnavailable("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(readers, partial(self._query, query, arguments, named))

    def _query(self, query: Callable[..., T], arguments: tuple[Any, ...], named: dict[str, Any]) -> T:
        reader: sqlite3.Connection = self._local.connection
        return query(reader, *arguments, **named)

    async def _write(self, operation: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401 passed through
        return await self._writer.run(lambda opened: operation(opened, *arguments))

    # receiving

    async def intake_key(self, day: str, wrapped: bytes) -> bytes:
        """See `Store.intake_key`."""
        return await self._writer.run(lambda opened: receiving.intake_key(opened, day, wrapped), Rank.INTAKE)

    async def accept(self, request: NewRequest) -> tuple[bool, ...]:
        """See `Store.accept`."""
        return await self._writer.join(receiving.accept_together, request, Rank.INTAKE)

    # changes

    async def park(self, inbox_id: int, reason: str) -> None:
        """See `Store.park`."""
        return await self._write(receiving.park, inbox_id, reason)

    async def postpone(self, inbox_id: int, due_at: Instant) -> None:
        """See `Store.postpone`."""
        return await self._write(receiving.postpone, inbox_id, due_at)

    async def ensure_reporter(
        self, identities: Sequence[bytes], pseudonym: str, wrapped: bytes, now: Instant
    ) -> ReporterRow:
        """See `Store.ensure_reporter`."""
        return await self._write(people.ensure_reporter, identities, pseudonym, wrapped, now)

    async def ensure_conversation(
        self,
        channel_id: str,
        address_hash: bytes,
        address: bytes,
        *,
        reporter_id: int | None = None,
        staff: str | None = None,
    ) -> ConversationRow:
        """See `Store.ensure_conversation`."""
        return await self._write(people.ensure_conversation, channel_id, address_hash, address, reporter_id, staff)

    async def file(self, wanted: Filing) -> Filed:
        """See `Store.file`."""
        return await self._write(filing.file, wanted)

    async def hear(self, heard: Heard) -> None:
        """See `Store.hear`."""
        return await self._write(outbox.hear, heard)

    async def change(self, wanted: Change) -> Case | None:
        """See `Store.change`."""
        return await self._write(filing.change, wanted)

    async def log_access(self, case_id: int, actor: str, what: str, now: Instant) -> None:
        """See `Store.log_access`."""
        return await self._write(casefile.log_access, case_id, actor, what, now)

    async def finish_timer(self, timer_id: int) -> None:
        """See `Store.finish_timer`."""
        return await self._write(filing.finish_timer, timer_id)

    async def postpone_timer(self, timer_id: int, due_at: Instant) -> None:
        """See `Store.postpone_timer`."""
        return await self._write(filing.postpone_timer, timer_id, due_at)

    async def begin_send(self, start: Start) -> Go | NotYet | Nothing:
        """See `Store.begin_send`."""
        return await self._write(outbox.begin_send, start)

    async def record(self, ended: Ended) -> bool:
        """See `Store.record`."""
        return await self._write(outbox.record, ended)

    async def hold(self, outbox_id: int, state: str, reason: str | None, due_at: Instant | None) -> None:
        """See `Store.hold`."""
        return await self._write(outbox.hold, outbox_id, state, reason, due_at)

    async def recover(self, now: Instant) -> int:
        """See `Store.recover`."""
        return await self._write(outbox.recover, now)

    async def unpark(self, inbox_id: int, now: Instant) -> bool:
        """See `Store.unpark`."""
        return await self._write(receiving.unpark, inbox_id, now)

    async def end_intake_keys(self, before: int) -> int:
        """See `Store.end_intake_keys`."""
        return await self._write(receiving.end_intake_keys, before)

    # looks

    async def inbox(self, inbox_id: int) -> InboxRow | None:
        """See `Store.inbox`."""
        return await self._read(receiving.inbox, inbox_id)

    async def reporter(self, reporter_id: int) -> ReporterRow | None:
        """See `Store.reporter`."""
        return await self._read(people.reporter, reporter_id)

    async def known_reporter(self, identities: Sequence[bytes]) -> ReporterRow | None:
        """See `Store.known_reporter`."""
        return await self._read(people.known_reporter, identities)

    async def known_conversation(self, channel_id: str, address_hash: bytes) -> ConversationRow | None:
        """See `Store.known_conversation`."""
        return await self._read(people.known_conversation, channel_id, address_hash)

    async def conversation(self, conversation_id: int) -> ConversationRow | None:
        """See `Store.conversation`."""
        return await self._read(people.conversation, conversation_id)

    async def recent_messages(self, conversation_id: int, limit: int) -> Sequence[MessageRow]:
        """See `Store.recent_messages`."""
        return await self._read(people.recent_messages, conversation_id, limit)

    async def case(self, *, case_id: int | None = None, reference: str | None = None) -> Case | None:
        """See `Store.case`."""
        return await self._read(casefile.case, case_id, reference)

    async def open_cases(self, reporter_id: int) -> Sequence[Case]:
        """See `Store.open_cases`."""
        return await self._read(casefile.open_cases, reporter_id)

    async def latest_case(self, reporter_id: int) -> Case | None:
        """See `Store.latest_case`."""
        return await self._read(casefile.latest_case, reporter_id)

    async def is_party(self, case_id: int, reporter_id: int) -> bool:
        """See `Store.is_party`."""
        return await self._read(casefile.is_party, case_id, reporter_id)

    async def case_of_reply(
        self, channel_id: str, token_hash: bytes | None, ids: Sequence[str]
    ) -> tuple[Case, PartyRow] | None:
        """See `Store.case_of_reply`."""
        return await self._read(casefile.case_of_reply, channel_id, token_hash, ids)

    async def case_of_request(self, channel_id: str, dedupe_key: str) -> Case | None:
        """See `Store.case_of_request`."""
        return await self._read(casefile.case_of_request, channel_id, dedupe_key)

    async def parties(self, case_id: int) -> Sequence[PartyRow]:
        """See `Store.parties`."""
        return await self._read(casefile.parties, case_id)

    async def cases(self, wanted: CaseFilter) -> Sequence[Case]:
        """See `Store.cases`."""
        return await self._read(casefile.cases, wanted)

    async def form_values(self, case_id: int, fields: Collection[str]) -> Sequence[ValueRow]:
        """See `Store.form_values`."""
        return await self._read(casefile.form_values, case_id, fields)

    async def case_file(self, case_id: int) -> FileRows | None:
        """See `Store.case_file`."""
        return await self._read(casefile.case_file, case_id)

    async def timer(self, timer_id: int) -> TimerRow | None:
        """See `Store.timer`."""
        return await self._read(casefile.timer, timer_id)

    async def outbox(self, outbox_id: int) -> OutboxRow | None:
        """See `Store.outbox`."""
        return await self._read(outbox.outbox, outbox_id)

    async def suppressed(self, conversation_id: int) -> str | None:
        """See `Store.suppressed`."""
        return await self._read(outbox.suppressed, conversation_id)

    async def uncertain(self, before: Instant) -> Sequence[OutboxRow]:
        """See `Store.uncertain`."""
        return await self._read(outbox.uncertain, before)

    async def attempt_started(self, attempt_id: str) -> Instant | None:
        """See `Store.attempt_started`."""
        return await self._read(outbox.attempt_started, attempt_id)

    async def counters(self) -> Counters:
        """See `Store.counters`."""
        return await self._read(due.counters)

    async def parked(self, cursor: int | None, limit: int) -> Sequence[InboxRow]:
        """See `Store.parked`."""
        return await self._read(receiving.parked, cursor, limit)

    async def dead(self, cursor: int | None, limit: int) -> Sequence[OutboxRow]:
        """See `Store.dead`."""
        return await self._read(outbox.dead, cursor, limit)

    async def heads(self, now: Instant, limit: int) -> Sequence[Wake]:
        """See `Store.heads`."""
        return await self._read(due.heads, now, limit)

    async def next_due(self) -> Instant | None:
        """See `Store.next_due`."""
        return await self._read(due.next_due)

    async def revive(self, outbox_id: int, event: NewEvent | None, now: Instant) -> bool:
        """See `Store.revive`."""
        return await self._write(_revive, outbox_id, event, now)


def _revive(opened: sqlite3.Connection, outbox_id: int, event: NewEvent | None, now: Instant) -> bool:
    case_id = outbox.revive(opened, outbox_id, now)
    if case_id and event is not None:
        filing.append(opened, case_id, event, now)
    return case_id is not None
