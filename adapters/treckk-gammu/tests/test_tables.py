"""Looking into the tables and writing them: nothing is lost, doubled or cut wrongly, whenever the process ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest
from daemon import Daemon, utf16
from hypothesis import given
from hypothesis import strategies as st
from making import CITIZEN, make, message
from treckk_gateway.channel import WebhookResponse
from treckk_gateway.errors import Rejected, StoreUnavailable
from treckk_gateway.model import DeliveryState

from treckk_gammu import parts


@pytest.fixture
async def smsd(tmp_path):
    async with Daemon(tmp_path) as daemon:
        yield daemon


class Gateway:
    """What the gateway does with what it is brought: keep it, answer, and know it again. `fails` is how often not."""

    def __init__(self, fails=0):
        self.kept = {}
        self.brought = 0
        self.fails = fails

    async def deliver(self, request):
        self.brought += 1
        channel = make()
        channel.verify(request)
        if self.fails:
            self.fails -= 1
            raise StoreUnavailable("the disk is full")
        for item in channel.parse(request):
            self.kept.setdefault(item.dedupe_key, item)
        return WebhookResponse()

    async def look(self, smsd, rounds=1, **more):
        """As many rounds of a channel that was started anew."""
        channel = make(smsd.path, every=60, **more)
        await channel.open()
        await channel.listen(self.deliver)
        await channel.quiet()
        try:
            for _ in range(rounds):
                await channel._watch.look(self.deliver)
        finally:
            await channel.close()

    @property
    def texts(self):
        return [one.text for one in self.kept.values()]


@pytest.fixture
def looking(monkeypatch):
    """The task itself looks at nothing: rounds are made by hand."""
    monkeypatch.setattr("treckk_gammu.watch.Watch.start", lambda *_: None)
    monkeypatch.setattr("treckk_gammu.watch.Watch.quiet", lambda _: asyncio.sleep(0))


@pytest.mark.usefixtures("looking")
class TestLooking:
    async def test_what_came_is_brought_once_and_marked(self, smsd):
        smsd.receive(CITIZEN, "satu")
        smsd.receive(CITIZEN, "dua", "-dua")
        gateway = Gateway()
        await gateway.look(smsd, 2)

        assert (gateway.texts, gateway.brought) == (["satu", "dua-dua"], 2)
        assert smsd.ask("SELECT * FROM inbox") == []
        assert utf16("satu").encode() not in smsd.path.read_bytes()

    async def test_what_came_can_be_left_and_is_marked(self, smsd):
        smsd.receive(CITIZEN, "dua", "-dua")
        gateway = Gateway()
        await gateway.look(smsd, 2, erase=False)

        assert (gateway.texts, gateway.brought) == (["dua-dua"], 1)
        assert smsd.ask("SELECT Processed FROM inbox") == [("true",), ("true",)]

    async def test_what_could_not_be_kept_stays_and_comes_again(self, smsd):
        smsd.receive(CITIZEN, "satu")
        gateway = Gateway(fails=1)
        with pytest.raises(StoreUnavailable):
            await gateway.look(smsd)
        assert smsd.ask("SELECT Processed FROM inbox") == [("false",)]
        await gateway.look(smsd)

        assert gateway.texts == ["satu"]

    async def test_parts_are_joined_in_any_order_and_between_other_texts(self, smsd):
        smsd.part(CITIZEN, "tiga", "050003A70303")
        smsd.part("+6281200000002", "lain dua", "050003A70202")
        smsd.part(CITIZEN, "satu", "050003A70301")
        smsd.receive(CITIZEN, "sendiri")
        smsd.part("+6281200000002", "lain satu ", "050003A70201")
        smsd.part(CITIZEN, "dua", "050003A70302")
        smsd.part(CITIZEN, "lebar satu ", "06080400A70201")
        smsd.part(CITIZEN, "lebar dua", "06080400A70202")
        gateway = Gateway()
        await gateway.look(smsd)

        assert sorted(gateway.texts) == ["lain satu lain dua", "lebar satu lebar dua", "satuduatiga", "sendiri"]

    async def test_a_reference_used_again_begins_another_text(self, smsd):
        smsd.receive(CITIZEN, "satu ", "dua")
        smsd.receive(CITIZEN, "tiga ", "empat")
        gateway = Gateway()
        await gateway.look(smsd)

        assert gateway.texts == ["satu dua", "tiga empat"]

    async def test_a_part_whose_others_never_come_is_waited_for_and_then_brought(self, smsd):
        smsd.part(CITIZEN, "hanya ini", "050003A70201")
        gateway = Gateway()
        await gateway.look(smsd, 2)
        assert gateway.texts == []
        await gateway.look(smsd, 2, part_wait=1e-9)
        assert gateway.texts == ["hanya ini"]
        smsd.part(CITIZEN, "terlambat", "050003A70202")
        await gateway.look(smsd, 2, part_wait=1e-9)
        assert gateway.texts == ["hanya ini", "terlambat"]

    async def test_a_new_database_with_the_old_numbers_hides_nothing(self, smsd, tmp_path):
        smsd.receive(CITIZEN, "ya")
        gateway = Gateway()
        await gateway.look(smsd)
        (tmp_path / "anew").mkdir()
        async with Daemon(tmp_path / "anew") as other:
            other.receive(CITIZEN, "ya", ReceivingDateTime="2026-11-26 09:00:00")
            await gateway.look(other)

        assert gateway.texts == ["ya", "ya"]

    async def test_every_change_of_fate_is_told_once_until_all_parts_are_there(self, smsd):
        channel = make(smsd.path)
        await channel.open()
        await channel.send(message("x" * 200))
        await channel.close()
        gateway = Gateway()
        await gateway.look(smsd, 2)
        assert gateway.kept == {}
        smsd.work()
        await gateway.look(smsd, 3)
        smsd.report("d-1", "DeliveryOK", part=1)
        await gateway.look(smsd, 3)
        assert [one.state for one in gateway.kept.values()] == [DeliveryState.SENT]
        smsd.report("d-1", "DeliveryOK", part=2)
        await gateway.look(smsd, 3)
        assert [one.state for one in gateway.kept.values()] == [DeliveryState.SENT, DeliveryState.DELIVERED]
        assert {one.delivery_id for one in gateway.kept.values()} == {"d-1"}
        assert smsd.ask("SELECT DISTINCT Text, DestinationNumber FROM sentitems") == [("", "")]


async def test_it_looks_on_a_clock_and_stops_when_told(smsd):
    gateway, channel = Gateway(fails=2), make(smsd.path)
    await channel.open()
    await channel.listen(gateway.deliver)
    smsd.receive(CITIZEN, "satu")
    async with asyncio.timeout(60):
        while not gateway.kept:
            await asyncio.sleep(0.01)
    await channel.quiet()
    smsd.receive(CITIZEN, "dua")
    await asyncio.sleep(0.1)
    await channel.close()

    assert gateway.texts == ["satu"]


DYING = """
import asyncio, os, signal, sys
from making import make

