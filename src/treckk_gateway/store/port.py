"""The two ports behind which a database hides. Each operation is one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

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
    NewRequest,
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


class Store(Protocol):
    """Every operation is atomic, and durable when it returns.

    Raises `StoreBusy` past its bounds and `StoreUnavailable` when it is closed, full or broken; then nothing of the
    operation was stored.
    """

    # receiving
    async def intake_key(self, day: str, wrapped: bytes) -> bytes:
        """The wrapped key of that day, storing `wrapped` if there is none yet."""

    async def accept(self, request: NewRequest) -> tuple[bool, ...]:
        """Keep a request; for each item whether it is new. A known dedupe key adds nothing."""

    # intake
    async def inbox(self, inbox_id: int) -> InboxRow | None:
        """A stored item with its raw request."""

    async def park(self, inbox_id: int, reason: str) -> None:
        """Set an item aside for staff."""

    async def postpone(self, inbox_id: int, due_at: Instant) -> None:
        """Try an item again later; counts the attempt."""

    async def reporter(self, reporter_id: int) -> ReporterRow | None:
        """A reporter by id."""

    async def known_reporter(self, identities: Sequence[bytes]) -> ReporterRow | None:
        """The reporter any of these keyed identities belongs to."""

    async def ensure_reporter(
        self, identities: Sequence[bytes], pseudonym: str, wrapped: bytes, now: Instant
    ) -> ReporterRow:
        """The reporter of these identities, made if there is none; unknown identities are added to the known one."""

    async def acquaintance(
        self, identities: Sequence[bytes], channel_id: str, address_hash: bytes, limit: int
    ) -> Acquaintance:
        """Whoever one of the identities leads to, and the conversation with that address; at most `limit` messages."""

    async def meet(
        self,
        identities: Sequence[bytes],
        pseudonym: str,
        wrapped: bytes,
        now: Instant,
        conversation: NewConversation,
    ) -> tuple[ReporterRow, ConversationRow | None]:
        """The reporter as by `ensure_reporter`; if made, with the conversation, whose address that key has sealed."""

    async def known_conversation(self, channel_id: str, address_hash: bytes) -> ConversationRow | None:
        """The conversation with an address on a channel."""

    async def ensure_conversation(
        self,
        channel_id: str,
        address_hash: bytes,
        address: bytes,
        *,
        reporter_id: int | None = None,
        staff: str | None = None,
    ) -> ConversationRow:
        """The conversation, made if there is none."""

    async def conversation(self, conversation_id: int) -> ConversationRow | None:
        """A conversation by id."""

    async def recent_messages(self, conversation_id: int, limit: int) -> Sequence[MessageRow]:
        """The last messages of a conversation, newest first."""

    async def file(self, wanted: Filing) -> Filed:
        """File an inbox row with all its consequences."""

    async def hear(self, heard: Heard) -> None:
        """File a delivery receipt."""

    async def sent_as(
        self, channel_id: str, delivery_id: str | None, provider_message_id: str | None
    ) -> OutboxRow | None:
        """The message of ours that a receipt names, by our id or the provider's."""

    # cases
    async def case(self, *, case_id: int | None = None, reference: str | None = None) -> Case | None:
        """A case by id or number."""

    async def open_cases(self, reporter_id: int) -> Sequence[Case]:
        """The reporter's open cases, newest first."""

    async def nearby(self, wanted: Nearby) -> Sequence[NearbyRow]:
        """Running cases of one district and some categories, opened since a moment, newest first."""

    async def earlier(self, case_id: int, limit: int) -> Sequence[OpenedRow]:
        """The cases that opened just before that one, newest first."""

    async def outcomes(self, reporter_id: int, but: int, limit: int) -> Sequence[OutcomeRow]:
        """The cases a reporter opened, newest first, without one of them, each with the last outcome it had."""

    async def latest_case(self, reporter_id: int) -> Case | None:
        """The reporter's newest case, open or not."""

    async def is_party(self, case_id: int, reporter_id: int) -> bool:
        """Whether the reporter takes part in the case."""

    async def case_of_reply(
        self, channel_id: str, token_hash: bytes | None, ids: Sequence[str]
    ) -> tuple[Case, PartyRow] | None:
        """The case a reply belongs to, by its secret token or by ids of messages we sent on that channel."""

    async def case_of_request(self, channel_id: str, dedupe_key: str) -> Case | None:
        """The case a request of that key became part of."""

    async def parties(self, case_id: int) -> Sequence[PartyRow]:
        """Who is told about a case."""

    async def change(self, wanted: Change) -> Case | None:
        """Apply a change; `None` when the case is no longer at `wanted.version` and nothing happened.

        Whatever may move a case's clocks, here and in `file`, makes its `clock` timer due in the same transaction: the
        opening, a step, what people write or confirm, and a message while the case waits for one.
        """

    async def merge_of(self, case_id: int) -> MergeRow | None:
        """The merge that made this case part of another, unless it was undone."""

    async def root(self, case_id: int) -> Case | None:
        """The case in which this one goes on: itself, unless it was merged."""

    async def split(self, wanted: Split) -> Filed:
        """Make a case of its own of one message; `stale` when the case or the message moved on."""

    async def cases(self, wanted: CaseFilter) -> Sequence[Case]:
        """Cases, newest first."""

    async def case_file(self, case_id: int) -> FileRows | None:
        """Everything kept of a case."""

    async def form_values(self, case_id: int, fields: Collection[str]) -> Sequence[ValueRow]:
        """What was given for these fields of a case's form, oldest first."""

    async def log_access(self, case_id: int, actor: str, what: str, now: Instant, reason: bytes | None = None) -> None:
        """Write down who looked at what, and why (sealed)."""

    async def accesses(self, case_id: int) -> Sequence[AccessRow]:
        """Who looked at a case, the newest first, at most 1000."""

    async def same_file(self, case_id: int, mark: bytes) -> Sequence[Case]:
        """Other cases that hold a file of that mark, oldest first, at most 20."""

    async def cases_of(self, reporter_id: int) -> Sequence[Case]:
        """Every case of that reporter's own, oldest first."""

    async def erase(self, wanted: Erasure) -> tuple[str, ...] | None:
        """Destroy a reporter's key and everything sealed under it, and leave the stub; the names of files to remove.

        `None` when one of the cases moved on, or they were erased already; then nothing happened.
        """

    async def expiring(self, rules: Rules, before: Instant, limit: int) -> Sequence[ExpiringRow]:
        """Reporters whose retention ends before that moment, the earliest first."""

    async def history(self, case_id: int) -> Sequence[EventRow]:
        """A case's events, oldest first."""

    # files
    async def file_row(self, file_id: int) -> FileRow | None:
        """A file with a message."""

    async def claim_files(self, now: Instant, until: Instant, limit: int) -> Sequence[FileRow]:
        """Files that lie elsewhere and are due; each is put off to `until` for others."""

    async def end_file(self, ended: FileEnd) -> None:
        """What became of a claimed file."""

    # the unit's own people
    async def conversation_token(self, conversation_id: int, token_hash: bytes, sealed: bytes) -> bytes:
        """The sealed secret of a conversation's reply address, storing the one given if there is none yet."""

    async def conversation_of_token(self, token_hash: bytes) -> int | None:
        """The conversation that a reply address's secret belongs to."""

    async def notices(self, conversation_id: int, limit: int) -> Sequence[OutboxRow]:
        """What somebody of the unit was sent in a conversation, newest first; what never left is none of it."""

    async def told_of_waiting(self, conversation_id: int) -> bool:
        """Whether they were told that something waits, and have not written since."""

    async def notice_answered(self, channel_id: str, ids: Sequence[str]) -> OutboxRow | None:
        """The message of ours that one of these provider's ids names."""

    async def next_number(self, name: str) -> int:
        """The next number of a row of numbers; one that is not used leaves a gap."""

    async def personnel_request(self, request_id: int) -> PersonnelRow | None:
        """A request for people by its number."""

    async def personnel_requests(
        self, *, post: str | None = None, waiting: bool = False, cursor: int | None = None, limit: int = 50
    ) -> Sequence[PersonnelRow]:
        """Requests for people, newest first, below the id `cursor`."""

    # timers
    async def timer(self, timer_id: int) -> TimerRow | None:
        """A timer that still waits."""

    async def finish_timer(self, timer_id: int) -> None:
        """The timer's work is done."""

    async def postpone_timer(self, timer_id: int, due_at: Instant) -> None:
        """Look at a timer again later."""

    async def set_clocks(self, found: ClocksSet) -> bool:
        """Keep what was found about a case's clocks, and when to look again.

        False when the case is no longer as it was read, and nothing happened: its timer is still due.
        """

    async def recount(self, rules: str, now: Instant) -> int:
        """Make all clocks due when `rules` (a digest of calendar and limits) are not those of last time; how many."""

    # sending
    async def outbox(self, outbox_id: int) -> OutboxRow | None:
        """A message to send."""

    async def outgoing(self, outbox_id: int) -> Outgoing | None:
        """A message to send, with what decides whether and how."""

    async def begin_send(self, start: Start) -> Go | NotYet | Nothing:
        """Commit `sending` with its attempt, if the row may be sent now."""

    async def record(self, ended: Ended) -> bool:
        """The attempt's end; false when the row had moved on and only the fact was kept."""

    async def hold(
        self,
        outbox_id: int,
        state: str,
        reason: str | None,
        due_at: Instant | None,
        *,
        unless_open: Instant | None = None,
    ) -> None:
        """Set a queued row aside without an attempt: `held`, `cancelled`, `dead`, or `queued` for later.

        Nothing happens where the reply window reaches `unless_open` or later: its recipient wrote meanwhile.
        """

    async def recover(self, now: Instant) -> int:
        """At start: what was being sent when the process ended is uncertain. Returns how many."""

    async def uncertain(self, before: Instant) -> Sequence[OutboxRow]:
        """Uncertain rows whose attempt began before that moment."""

    async def attempt_started(self, attempt_id: str) -> Instant | None:
        """When an attempt began."""

    async def end_intake_keys(self, before: int) -> int:
        """Destroy the keys of days (since the epoch) before that, where nothing new waits; how many parked end."""

    # messages whose webhook never came
    async def begin_recovery(self, channel_id: str, now: Instant, until: Instant, every: Instant) -> Instant | None:
        """Take the look that is due, which nobody else takes before `until`; from when on, `None` when none is due."""

    async def advance_recovery(self, channel_id: str, reached: Instant, found: int, now: Instant, due: Instant) -> None:
        """Everything until `reached` was taken in, `found` of it new; the next look, or part of one, is at `due`."""

    async def postpone_recovery(self, channel_id: str, due: Instant) -> None:
        """The provider could not say: the same look again at `due`."""

    async def take_turn(self, channel_id: str, now: Instant, pace: Pace) -> Instant | None:
        """Take a slot of the channel's rate; otherwise when one will be free."""

    async def recoveries(self) -> Sequence[RecoveryRow]:
        """How far each channel got."""

    # for staff
    async def counters(self) -> Counters:
        """The books."""

    async def parked(self, cursor: int | None, limit: int) -> Sequence[InboxRow]:
        """Parked items, newest first, below the id `cursor`."""

    async def unpark(self, inbox_id: int, now: Instant) -> bool:
        """Back to new; false when it was not parked."""

    async def dead(self, cursor: int | None, limit: int) -> Sequence[OutboxRow]:
        """Dead letters and uncertain sends, newest first, below the id `cursor`."""

    async def revive(self, outbox_id: int, event: NewEvent | None, now: Instant) -> bool:
        """Queue a dead letter again and note it on its case; false when it was not dead or uncertain."""

    async def lift(self, case_id: int, event: NewEvent, now: Instant) -> int:
        """Let messages leave again for addresses of a case's reporter that were set aside, and note it on the case.

        Who opted out stays so. How many addresses that were; without any nothing is noted.
        """

    # numbers
    async def tally(self, span: Span) -> Sequence[TallyRow]:
        """Cases opened in the span, counted by all they may be told apart by."""

    async def waits(self, span: Span) -> Sequence[WaitRow]:
        """How long the steps of cases opened in the span took: everywhere, and in each district."""

    async def completeness(self, span: Span) -> CompletenessRow:
        """How complete cases opened in the span were when leadership first instructed."""

    async def standing(self, now: Instant, hide_categories: Sequence[str]) -> Sequence[StandingRow]:
        """All cases by their state now."""

    async def numbers_in(self, span: Span, categories: Sequence[str]) -> Sequence[str]:
        """The numbers of cases of these categories opened in the span, oldest first, at most 200."""

    async def export(self, span: Span, after: int, limit: int) -> Sequence[ExportRow]:
        """Cases opened in the span with an id above `after`, oldest first."""

    # housekeeping
    async def heads(self, now: Instant, limit: int, *, far: bool = False) -> Sequence[Wake]:
        """What is due, the first of each lane only; of new items channels take turns.

        With `far` a long row of one channel's new items is looked past for those of others, which costs more.
        """

    async def rewind(self, now: Instant, last: Instant | None = None) -> int:
        """The clock was set back from `last`, or from the newest row's time: what was due by then is due now.

        A wait for another try keeps its length. How many rows that moved.
        """

    async def next_due(self) -> Instant | None:
        """When the next row falls due."""

    @property
    def alive(self) -> bool:
        """Whether writes can be taken."""

    async def open(self) -> None:
        """Lock, migrate, start."""

    async def close(self) -> None:
        """Finish what is queued, then let go of everything."""


class Wakeups(Protocol):
    """The whole surface of an engine: rows are the truth, a wake-up is a hint."""

    @property
    def busy(self) -> bool:
        """Whether any handler runs here."""

    def hint(self) -> None:
        """Something may be due now."""

    async def run(self, handler: Callable[[Wake], Awaitable[None]]) -> None:
        """Call `handler` for due rows, one at a time per lane, until stopped."""

    async def stop(self, grace: float) -> None:
        """Start nothing new, wait up to `grace` seconds, then cancel."""
