"""Filing an inbox row with all its consequences, and changing a case: each one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec.structs import asdict, replace

from treckk_gateway.model import Case, Instant
from treckk_gateway.store.orders import (
    CaseFields,
    Change,
    Draft,
    Filing,
    FirstClocks,
    Further,
    Merge,
    NewCase,
    NewFinding,
    NewMessage,
    NewPersonnel,
    NewRequest,
    NewTimer,
    NewValue,
    PersonnelAnswer,
    Split,
    Undo,
)
from treckk_gateway.store.rows import Filed, Topic
from treckk_gateway.store.sql import casefile, clocks, history, inbox, merging, people, staff, watching
from treckk_gateway.store.sql.connection import Connection

_LISTS = frozenset({"flags", "missing"})
_TOGETHER = 100


def file(connection: Connection, filing: Filing) -> Filed:
    """Apply a filing once; a row that is no longer new changes nothing."""
    if filing.request is not None:
        known = _keep(connection, filing.request)
        if isinstance(known, Filed):
            return known
        filing = replace(filing, inbox_id=known, request=None)
    drafts = (*filing.drafts, *(filing.further.drafts if filing.further else ()))
    _lock(connection, filing.case_id, drafts, filing.message.conversation_id if filing.message else None)
    if filing.finishes is not None and casefile.timer(connection, filing.finishes) is None:
        return Filed(fresh=False, case_id=filing.case_id)
    if _moved_on(connection, filing) or _answered(connection, filing):
        return Filed(fresh=False, stale=True)
    if filing.inbox_id is not None and not inbox.mark_filed(connection, filing.inbox_id):
        return Filed(fresh=False)
    case_id = filing.case_id
    if filing.fields is not None and case_id is not None:
        set_fields(connection, case_id, None, filing.fields, filing.now)
    if filing.opens is not None:
        case_id = _open(connection, filing.opens, filing.clocks, filing.now)
    message_id = None
    if filing.message is not None:
        message_id = _message(connection, filing.message, filing, case_id)
        if filing.conversation is not None and filing.message.conversation_id is not None:
            people.touch(connection, filing.message.conversation_id, filing.conversation)
    connection.executemany("UPDATE message SET case_id = ? WHERE id = ?", [(case_id, one) for one in filing.earlier])
    reference = _consequences(connection, filing, case_id)
    return Filed(fresh=True, case_id=case_id, reference=reference, message_id=message_id)


def _keep(connection: Connection, request: NewRequest) -> int | Filed:
    """The id of a request kept just now, or what its first copy became."""
    fresh = inbox.accept(connection, request)[0]
    inbox_id, case_id = connection.execute(
        "SELECT inbox.id, message.case_id FROM inbox LEFT JOIN message ON message.inbox_id = inbox.id"
        " WHERE inbox.channel_id = ? AND dedupe_key = ?",
        (request.channel_id, request.items[0].dedupe_key),
    ).fetchone()
    if fresh:
        return int(inbox_id)
    known = casefile.case(connection, case_id) if case_id is not None else None
    return Filed(fresh=False, case_id=case_id, reference=known.reference if known else None)


def _answered(connection: Connection, filing: Filing) -> bool:
    """Whether the request for people that this answers was answered meanwhile."""
    if not isinstance(filing.personnel, PersonnelAnswer):
        return False
    connection.lock(keys=(f"personnel {filing.personnel.id}".encode(),))
    known = staff.personnel_request(connection, filing.personnel.id)
    return known is None or known.granted is not None


def _consequences(connection: Connection, filing: Filing, case_id: int | None) -> str | None:
    """Everything that follows; the number of a case that was opened."""
    seq = None
    if isinstance(filing.personnel, NewPersonnel):
        staff.ask_personnel(connection, filing.personnel, filing.now)
    elif filing.personnel is not None:
        staff.answer_personnel(connection, filing.personnel, filing.now)
    if case_id is not None:
        seq = history.append(connection, case_id, filing.event, filing.now) if filing.event else None
        find(connection, case_id, filing.findings, filing.now)
        fill(connection, case_id, filing.values, filing.now)
        set_timers(connection, case_id, filing.timers)
        looked_at = filing.clocks.wake if filing.clocks is not None else filing.now
        clocks.wake(connection, case_id, filing.event, filing.fields, looked_at)
    origin = f"case:{case_id}/{seq}" if seq is not None else f"inbox:{filing.inbox_id}"
    if filing.finishes is not None:
        origin = f"timer:{filing.finishes}"
        finish_timer(connection, filing.finishes)
    queue(connection, filing.drafts, case_id, seq, origin, filing.now)
    if filing.further is not None and case_id is not None:
        _follow(connection, filing.further, case_id, filing.now)
    if filing.opens is None or case_id is None:
        return None
    return _number(connection, case_id, filing.opens, filing.now)


def _follow(connection: Connection, further: Further, case_id: int, now: Instant) -> None:
    set_fields(connection, case_id, None, further.fields, now)
    seq = history.append(connection, case_id, further.event, now)
    set_timers(connection, case_id, further.timers)
    clocks.wake(connection, case_id, further.event, further.fields, now)
    queue(connection, further.drafts, case_id, seq, f"case:{case_id}/{seq}", now)


def change(connection: Connection, wanted: Change) -> Case | None:
    """Apply a change decided on `version`; `None` when the case moved on since.

    When the timer it finishes was finished before, its work is done and nothing happens again.
    """
    _lock(connection, wanted.case_id, wanted.drafts, others=_others(wanted))
    if wanted.finishes is not None and casefile.timer(connection, wanted.finishes) is None:
        return casefile.case(connection, wanted.case_id)
    if not _possible(connection, wanted) or not set_fields(
        connection, wanted.case_id, wanted.version, wanted.fields, wanted.now
    ):
        return None
    if wanted.merge is not None:
        _join(connection, wanted.case_id, wanted.merge, wanted.now)
    if wanted.undo is not None:
        _leave(connection, wanted.case_id, wanted.undo, wanted.now)
    seq = history.append(connection, wanted.case_id, wanted.event, wanted.now) if wanted.event else None
    find(connection, wanted.case_id, wanted.findings, wanted.now)
    fill(connection, wanted.case_id, wanted.values, wanted.now)
    set_timers(connection, wanted.case_id, wanted.timers)
    clocks.wake(connection, wanted.case_id, wanted.event, wanted.fields, wanted.now)
    origin = f"case:{wanted.case_id}/{seq if seq is not None else f'v{wanted.version}'}"
    queue(connection, wanted.drafts, wanted.case_id, seq, origin, wanted.now)
    if wanted.finishes is not None:
        finish_timer(connection, wanted.finishes)
    return casefile.case(connection, wanted.case_id)


def _lock(
    connection: Connection,
    case_id: int | None,
    drafts: Sequence[Draft],
    conversation_id: int | None = None,
    others: Iterable[int] = (),
) -> None:
    conversations = {one.conversation_id for one in drafts}
    if conversation_id is not None:
        conversations.add(conversation_id)
    cases = sorted({*others, *([] if case_id is None else [case_id])})
    connection.lock(conversations=sorted(conversations), case_id=cases[0] if cases else None)
    for one in cases[1:]:
        connection.lock(case_id=one)


def _others(wanted: Change) -> Iterable[int]:
    """The other cases a merge or its undoing changes."""
    if wanted.merge is not None:
        return (wanted.merge.parent_id,)
    return (wanted.undo.parent_id, wanted.undo.root_id) if wanted.undo is not None else ()


def split(connection: Connection, wanted: Split) -> Filed:
    """One message opens a case of its own."""
    _lock(connection, wanted.case_id, wanted.filing.drafts)
    there = connection.execute(
        "SELECT 1 FROM message WHERE id = ? AND case_id = ?", (wanted.message_id, wanted.case_id)
    ).fetchone()
    if there is None or not set_fields(connection, wanted.case_id, wanted.version, CaseFields(), wanted.filing.now):
        return Filed(fresh=False, stale=True)
    history.append(connection, wanted.case_id, wanted.event, wanted.filing.now)
    return file(connection, wanted.filing)


def _possible(connection: Connection, wanted: Change) -> bool:
    """Whether the other case of a merge or its undoing is still as the decision saw it; asked before anything moves."""
    merge, undo = wanted.merge, wanted.undo
    if merge is not None and not stands(connection, merge.parent_id, merge.parent_version):
        return False
    if undo is None:
        return True
    held = merging.merge_of(connection, wanted.case_id)
    return (
        held is not None
        and held.parent_id == undo.parent_id
        and stands(connection, undo.root_id, undo.root_version)
        and stands(connection, wanted.case_id, wanted.version)
    )


def _join(connection: Connection, case_id: int, merge: Merge, now: Instant) -> None:
    set_fields(connection, merge.parent_id, None, CaseFields(flags=merge.flags), now)
    merging.join(connection, case_id, merge, now)
    history.append(connection, merge.parent_id, merge.event, now)


def _leave(connection: Connection, case_id: int, undo: Undo, now: Instant) -> None:
    above = merging.leave(connection, case_id, now)
    for one in above:
        flags = merging.flags_now(connection, one)
        set_fields(connection, one, None, CaseFields(flags=flags), now)
        if one in {undo.parent_id, undo.root_id}:
            history.append(connection, one, undo.event if one == undo.parent_id else undo.root_event, now)
    # Its reporters were told the parent's versions on top of its own: what follows must count on from there.
    connection.execute("UPDATE cases SET version = version + ? WHERE id = ?", (undo.root_version, case_id))


def _moved_on(connection: Connection, filing: Filing) -> bool:
    """Whether the case changed since the decision, or the writer was erased: nothing may be sealed under that key."""
    if filing.version is not None and not stands(connection, filing.case_id, filing.version):
        return True
    return filing.message is not None and people.is_erased(connection, filing.message.reporter_id)


def stands(connection: Connection, case_id: int | None, version: int | None) -> bool:
    """Whether the case is still at that version."""
    query = "SELECT 1 FROM cases WHERE id = ? AND version = ?"
    return connection.execute(query, (case_id, version)).fetchone() is not None


def set_fields(connection: Connection, case_id: int, version: int | None, fields: CaseFields, now: Instant) -> bool:
    """Set what is given, and count the change; false when the case is no longer at `version`."""
    values = {name: value for name, value in asdict(fields).items() if value is not None}
    for name in _LISTS & values.keys():
        values[name] = msgspec.json.encode(values[name]).decode()
    if fields.questions is not None:
        values["questions"] = msgspec.json.encode(fields.questions).decode()
    sets = "".join(f", {name} = :{name}" for name in values)
    done = connection.execute(
        f"UPDATE cases SET version = version + 1, changed_at = :now{sets}"  # noqa: S608 names of CaseFields
        " WHERE id = :id AND version = coalesce(:version, version)",
        values | {"now": now, "id": case_id, "version": version},
    )
    return done.rowcount == 1


def _number(connection: Connection, case_id: int, new: NewCase, now: Instant) -> str:
    """The case's number, drawn last: whoever draws one holds up all who open a case until the transaction ends."""
    month = f"{new.prefix}-{datetime.fromtimestamp(now / 1e6, UTC):%y%m}"
    reference = f"{month}-{staff.next_number(connection, month):05d}"
    connection.execute("UPDATE cases SET reference = ? WHERE id = ?", (reference, case_id))
    return reference


