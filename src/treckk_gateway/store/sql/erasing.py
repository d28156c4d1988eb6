"""The end of a reporter: the key goes, what it sealed is emptied, and a stub stays so that nothing comes in again.

Source: lessons, P6. The books and the map count as before; a request that is delivered again is known by its key.
"""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Instant, State
from treckk_gateway.store.orders import CaseFields, Erasure, Rules
from treckk_gateway.store.rows import ExpiringRow
from treckk_gateway.store.sql import filing, history, people, watching
from treckk_gateway.store.sql.connection import Connection

_EMPTY = b""
_OUTCOME = (
    "CASE WHEN cases.state = 'closed' THEN coalesce((SELECT source FROM case_event WHERE case_event.case_id = cases.id"
    " AND target = 'closed' ORDER BY seq DESC LIMIT 1), 'closed') ELSE cases.state END"
)
_LAST_WORD = "coalesce((SELECT max(at) FROM message WHERE message.reporter_id = party.reporter_id), 0)"


def erase(connection: Connection, wanted: Erasure) -> tuple[str, ...] | None:
    """Everything in one transaction, or nothing when something moved on."""
    for one in sorted(wanted.cases, key=lambda case: case.case_id):
        connection.lock(case_id=one.case_id)
    own = connection.execute("SELECT id FROM cases WHERE reporter_id = ?", (wanted.reporter_id,)).fetchall()
    as_seen = {one for (one,) in own} == {one.case_id for one in wanted.cases}
    if not as_seen or people.is_erased(connection, wanted.reporter_id):
        return None
    if not all(filing.stands(connection, one.case_id, one.version) for one in wanted.cases):
        return None
    _forget(connection, wanted.reporter_id, wanted.now)
    _silence(connection, wanted.reporter_id)
    names = _empty_messages(connection, wanted.reporter_id)
    for one in wanted.cases:
        connection.execute("UPDATE case_event SET sealed_data = ? WHERE case_id = ?", (_EMPTY, one.case_id))
        connection.executemany(
            "UPDATE case_event SET sealed_data = ? WHERE case_id = ? AND seq = ?",
            [(data, one.case_id, seq) for seq, data in one.events],
        )
        connection.execute("DELETE FROM finding WHERE case_id = ?", (one.case_id,))
        connection.execute("DELETE FROM form_value WHERE case_id = ?", (one.case_id,))
        connection.execute("UPDATE cases SET reporter_id = NULL WHERE id = ?", (one.case_id,))
        filing.set_fields(connection, one.case_id, one.version, CaseFields(), wanted.now)
        history.append(connection, one.case_id, one.event, wanted.now)
        watching.log_access(connection, one.case_id, one.event.actor, "erased", wanted.now, one.reason)
    return names


def _forget(connection: Connection, reporter_id: int, now: Instant) -> None:
    """The key, every look-up that leads to the person, and their part in cases."""
    connection.execute("DELETE FROM reporter_key WHERE reporter_id = ?", (reporter_id,))
    connection.execute("DELETE FROM reporter_identity WHERE reporter_id = ?", (reporter_id,))
    connection.execute("UPDATE reporter SET erased_at = ? WHERE id = ?", (now, reporter_id))
    connection.execute(
        "UPDATE case_party SET until = coalesce(until, ?), sealed_token = ? WHERE reporter_id = ?",
        (now, _EMPTY, reporter_id),
    )
    connection.execute(
        "UPDATE inbox SET lane = ?, claimed_at = NULL WHERE id IN (SELECT inbox_id FROM message WHERE reporter_id = ?)",
        (_EMPTY, reporter_id),
    )


def _silence(connection: Connection, reporter_id: int) -> None:
    """What waits for them is cancelled, what was sent is emptied, and their addresses lead nowhere."""
    found = connection.execute("SELECT id FROM conversation WHERE reporter_id = ? ORDER BY id", (reporter_id,))
    for (conversation_id,) in found.fetchall():
        connection.execute(
            "DELETE FROM suppression WHERE (channel_id, address_hash) ="
            " (SELECT channel_id, address_hash FROM conversation WHERE id = ?)",
            (conversation_id,),
        )
        connection.execute(
            "UPDATE conversation SET address_hash = ?, sealed_address = ?, sealed_asking = NULL WHERE id = ?",
            (b"erased %d" % conversation_id, _EMPTY, conversation_id),
        )
        connection.execute(
            "UPDATE outbox SET state = 'cancelled', reason = 'erased' WHERE conversation_id = ?"
            " AND state IN ('queued', 'held', 'dead', 'uncertain')",
            (conversation_id,),
        )
        connection.execute(
            "UPDATE outbox SET sealed_values = ?, sealed_text = NULL WHERE conversation_id = ?",
            (_EMPTY, conversation_id),
        )


