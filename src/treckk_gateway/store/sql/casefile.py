"""Reading cases."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from treckk_gateway.model import Case, EventKind, Intent, Questions, Role, State, Urgency
from treckk_gateway.model.lifecycle import FINAL, OPEN, SETTLED
from treckk_gateway.store.orders import CaseFilter, Nearby
from treckk_gateway.store.rows import (
    EventRow,
    FileRows,
    FindingRow,
    NearbyRow,
    OpenedRow,
    OutcomeRow,
    PartyRow,
    TimerRow,
    ValueRow,
)
from treckk_gateway.store.sql import files, merging, people
from treckk_gateway.store.sql import outbox as sent
from treckk_gateway.store.sql.connection import Connection

COLUMNS = (
    "cases.id, cases.reference, cases.state, cases.version, cases.channel_id, cases.intent, cases.urgency, cases.post,"
    " cases.category, cases.district, cases.village, cases.language, cases.flags, cases.opened_at, cases.changed_at,"
    " cases.reporter_id, cases.missing, cases.questions, cases.completeness, cases.completeness_at_instruct,"
    " cases.taken, cases.due_at"
)
_PARTY = (
    "case_party.id, case_party.case_id, case_party.reporter_id, case_party.conversation_id, case_party.sealed_token,"
    " case_party.origin_id"
)
# Whose part in a merged case has ended is back in the case they reported.
_REACHED = (
    "case_party.id, CASE WHEN case_party.until IS NULL THEN case_party.case_id ELSE coalesce(case_party.origin_id,"
    " case_party.case_id) END, case_party.reporter_id, case_party.conversation_id, case_party.sealed_token,"
    " case_party.origin_id"
)
_RUNNING_STATES = ", ".join(f"'{state}'" for state in sorted(OPEN - SETTLED))
_OUTCOMES = ", ".join(f"'{state}'" for state in sorted((SETTLED | FINAL) - {State.CLOSED}))
"""States that say what became of a case; that it was closed then does not."""
_OPEN_STATES = ", ".join(f"'{state}'" for state in sorted(OPEN))
_SEARCHED = ("reference", "category", "district", "village")
_STATES = {one.value: one for one in State}
_INTENTS = {one.value: one for one in Intent}
_URGENCIES = {one.value: one for one in Urgency}
_words = msgspec.json.Decoder(tuple[str, ...]).decode
_asked = msgspec.json.Decoder(Questions).decode


def row_of(row: tuple[object, ...]) -> Case:
    """A case from the columns `COLUMNS`."""
    (case_id, reference, state, version, channel_id, intent, urgency, *rest) = row
    post, category, district, village, language, flags, opened_at, changed_at, reporter_id, *form = rest
    missing, questions, completeness, completeness_at_instruct, taken, due_at = form
    return Case(
        case_id=case_id,  # type: ignore[arg-type]
        reference=reference,  # type: ignore[arg-type]
        state=_STATES[state],  # type: ignore[index]
        version=version,  # type: ignore[arg-type]
        channel_id=channel_id,  # type: ignore[arg-type]
        intent=_INTENTS[intent],  # type: ignore[index]
        urgency=_URGENCIES[urgency],  # type: ignore[index]
        post=post,  # type: ignore[arg-type]
        category=category,  # type: ignore[arg-type]
        district=district,  # type: ignore[arg-type]
        village=village or None,  # type: ignore[arg-type]
        language=language,  # type: ignore[arg-type]
        flags=_words(str(flags)),
        opened_at=opened_at,  # type: ignore[arg-type]
        changed_at=changed_at,  # type: ignore[arg-type]
        reporter_id=reporter_id,  # type: ignore[arg-type]
        missing=_words(str(missing)),
        questions=_asked(str(questions)),
        completeness=completeness,  # type: ignore[arg-type]
        completeness_at_instruct=completeness_at_instruct,  # type: ignore[arg-type]
        taken=taken or None,  # type: ignore[arg-type]
        due_at=due_at,  # type: ignore[arg-type]
    )


def case(connection: Connection, case_id: int | None = None, reference: str | None = None) -> Case | None:
    """A case by id or number."""
    where, value = ("id", case_id) if case_id is not None else ("reference", reference)
    found = connection.execute(f"SELECT {COLUMNS} FROM cases WHERE {where} = ?", (value,)).fetchone()  # noqa: S608 constant text
    return row_of(found) if found else None


def root(connection: Connection, case_id: int) -> Case | None:
    """The case in which this one goes on: itself, unless it was merged."""
    return case(connection, merging.chain(connection, case_id)[-1])


def open_cases(connection: Connection, reporter_id: int) -> Sequence[Case]:
    """The reporter's open cases, newest first."""
    query = (
        f"SELECT {COLUMNS} FROM cases WHERE state IN ({_OPEN_STATES}) AND id IN"  # noqa: S608 constant text
        " (SELECT case_id FROM case_party WHERE reporter_id = ? AND until IS NULL) ORDER BY id DESC LIMIT 20"
    )
    return [row_of(row) for row in connection.execute(query, (reporter_id,))]