def _open(connection: Connection, new: NewCase, clocks_then: FirstClocks | None, now: Instant) -> int:
    case_id: int = connection.execute(
        "INSERT INTO cases (reference, state, version, channel_id, intent, urgency, post, category,"
        " district, village, language,"
        " flags, opened_at, changed_at, reporter_id, missing, questions, completeness, due_at)"
        " VALUES (?, 'received', 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            f"?{new.token_hash.hex()}",
            new.channel_id,
            new.intent,
            new.urgency,
            new.post,
            new.category,
            new.district,
            new.village,
            new.language,
            msgspec.json.encode(new.flags).decode(),
            now,
            now,
            new.reporter_id,
            msgspec.json.encode(new.missing).decode(),
            msgspec.json.encode(new.questions).decode(),
            new.completeness,
            clocks_then.due if clocks_then is not None else None,
        ),
    ).fetchone()[0]
    connection.execute(
        "INSERT INTO case_party (case_id, reporter_id, conversation_id, token_hash, sealed_token, since)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (case_id, new.reporter_id, new.conversation_id, new.token_hash, new.token, now),
    )
    return case_id


def _message(connection: Connection, message: NewMessage, filing: Filing, case_id: int | None) -> int:
    message_id: int = connection.execute(
        "INSERT INTO message (inbox_id, case_id, conversation_id, reporter_id, direction, at, automatic, sealed_body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            filing.inbox_id,
            case_id,
            message.conversation_id,
            message.reporter_id,
            message.direction,
            filing.now,
            message.automatic,
            message.body,
        ),
    ).fetchone()[0]
    connection.executemany(
        "INSERT INTO attachment (message_id, kind, state, size, name_hash, sealed_details, due, reason, mark)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                message_id,
                one.kind,
                one.state,
                one.size,
                one.name,
                one.details,
                filing.now if one.look else None,
                one.reason,
                one.mark,
            )
            for one in message.attachments
        ],
    )
    for one in message.attachments:
        watching.notice(connection, case_id, one.mark, filing.now)
    return message_id


