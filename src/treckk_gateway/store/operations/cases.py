"""Cases, what they are made of, and who looked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from treckk_gateway.model import Case, Instant
from treckk_gateway.store.orders import CaseFilter, Change, FileEnd, Filing, Nearby, Split
from treckk_gateway.store.rows import (
    AccessRow,
    EventRow,
    Filed,
    FileRow,
    FileRows,
    MergeRow,
    NearbyRow,
    OpenedRow,
    OutcomeRow,
    PartyRow,
    ValueRow,
)


class CaseStore(Protocol):
    """What is known of cases, and what changes them."""

    async def file(self, wanted: Filing) -> Filed:
        """File an inbox row with all its consequences."""

    async def case(self, *, case_id: int | None = None, reference: str | None = None) -> Case | None:
        """A case by id or number."""

    async def open_cases(self, reporter_id: int) -> Sequence[Case]:
        """The reporter's open cases, newest first."""

    async def latest_case(self, reporter_id: int) -> Case | None:
        """The reporter's newest case, open or not."""

    async def cases_of(self, reporter_id: int) -> Sequence[Case]:
        """Every case of that reporter's own, oldest first."""

    async def cases(self, wanted: CaseFilter) -> Sequence[Case]:
        """Cases, newest first."""

    async def nearby(self, wanted: Nearby) -> Sequence[NearbyRow]:
        """Running cases of one district and some categories, opened since a moment, newest first."""

    async def earlier(self, case_id: int, limit: int) -> Sequence[OpenedRow]:
        """The cases that opened just before that one, newest first."""

    async def outcomes(self, reporter_id: int, but: int, limit: int) -> Sequence[OutcomeRow]:
        """The cases a reporter opened, newest first, without one of them, each with the last outcome it had."""

    async def is_party(self, case_id: int, reporter_id: int) -> bool:
        """Whether the reporter takes part in the case."""

    async def parties(self, case_id: int) -> Sequence[PartyRow]:
        """Who is told about a case."""

    async def case_of_reply(
        self, channel_id: str, token_hash: bytes | None, ids: Sequence[str]
    ) -> tuple[Case, PartyRow] | None:
        """The case a reply belongs to, by its secret token or by ids of messages we sent on that channel."""

    async def case_of_request(self, channel_id: str, dedupe_key: str) -> Case | None:
        """The case a request of that key became part of."""

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

    async def case_file(self, case_id: int) -> FileRows | None:
        """Everything kept of a case."""

    async def history(self, case_id: int) -> Sequence[EventRow]:
        """A case's events, oldest first."""

    async def form_values(self, case_id: int, fields: Collection[str]) -> Sequence[ValueRow]:
        """What was given for these fields of a case's form, oldest first."""

    async def log_access(self, case_id: int, actor: str, what: str, now: Instant, reason: bytes | None = None) -> None:
        """Write down who looked at what, and why (sealed)."""

    async def accesses(self, case_id: int) -> Sequence[AccessRow]:
        """Who looked at a case, the newest first, at most 1000."""

    async def same_file(self, case_id: int, mark: bytes) -> Sequence[Case]:
        """Other cases that hold a file of that mark, oldest first, at most 20."""

    async def file_row(self, file_id: int) -> FileRow | None:
        """A file with a message."""

    async def claim_files(self, now: Instant, until: Instant, limit: int) -> Sequence[FileRow]:
        """Files that lie elsewhere and are due; each is put off to `until` for others."""

    async def end_file(self, ended: FileEnd) -> None:
        """What became of a claimed file."""
