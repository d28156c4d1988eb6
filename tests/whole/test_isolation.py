"""One channel that cannot start, is slow or flooded harms no other; who was asked something hears before the many."""

from __future__ import annotations

import asyncio
import socket

import pytest
from folk import ARIF, BUDI, COMPLAINT, SITI, Person
from stored import only_embedded

from treckk_gateway.adapters.twilio import TwilioChannel
from treckk_gateway.gateway import doors
from treckk_gateway.gateway.work import Work
from treckk_gateway.testing import Fault


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.05)


async def ready(town):
    async with town.http.get(f"{town.url}/readyz") as answer:
        return answer.status, await answer.json()


async def metric(town, name, channel):
    async with town.http.get(f"{town.url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    [line] = [one for one in lines if one.startswith(f'{name}{{channel_id="{channel}"}}')]
    return float(line.rpartition(" ")[2])


@pytest.fixture
def gate(monkeypatch):
    """The SMS channel raises or hangs at its opening for as long as it is told to."""
    trouble = {"how": "raise"}
    whole = TwilioChannel.open

    async def open_(self):
        if self.channel_id == "sms" and trouble["how"] == "raise":
            raise OSError("no route to host 10.0.0.1")
        if self.channel_id == "sms" and trouble["how"] == "hang":
            await asyncio.Event().wait()
        await whole(self)

    monkeypatch.setattr(TwilioChannel, "open", open_)
    return trouble


@pytest.mark.parametrize("how", ["raise", "hang"])
async def test_a_channel_that_cannot_be_opened_stops_no_other_and_is_tried_again(make_town, monkeypatch, gate, how):
    gate["how"] = how
    made = doors.Doors

    def quick(**given):
        return made(**given, limit=0.3, patience=0.5)

    monkeypatch.setattr("treckk_gateway.gateway.parts.Doors", quick)
    town = await make_town(channels=("whatsapp", "sms", "web"), delivery={"reopen": 0.2})

    await town.write("whatsapp", BUDI, COMPLAINT)
    await town.hears("whatsapp", BUDI, 1)
    assert await town.write("sms", SITI, COMPLAINT) == 503
    status, told = await ready(town)
    assert status == 200, "messages can be taken"
    [trouble] = told["problems"]
    assert trouble.startswith("sms is not open: ")
    assert "10.0.0.1" not in trouble
    assert (await metric(town, "treckk_channel_open", "sms"), await metric(town, "treckk_channel_open", "web")) == (
        0,
        1,
    )
    assert await metric(town, "treckk_paused", "sms") == 1

    gate["how"] = "open"
    await until(lambda: not town.gateway._parts.receiver.shut)
    await town.write("sms", SITI, COMPLAINT)

    await town.hears("sms", SITI, 1)
    assert (await ready(town))[1]["problems"] == []
    assert await metric(town, "treckk_channel_open", "sms") == 1


async def test_a_listener_whose_port_is_taken_waits_for_it_while_others_work(make_town, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr("town.free_port", lambda: taken.getsockname()[1])
        town = await make_town(channels=("email", "web"), delivery={"reopen": 0.2})
        await town.write("web", BUDI, COMPLAINT)
        await town.hears("web", BUDI, 1)
        [trouble] = (await ready(town))[1]["problems"]
        assert trouble.startswith("email is not open: ")

    await until(lambda: not town.gateway._parts.receiver.shut)
    await town.write("email", SITI, COMPLAINT)

    await town.hears("email", SITI, 1)


async def test_whatever_was_to_be_told_over_a_shut_channel_waits_and_leaves_once(make_town, gate):
    town = await make_town(channels=("sms", "web"), delivery={"reopen": 0.2})
    status, _ = await town.api("POST", "/cases", text="Pohon tumbang", reply_to=BUDI.at("sms"))
    assert status == 201
    await asyncio.sleep(0)
    assert town.heard("sms", BUDI) == []

    gate["how"] = "open"
    await until(lambda: not town.gateway._parts.receiver.shut)
    town.clock.advance(120)
    town.wake()

    await town.hears("sms", BUDI, 1)


async def test_a_provider_that_does_not_answer_keeps_only_its_own_waiting(make_town):
    """More people than there are places to work wait for one provider; the others are answered meanwhile."""
    town = await make_town(channels=("whatsapp", "web"), engine={"slots": 8}, delivery={"timeout": 100.0})
    await town.twilio.play(Fault.SILENT)
    for count in range(20):
        await town.write("whatsapp", Person.numbered(100 + count), COMPLAINT)
    await until(lambda: town.rows("SELECT count(*) FROM message") == [(20,)])
    await until(lambda: town.twilio.saw("/Messages.json") >= 1)

    for person in (BUDI, SITI, ARIF):
        await town.write("web", person, COMPLAINT)
    await until(lambda: all(town.heard("web", person) for person in (BUDI, SITI, ARIF)))

    under_way = town.rows("SELECT count(*) FROM outbox WHERE state = 'sending' AND channel_id = 'whatsapp'")[0][0]
    assert under_way <= 3, "half of the places for sending"
    await town.twilio.play(None)
    await until(lambda: town.rows("SELECT count(*) FROM outbox WHERE state = 'sent' AND reply")[0][0] >= 10)


async def test_an_answer_goes_before_notices_that_wait_for_the_same_slots(make_town):
    """SMS leaves once a second: four notices are queued first, and an answer after them."""
    town = await make_town(channels=("sms", "web"), clocks={"out_of_hours": False})
    people = [Person.numbered(60 + count) for count in range(4)]
    for person in people:
        await town.write("sms", person, COMPLAINT)
        await town.settled()
    before = len(town.twilio.messages)
    for case in await town.cases():
        await town.move(case["reference"], "under_review", by="rini")
    await town.write("sms", BUDI, COMPLAINT)
    await town.settled()

    told = [one.recipient for one in town.twilio.messages[before:] if one.direction != "inbound"]
    order = [one for one in told if one in {BUDI.number, *(person.number for person in people)}]
    assert len(order) == 5
    assert order.index(BUDI.number) < 4, "it was queued last"


@only_embedded
async def test_a_flood_on_one_channel_keeps_nobody_of_another_waiting_for_its_end(make_town, monkeypatch):
    """Far more people than there are places to work write over WhatsApp; then one by a form."""
    gate, handle = asyncio.Event(), Work.handle

    async def gated(work, wake):
        await gate.wait()
        await handle(work, wake)

    monkeypatch.setattr(Work, "handle", gated)
    town = await make_town(channels=("whatsapp", "web"), engine={"slots": 8})
    flood = [town.message_pairs(f"SM{count:032x}", Person.numbered(1000 + count), COMPLAINT) for count in range(80)]
    for one in flood:
        assert (await town.gateway.receive("whatsapp", town.twilio_request("whatsapp", one))).status == 200
    assert await town.write("web", BUDI, COMPLAINT) == 200

    gate.set()
    await until(lambda: town.rows("SELECT count(*) FROM message")[0][0] == 81)

    query = "SELECT count(*) FROM message WHERE id < (SELECT max(m.id) FROM message m JOIN conversation c"
    [(before,)] = town.rows(f"{query} ON c.id = m.conversation_id WHERE c.channel_id = 'web')")
    assert before < 40, "eight were begun already; then channels take turns"