def find(connection: Connection, case_id: int, findings: tuple[NewFinding, ...], now: Instant) -> None:
    """Keep what triage found."""
    _insert(
        connection,
        "INSERT INTO finding (case_id, at, step, field, confidence, sealed_data)",
        [(case_id, now, one.step, one.field, one.confidence, one.data) for one in findings],
    )


def fill(connection: Connection, case_id: int, values: tuple[NewValue, ...], now: Instant) -> None:
    """Keep what was given for fields of the form; nothing is overwritten."""
    _insert(
        connection,
        "INSERT INTO form_value (case_id, field, by_staff, at, sealed_value)",
        [(case_id, one.field, one.by_staff, now, one.value) for one in values],
    )


def _insert(connection: Connection, into: str, rows: Sequence[tuple[object, ...]]) -> None:
    """All rows by statements of a hundred: each statement gives the interpreter away, or is a journey."""
    for start in range(0, len(rows), _TOGETHER):
        some = rows[start : start + _TOGETHER]
        marks = ", ".join([f"({', '.join('?' * len(some[0]))})"] * len(some))
        connection.execute(f"{into} VALUES {marks}", [value for row in some for value in row])


def set_timers(connection: Connection, case_id: int, timers: tuple[NewTimer, ...]) -> None:
    """Set timers; one that is set already stays."""
    connection.executemany(
        "INSERT INTO timer (case_id, kind, instance, due, state) VALUES (?, ?, ?, ?, 'queued') ON CONFLICT DO NOTHING",
        [(case_id, one.kind, one.instance, one.due) for one in timers],
    )
    for one in timers:
        connection.wake(Topic.TIMER, case_id, one.due)


