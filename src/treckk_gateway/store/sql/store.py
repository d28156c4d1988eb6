"""The Store port over SQL: which operation answers which question, whatever the database."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, TypeVar

from treckk_gateway.model import Case, Instant
from treckk_gateway.store.orders import (
    CaseFilter,
    Change,
    ClocksSet,
    Ended,
    Erasure,
    FileEnd,
    Filing,
    Heard,
    Nearby,
    NewConversation,
    NewEvent,
    Pace,
    Rules,
    Span,
    Split,
    Start,
)
from treckk_gateway.store.rows import (
    AccessRow,
    Acquaintance,
    CompletenessRow,
    ConversationRow,
    Counters,
    EventRow,
    ExpiringRow,
    ExportRow,
    Filed,
    FileRow,
    FileRows,
    Go,
    InboxRow,
    MergeRow,
    MessageRow,
    NearbyRow,
    Nothing,
    NotYet,
    OpenedRow,
    OutboxRow,
    OutcomeRow,
    Outgoing,
    PartyRow,
    PersonnelRow,
    RecoveryRow,
    ReporterRow,
    StandingRow,
    TallyRow,
    TimerRow,
    ValueRow,
    WaitRow,
    Wake,
)
from treckk_gateway.store.sql import (
    casefile,
    clocks,
    due,
    erasing,
    files,
    filing,
    inbox,
    merging,
    numbers,
    outbox,
    people,
    recovery,
    scene,
    setback,
    staff,
    watching,
    window,
)

T = TypeVar("T")


class SqlStore(ABC):
    """What both databases do alike. A kind of database says how it reads and writes, and how it takes requests in."""

    @abstractmethod
    async def _read(self, query: Callable[..., T], *arguments: Any, **named: Any) -> T:  # noqa: ANN401 passed through
        """The answer of a query, which is given a connection first."""

    async def _look(self, query: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401 passed through
        """The answer of a query that finds few rows by an index, however large the database."""
        return await self._read(query, *arguments)

    @abstractmethod
    async def _write(self, operation: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401 passed through
        """The result of an operation, once it is durable. It is given a connection first, in a transaction."""

    # changes

    async def park(self, inbox_id: int, reason: str) -> None:
        """See `Store.park`."""
        return await self._write(inbox.park, inbox_id, reason)

    async def postpone(self, inbox_id: int, due_at: Instant) -> None:
        """See `Store.postpone`."""
        return await self._write(inbox.postpone, inbox_id, due_at)

    async def ensure_reporter(
        self, identities: Sequence[bytes], pseudonym: str, wrapped: bytes, now: Instant
    ) -> ReporterRow:
        """See `Store.ensure_reporter`."""
        return await self._write(people.ensure_reporter, identities, pseudonym, wrapped, now)

    async def meet(
        self,
        identities: Sequence[bytes],
        pseudonym: str,
        wrapped: bytes,
        now: Instant,
        conversation: NewConversation,
    ) -> tuple[ReporterRow, ConversationRow | None]:
        """See `Store.meet`."""
        return await self._write(scene.meet, identities, pseudonym, wrapped, now, conversation)

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

    async def split(self, wanted: Split) -> Filed:
        """See `Store.split`."""
        return await self._write(filing.split, wanted)

    async def log_access(self, case_id: int, actor: str, what: str, now: Instant, reason: bytes | None = None) -> None:
        """See `Store.log_access`."""
        return await self._write(watching.log_access, case_id, actor, what, now, reason)

    async def erase(self, wanted: Erasure) -> tuple[str, ...] | None:
        """See `Store.erase`."""
        return await self._write(erasing.erase, wanted)

    async def claim_files(self, now: Instant, until: Instant, limit: int) -> Sequence[FileRow]:
        """See `Store.claim_files`."""
        return await self._write(files.claim, now, until, limit)

    async def end_file(self, ended: FileEnd) -> None:
        """See `Store.end_file`."""
        return await self._write(files.end, ended)

    async def finish_timer(self, timer_id: int) -> None:
        """See `Store.finish_timer`."""
        return await self._write(filing.finish_timer, timer_id)

    async def postpone_timer(self, timer_id: int, due_at: Instant) -> None:
        """See `Store.postpone_timer`."""
        return await self._write(filing.postpone_timer, timer_id, due_at)

    async def set_clocks(self, found: ClocksSet) -> bool:
        """See `Store.set_clocks`."""
        return await self._write(clocks.keep, found)

    async def recount(self, rules: str, now: Instant) -> int:
        """See `Store.recount`."""
        return await self._write(clocks.recount, rules, now)

    async def rewind(self, now: Instant, last: Instant | None = None) -> int:
        """See `Store.rewind`."""
        return await self._write(setback.rewind, now, last)

    async def begin_send(self, start: Start) -> Go | NotYet | Nothing:
        """See `Store.begin_send`."""
        return await self._write(outbox.begin_send, start)

    async def record(self, ended: Ended) -> bool:
        """See `Store.record`."""
        return await self._write(outbox.record, ended)

    async def hold(
        self,
        outbox_id: int,
        state: str,
        reason: str | None,
        due_at: Instant | None,
        *,
        unless_open: Instant | None = None,
    ) -> None:
        """See `Store.hold`."""
        return await self._write(outbox.hold, outbox_id, state, reason, due_at, unless_open)

    async def revive(self, outbox_id: int, event: NewEvent | None, now: Instant) -> bool:
        """See `Store.revive`."""
        return await self._write(outbox.revive, outbox_id, event, now)

    async def lift(self, case_id: int, event: NewEvent, now: Instant) -> int:
        """See `Store.lift`."""
        return await self._write(outbox.lift, case_id, event, now)

    async def unpark(self, inbox_id: int, now: Instant) -> bool:
        """See `Store.unpark`."""
        return await self._write(inbox.unpark, inbox_id, now)

    async def end_intake_keys(self, before: int) -> int:
        """See `Store.end_intake_keys`."""
        return await self._write(inbox.end_intake_keys, before)

    async def conversation_token(self, conversation_id: int, token_hash: bytes, sealed: bytes) -> bytes:
        """See `Store.conversation_token`."""
        return await self._write(staff.conversation_token, conversation_id, token_hash, sealed)

    async def next_number(self, name: str) -> int:
        """See `Store.next_number`."""
        return await self._write(staff.next_number, name)

    # looks

    async def inbox(self, inbox_id: int) -> InboxRow | None:
        """See `Store.inbox`."""
        return await self._look(inbox.inbox, inbox_id)

    async def reporter(self, reporter_id: int) -> ReporterRow | None:
        """See `Store.reporter`."""
        return await self._look(people.reporter, reporter_id)

    async def known_reporter(self, identities: Sequence[bytes]) -> ReporterRow | None:
        """See `Store.known_reporter`."""
        return await self._look(people.known_reporter, identities)

    async def acquaintance(
        self, identities: Sequence[bytes], channel_id: str, address_hash: bytes, limit: int
    ) -> Acquaintance:
        """See `Store.acquaintance`."""
        return await self._look(scene.acquaintance, identities, channel_id, address_hash, limit)

    async def known_conversation(self, channel_id: str, address_hash: bytes) -> ConversationRow | None:
        """See `Store.known_conversation`."""
        return await self._look(people.known_conversation, channel_id, address_hash)

    async def conversation(self, conversation_id: int) -> ConversationRow | None:
        """See `Store.conversation`."""
        return await self._look(people.conversation, conversation_id)

    async def recent_messages(self, conversation_id: int, limit: int) -> Sequence[MessageRow]:
        """See `Store.recent_messages`."""
        return await self._look(people.recent_messages, conversation_id, limit)

    async def case(self, *, case_id: int | None = None, reference: str | None = None) -> Case | None:
        """See `Store.case`."""
        return await self._look(casefile.case, case_id, reference)

    async def open_cases(self, reporter_id: int) -> Sequence[Case]:
        """See `Store.open_cases`."""
        return await self._look(casefile.open_cases, reporter_id)

    async def nearby(self, wanted: Nearby) -> Sequence[NearbyRow]:
        """See `Store.nearby`."""
        return await self._look(casefile.nearby, wanted)

    async def earlier(self, case_id: int, limit: int) -> Sequence[OpenedRow]:
        """See `Store.earlier`."""
        return await self._look(casefile.earlier, case_id, limit)

    async def outcomes(self, reporter_id: int, but: int, limit: int) -> Sequence[OutcomeRow]:
        """See `Store.outcomes`."""
        return await self._look(casefile.outcomes, reporter_id, but, limit)

    async def latest_case(self, reporter_id: int) -> Case | None:
        """See `Store.latest_case`."""
        return await self._look(casefile.latest_case, reporter_id)

    async def is_party(self, case_id: int, reporter_id: int) -> bool:
        """See `Store.is_party`."""
        return await self._look(casefile.is_party, case_id, reporter_id)

    async def case_of_reply(
        self, channel_id: str, token_hash: bytes | None, ids: Sequence[str]
    ) -> tuple[Case, PartyRow] | None:
        """See `Store.case_of_reply`."""
        return await self._look(casefile.case_of_reply, channel_id, token_hash, ids)

    async def sent_as(
        self, channel_id: str, delivery_id: str | None, provider_message_id: str | None
    ) -> OutboxRow | None:
        """See `Store.sent_as`."""
        return await self._look(outbox.sent_as, channel_id, delivery_id, provider_message_id)

    async def case_of_request(self, channel_id: str, dedupe_key: str) -> Case | None:
        """See `Store.case_of_request`."""
        return await self._look(casefile.case_of_request, channel_id, dedupe_key)

    async def parties(self, case_id: int) -> Sequence[PartyRow]:
        """See `Store.parties`."""
        return await self._look(casefile.parties, case_id)

    async def merge_of(self, case_id: int) -> MergeRow | None:
        """See `Store.merge_of`."""
        return await self._look(merging.merge_of, case_id)

    async def root(self, case_id: int) -> Case | None:
        """See `Store.root`."""
        return await self._look(casefile.root, case_id)

    async def cases(self, wanted: CaseFilter) -> Sequence[Case]:
        """See `Store.cases`."""
        return await self._read(casefile.cases, wanted)

    async def case_file(self, case_id: int) -> FileRows | None:
        """See `Store.case_file`."""
        return await self._read(casefile.case_file, case_id)

    async def form_values(self, case_id: int, fields: Collection[str]) -> Sequence[ValueRow]:
        """See `Store.form_values`."""
        return await self._look(casefile.form_values, case_id, fields)

    async def file_row(self, file_id: int) -> FileRow | None:
        """See `Store.file_row`."""
        return await self._look(files.file_row, file_id)

    async def history(self, case_id: int) -> Sequence[EventRow]:
        """See `Store.history`."""
        return await self._look(casefile.events, case_id)

    async def conversation_of_token(self, token_hash: bytes) -> int | None:
        """See `Store.conversation_of_token`."""
        return await self._look(staff.conversation_of_token, token_hash)

    async def notices(self, conversation_id: int, limit: int) -> Sequence[OutboxRow]:
        """See `Store.notices`."""
        return await self._read(staff.notices, conversation_id, limit)

    async def told_of_waiting(self, conversation_id: int) -> bool:
        """See `Store.told_of_waiting`."""
        return await self._read(window.told_of_waiting, conversation_id)

    async def notice_answered(self, channel_id: str, ids: Sequence[str]) -> OutboxRow | None:
        """See `Store.notice_answered`."""
        return await self._look(staff.notice_answered, channel_id, ids)

    async def personnel_request(self, request_id: int) -> PersonnelRow | None:
        """See `Store.personnel_request`."""
        return await self._look(staff.personnel_request, request_id)

    async def personnel_requests(
        self, *, post: str | None = None, waiting: bool = False, cursor: int | None = None, limit: int = 50
    ) -> Sequence[PersonnelRow]:
        """See `Store.personnel_requests`."""
        return await self._read(staff.personnel_requests, post=post, waiting=waiting, cursor=cursor, limit=limit)

    async def timer(self, timer_id: int) -> TimerRow | None:
        """See `Store.timer`."""
        return await self._look(casefile.timer, timer_id)

    async def outbox(self, outbox_id: int) -> OutboxRow | None:
        """See `Store.outbox`."""
        return await self._look(outbox.outbox, outbox_id)

    async def outgoing(self, outbox_id: int) -> Outgoing | None:
        """See `Store.outgoing`."""
        return await self._look(scene.outgoing, outbox_id)

    async def uncertain(self, before: Instant) -> Sequence[OutboxRow]:
        """See `Store.uncertain`."""
        return await self._read(outbox.uncertain, before)

    async def attempt_started(self, attempt_id: str) -> Instant | None:
        """See `Store.attempt_started`."""
        return await self._look(outbox.attempt_started, attempt_id)

    async def accesses(self, case_id: int) -> Sequence[AccessRow]:
        """See `Store.accesses`."""
        return await self._read(watching.accesses, case_id)

    async def same_file(self, case_id: int, mark: bytes) -> Sequence[Case]:
        """See `Store.same_file`."""
        return await self._read(watching.same_file, case_id, mark)

    async def cases_of(self, reporter_id: int) -> Sequence[Case]:
        """See `Store.cases_of`."""
        return await self._read(casefile.cases_of, reporter_id)

    async def expiring(self, rules: Rules, before: Instant, limit: int) -> Sequence[ExpiringRow]:
        """See `Store.expiring`."""
        return await self._read(erasing.expiring, rules, before, limit)

    # numbers

    async def tally(self, span: Span) -> Sequence[TallyRow]:
        """See `Store.tally`."""
        return await self._read(numbers.tally, span)

    async def waits(self, span: Span) -> Sequence[WaitRow]:
        """See `Store.waits`."""
        return await self._read(numbers.waits, span)

    async def completeness(self, span: Span) -> CompletenessRow:
        """See `Store.completeness`."""
        return await self._read(numbers.completeness, span)

    async def standing(self, now: Instant, hide_categories: Sequence[str]) -> Sequence[StandingRow]:
        """See `Store.standing`."""
        return await self._read(numbers.standing, now, hide_categories)

    async def numbers_in(self, span: Span, categories: Sequence[str]) -> Sequence[str]:
        """See `Store.numbers_in`."""
        return await self._read(numbers.numbers_in, span, categories)

    async def export(self, span: Span, after: int, limit: int) -> Sequence[ExportRow]:
        """See `Store.export`."""
        return await self._read(numbers.export, span, after, limit)

    async def begin_recovery(self, channel_id: str, now: Instant, until: Instant, every: Instant) -> Instant | None:
        """See `Store.begin_recovery`."""
        return await self._write(recovery.begin, channel_id, now, until, every)

    async def advance_recovery(self, channel_id: str, reached: Instant, found: int, now: Instant, due: Instant) -> None:
        """See `Store.advance_recovery`."""
        return await self._write(recovery.advance, channel_id, reached, found, now, due)

    async def postpone_recovery(self, channel_id: str, due: Instant) -> None:
        """See `Store.postpone_recovery`."""
        return await self._write(recovery.postpone, channel_id, due)

    async def take_turn(self, channel_id: str, now: Instant, pace: Pace) -> Instant | None:
        """See `Store.take_turn`."""
        return await self._write(recovery.take_turn, channel_id, now, pace)

    async def recoveries(self) -> Sequence[RecoveryRow]:
        """See `Store.recoveries`."""
        return await self._read(recovery.recoveries)

    async def counters(self) -> Counters:
        """See `Store.counters`."""
        return await self._read(due.counters)

    async def parked(self, cursor: int | None, limit: int) -> Sequence[InboxRow]:
        """See `Store.parked`."""
        return await self._read(inbox.parked, cursor, limit)

    async def dead(self, cursor: int | None, limit: int) -> Sequence[OutboxRow]:
        """See `Store.dead`."""
        return await self._read(outbox.dead, cursor, limit)

    async def heads(self, now: Instant, limit: int, *, far: bool = False) -> Sequence[Wake]:
        """See `Store.heads`."""
        if far:
            return await self._read(partial(due.heads, far=True), now, limit)
        return await self._look(due.heads, now, limit)

    async def next_due(self) -> Instant | None:
        """See `Store.next_due`."""
        return await self._look(due.next_due)

    async def oldest_work(self, now: Instant) -> Instant | None:
        """See `Store.oldest_work`."""
        return await self._read(due.oldest_work, now)
