"""Connections, transactions, and what becomes of their errors.

A transaction whose connection was dead before it began, or that lost against another one (deadlock, serialization,
two who made the same thing at once), is begun anew. Everything else that the database cannot do is `StoreUnavailable`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import psycopg
from procrastinate.exceptions import ConnectorException
from psycopg import errors
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from treckk_gateway.errors import StoreUnavailable
from treckk_gateway.model import Instant
from treckk_gateway.store.postgres.errand import Follow
from treckk_gateway.store.postgres.session import Asked, Session, adapters
from treckk_gateway.store.sql.due import head

T = TypeVar("T")

_TRIES = 5
_LOST = (errors.DeadlockDetected, errors.SerializationFailure, errors.UniqueViolation)
_OURS = (psycopg.IntegrityError, psycopg.DataError, psycopg.ProgrammingError)
"""What was asked is at fault, not the database."""
_STATEMENTS = 1000
"""Statements that a connection keeps prepared, each from its first time on: there are some hundred, said all day."""
_CONNECT = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "treckk",
}
_SETTINGS = (
    "SELECT set_config('statement_timeout', '30s', false),"
    " set_config('idle_in_transaction_session_timeout', '30s', false),"
    " set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'"
    " ELSE current_setting('synchronous_commit') END, false)"
)
"""Nothing waits for ever, a process that froze inside a transaction holds nobody up, and a commit is on the disk."""


def connection_arguments() -> dict[str, Any]:
    """What every connection of ours is opened with."""
    return {**_CONNECT, "context": adapters(), "autocommit": True}


class Lender:
    """Lends connections to operations. `size` may be in use at once; one is waited for at most `timeout` seconds.

    What falls due within `horizon` microseconds gets a job at once.
    """

    def __init__(self, conninfo: str, clock: Callable[[], Instant], *, size: int, timeout: float, horizon: int) -> None:
        self._clock = clock
        self._horizon = horizon
        self._timeout = timeout
        self._pool: ConnectionPool[Asked] = ConnectionPool(
            conninfo,
            connection_class=Asked,
            kwargs=connection_arguments(),
            configure=_configure,
            min_size=1,
            max_size=size,
            timeout=timeout,
            name="treckk-store",
            open=False,
        )
        self.down = False

    def open(self) -> None:
        """Begin to connect; whoever needs a connection waits for it."""
        self._pool.open()

    def close(self) -> None:
        """Close all connections."""
        self._pool.close(timeout=2.0)

    def read(self, query: Callable[..., T], *arguments: Any, **named: Any) -> T:  # noqa: ANN401 passed through
        """The answer of a query, each statement of which sees what is committed then."""

        def look(connection: Asked) -> T:
            try:
                return query(Session(connection, self._clock, self._horizon), *arguments, **named)
            except psycopg.OperationalError as problem:
                if connection.broken:
                    raise _NeverBegan from problem
                raise

        return self._lend(look)

    def write(self, operation: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401 passed through
        """The result of an operation, after the commit."""
        return self._transact(operation, arguments, errand=False)[0]

    def write_on_errand(self, operation: Callable[..., T], *arguments: Any) -> tuple[T, Sequence[Follow]]:  # noqa: ANN401 passed through
        """The same, and what is due by it: for that no jobs are deferred."""
        return self._transact(operation, arguments, errand=True)

    def _transact(
        self, operation: Callable[..., T], arguments: Sequence[Any], *, errand: bool
    ) -> tuple[T, Sequence[Follow]]:
        def transact(connection: Asked) -> tuple[T, Sequence[Follow]]:
            try:
                _say(connection, b"BEGIN")
            except psycopg.OperationalError as problem:
                raise _NeverBegan from problem
            session = Session(connection, self._clock, self._horizon, errand=errand)
            result = operation(session, *arguments)
            session.settle()
            _say(connection, b"COMMIT")
            return result, self._looked_up(session)

        return self._lend(transact)

    def _looked_up(self, session: Session) -> Sequence[Follow]:
        """What is due by it, looked up in passing. It is committed: what cannot be read here is looked up later."""
        found = []
        for whose in session.follows:
            try:
                first = head(session, *whose, self._clock())
            except psycopg.Error:
                found.append(Follow(whose))
            else:
                found += [Follow(whose, first)] if first is not None else []
        return found

    def _lend(self, use: Callable[[Asked], T]) -> T:
        """Use a connection. Leaving it commits, or rolls back what failed."""
        for last in (*[False] * (_TRIES - 1), True):
            try:
                with self._pool.connection() as connection:
                    result = use(connection)
            except _NeverBegan as problem:
                self._pool.check()  # others lie there dead as well
                if last:
                    raise self._unavailable(problem.__cause__ or problem) from problem
            except (psycopg.Error, ConnectorException) as problem:
                cause = problem.__cause__ if isinstance(problem, ConnectorException) else problem
                if isinstance(cause, _LOST) and not last:
                    continue
                if isinstance(cause, _OURS):
                    raise
                raise self._unavailable(cause or problem) from problem
            else:
                self.down = False
                return result
        raise AssertionError  # the last try returns or raises

    def _unavailable(self, problem: BaseException) -> StoreUnavailable:
        """What callers are told: the kind of trouble, never the statement or its values."""
        self.down = not isinstance(problem, PoolClosed)
        if isinstance(problem, PoolTimeout):
            return StoreUnavailable("the database does not answer")
        if isinstance(problem, PoolClosed):
            return StoreUnavailable("the store is closed")
        return StoreUnavailable(f"the database refuses: {type(problem).__name__}")


class _NeverBegan(Exception):
    """The connection was dead before anything was asked."""


def _say(connection: Asked, word: bytes) -> None:
    """Have it begin or commit. Said by libpq itself, at a fifth of what a statement costs otherwise."""
    if connection.closed:
        raise psycopg.OperationalError("the connection is lost")
    answer = connection.pgconn.exec_(word)
    if answer.status != ExecStatus.COMMAND_OK or answer.command_status != word:
        state = answer.error_field(DiagnosticField.SQLSTATE)
        kind = errors.lookup(state.decode()) if state else psycopg.OperationalError
        raise kind(f"{word.decode()} was refused")


def _configure(connection: psycopg.Connection[Any]) -> None:
    connection.prepare_threshold, connection.prepared_max = 0, _STATEMENTS
    connection.execute(_SETTINGS)