def earlier(connection: Connection, case_id: int, limit: int) -> Sequence[OpenedRow]:
    """The cases that opened just before that one, newest first."""
    query = "SELECT opened_at, urgency, category FROM cases WHERE id < ? ORDER BY id DESC LIMIT ?"
    return [OpenedRow(*row) for row in connection.execute(query, (case_id, limit))]


def nearby(connection: Connection, wanted: Nearby) -> Sequence[NearbyRow]:
    """Running cases that may be one incident, newest first."""
    here = " AND (village = ? OR village IS NULL)" if wanted.village is not None else ""
    query = (
        f"SELECT id, reference, category, district, village, opened_at FROM cases WHERE district = ?{here}"  # noqa: S608
        " AND opened_at >= ? AND id <> ?"
        f" AND state IN ({_RUNNING_STATES}) AND category IN ({', '.join('?' * len(wanted.categories))})"
        " ORDER BY opened_at DESC LIMIT ?"
    )
    place = (wanted.district,) if wanted.village is None else (wanted.district, wanted.village)
    values = (*place, wanted.since, wanted.but, *wanted.categories, wanted.limit)
    return [NearbyRow(*row) for row in connection.execute(query, values)]


def outcomes(connection: Connection, reporter_id: int, but: int, limit: int) -> Sequence[OutcomeRow]:
    """The cases a reporter opened, newest first, without one of them, each with the last outcome it had."""
    found = connection.execute(
        f"SELECT {COLUMNS}, target, sealed_data FROM cases LEFT JOIN case_event ON case_event.case_id = cases.id"  # noqa: S608
        f" AND seq = (SELECT max(seq) FROM case_event WHERE case_id = cases.id AND target IN ({_OUTCOMES}))"
        " WHERE reporter_id = ? AND id <> ? ORDER BY id DESC LIMIT ?",
        (reporter_id, but, limit),
    )
    return [
        OutcomeRow(case=row_of(row[:-2]), outcome=State(row[-2]) if row[-2] else None, data=row[-1]) for row in found
    ]


def latest_case(connection: Connection, reporter_id: int) -> Case | None:
    """The reporter's newest case, open or not."""
    found = connection.execute(
        f"SELECT {COLUMNS} FROM cases WHERE id = (SELECT max(case_id) FROM case_party WHERE reporter_id = ?)",  # noqa: S608
        (reporter_id,),
    ).fetchone()
    return row_of(found) if found else None


def cases_of(connection: Connection, reporter_id: int) -> Sequence[Case]:
    """Every case of a reporter's own, oldest first."""
    query = f"SELECT {COLUMNS} FROM cases WHERE reporter_id = ? ORDER BY id"  # noqa: S608 constant text
    return [row_of(row) for row in connection.execute(query, (reporter_id,))]