def finish_timer(connection: Connection, timer_id: int) -> None:
    """The timer's work is done."""
    connection.execute("UPDATE timer SET state = 'done' WHERE id = ?", (timer_id,))


def postpone_timer(connection: Connection, timer_id: int, due: Instant) -> None:
    """Look again later."""
    done = connection.execute(
        "UPDATE timer SET due = ? WHERE id = ? AND state = 'queued' RETURNING case_id", (due, timer_id)
    ).fetchone()
    if done is not None:
        connection.wake(Topic.TIMER, done[0], due)


def queue(
    connection: Connection,
    drafts: tuple[Draft, ...],
    case_id: int | None,
    seq: int | None,
    origin: str,
    now: Instant,
) -> None:
    """Put drafts into the outbox; the same words for the same event, recipient and step go in once."""
    connection.executemany(
        "INSERT INTO outbox (delivery_id, send_key, case_id, event_seq, conversation_id, channel_id,"
        " template, sealed_values,"
        " urgent, reply, state, due, expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?)"
        " ON CONFLICT (send_key) DO NOTHING",
        [
            (
                one.delivery_id,
                f"{one.once or origin}/to:{one.conversation_id}/{one.channel_id}/{one.step or one.template}",
                case_id,
                seq,
                one.conversation_id,
                one.channel_id,
                one.template,
                one.values,
                one.urgent,
                one.reply,
                one.due or now,
                one.expires_at,
                now,
            )
            for one in drafts
        ],
    )
    for one in drafts:
        connection.wake(Topic.OUTBOX, one.conversation_id, one.due or now)
