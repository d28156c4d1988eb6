"""SMSD on this machine, without a modem: a file with its tables, filled and emptied as its manual says.

The tables have the names, columns and defaults of schema 17 ("SMSD Database Structure"), in words of our own.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from treckk_gateway.testing import Fault

_CODINGS = "'Default_No_Compression', 'Unicode_No_Compression', '8bit', 'Default_Compression', 'Unicode_Compression'"
_STATES = (
    "'SendingOK', 'SendingOKNoReport', 'SendingError', 'DeliveryOK', 'DeliveryFailed', 'DeliveryPending',"
    " 'DeliveryUnknown', 'Error'"
)
_NOW = "(datetime('now'))"
_CODING = f"Coding TEXT NOT NULL DEFAULT 'Default_No_Compression' CHECK (Coding IN ({_CODINGS}))"

TABLES = f"""
CREATE TABLE inbox (ID INTEGER PRIMARY KEY AUTOINCREMENT, UpdatedInDB NUMERIC NOT NULL DEFAULT {_NOW},
  ReceivingDateTime NUMERIC NOT NULL DEFAULT {_NOW}, Text TEXT NOT NULL, SenderNumber TEXT NOT NULL DEFAULT '',
  {_CODING}, UDH TEXT NOT NULL, SMSCNumber TEXT NOT NULL DEFAULT '', Class INTEGER NOT NULL DEFAULT -1,
  TextDecoded TEXT NOT NULL DEFAULT '', RecipientID TEXT NOT NULL, Processed TEXT NOT NULL DEFAULT 'false',
  Status INTEGER NOT NULL DEFAULT -1);
CREATE TABLE outbox (ID INTEGER PRIMARY KEY AUTOINCREMENT, UpdatedInDB NUMERIC NOT NULL DEFAULT {_NOW},
  SendingDateTime NUMERIC NOT NULL DEFAULT {_NOW}, SendingTimeOut NUMERIC NOT NULL DEFAULT {_NOW},
  Text TEXT, DestinationNumber TEXT NOT NULL DEFAULT '', {_CODING},
  UDH TEXT, Class INTEGER DEFAULT -1, TextDecoded TEXT NOT NULL DEFAULT '', MultiPart TEXT NOT NULL DEFAULT 'false',
  SenderID TEXT, DeliveryReport TEXT DEFAULT 'default' CHECK (DeliveryReport IN ('default', 'yes', 'no')),
  CreatorID TEXT NOT NULL, Priority INTEGER DEFAULT 0);
CREATE TABLE outbox_multipart (ID INTEGER, SequencePosition INTEGER NOT NULL DEFAULT 1, Text TEXT, {_CODING}, UDH TEXT,
  Class INTEGER DEFAULT -1, TextDecoded TEXT, PRIMARY KEY (ID, SequencePosition));
CREATE TABLE sentitems (ID INTEGER, SequencePosition INTEGER NOT NULL DEFAULT 1,
  UpdatedInDB NUMERIC NOT NULL DEFAULT {_NOW}, Text TEXT NOT NULL, DestinationNumber TEXT NOT NULL DEFAULT '',
  {_CODING}, UDH TEXT NOT NULL, CreatorID TEXT NOT NULL, SenderID TEXT NOT NULL, TextDecoded TEXT NOT NULL DEFAULT '',
  StatusError INTEGER NOT NULL DEFAULT -1,
  Status TEXT NOT NULL DEFAULT 'SendingOK' CHECK (Status IN ({_STATES})), PRIMARY KEY (ID, SequencePosition));
CREATE TABLE phones (ID TEXT NOT NULL, IMEI TEXT PRIMARY KEY NOT NULL, Signal INTEGER NOT NULL DEFAULT -1,
  UpdatedInDB NUMERIC NOT NULL DEFAULT {_NOW}, TimeOut NUMERIC NOT NULL DEFAULT {_NOW});
CREATE TRIGGER stamped UPDATE OF Status ON sentitems BEGIN
  UPDATE sentitems SET UpdatedInDB = datetime('now') WHERE ID = old.ID AND SequencePosition = old.SequencePosition; END;