def is_party(connection: Connection, case_id: int, reporter_id: int) -> bool:
    """Whether the reporter takes part in the case."""
    query = "SELECT 1 FROM case_party WHERE case_id = ? AND reporter_id = ? AND until IS NULL LIMIT 1"
    return connection.execute(query, (case_id, reporter_id)).fetchone() is not None


def case_of_reply(
    connection: Connection, channel_id: str, token_hash: bytes | None, ids: Sequence[str]
) -> tuple[Case, PartyRow] | None:
    """By the secret token first, then by ids of messages we sent on that channel, the newest id first."""
    if token_hash is not None:
        found = connection.execute(f"SELECT {_REACHED} FROM case_party WHERE token_hash = ?", (token_hash,)).fetchone()  # noqa: S608
        if found:
            return _with_case(connection, found)
    for one in reversed(ids):
        found = connection.execute(
            f"SELECT {_REACHED} FROM attempt JOIN outbox ON outbox.id = attempt.outbox_id"  # noqa: S608 constant text
            " JOIN case_party ON case_party.case_id = outbox.case_id AND case_party.conversation_id ="
            " outbox.conversation_id"
            " WHERE attempt.channel_id = ? AND attempt.provider_message_id = ?"
            " ORDER BY case_party.until IS NOT NULL, case_party.id LIMIT 1",
            (channel_id, one),
        ).fetchone()
        if found:
            return _with_case(connection, found)
    return None


def case_of_request(connection: Connection, channel_id: str, dedupe_key: str) -> Case | None:
    """The case a stored request became part of."""
    found = connection.execute(
        "SELECT case_id FROM message JOIN inbox ON inbox.id = inbox_id WHERE channel_id = ? AND dedupe_key = ?",
        (channel_id, dedupe_key),
    ).fetchone()
    return case(connection, found[0]) if found and found[0] is not None else None


def _with_case(connection: Connection, found: tuple[object, ...]) -> tuple[Case, PartyRow] | None:
    party = _party(found)
    known = case(connection, party.case_id)
    return (known, party) if known else None


def _party(row: tuple[object, ...]) -> PartyRow:
    names = ("id", "case_id", "reporter_id", "conversation_id", "token", "origin_id")
    return PartyRow(**dict(zip(names, row, strict=True)))  # type: ignore[arg-type]


def parties(connection: Connection, case_id: int) -> Sequence[PartyRow]:
    """Who takes part in a case now."""
    query = f"SELECT {_PARTY} FROM case_party WHERE case_id = ? AND until IS NULL ORDER BY id"  # noqa: S608 constant text
    return [_party(row) for row in connection.execute(query, (case_id,))]


def cases(connection: Connection, wanted: CaseFilter) -> Sequence[Case]:
    """Cases, newest first."""
    clauses, values = ["id < ?"], [wanted.cursor or 1 << 62]
    _among(clauses, values, "state", wanted.states)
    if wanted.posts is not None:
        _among(clauses, values, "post", wanted.posts or ("-",))
    for ways in wanted.words:
        marks = ", ".join("?" * len(ways))
        clauses.append("(" + " OR ".join(f"{one} IN ({marks})" for one in _SEARCHED) + ")")
        values.extend(ways * len(_SEARCHED))  # type: ignore[arg-type]
    if wanted.hide_categories:
        marks = ", ".join("?" * len(wanted.hide_categories))
        clauses.append(f"(category IS NULL OR category NOT IN ({marks}))")
        values.extend(wanted.hide_categories)  # type: ignore[arg-type]
    for flag in wanted.hide_flags:
        clauses.append("flags NOT LIKE ?")
        values.append(f'%"{flag}"%')  # type: ignore[arg-type]
    if wanted.reporter_id is not None:
        clauses.append("id IN (SELECT case_id FROM case_party WHERE reporter_id = ?)")
        values.append(wanted.reporter_id)
    if wanted.due_by is not None:
        clauses.append("due_at <= ?")
        values.append(wanted.due_by)
    query = f"SELECT {COLUMNS} FROM cases WHERE {' AND '.join(clauses)} ORDER BY id DESC LIMIT ?"  # noqa: S608 constant text
    return [row_of(row) for row in connection.execute(query, (*values, wanted.limit))]


