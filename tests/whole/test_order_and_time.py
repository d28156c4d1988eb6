"""Order within one conversation, rates, floods and clocks."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from itertools import pairwise

from folk import ARIF, BUDI, COMPLAINT, DESK, SITI, Person, number_in
from stored import only_embedded

from treckk_gateway.gateway.work import Work
from treckk_gateway.store.sqlite import SQLiteStore
from treckk_gateway.testing.sandbox.mail import Written
from treckk_gateway.testing.sandbox.twilio import Twist

_SECOND = 1_000_000


class Moods:
    """A script that never ends: some create calls are told to come again, the others go well."""

    def __init__(self, share):
        self._chance = random.Random(3)  # noqa: S311 a fixed order of troubles
        self._share = share

    def popleft(self):
        return Twist(status=429, code=20429, retry_after=1) if self._chance.random() < self._share else None


async def test_what_staff_write_arrives_in_order_whatever_the_provider_does(phones):
    people = [Person.numbered(count) for count in range(10, 16)]
    references = {}
    for person in people:
        await phones.write("whatsapp", person, COMPLAINT)
    for person in people:
        references[person] = number_in((await phones.hears("whatsapp", person, 1))[0])
    phones.twilio._rest.script = Moods(0.3)
    for number in range(5):
        await asyncio.gather(
            *(phones.api("POST", f"/cases/{references[one]}/messages", text=f"Kabar {number}") for one in people)
        )

    await phones.settled(leap=90)
    for person in people:
        texts = await phones.hears("whatsapp", person, 6)
        assert [one for one in texts if "Kabar" in one] == [f"Kabar {number}" for number in range(5)]
    assert phones.rows("SELECT count(*) FROM attempt WHERE outcome = 'nottaken'")[0][0] >= 5


async def test_sms_leave_no_faster_than_the_provider_takes_them(phones):
    for person in (BUDI, SITI, ARIF):
        await phones.write("sms", person, COMPLAINT)
    await phones.settled()

    started = [
        at for (at,) in phones.rows("SELECT started_at FROM attempt WHERE channel_id = 'sms' ORDER BY started_at")
    ]
    assert len(started) == 3
    assert all(later - earlier >= 0.99 * _SECOND for earlier, later in pairwise(started))


async def test_a_clock_set_back_by_an_hour_holds_nothing_up_and_doubles_nothing(phones):
    for way in ("whatsapp", "sms", "web"):
        await phones.write(way, BUDI if way != "web" else SITI, COMPLAINT)
    await phones.settled()
    before = {way: len(phones.heard(way, BUDI)) for way in ("whatsapp", "sms")}
    phones.clock.advance(hours=-1)

    await phones.write("sms", ARIF, COMPLAINT)
    await phones.write("whatsapp", Person.numbered(77), COMPLAINT)
    await phones.hears("sms", ARIF, 1)
    await phones.hears("whatsapp", Person.numbered(77), 1)
    assert {way: len(phones.heard(way, BUDI)) for way in ("whatsapp", "sms")} == before


async def test_what_was_said_after_the_clock_went_back_still_stands_after_what_was_said_before(phones):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    await phones.hears("whatsapp", BUDI, 1)
    await phones.write("whatsapp", BUDI, "Masih ramai #2")
    await phones.settled()
    phones.clock.advance(hours=-1)
    await phones.write("whatsapp", BUDI, "Masih ramai #3")
    await phones.settled()
    said = [one["text"] for one in (await phones.only_case())["messages"] if one["direction"] == "in"]
    assert said == [COMPLAINT, "Masih ramai #2", "Masih ramai #3"]


async def test_a_flood_is_kept_answered_once_and_an_emergency_gets_through(phones):
    for number in range(50):
        assert await phones.write("whatsapp", BUDI, f"Tolong dong cepat, pesan ke-{number}, pasar ramai") == 200
    texts = await phones.hears("whatsapp", BUDI, 2)
    assert "tidak perlu dikirim ulang" in texts[1], "one polite word"

    await phones.write("whatsapp", BUDI, "TOLONG ada perampokan di toko emas pasar Paringin barusan!!")

    assert "segera telepon 110" in (await phones.hears("whatsapp", BUDI, 3))[-1]
    assert phones.rows("SELECT count(*) FROM message") == [(51,)]
    assert len(await phones.cases()) == 1


LONG = "Pasar Paringin makin ramai pedagang di trotoar, mohon segera ditertibkan, pesan ke-"


async def test_what_is_beyond_a_senders_limit_is_kept_unread_by_triage_also_over_a_restart(make_town):
    town = await make_town(channels=("whatsapp", "web"), senders={"messages": 3, "seconds": 600.0})
    asked = []

    def watch():
        intake = town.gateway._parts.intake
        whole = intake.recognise

        async def recognise(subject, *beside):
            asked.append(subject.message.text)
            return await whole(subject, *beside)

        object.__setattr__(intake, "recognise", recognise)

    watch()
    for number in range(5):
        await town.write("whatsapp", BUDI, f"{LONG}{number}")
        await town.settled()
    await town.stop()
    await town.start()
    watch()
    await town.write("whatsapp", BUDI, f"{LONG}5")
    await town.write("whatsapp", SITI, f"{LONG}6")
    await town.settled()

    assert asked == [f"{LONG}{number}" for number in (0, 1, 2, 6)], "others are heard as always"
    assert "tidak perlu dikirim ulang" in (await town.hears("whatsapp", BUDI, 2))[1]
    [own] = [one for one in await town.cases() if len((await town.case(one["reference"]))["messages"]) > 2]
    said = [one["text"] for one in (await town.case(own["reference"]))["messages"] if one["direction"] == "in"]
    assert said == [f"{LONG}{number}" for number in range(6)], "all of it is kept with the case"

    await town.write("whatsapp", BUDI, "STOP")
    await town.settled()
    assert town.rows("SELECT count(*) FROM conversation WHERE opted_out_at IS NOT NULL") == [(1,)]
    town.clock.advance(700)
    await town.write("whatsapp", BUDI, f"{LONG}7")
    await town.settled()
    assert asked[-1] == f"{LONG}7", "and heard again after a while"


@only_embedded
async def test_a_burst_is_worked_through_without_a_row_being_handed_out_twice(make_town, monkeypatch):
    handed, handle, heads = Counter(), Work.handle, SQLiteStore.heads

    async def slow(store, *wanted, **more):
        found = await heads(store, *wanted, **more)
        await asyncio.sleep(0.01)  # meanwhile handlers finish what was found
        return found

    async def counting(work, wake):
        handed[wake.topic, wake.row_id] += 1
        await handle(work, wake)

    monkeypatch.setattr(Work, "handle", counting)
    monkeypatch.setattr(SQLiteStore, "heads", slow)
    town = await make_town(channels=("web",))
    for number in range(30):
        await town.write("web", BUDI, f"Pasar ramai, pesan ke-{number}")
    await town.settled()

    inbox = {row: count for (topic, row), count in handed.items() if topic == "inbox"}
    assert inbox == dict.fromkeys(range(1, 31), 1)


async def test_who_hides_the_number_is_answered_and_is_the_same_person_when_it_shows(phones):
    hidden = "whatsapp:ID.1234567890abcdef"
    await phones.twilio.write(hidden, "whatsapp:+6281100000000", COMPLAINT)
    await phones.settled()
    assert [number_in(one.body) for one in phones.twilio.phone(hidden)] == [(await phones.only_case())["reference"]]

    await phones.write("whatsapp", BUDI, "Masih ramai sampai sore", user_id=hidden.removeprefix("whatsapp:"))
    await phones.hears("whatsapp", BUDI, 0)

    assert len(await phones.cases()) == 1
    assert phones.rows("SELECT count(*) FROM reporter") == [(1,)]


async def test_the_senders_own_time_moves_no_clock_of_ours(town):
    for year in (1999, 2099):
        raw = (
            f"From: {BUDI.mail}\r\nDate: Mon, 01 Mar {year} 10:00:00 +0000\r\nSubject: x\r\n\r\n{COMPLAINT} {year}\r\n"
        )
        await town.mail.deliver(Written(sender=BUDI.mail, recipient=DESK, raw=raw.encode(), message_id="-"))
    await town.settled()

    assert (await town.only_case())["opened_at"].startswith("2026-11-24")
    assert all(at // _SECOND // 86400 == 20781 for (at,) in town.rows("SELECT received_at FROM inbox"))


async def test_mails_are_told_apart_without_trusting_their_message_id(town):
    def mail(message_id, text):
        header = f"Message-ID: {message_id}\r\n" if message_id is not None else ""
        raw = f"From: {BUDI.mail}\r\n{header}Subject: Laporan\r\n\r\n{text}\r\n"
        return Written(sender=BUDI.mail, recipient=DESK, raw=raw.encode(), message_id="-")

    texts = [
        (None, "Ada sapi lepas di Desa Layap"), (None, "Sapi itu masih ada sampai sore"), ("", "Sapinya dua ekor"),
        ("", "Sapinya putih"), ("<sama@example.org>", "Sapinya punya orang"), ("<sama@example.org>", "Pagarnya rusak"),
    ]  # fmt: skip
    for message_id, text in [*texts, *texts]:
        await town.mail.deliver(mail(message_id, text))
    await town.settled()

    found = [one["text"] for one in (await town.only_case())["messages"] if one["direction"] == "in"]
    assert found == [text for _, text in texts]


async def test_another_gateways_mail_is_never_answered(town):
    await town.write("email", BUDI, COMPLAINT)
    await town.hears("email", BUDI, 1)
    ours = town.mail.mailbox(BUDI.mail)[0].raw
    theirs = re.sub(rb"aduan(\+[a-z0-9]+)?@satpolpp", b"lapor@dishub", ours)
    before = len(town.mail.mails)

    for sender in ("lapor@dishub.example.go.id", ""):
        await town.mail.deliver(Written(sender=sender, recipient=DESK, raw=theirs + sender.encode(), message_id="-"))
    await town.settled()

    assert len(town.mail.mails) == before
    assert len(await town.cases()) == 1
    assert (await town.books())["filed"] == 3


async def test_thousands_of_fields_are_refused_or_parked_quickly(phones):
    pairs = [*phones.message_pairs("SM" + "1" * 32, BUDI, COMPLAINT), *((f"x{number}", "y") for number in range(3000))]
    loop = asyncio.get_running_loop()
    started = loop.time()

    status, _ = await phones.post(phones.twilio_request("whatsapp", pairs))

    assert status == 200 or 400 <= status < 500
    assert loop.time() - started < 2
    assert await phones.write("whatsapp", BUDI, COMPLAINT) == 200
    await phones.hears("whatsapp", BUDI, 1)
