"""A text in SMSD's inbox, a case, the answer in its outbox, its delivery heard; once more with the real SMSD."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from daemon import Daemon, utf16
from making import CITIZEN
from treckk_gateway.server.trial import trial

from treckk_gammu import parts

COMPLAINT = "Ada pedagang jualan di trotoar depan pasar Paringin tiap pagi, jadi macet"
SCHEMA = Path("/usr/share/doc/gammu-smsd/examples/sqlite.sql")
HERE = shutil.which("gammu-smsd") and SCHEMA.exists() and any(Path("/usr/lib").rglob("libdbdsqlite3.so"))


async def until(true):
    async with asyncio.timeout(60):
        while not (found := await true()):
            await asyncio.sleep(0.05)
    return found


def channel(path, **more):
    return {"sms": {"adapter": "gammu", "database": str(path), "every": 0.05, **more}}


async def test_a_complaint_in_parts_is_answered_and_the_answer_delivered(tmp_path):
    async with Daemon(tmp_path) as smsd, trial(tmp_path, channel(smsd.path)) as whole:
        smsd.receive(CITIZEN, COMPLAINT[:40], COMPLAINT[40:])
        [case] = await until(whole.cases)
        await whole.settled()
        [case] = await whole.cases()
        assert [one.text for one in case.messages if one.direction == "in"] == [COMPLAINT]
        [delivery] = case.deliveries
        queued = smsd.ask("SELECT CreatorID, DestinationNumber, Text FROM outbox")
        assert [one[:2] for one in queued] == [(f"treckk:{delivery.delivery_id}", CITIZEN)]
        assert case.case.reference in parts.joined([queued[0][2]])

        smsd.work()
        smsd.report(delivery.delivery_id, "DeliveryOK")

        async def delivered():
            [case] = await whole.cases()
            return [one.state for one in case.deliveries] == ["delivered"]

        await until(delivered)


@asynccontextmanager
async def real(folder):
    """The real SMSD with Gammu's dummy phone; its database and the phone's folder of messages."""
    phone, path = folder / "phone", folder / "smsd.db"
    (phone / "sms" / "1").mkdir(parents=True)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(SCHEMA.read_text(encoding="utf-8"))
    lines = ["[gammu]", f"device = {phone}", "connection = none", "model = dummy", "[smsd]", "service = sql"]
    lines += ["driver = sqlite3", f"dbdir = {folder}", "database = smsd.db", f"logfile = {folder / 'log'}"]
    lines += ["commtimeout = 1", "receivefrequency = 1", "statusfrequency = 1", "checksecurity = 0", "phoneid = sim1"]
    (folder / "smsdrc").write_text("\n".join(lines), encoding="utf-8")
    daemon = await asyncio.create_subprocess_exec(
        "gammu-smsd", "-c", folder / "smsdrc", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield path, phone / "sms" / "1"
    finally:
        daemon.terminate()
        try:
            await asyncio.wait_for(daemon.wait(), 10)
        except TimeoutError:  # told before it listened to signals, it goes on
            daemon.kill()
            await daemon.wait()


def backup(text):
    """A received message as Gammu keeps it in a file."""
    raw = utf16(text)
    lines = [f"Text{number:02d} = {raw[at : at + 200]}" for number, at in enumerate(range(0, len(raw), 200))]
    head = ["[SMSBackup000]", "PDU = Deliver", "DateTime = 20261126T084611Z", "State = UnRead", f'Number = "{CITIZEN}"']
    tail = ["Coding = Unicode_No_Compression", "Folder = 1", f"Length = {len(raw) // 4}", "Class = -1"]
    return "\n".join([*head, *lines, *tail, "ReplySMSC = False", "RejectDuplicates = False", ""])


@pytest.mark.skipif(not HERE, reason="gammu-smsd and libdbd-sqlite3 are not installed")
async def test_the_same_with_the_real_smsd(tmp_path):
    text = "Pohon tumbang di jalan Desa Layap \U0001f64f"
    async with real(tmp_path) as (path, inbox), trial(tmp_path, channel(path, erase=False)) as whole:
        (inbox / "1").write_text(backup(text), encoding="utf-8")
        await until(whole.cases)
        await whole.settled()
        [case] = await whole.cases()
        assert [one.text for one in case.messages if one.direction == "in"] == [text]

        async def sent():
            [case] = await whole.cases()
            return case.deliveries and [one.state for one in case.deliveries] == ["sent"]

        await until(sent)
        with closing(sqlite3.connect(path)) as db:
            [(status, number, words)] = db.execute("SELECT Status, DestinationNumber, TextDecoded FROM sentitems")
        assert (status, number) == ("SendingOK", CITIZEN)
        assert case.case.reference in words
