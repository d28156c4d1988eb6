"""Aggregates over cases and their history. Nothing sealed is read."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Instant, Intent, State
from treckk_gateway.store.orders import Span
from treckk_gateway.store.rows import CompletenessRow, ExportRow, StandingRow, TallyRow, WaitRow
from treckk_gateway.store.sql.connection import Connection

_MOST_NUMBERS = 200
_ACKNOWLEDGED = (
    "(SELECT min(attempt.ended_at) FROM attempt JOIN outbox ON outbox.id = attempt.outbox_id JOIN conversation"
    " ON conversation.id = outbox.conversation_id WHERE outbox.case_id = cases.id AND attempt.outcome = 'accepted'"
    " AND conversation.staff IS NULL)"
)
_EVER = "(SELECT min(at) FROM case_event WHERE case_event.case_id = cases.id AND target = '{}')"
_STEPS = {
    "acknowledge": _ACKNOWLEDGED,
    "instruct": _EVER.format(State.INSTRUCTED),
    "depart": _EVER.format(State.EN_ROUTE),
    "resolve": _EVER.format(State.RESOLVED),
}
_NO_INCIDENT = f"state NOT IN ('{State.DUPLICATE}', '{State.REJECTED_SPAM}')"
_RANKED = """
SELECT step, place, max(number), max(CASE WHEN n = (number + 1) / 2 THEN took END),
 max(CASE WHEN n = (9 * number + 9) / 10 THEN took END)
FROM (SELECT step, place, took, row_number() OVER (PARTITION BY step, place ORDER BY took) AS n,
  count(*) OVER (PARTITION BY step, place) AS number FROM ({}) AS waited WHERE took IS NOT NULL) AS ranked
GROUP BY step, place
"""
_EVERYWHERE, _EACH = "CAST('' AS text)", "coalesce(district, '-')"


def tally(connection: Connection, span: Span) -> Sequence[TallyRow]:
    """Cases counted by place, category, channel, intent and state."""
    where, values = _in(span)
    query = (
        "SELECT district, village, category, channel_id, intent, state, count(*) FROM cases"  # noqa: S608 marks only
        f" WHERE {where} GROUP BY district, village, category, channel_id, intent, state"
    )
    return [
        TallyRow(row[0], row[1], row[2], row[3], Intent(row[4]), State(row[5]), row[6])
        for row in connection.execute(query, values)
    ]


def waits(connection: Connection, span: Span) -> Sequence[WaitRow]:
    """Median and 90th percentile by nearest rank, everywhere and by district."""
    where, values = _in(span)
    found = []
    for place in (_EVERYWHERE, _EACH):
        took = " UNION ALL ".join(
            f"SELECT '{step}' AS step, {place} AS place, {at} - opened_at AS took FROM cases"  # noqa: S608 our own text
            f" WHERE {where} AND {_NO_INCIDENT}"
            for step, at in _STEPS.items()
        )
        rows = connection.execute(_RANKED.format(took), values * len(_STEPS))
        found += [WaitRow(row[0], row[1] or None, row[2], row[3], row[4]) for row in rows]
    return found


def completeness(connection: Connection, span: Span) -> CompletenessRow:
    """Cases with a value kept when leadership first instructed."""
    where, values = _in(span)
    query = (
        "SELECT count(*), coalesce(sum(CASE WHEN completeness_at_instruct >= 1 THEN 1 ELSE 0 END), 0),"  # noqa: S608
        f" avg(completeness_at_instruct) FROM cases WHERE {where} AND {_NO_INCIDENT}"
        " AND completeness_at_instruct IS NOT NULL"
    )
    row = connection.execute(query, values).fetchone()
    return CompletenessRow(row[0], row[1], float(row[2]) if row[2] is not None else None)


def standing(connection: Connection, now: Instant, hide_categories: Sequence[str]) -> Sequence[StandingRow]:
    """All cases by state, and how many of them have a clock that ran out."""
    hidden, values = _hidden(hide_categories)
    overdue = "sum(CASE WHEN due_at <= ? THEN 1 ELSE 0 END)"
    query = f"SELECT state, count(*), {overdue} FROM cases WHERE {hidden} GROUP BY state"  # noqa: S608 marks only
    return [StandingRow(State(row[0]), row[1], row[2]) for row in connection.execute(query, (now, *values))]


def numbers_in(connection: Connection, span: Span, categories: Sequence[str]) -> Sequence[str]:
    """The numbers of cases of some categories."""
    if not categories:
        return []
    where, values = _in(span)
    marks = ", ".join("?" * len(categories))
    query = f"SELECT reference FROM cases WHERE {where} AND category IN ({marks}) ORDER BY id LIMIT {_MOST_NUMBERS}"  # noqa: S608
    return [one for (one,) in connection.execute(query, (*values, *categories))]


def export(connection: Connection, span: Span, after: int, limit: int) -> Sequence[ExportRow]:
    """Cases one by one."""
    where, values = _in(span)
    columns = {
        "acknowledged_at": _ACKNOWLEDGED,
        "reviewed_at": _EVER.format(State.UNDER_REVIEW),
        "instructed_at": _EVER.format(State.INSTRUCTED),
        "departed_at": _EVER.format(State.EN_ROUTE),
        "resolved_at": _EVER.format(State.RESOLVED),
        "refused_at": _EVER.format(State.NOT_ACTIONABLE),
        "closed_at": _EVER.format(State.CLOSED),
        "merged_into": "(SELECT other.reference FROM case_merge JOIN cases AS other ON other.id = parent_id"
        " WHERE case_merge.case_id = cases.id AND until IS NULL)",
    }
    plain = [one for one in ExportRow.__struct_fields__ if one not in columns]
    wanted = ", ".join([*plain, *(f"{text} AS {name}" for name, text in columns.items())])
    query = f"SELECT {wanted} FROM cases WHERE {where} AND id > ? ORDER BY id LIMIT ?"  # noqa: S608 our own text
    names = (*plain, *columns)
    return [_exported(dict(zip(names, row, strict=True))) for row in connection.execute(query, (*values, after, limit))]


def _exported(row: dict[str, object]) -> ExportRow:
    row |= {"state": State(str(row["state"])), "intent": Intent(str(row["intent"]))}
    return ExportRow(**row)  # type: ignore[arg-type]


def _in(span: Span) -> tuple[str, tuple[object, ...]]:
    hidden, values = _hidden(span.hide_categories)
    return f"opened_at >= ? AND opened_at < ? AND {hidden}", (span.since, span.until, *values)


def _hidden(categories: Sequence[str]) -> tuple[str, tuple[object, ...]]:
    if not categories:
        return "1 = 1", ()
    return f"(category IS NULL OR category NOT IN ({', '.join('?' * len(categories))}))", tuple(categories)
