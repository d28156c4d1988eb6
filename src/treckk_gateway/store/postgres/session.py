"""A psycopg connection as operations use one, and the wake-ups of one transaction.

psycopg is used synchronously, in threads of the store's own: so both databases share one set of operations, and a
transaction costs a third less than through asyncio (docs/explanation/design-changes.md has the figures).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import errors
from psycopg.adapt import AdaptersMap
from psycopg.rows import TupleRow, dict_row
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumperUnknown

from treckk_gateway.model import Instant
from treckk_gateway.store.postgres.errand import Whose
from treckk_gateway.store.postgres.jobs import Job, defer
from treckk_gateway.store.rows import Topic
from treckk_gateway.store.sql.connection import Values

_MARK = re.compile(r"(?<!:):([a-z_]+)|\?")

_LOCK_CONVERSATIONS = "SELECT 1 FROM conversation WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
_LOCK_OF_MESSAGE = (
    "SELECT 1 FROM conversation WHERE id = (SELECT conversation_id FROM outbox WHERE id = %s) FOR NO KEY UPDATE"
)
_LOCK_CASE = "SELECT 1 FROM cases WHERE id = %s FOR NO KEY UPDATE"
_LOCK_ITEM = "SELECT 1 FROM inbox WHERE id = %s FOR NO KEY UPDATE"
_LOCK_KEYS = "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) key ORDER BY key"
_WAITING = (
    "SELECT DISTINCT conversation_id FROM outbox WHERE conversation_id = ANY(%s) AND state = 'queued' AND due <= %s"
)


class _Text(StrDumperUnknown):
    """PostgreSQL's texts cannot hold NUL: it is left out."""

    def dump(self, obj: str) -> Any:  # noqa: ANN401 whatever psycopg's own returns
        return super().dump(obj.replace("\0", "") if "\0" in obj else obj)


def adapters() -> AdaptersMap:
    """How values travel: every number as a bigint, so that a statement is the same one whatever its values."""
    own = AdaptersMap(psycopg.adapters)
    own.register_dumper(int, Int8Dumper)
    own.register_dumper(str, _Text)
    return own


@lru_cache(maxsize=1024)
def _native(statement: str) -> str:
    return _MARK.sub(lambda mark: f"%({mark[1]})s" if mark[1] else "%s", statement.replace("%", "%%"))


class Asked(psycopg.Connection[TupleRow]):
    """A connection with cursors that lie ready: making one costs as much again as a small statement."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 passed through
        super().__init__(*arguments, **named)
        self.ready = self.cursor()
        self.by_name = self.cursor(row_factory=dict_row)


class Answer:
    """The answer to a statement, all of it: the cursor it came by is wanted for the next one."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, cursor: psycopg.Cursor[TupleRow]) -> None:
        self._rows = iter(cursor.fetchall() if cursor.rownumber is not None else ())
        self.rowcount = cursor.rowcount

    def fetchone(self) -> Any:  # noqa: ANN401 a row, or none
        """The next row, `None` at the end."""
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows


class Session:
    """One transaction's connection. What it was told to wake is deferred as jobs by `settle`, before the commit.

    On an `errand` what is due at once is left to it: `follows` says what, and counts after the commit.
    """

    def __init__(self, connection: Asked, clock: Callable[[], Instant], horizon: int, *, errand: bool = False) -> None:
        self._connection = connection
        self._clock = clock
        self._errand = errand
        self.horizon = horizon
        self.follows: dict[Whose, None] = {}
        self._jobs: dict[Job, None] = {}
        self._perhaps: set[int] = set()

    def execute(self, statement: str, values: Values = ()) -> Answer:
        """One statement in the shared dialect."""
        return Answer(self._connection.ready.execute(_native(statement), values))

    def executemany(self, statement: str, values: Iterable[Values]) -> Answer:
        """One statement for each of many values."""
        cursor, many = self._connection.ready, list(values)
        if len(many) == 1:
            return self.execute(statement, many[0])
        cursor.executemany(_native(statement), many)
        return Answer(cursor)

    def engine(self, statement: str, values: Mapping[str, Any]) -> Sequence[dict[str, Any]] | psycopg.Error:
        """A statement of the engine's, as it stands; what its functions refuse is an answer too."""
        cursor = self._connection.by_name
        try:
            cursor.execute(statement, values)
        except errors.RaiseException as problem:
            return problem
        return cursor.fetchall() if cursor.rownumber is not None else ()

    def lock(
        self,
        *,
        conversations: Iterable[int] = (),
        outbox_id: int | None = None,
        case_id: int | None = None,
        inbox_id: int | None = None,
        keys: Iterable[bytes] = (),
    ) -> bool:
        """See `Connection.lock`. Always in the same order: keys, conversations, case, item."""
        wanted: list[tuple[str, object]] = []
        numbers = [int.from_bytes(key[:8], "big", signed=True) for key in keys]
        if numbers:
            wanted.append((_LOCK_KEYS, numbers))
        known = list(conversations)
        if known:
            wanted.append((_LOCK_CONVERSATIONS, known))
        locks = ((_LOCK_OF_MESSAGE, outbox_id), (_LOCK_CASE, case_id), (_LOCK_ITEM, inbox_id))
        wanted += [(statement, one) for statement, one in locks if one is not None]
        for statement, value in wanted:
            # Each a statement of its own: the next one then sees what was committed before the lock was given.
            self._connection.ready.execute(statement, (value,))
        return True

    def wake(
        self,
        topic: Topic,
        owner: int,
        due: Instant,
        *,
        perhaps: bool = False,
        turn: str | None = None,
        behind: int = 0,
    ) -> None:
        """See `Connection.wake`. `turn` names what is handled one at a time, where that is not the owner.

        What is due after the horizon gets its job from a sweep, once it comes nearer.
        """
        if perhaps:
            self._perhaps.add(owner)
            return
        wait = due - self._clock()
        if wait > self.horizon:
            return
        if wait > 0:
            self._jobs[Job(topic=topic, owner=owner, wait=wait)] = None
        elif self._errand and turn is None:
            self.follows[Whose(topic, owner)] = None
        else:
            self._jobs[Job(topic=topic, owner=owner, turn=turn or f"{topic}:{owner}", behind=behind)] = None

    def rouse(self, topic: Topic, owner: int) -> None:
        """Wake now and ahead of whoever has the turn: it may be held by a process that is gone."""
        self._jobs[Job(topic=topic, owner=owner)] = None

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See `Connection.snapshot`."""
        with self._connection.transaction():
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield

    def settle(self) -> None:
        """Defer the jobs in this transaction: they are there when it commits, and only then."""
        if self._perhaps:
            found = self._connection.ready.execute(_WAITING, (sorted(self._perhaps), self._clock())).fetchall()
            for (conversation_id,) in found:
                self.wake(Topic.OUTBOX, conversation_id, 0)
        if self._jobs:
            defer(list(self._jobs), self._connection.ready)
