"""Cases that are part of another case: joined, looked up, and let go again."""

from __future__ import annotations

import json
from collections.abc import Sequence

from treckk_gateway.model import Instant, State
from treckk_gateway.model.lifecycle import MERGED
from treckk_gateway.store.orders import Merge
from treckk_gateway.store.rows import MergeRow
from treckk_gateway.store.sql.connection import Connection

_BELOW = (
    "WITH RECURSIVE part (id, depth) AS (SELECT CAST(? AS bigint), 0 UNION ALL SELECT case_merge.case_id, depth + 1"
    " FROM case_merge JOIN part ON parent_id = part.id WHERE until IS NULL) SELECT id FROM part ORDER BY depth, id"
)
_ABOVE = (
    "WITH RECURSIVE above (id, depth) AS (SELECT CAST(? AS bigint), 0 UNION ALL SELECT parent_id, depth + 1"
    " FROM case_merge JOIN above ON case_merge.case_id = above.id WHERE until IS NULL) SELECT id FROM above"
    " ORDER BY depth"
)

_END = "UPDATE case_party SET until = ? WHERE case_id = ? AND until IS NULL AND"


def merge_of(connection: Connection, case_id: int) -> MergeRow | None:
    """The merge that made this case part of another."""
    found = connection.execute(
        "SELECT case_id, parent_id, state, since FROM case_merge WHERE case_id = ? AND until IS NULL", (case_id,)
    ).fetchone()
    if found is None:
        return None
    return MergeRow(case_id=found[0], parent_id=found[1], state=State(found[2]), since=found[3])


def subtree(connection: Connection, case_id: int) -> list[int]:
    """The case and all that were merged into it, itself first."""
    return [one for (one,) in connection.execute(_BELOW, (case_id,))]


def chain(connection: Connection, case_id: int) -> list[int]:
    """The case and those it was merged into, one after the other."""
    return [one for (one,) in connection.execute(_ABOVE, (case_id,))]


def parent_number(connection: Connection, case_id: int) -> str | None:
    """The number of the case it was merged into."""
    found = connection.execute(
        "SELECT reference FROM case_merge JOIN cases ON cases.id = parent_id WHERE case_id = ? AND until IS NULL",
        (case_id,),
    ).fetchone()
    return found[0] if found else None


def merged_numbers(connection: Connection, parts: Sequence[int]) -> tuple[str, ...]:
    """The numbers of those cases."""
    if not parts:
        return ()
    query = f"SELECT reference FROM cases WHERE id IN ({_marks(parts)}) ORDER BY id"  # noqa: S608 marks only
    return tuple(one for (one,) in connection.execute(query, tuple(parts)))


def join(connection: Connection, case_id: int, merge: Merge, now: Instant) -> None:
    """Keep the state to return to, and let the case's reporters take part in the other."""
    connection.execute(
        "INSERT INTO case_merge (case_id, parent_id, state, since) VALUES (?, ?, ?, ?)",
        (case_id, merge.parent_id, merge.state, now),
    )
    connection.executemany(
        "INSERT INTO case_party (case_id, reporter_id, conversation_id, token_hash, sealed_token, since, origin_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (merge.parent_id, one.reporter_id, one.conversation_id, one.token_hash, one.token, now, one.origin_id)
            for one in merge.parties
        ],
    )


def leave(connection: Connection, case_id: int, now: Instant) -> list[int]:
    """Take the case and what was merged into it out of those above; returns these, the nearest first."""
    above = chain(connection, case_id)[1:]
    parts = subtree(connection, case_id)
    connection.execute("UPDATE case_merge SET until = ? WHERE case_id = ? AND until IS NULL", (now, case_id))
    for one in above:
        query = (
            f"UPDATE case_party SET until = ? WHERE case_id = ? AND until IS NULL AND origin_id IN ({_marks(parts)})"  # noqa: S608
        )
        returning = f"{query} RETURNING reporter_id, conversation_id, since"
        ended = connection.execute(returning, (now, one, *parts)).fetchall()
        for reporter_id, conversation_id, since in ended:
            _take_along(connection, one, case_id, (reporter_id, since))
            _cancel(connection, one, conversation_id)
    return above


def _take_along(connection: Connection, source: int, target: int, whose: tuple[int, Instant]) -> None:
    """What somebody wrote since the merge goes with them, unless they take part in the other case too."""
    reporter_id, since = whose
    connection.execute(
        "UPDATE message SET case_id = :target WHERE case_id = :source AND reporter_id = :reporter AND at >= :since"
        " AND NOT EXISTS (SELECT 1 FROM case_party WHERE case_id = :source AND reporter_id = :reporter"
        " AND until IS NULL)",
        {"target": target, "source": source, "reporter": reporter_id, "since": since},
    )


def _cancel(connection: Connection, case_id: int, conversation_id: int | None) -> None:
    """What still waits to be told there about a case that is no longer theirs."""
    connection.execute(
        "UPDATE outbox SET state = 'cancelled', reason = 'unmerged' WHERE case_id = :case AND conversation_id ="
        " :conversation AND state IN ('queued', 'held', 'dead') AND NOT EXISTS (SELECT 1 FROM case_party"
        " WHERE case_id = :case AND conversation_id = :conversation AND until IS NULL)",
        {"case": case_id, "conversation": conversation_id},
    )


def flags_now(connection: Connection, case_id: int) -> tuple[str, ...]:
    """The case's flags, with `merged` only while something is."""
    flags = json.loads(connection.execute("SELECT flags FROM cases WHERE id = ?", (case_id,)).fetchone()[0])
    still = connection.execute(
        "SELECT 1 FROM case_merge WHERE parent_id = ? AND until IS NULL LIMIT 1", (case_id,)
    ).fetchone()
    return tuple(one for one in flags if one != MERGED or still)


def _marks(values: Sequence[int]) -> str:
    return ", ".join("?" * len(values))
