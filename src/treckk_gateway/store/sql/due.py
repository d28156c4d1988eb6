"""What is due, heads of lanes only, so that one blocked conversation starves nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from treckk_gateway.model import Instant
from treckk_gateway.store.rows import Counters, Topic, Wake
from treckk_gateway.store.sql.connection import Connection

_INBOX = "SELECT id, lane, due, channel_id FROM inbox WHERE state = 'new' AND id > ? ORDER BY id LIMIT ?"
_PAGE = 512
_FAR = 8192
"""New items looked through beyond those of a channel that has more than it may have worked on."""
_URGENT = """
state = 'queued' AND urgent AND due <= :now AND NOT EXISTS
 (SELECT 1 FROM outbox e WHERE e.conversation_id = outbox.conversation_id AND e.id < outbox.id
  AND (e.state = 'sending' OR (e.state IN ('queued', 'uncertain') AND e.urgent)))
"""
_OTHERS = """
state = 'queued' AND NOT urgent AND due <= :now AND NOT EXISTS
 (SELECT 1 FROM outbox e WHERE e.conversation_id = outbox.conversation_id AND e.id < outbox.id
  AND e.state IN ('queued', 'sending', 'uncertain'))
"""
_QUIET = "state = 'held' AND reason = 'quiet_hours' AND due <= :now"
_TIMERS = "state = 'queued' AND due <= :now"


_Item = tuple[int, bytes, Instant, str]
"""A new item: its id, lane, due and channel."""


class _Source(NamedTuple):
    topic: Topic
    owner: str
    ready: str

    def all(self) -> str:
        """Of every owner."""
        return f"SELECT id, {self.owner} FROM {self.topic} WHERE {self.ready} ORDER BY due, id LIMIT :limit"  # noqa: S608 constant text

    def first(self) -> str:
        """When the first of them fell due."""
        return f"SELECT * FROM (SELECT due FROM {self.topic} WHERE {self.ready} ORDER BY due, id LIMIT 1) first"  # noqa: S608 constant text

    def one(self) -> str:
        """Of one owner."""
        return f"SELECT id FROM {self.topic} WHERE {self.owner} = :owner AND {self.ready} ORDER BY due, id LIMIT 1"  # noqa: S608 constant text


# What is urgent comes first, so that of one conversation's rows it is the one that is taken.
_SOURCES = (
    _Source(Topic.OUTBOX, "conversation_id", _URGENT),
    _Source(Topic.OUTBOX, "conversation_id", _QUIET),
    _Source(Topic.OUTBOX, "conversation_id", _OTHERS),
    _Source(Topic.TIMER, "case_id", _TIMERS),
)
_OLDEST = (
    "SELECT min(due) FROM (SELECT min(due) due FROM inbox WHERE state = 'new' AND due <= :now UNION ALL"  # noqa: S608 constant text
    f" {' UNION ALL '.join(source.first() for source in _SOURCES)}) each"
)
_ALL = tuple((source.topic, source.all()) for source in _SOURCES)


def _of_one(topic: Topic) -> str:
    """What is due of one owner, the first of all sources that may go."""
    sources = [source.one() for source in _SOURCES if source.topic is topic]
    each = [f"SELECT id, {place} place FROM ({one}) s{place}" for place, one in enumerate(sources)]  # noqa: S608 constant text
    return f"{' UNION ALL '.join(each)} ORDER BY place LIMIT 1"


_ONE = {topic: _of_one(topic) for topic in (Topic.OUTBOX, Topic.TIMER)}
_LANE = """
SELECT id, due, lane FROM inbox WHERE state = 'new' AND lane = (SELECT lane FROM inbox WHERE id = ?)
 ORDER BY id LIMIT 1
