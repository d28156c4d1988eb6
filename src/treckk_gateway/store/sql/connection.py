"""What operations need of a database: sqlite3's way of asking, and three words only a shared database has to hear.

Statements keep to what both understand: `?` or `:name` for values, `ON CONFLICT`, `RETURNING`, `CASE`; no booleans
compared with numbers, no function that only one of them has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from treckk_gateway.model import Instant
from treckk_gateway.store.rows import Topic

Values = Sequence[Any] | Mapping[str, Any]


class Cursor(Protocol):
    """The answer to a statement."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:  # noqa: ANN401 a row, or none
        """The next row as a tuple, `None` at the end."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A connection inside a transaction."""

    def execute(self, statement: str, values: Values = ..., /) -> Cursor:
        """One statement."""

    def executemany(self, statement: str, values: Iterable[Values], /) -> Cursor:
        """One statement for each of many values."""

    def lock(
        self,
        *,
        conversations: Iterable[int] = (),
        outbox_id: int | None = None,
        case_id: int | None = None,
        inbox_id: int | None = None,
        keys: Iterable[bytes] = (),
    ) -> bool:
        """Let nobody else change these until the transaction ends; whether what was read before must be read again.

        That is: conversations, the conversation of a message to send, a case, an item, and whatever is to be made for
        keyed hashes. Whoever puts rows into a conversation's outbox, or takes the right to send one, locks the
        conversation first: then the order of ids is the order of commits. False where only one connection writes.
        """

    def wake(self, topic: Topic, owner: int, due: Instant, *, perhaps: bool = False) -> None:
        """Have the engine look, at `due`, at what waits there: `owner` is a conversation, a case, or the inbox row.

        It hears of it when the transaction commits. `perhaps`: only if something waits. Nothing to do where rows that
        are due are looked for after every commit.
        """

    def snapshot(self) -> AbstractContextManager[None]:
        """Read several statements as of one moment."""