def _among(clauses: list[str], values: list[int], column: str, wanted: Sequence[str]) -> None:
    if wanted:
        clauses.append(f"{column} IN ({', '.join('?' * len(wanted))})")
        values.extend(wanted)  # type: ignore[arg-type]


def events(connection: Connection, case_id: int) -> tuple[EventRow, ...]:
    """A case's history, oldest first."""
    query = (
        "SELECT seq, at, actor, role, kind, source, target, sealed_data, promised FROM case_event"
        " WHERE case_id = ? ORDER BY seq"
    )
    return tuple(
        EventRow(
            seq=row[0],
            at=row[1],
            actor=row[2],
            role=Role(row[3]),
            kind=EventKind(row[4]),
            source=State(row[5]) if row[5] else None,
            target=State(row[6]) if row[6] else None,
            data=row[7],
            promised=row[8],
        )
        for row in connection.execute(query, (case_id,))
    )


def case_file(connection: Connection, case_id: int) -> FileRows | None:
    """Everything kept of one case, read in one transaction."""
    with connection.snapshot():
        known = case(connection, case_id)
        if known is None:
            return None
        parts = merging.subtree(connection, case_id)
        among = f"case_id IN ({', '.join('?' * len(parts))})"
        messages = connection.execute(f"SELECT {people.MESSAGE} FROM message WHERE {among} ORDER BY id", parts)  # noqa: S608
        kept = files.of_messages(connection, among, parts)
        found = connection.execute(
            "SELECT at, step, field, confidence, sealed_data FROM finding WHERE case_id = ? ORDER BY id", (case_id,)
        )
        values = connection.execute(
            "SELECT field, by_staff, at, sealed_value FROM form_value WHERE case_id = ? ORDER BY id", (case_id,)
        )
        return FileRows(
            case=known,
            events=events(connection, case_id),
            messages=tuple(people.message(row) for row in messages),
            outbox=tuple(sent.of_case(connection, case_id)),
            attempts=tuple(sent.attempts_of_case(connection, case_id)),
            findings=tuple(FindingRow(at=r[0], step=r[1], field=r[2], confidence=r[3], data=r[4]) for r in found),
            parties=tuple(parties(connection, case_id)),
            attachments=tuple(kept),
            values=tuple(_value(row) for row in values),
            parent=merging.parent_number(connection, case_id),
            merged=merging.merged_numbers(connection, parts[1:]),
        )


def form_values(connection: Connection, case_id: int, fields: Collection[str]) -> tuple[ValueRow, ...]:
    """What was given for these fields of a form, oldest first."""
    if not fields:
        return ()
    found = connection.execute(
        "SELECT field, by_staff, at, sealed_value FROM form_value"  # noqa: S608 marks only
        f" WHERE case_id = ? AND field IN ({', '.join('?' * len(fields))}) ORDER BY id",
        (case_id, *sorted(fields)),
    )
    return tuple(_value(row) for row in found)


def _value(row: tuple[object, ...]) -> ValueRow:
    field, by_staff, at, sealed = row
    return ValueRow(field=str(field), by_staff=bool(by_staff), at=at, value=sealed)  # type: ignore[arg-type]


def timer(connection: Connection, timer_id: int) -> TimerRow | None:
    """A timer that still waits."""
    found = connection.execute(
        "SELECT id, case_id, kind, instance, due FROM timer WHERE id = ? AND state = 'queued'", (timer_id,)
    ).fetchone()
    return TimerRow(id=found[0], case_id=found[1], kind=found[2], instance=found[3], due=found[4]) if found else None