async def deliver(request):
    with open(sys.argv[2], "a") as kept:
        kept.write(make().parse(request)[0].dedupe_key + "\\n")
        kept.flush()
        os.fsync(kept.fileno())
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    channel = make(sys.argv[1])
    await channel.open()
    await channel.listen(deliver)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_killed_between_keeping_and_marking_it_is_known_again(smsd, tmp_path):
    smsd.receive(CITIZEN, "satu", "-dua")
    for _ in range(2):
        command = [sys.executable, "-c", DYING, str(smsd.path), str(tmp_path / "kept")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        died = await asyncio.to_thread(subprocess.run, command, env=environment, timeout=60, check=False)
        assert died.returncode == -signal.SIGKILL

    first, again = (tmp_path / "kept").read_text().splitlines()
    assert first == again
    assert len(smsd.ask("SELECT * FROM inbox WHERE Processed = 'false'")) == 2


async def outcome(smsd, what, **more):
    channel = make(smsd.path, **more)
    await channel.open()
    try:
        return await channel.send(what)
    except Rejected as problem:
        return problem
    finally:
        await channel.close()


async def test_a_long_text_is_queued_whole_with_its_numbers(smsd):
    sent = await outcome(smsd, message("a" * 153 + "\u20ac{}" + "b" * 160, reply=True), phone_id="sim1")

    [(name, text, header, coding, multi, phone, creator, report, priority)] = smsd.ask(
        "SELECT ID, Text, UDH, Coding, MultiPart, SenderID, CreatorID, DeliveryReport, Priority FROM outbox"
    )
    assert (coding, multi, phone, creator) == ("Default_No_Compression", "true", "sim1", "treckk:d-1")
    assert (report, priority, sent.parts) == ("yes", 10, 3)
    assert text == utf16("a" * 153)
    rest = smsd.ask("SELECT ID, SequencePosition, UDH, Text FROM outbox_multipart ORDER BY SequencePosition")
    assert [one[:2] for one in rest] == [(name, 2), (name, 3)]
    places = [parts.place(one) for one in (header, *(row[2] for row in rest))]
    assert [(one.number, one.total) for one in places] == [(1, 3), (2, 3), (3, 3)]
    assert len({one.reference for one in places}) == 1
    assert parts.joined([text, *(row[3] for row in rest)]) == "a" * 153 + "\u20ac{}" + "b" * 160


async def test_a_text_of_other_signs_is_sent_in_ucs_2_and_plain_ones_are_made_plain(smsd):
    await outcome(smsd, message("Terima kasih \U0001f64f"))
    await outcome(smsd, message("\u201cSelesai\u201d", name="d-2"), number_form="national")

    assert smsd.ask("SELECT Text, Coding, UDH, DestinationNumber FROM outbox") == [
        (utf16("Terima kasih \U0001f64f"), "Unicode_No_Compression", None, CITIZEN),
        (utf16('"Selesai"'), "Default_No_Compression", None, "081200000001"),
    ]


@pytest.mark.parametrize(("text", "code"), [(" ", "empty_text"), ("\u0430" * 671, "text_too_long")])
async def test_what_no_sim_card_should_send_is_not_queued(smsd, text, code):
    problem = await outcome(smsd, message(text))
    assert (problem.code, smsd.ask("SELECT * FROM outbox")) == (code, [])


@pytest.mark.parametrize("zone", ["America/Lima", "Asia/Makassar"])
async def test_what_is_queued_is_due_at_once_east_and_west(smsd, zone, monkeypatch):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        await outcome(smsd, message())
        smsd.work()
        smsd.alive()
        channel = make(smsd.path)
        assert await channel.check() == []
        await channel.close()
    finally:
        monkeypatch.undo()
        time.tzset()

    assert smsd.ask("SELECT Status FROM sentitems") == [("SendingOK",)]


async def test_an_uncertain_send_is_looked_up_by_our_id(smsd):
    channel = make(smsd.path)
    await channel.open()
    assert await channel.lookup(message(), 0) is None
    await channel.send(message())
    assert await channel.lookup(message(), 0) is not None
    smsd.work()
    assert await channel.lookup(message(), 0) is not None
    await channel.close()


async def test_the_doctor_is_told_of_a_missing_database_a_dead_daemon_and_no_signal(smsd, tmp_path):
    async def problems(path, **more):
        channel = make(path, **more)
        found = await channel.check()
        await channel.close()
        return found

    assert await problems(smsd.path) == []
    [problem] = await problems(tmp_path / "none.db")
    assert problem.fatal
    assert not (tmp_path / "none.db").exists()
    [problem] = await problems(smsd.path, phone_id="sim2")
    assert "not at work" in problem.summary
    smsd.alive(signal=0)
    [problem] = await problems(smsd.path)
    assert "no signal" in problem.summary
    smsd.alive(seconds=-100_000)
    [problem] = await problems(smsd.path)
    assert "not at work" in problem.summary


@pytest.mark.parametrize(
    ("options", "said"),
    [({"path": "smsd.db"}, "whole path"), ({"every": 0}, "above 0"), ({"part_wait": -1}, "above 0")],
)
def test_settings_that_cannot_be_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        make(**options)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_whatever_is_cut_is_joined_again(text):
    pieces = parts.cut(text, "d-1")
    assert parts.joined(one.text for one in pieces) == text
    assert all(len(one.text) <= 4 * 160 for one in pieces)


@given(st.text("0123456789ABCDEFgz ", max_size=40))
def test_no_header_breaks_reading(header):
    found = parts.place(header)
    assert found is None or 1 <= found.number <= found.total


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 2), st.integers(1, 3), st.integers(1, 3)), max_size=30
    )
)
def test_no_row_is_lost_or_doubled_by_gathering(found):
    rows = [(n, who, f"050003{ref:02X}{total:02X}{number:02X}") for n, (who, ref, total, number) in enumerate(found)]
    ids = [one for text in parts.gathered(rows) for one in text.ids]
    assert sorted(ids) == list(range(len(rows)))