"""


def utf16(text: str) -> str:
    """A text as SMSD writes it into `Text`."""
    return text.encode("utf-16-be", "surrogatepass").hex().upper()


class Daemon:
    """An async context manager; `path` goes into `database`.

    `receive` is a text that came in, `work` sends what waits in the outbox, `report` is the network's word on it.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "smsd.db"
        self._aside = folder / "smsd.db.aside"
        self._lock: sqlite3.Connection | None = None
        self._before = 0

    async def __aenter__(self) -> Daemon:
        with closing(sqlite3.connect(self.path)) as db:
            db.executescript(TABLES)
        self.alive()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.play(None)

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """One statement on the tables, committed."""
        with closing(sqlite3.connect(self.path, timeout=30)) as db, db:
            return db.execute(query, values).fetchall()

    def alive(self, signal: int = 42, seconds: int = 60) -> None:
        """SMSD renews what it says of its modem."""
        later = f"+{seconds} seconds" if seconds >= 0 else f"{seconds} seconds"
        query = "INSERT OR REPLACE INTO phones (ID, IMEI, Signal, TimeOut)"
        self.ask(f"{query} VALUES ('sim1', '9', ?, datetime('now', 'localtime', ?))", signal, later)

    def receive(self, sender: str, *pieces: str, header: str = "050003A7", coding: str = "", **more: Any) -> None:
        """A text of one or several parts; with several, each gets its number after `header`."""
        for number, piece in enumerate(pieces, 1):
            numbered = f"{header}{len(pieces):02X}{number:02X}" if len(pieces) > 1 else ""
            self.part(sender, piece, numbered, coding or "Unicode_No_Compression", **more)

    def part(self, sender: str, piece: str, header: str, coding: str = "Unicode_No_Compression", **more: Any) -> None:
        """One row of the inbox. As in SMSD 1.42, `TextDecoded` may hold more than this part."""
        row = {"SenderNumber": sender, "Text": utf16(piece), "UDH": header, "Coding": coding, "RecipientID": "sim1"}
        row |= {"TextDecoded": "?", "ReceivingDateTime": "2026-11-26 08:46:11"} | more
        self.ask(f"INSERT INTO inbox ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", *row.values())

    def work(self, status: str = "SendingOK") -> None:
        """Send everything that waits, and write down how it went."""
        named = "ID, SequencePosition, Text, DestinationNumber, Coding, UDH, CreatorID, SenderID, Status"
        due = "SendingDateTime < datetime('now', 'localtime') AND SendingTimeOut < datetime('now', 'localtime')"
        waiting = f"SELECT ID, DestinationNumber, CreatorID FROM outbox WHERE {due} ORDER BY ID"
        for name, number, creator in self.ask(waiting):
            whole = "SELECT 1, Text, Coding, UDH FROM outbox WHERE ID = ? UNION ALL"
            whole += " SELECT SequencePosition, Text, Coding, UDH FROM outbox_multipart WHERE ID = ?"
            for position, text, coding, header in self.ask(whole, name, name):
                row = (name, position, text, number, coding, header or "", creator, "sim1", status)
                self.ask(f"INSERT INTO sentitems ({named}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *row)
            self.ask("DELETE FROM outbox WHERE ID = ?", name)
            self.ask("DELETE FROM outbox_multipart WHERE ID = ?", name)

    def report(self, delivery_id: str, status: str, part: int | None = None, error: int = -1) -> None:
        """What the network reports of a text, or of one part of it."""
        query = "UPDATE sentitems SET Status = ?, StatusError = ? WHERE CreatorID = ? AND ? IN (0, SequencePosition)"
        self.ask(query, status, error, f"treckk:{delivery_id}", part or 0)

    # What the conformance kit needs

    async def play(self, fault: Fault | None) -> None:
        """The file away (`REFUSED`), held by another (`BUSY`), or without its tables (`GONE`)."""
        if self._aside.exists():
            os.replace(self._aside, self.path)
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        if self.ask("SELECT 1 FROM sqlite_schema WHERE name = 'outbox_gone'"):
            self.ask("ALTER TABLE outbox_gone RENAME TO outbox")
        self._before = self._count("%")
        if fault is Fault.REFUSED:
            os.replace(self.path, self._aside)
        elif fault is Fault.BUSY:
            self._lock = sqlite3.connect(self.path, isolation_level=None)
            self._lock.execute("BEGIN EXCLUSIVE")
        elif fault is Fault.GONE:
            self.ask("ALTER TABLE outbox RENAME TO outbox_gone")

    async def reached(self) -> None:
        """Return once another text waits."""
        while self._count("%") <= self._before:
            await asyncio.sleep(0.01)

    def saw(self, text: str) -> int:
        """How many texts bear this id, or hold this."""
        if self._lock is not None or not self.path.exists():
            return 0
        return self._count(f"%{text}%", f"%{utf16(text)}%")

    def _count(self, name: str, text: str = "") -> int:
        tables = [one for (one,) in self.ask("SELECT name FROM sqlite_schema WHERE name IN ('outbox', 'sentitems')")]
        query = "SELECT count(DISTINCT ID) FROM {} WHERE CreatorID LIKE ? OR Text LIKE ?"
        return sum(self.ask(query.format(table), name, text)[0][0] for table in tables)