def _empty_messages(connection: Connection, reporter_id: int) -> tuple[str, ...]:
    """Texts and files, and what triage found in them, also where they stand in somebody else's case."""
    of_theirs = "message_id IN (SELECT id FROM message WHERE reporter_id = ?)"
    query = f"SELECT DISTINCT name_hash FROM attachment WHERE name_hash IS NOT NULL AND {of_theirs}"  # noqa: S608 constant
    names = tuple(one for (one,) in connection.execute(query, (reporter_id,)))
    connection.execute(
        "UPDATE attachment SET state = 'lost', reason = 'erased', name_hash = NULL, mark = NULL, due = NULL,"  # noqa: S608
        f" sealed_details = ? WHERE {of_theirs}",
        (_EMPTY, reporter_id),
    )
    connection.execute(
        "DELETE FROM finding WHERE case_id IN (SELECT case_id FROM message WHERE reporter_id = :id)"
        " AND EXISTS (SELECT 1 FROM message WHERE message.reporter_id = :id AND message.case_id = finding.case_id"
        " AND message.at = finding.at)",
        {"id": reporter_id},
    )
    connection.execute("UPDATE message SET sealed_body = ? WHERE reporter_id = ?", (_EMPTY, reporter_id))
    return names


def expiring(connection: Connection, rules: Rules, before: Instant, limit: int) -> Sequence[ExpiringRow]:
    """Reporters all of whose cases ended long enough ago, and those who never had one; a hold keeps everything."""
    found = [*_with_cases(connection, rules, before, limit), *_without(connection, rules, before, limit)]
    rows = []
    for reporter_id, ends in sorted(found, key=lambda one: one[1])[:limit]:
        reporter = people.reporter(connection, reporter_id)
        numbers = connection.execute("SELECT reference FROM cases WHERE reporter_id = ? ORDER BY id", (reporter_id,))
        if reporter is not None:
            references = tuple(one for (one,) in numbers)
            rows.append(
                ExpiringRow(reporter_id=reporter_id, pseudonym=reporter.pseudonym, references=references, ends=ends)
            )
    return rows


def _with_cases(connection: Connection, rules: Rules, before: Instant, limit: int) -> list[tuple[int, Instant]]:
    if not rules.outcomes:
        return []
    # A merged case ends with the one it is part of, in which its reporter takes part as well.
    outcomes = {**rules.outcomes, State.DUPLICATE: 0}
    after = " ".join("WHEN ? THEN CAST(? AS bigint)" for _ in outcomes)
    query = f"""
SELECT reporter_id, max(ends) FROM (
 SELECT reporter_id, CASE WHEN flags LIKE '%"legal_hold"%' THEN NULL ELSE last + CASE outcome {after} END END AS ends
 FROM (SELECT party.reporter_id AS reporter_id, cases.flags AS flags, {_OUTCOME} AS outcome,
   CASE WHEN {_LAST_WORD} > cases.changed_at THEN {_LAST_WORD} ELSE cases.changed_at END AS last
   FROM case_party AS party JOIN cases ON cases.id = party.case_id JOIN reporter_key
   ON reporter_key.reporter_id = party.reporter_id WHERE party.until IS NULL) AS parts) AS ended
GROUP BY reporter_id HAVING count(*) = count(ends) AND max(ends) < ? ORDER BY max(ends) LIMIT ?
"""  # noqa: S608 our own text
    values = [one for pair in outcomes.items() for one in (str(pair[0]), pair[1])]
    return [(row[0], row[1]) for row in connection.execute(query, (*values, before, limit))]


def _without(connection: Connection, rules: Rules, before: Instant, limit: int) -> list[tuple[int, Instant]]:
    if rules.without_case is None:
        return []
    query = """
SELECT party.id, last + CAST(? AS bigint) FROM (SELECT reporter.id AS id, coalesce((SELECT max(at) FROM message
  WHERE message.reporter_id = reporter.id), created_at) AS last FROM reporter JOIN reporter_key
  ON reporter_key.reporter_id = reporter.id WHERE NOT EXISTS (SELECT 1 FROM case_party
  WHERE case_party.reporter_id = reporter.id)) AS party
WHERE last + CAST(? AS bigint) < ? ORDER BY last LIMIT ?
"""
    after = rules.without_case
    return [(row[0], row[1]) for row in connection.execute(query, (after, after, before, limit))]
