"""SMSD's tables, as far as they are documented: `inbox`, `outbox`, `outbox_multipart`, `sentitems`, `phones`.

Every call opens the file, does one thing in one transaction and closes it: SMSD writes to it too. All block; they are
called from a thread of their own. Source: Gammu manual, "SMSD Database Structure"; tried with gammu-smsd 1.42.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import attrs
from treckk_gateway.errors import NotTaken, Rejected, Scope, SendError, Uncertain

from treckk_gammu.parts import Part

OURS = "treckk:"
"""What `CreatorID` begins with in rows of ours; our delivery id follows, and SMSD copies it to `sentitems`."""
WATCHED = 2000
"""The newest messages whose fate is looked at."""

_INBOX = ("ID", "SenderNumber", "Text", "TextDecoded", "Coding", "UDH", "Class", "ReceivingDateTime")
_SENT = ("ID", "CreatorID", "SequencePosition", "Status", "StatusError", "UDH")
_ABSENT = ("no such table", "no such column", "not a database", "has no column")

Row = dict[str, Any]


@attrs.frozen(kw_only=True)
class Database:
    """The file; `patience` is how many seconds another's lock is waited for.

    With `erase` nothing that was taken over stays readable here: neither what people wrote, nor what they were told.
    """

    path: Path
    patience: float = 5.0
    erase: bool = True

    def unread(self, most: int) -> list[Row]:
        """The oldest rows of `inbox` that nobody processed."""
        query = f"SELECT {', '.join(_INBOX)} FROM inbox WHERE Processed = 'false' ORDER BY ID LIMIT ?"
        with self._opened(self.patience) as db:
            return _rows(db.execute(query, (most,)), _INBOX)

    def processed(self, ids: Sequence[int]) -> None:
        """These were taken over: erase them, or note it."""
        done = "DELETE FROM inbox WHERE ID = ?" if self.erase else "UPDATE inbox SET Processed = 'true' WHERE ID = ?"
        with self._opened(self.patience) as db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(done, [(one,) for one in ids])
            db.execute("COMMIT")

    def told(self, message: int, *, final: bool) -> None:
        """The fate of a text of ours was taken over: its words are not needed, its number once nothing can follow."""
        if not self.erase:
            return
        number = ", DestinationNumber = ''" if final else ""
        query = f"UPDATE sentitems SET Text = '', TextDecoded = ''{number} WHERE ID = ? AND (Text != '' OR ?)"
        with self._opened(self.patience) as db:
            db.execute(query, (message, final))

    def sent_since(self, stamp: str) -> tuple[dict[int, list[Row]], str]:
        """Rows of ours that changed at or after `stamp` (SMSD's own `UpdatedInDB`), with all parts of each message.

        Also the newest stamp seen, to be asked from next time.
        """
        changed = (
            "SELECT DISTINCT ID FROM sentitems WHERE ID > (SELECT coalesce(max(ID), 0) FROM sentitems) - ?"
            " AND UpdatedInDB >= ? AND CreatorID LIKE ?"
        )
        query = f"SELECT {', '.join(_SENT)} FROM sentitems WHERE ID = ? ORDER BY SequencePosition"
        with self._opened(self.patience) as db:
            newest = db.execute("SELECT coalesce(max(UpdatedInDB), '') FROM sentitems").fetchone()[0]
            ids = [one for (one,) in db.execute(changed, (WATCHED, stamp, f"{OURS}%"))]
            return {one: _rows(db.execute(query, (one,)), _SENT) for one in ids}, str(newest)

    def queue(self, delivery_id: str, number: str, parts: Sequence[Part], phone: str | None, priority: int) -> bool:
        """Put a text into the outbox, all parts at once; false when it is there, or was sent, already.

        Raises a `SendError`.
        """
        creator = OURS + delivery_id
        with self._sending() as db:
            if _known(db, creator):
                return False
            first, *more = parts
            # SMSD compares with local time; the tables' own defaults are universal, which west of Greenwich is later.
            (due,) = db.execute("SELECT datetime('now', 'localtime', '-1 minute')").fetchone()
            fields = {
                "DestinationNumber": number, "Text": first.text, "UDH": first.header, "Coding": first.coding,
                "Class": -1, "MultiPart": "true" if more else "false", "SenderID": phone, "CreatorID": creator,
                "DeliveryReport": "yes", "Priority": priority, "SendingDateTime": due, "SendingTimeOut": due,
            }  # fmt: skip
            row = _insert(db, "outbox", fields)
            for position, part in enumerate(more, 2):
                fields = {"ID": row, "SequencePosition": position, "Text": part.text, "UDH": part.header}
                _insert(db, "outbox_multipart", fields | {"Coding": part.coding, "Class": -1})
            return True

    def has(self, delivery_id: str) -> bool:
        """Whether a text of ours waits or was sent. Raises a `SendError`."""
        with self._sending() as db:
            return _known(db, OURS + delivery_id)

    def phones(self) -> list[tuple[str, str, bool]]:
        """Each phone's id, signal in percent, and whether SMSD still renews its row.

        Raises `sqlite3.Error` for what is no database of SMSD's.
        """
        query = "SELECT ID, Signal, TimeOut > datetime('now', 'localtime', '-2 minutes') FROM phones"
        with self._opened(self.patience) as db:
            db.execute("SELECT 1 FROM inbox, outbox, outbox_multipart, sentitems LIMIT 0")
            return [(str(name), str(signal), bool(fresh)) for name, signal, fresh in db.execute(query)]

    @contextmanager
    def _opened(self, patience: float) -> Iterator[sqlite3.Connection]:
        uri = f"{self.path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None)) as db:
            db.execute("PRAGMA secure_delete = ON")  # else what was erased stays in the file's free pages
            yield db

    @contextmanager
    def _sending(self) -> Iterator[sqlite3.Connection]:
        began = False
        try:
            with self._opened(self.patience) as db:
                db.execute("BEGIN IMMEDIATE")
                began = True
                yield db
                db.execute("COMMIT")
        except sqlite3.Error as problem:
            raise _error(problem, began) from None


def _error(problem: sqlite3.Error, began: bool) -> SendError:
    said = str(problem).lower()
    if any(one in said for one in _ABSENT):
        return Rejected("no_tables", "the file is no database of SMSD's: create its tables", scope=Scope.CHANNEL)
    if "locked" in said or "busy" in said:
        return NotTaken("locked", "SMSD's database is in use")
    if not began:
        return NotTaken("no_database", "SMSD's database cannot be opened")
    return Uncertain("database_failed", "SMSD's database failed while it was written")


def _known(db: sqlite3.Connection, creator: str) -> bool:
    waiting = "SELECT 1 FROM outbox WHERE CreatorID = ?"
    sent = "SELECT 1 FROM sentitems WHERE ID > (SELECT coalesce(max(ID), 0) FROM sentitems) - 10000 AND CreatorID = ?"
    return db.execute(f"{waiting} UNION ALL {sent} LIMIT 1", (creator, creator)).fetchone() is not None


def _insert(db: sqlite3.Connection, table: str, fields: Row) -> int:
    marks = ", ".join("?" * len(fields))
    done = db.execute(f"INSERT INTO {table} ({', '.join(fields)}) VALUES ({marks})", tuple(fields.values()))
    return done.lastrowid or 0


def _rows(cursor: sqlite3.Cursor, names: Sequence[str]) -> list[Row]:
    return [dict(zip(names, row, strict=True)) for row in cursor]