"""


def heads(connection: Connection, now: Instant, limit: int, *, far: bool = False) -> Sequence[Wake]:
    """At most `limit` due rows of each kind."""
    found = _inbox_heads(connection, now, limit, _FAR if far else 0)
    found += [
        Wake(topic, row[0], f"{topic}:{row[1]}")
        for topic, query in _ALL
        for row in connection.execute(query, {"now": now, "limit": limit})
    ]
    return found


def head(connection: Connection, topic: Topic, owner: int, now: Instant) -> Wake | None:
    """What is to be handled next for one owner (see `Connection.wake`), if it is due."""
    if topic is Topic.INBOX:
        found = connection.execute(_LANE, (owner,)).fetchone()
        return Wake(topic, found[0], f"{topic}:{found[2].hex()}") if found and found[1] <= now else None
    found = connection.execute(_ONE[topic], {"owner": owner, "now": now}).fetchone()
    return Wake(topic, found[0], f"{topic}:{owner}") if found else None


def _inbox_heads(connection: Connection, now: Instant, limit: int, far: int) -> list[Wake]:
    """The first new item of each lane, if it is due: read in order of arrival, so that no index on lanes is needed.

    One channel has three quarters of them at most, and channels take turns. Once one has its share, `far` more items
    are looked through for those of others.
    """
    heads: list[tuple[int, int, Wake]] = []
    seen: set[bytes] = set()
    shares: Counter[str] = Counter()
    most = limit - limit // 4

    def take(rows: Iterable[_Item]) -> None:
        for row_id, lane, due, channel_id in rows:
            if lane not in seen and due <= now and (turn := shares[channel_id]) < most:
                heads.append((turn, row_id, Wake(Topic.INBOX, row_id, f"{Topic.INBOX}:{lane.hex()}")))
                shares[channel_id] += 1
            seen.add(lane)

    last, size = 0, 2 * limit
    while len(heads) < most:
        page = connection.execute(_INBOX, (last, size)).fetchall()
        take(page)
        if len(page) < size:
            far = 0
            break
        last, size = page[-1][0], _PAGE
    full = [one for one, count in shares.items() if count >= most]
    if full and far and len(heads) < limit:
        take(_others(connection, last, far, full))
    return [wake for _turn, _row, wake in sorted(heads)[:limit]]


def _others(connection: Connection, last: int, far: int, full: Sequence[str]) -> list[_Item]:
    """Items of other channels that are the first of their lane among the `far` after `last`.

    Looked through by the database: of a flood thousands are passed over, and Python takes five times as long for each.
    """
    near = f"({_INBOX}) AS near"
    others = f"SELECT * FROM {near} WHERE channel_id NOT IN ({', '.join('?' * len(full))}) ORDER BY id LIMIT ?"  # noqa: S608 marks only
    found = connection.execute(others, (last, far, *full, _PAGE)).fetchall()
    lanes = {lane for _row, lane, _due, _channel in found}
    if not lanes:
        return []
    firsts = f"SELECT min(id) FROM {near} WHERE lane IN ({', '.join('?' * len(lanes))}) GROUP BY lane"  # noqa: S608 marks only
    first = {row_id for (row_id,) in connection.execute(firsts, (last, far, *lanes))}
    return [one for one in found if one[0] in first]


def next_due(connection: Connection) -> Instant | None:
    """The earliest due of all that waits."""
    found = connection.execute(
        "SELECT min(d) FROM (SELECT min(due) d FROM inbox WHERE state = 'new' UNION ALL SELECT min(due) FROM outbox"
        " WHERE state = 'queued' UNION ALL SELECT min(due) FROM outbox WHERE state = 'held' AND reason = 'quiet_hours'"
        " UNION ALL SELECT min(due) FROM timer WHERE state = 'queued') each"
    ).fetchone()
    return found[0] if found else None


def oldest_work(connection: Connection, now: Instant) -> Instant | None:
    """Since when the oldest work that could be done has been due. What waits behind a message that failed could not."""
    found = connection.execute(_OLDEST, {"now": now}).fetchone()
    return found[0] if found else None


def counters(connection: Connection) -> Counters:
    """The books, read in one transaction."""
    one = connection.execute(
        "SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM inbox WHERE state = 'parked'),"
        " (SELECT count(*) FROM inbox WHERE state = 'new'),"
        " (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')),"
        " (SELECT count(*) FROM outbox WHERE state = 'dead'), (SELECT count(*) FROM outbox WHERE state = 'uncertain'),"
        " (SELECT count(*) FROM outbox WHERE state = 'held'),"
        " (SELECT count(*) FROM inbox WHERE state = 'filed')"
    ).fetchone()
    received, parked, new, waiting, dead, uncertain, held, filed = one
    return Counters(
        received=received,
        filed=filed,
        parked=parked,
        new=new,
        outbox=waiting,
        dead=dead,
        uncertain=uncertain,
        held=held,
    )
