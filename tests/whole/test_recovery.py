"""Messages whose webhook never came are asked for, on a clock, and taken in like any other, once."""

from __future__ import annotations

import asyncio

import pytest
from folk import ARIF, BUDI, COMPLAINT, SITI, WHATSAPP, Person

from treckk_gateway.adapters.twilio import sending
from treckk_gateway.errors import StoreUnavailable
from treckk_gateway.inbound import reconciling
from treckk_gateway.testing import Fault

PHOTO = (b"\x89PNG\r\n\x1a\n" + b"\0" * 32, "image/png")


@pytest.fixture
async def village(make_town):
    """A town that asks Twilio all the time."""
    return await make_town(
        channels=("whatsapp", "sms", "web"), whatsapp={"recover_every": 0.2}, clocks={"out_of_hours": False}
    )


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.05)


def received(town):
    return town.rows("SELECT count(*) FROM inbox WHERE kind = 'message'")[0][0]


def found(town):
    return town.rows("SELECT coalesce(sum(found), 0) FROM recovery")[0][0]


async def lost(town, person, text, **more):
    await town.twilio.write(f"whatsapp:{person.number}", WHATSAPP, text, lost=True, **more)


async def looks(town, count=2):
    """Once Twilio was asked so often from now on."""
    before = town.twilio.saw("/Messages.json?")
    await until(lambda: town.twilio.saw("/Messages.json?") >= before + count)


async def test_a_message_without_its_webhook_is_found_filed_and_answered(village):
    await lost(village, BUDI, COMPLAINT)
    await until(lambda: received(village) == 1)

    [text] = await village.hears("whatsapp", BUDI, 1)
    assert (await village.only_case())["reference"] in text
    await until(lambda: found(village) == 1)
    health = {one.channel_id: one for one in (await village.gateway.health()).channels}
    assert (health["whatsapp"].recovered, health["sms"].recovered) == (1, 0)
    assert health["whatsapp"].looked_at is not None
    async with village.http.get(f"{village.url}/metrics") as answer:
        assert 'treckk_recovered_total{channel_id="whatsapp"} 1.0' in await answer.text()


async def test_what_came_by_its_webhook_too_is_one_message_whichever_came_first(village):
    await village.write("whatsapp", BUDI, COMPLAINT)
    await looks(village)
    assert (received(village), found(village)) == (1, 0)

    sid = "SM" + "5" * 32
    await lost(village, SITI, COMPLAINT, sid=sid)
    await until(lambda: received(village) == 2)
    await village.write("whatsapp", SITI, COMPLAINT, sid=sid)
    await looks(village)

    assert (received(village), found(village)) == (2, 1)
    await village.hears("whatsapp", SITI, 1)
    assert len(await village.cases()) == 2


async def test_many_pages_are_read_and_kept_in_the_order_they_were_written(village, monkeypatch):
    monkeypatch.setattr(sending, "_PAGE", 7)
    await village.twilio.play(Fault.BROKEN)
    for number in range(25):
        await lost(village, BUDI if number % 2 else SITI, f"Laporan ke {number}: pedagang di trotoar pasar Paringin")
    await village.twilio.play(None)
    await until(lambda: received(village) == 25)
    await village.settled()

    keys = [key for (key,) in village.rows("SELECT dedupe_key FROM inbox WHERE kind = 'message' ORDER BY id")]
    assert keys == [one.sid for one in village.twilio.messages if one.direction == "inbound"]
    assert village.twilio.saw("Page=3") >= 1
    assert (await village.books())["parked"] == 0


async def test_files_come_along(village):
    await lost(village, BUDI, COMPLAINT, files=[("image/png", PHOTO[0])])
    await until(lambda: received(village) == 1)
    await village.settled()

    assert village.rows("SELECT kind FROM attachment") == [("image",)]
    [message] = [one for one in (await village.only_case())["messages"] if one["direction"] == "in"]
    assert message["text"] == COMPLAINT


async def test_while_the_provider_is_down_nothing_is_passed_over(village, log):
    await looks(village)
    await village.twilio.play(Fault.BROKEN)
    before = len(village.twilio._rest.seen)
    await until(lambda: len(village.twilio._rest.seen) >= before + 2)
    reached = village.rows("SELECT reached FROM recovery")
    await lost(village, BUDI, COMPLAINT)
    before = len(village.twilio._rest.seen)
    await until(lambda: len(village.twilio._rest.seen) >= before + 2)
    assert village.rows("SELECT reached FROM recovery") == reached
    assert log.said("recovery.postponed")

    await village.twilio.play(None)

    await until(lambda: received(village) == 1)
    await village.hears("whatsapp", BUDI, 1)


async def test_after_a_day_of_absence_everything_is_caught_up_on_once(village, monkeypatch):
    await looks(village)
    await village.stop()
    for number, person in enumerate((BUDI, SITI, ARIF)):
        await lost(village, person, COMPLAINT)
        village.clock.advance(hours=9 + number)
    asked = []
    whole = reconciling.Reconciler._part

    async def part(self, channel, provider, since, end):
        asked.append((since, end))
        return await whole(self, channel, provider, since, end)

    monkeypatch.setattr(reconciling.Reconciler, "_part", part)

    await village.start()
    await until(lambda: received(village) == 3)
    await looks(village)

    assert received(village) == 3
    await until(lambda: len(asked) >= 30)
    assert all(end - since <= 3_600_000_000 for since, end in asked)
    for person in (BUDI, SITI, ARIF):
        await village.hears("whatsapp", person, 1)


async def test_a_crash_before_the_look_is_on_record_doubles_nothing(village, monkeypatch, log):
    await looks(village)
    store = village.gateway._parts.store
    whole, crashes = store.advance_recovery, []

    async def advance(*given):
        if not crashes and given[2]:
            crashes.append(given)
            raise StoreUnavailable("the power went")
        await whole(*given)

    monkeypatch.setattr(store, "advance_recovery", advance)
    await lost(village, BUDI, COMPLAINT)
    await until(lambda: crashes)
    await village.settled()  # a receipt that is on its way would be given up with the look
    village.clock.advance(301)  # whoever took this look is given up
    await looks(village)

    assert received(village) == 1
    await village.hears("whatsapp", BUDI, 1)


async def test_zero_asks_for_nothing(make_town):
    town = await make_town(channels=("whatsapp",), whatsapp={"recover_every": 0})
    assert not [one for one in town.gateway.channels.values() if town.gateway._parts.reconciler.asks(one)]
    assert town.rows("SELECT count(*) FROM recovery") == [(0,)]


async def test_the_calls_take_slots_of_the_channels_rate(make_town):
    town = await make_town(channels=("whatsapp",), whatsapp={"recover_every": 300, "rate": 1.0})
    for number in range(3):
        await lost(town, Person.numbered(40 + number), COMPLAINT, files=[("image/png", PHOTO[0])])
    town.clock.advance(400)
    reconciler = town.gateway._parts.reconciler
    taken = []
    whole = town.gateway._parts.store.take_turn

    async def take_turn(channel_id, now, pace):
        free = await whole(channel_id, now, pace)
        taken.append((now, free))
        town.clock.advance(0.5)
        return free

    town.gateway._parts.store.take_turn = take_turn
    try:
        assert await reconciler.look(town.gateway.channels["whatsapp"]) == 3
    finally:
        del town.gateway._parts.store.take_turn
    granted = [now for now, free in taken if free is None]
    assert len(granted) == 4, "the list, and the files of each message"
    assert len(taken) > len(granted), "some had to wait"
    assert all(later - sooner > 900_000 for sooner, later in zip(granted, granted[1:], strict=False))
