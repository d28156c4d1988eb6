"""The provider is down, slow, silent or says no: nothing is lost, nothing is sent twice, and others go on."""

from __future__ import annotations

import asyncio

import pytest
from folk import ARIF, BUDI, COMPLAINT, SITI, Person, number_in, until

from treckk_gateway.testing.sandbox.mail import Stage, Trouble
from treckk_gateway.testing.sandbox.twilio import Callbacks, Twist
from treckk_gateway.testing.stand_in import RETRY_AFTER, Fault

WAYS = ("whatsapp", "sms", "email", "web")


def provider(town, way):
    return {"email": town.mail, "web": town.portal}.get(way, town.twilio)


def creates(town, text=""):
    """How often Twilio was asked to send something that holds this text."""
    return sum(one.startswith(b"/2010") and b"Body=" in one and text.encode() in one for one in town.twilio._rest.seen)


def row(town, template="receipt"):
    """State, reason, attempts and due of the one row of a template; no attempts before it is there."""
    found = town.rows("SELECT state, reason, attempts, due FROM outbox WHERE template = ?", template)
    assert len(found) < 2
    return found[0] if found else ("sending", None, 0, 0)


async def tried(town, attempts, template="receipt"):
    """Return once the row was tried so often and rests again."""
    await until(lambda: row(town, template)[2] >= attempts and row(town, template)[0] != "sending")
    return row(town, template)


def leap_to(town, due, *, short=0.0):
    """Move the clock to a moment, or so many seconds before it."""
    town.clock.advance((due - town.clock.now()) / 1_000_000 - short)
    town.wake()


async def settle(town):
    return await town.gateway._parts.settler.settle()


@pytest.mark.parametrize("way", WAYS)
async def test_a_provider_that_is_down_is_tried_later_and_then_takes_it_once(town, way):
    await provider(town, way).play(Fault.REFUSED)
    await town.write(way, BUDI, COMPLAINT)

    dues = []
    for attempt in (1, 2, 3):
        state, _, attempts, due = await tried(town, attempt)
        assert (state, attempts) == ("queued", attempt)
        [(ended,)] = town.rows("SELECT max(ended_at) FROM attempt")
        dues.append((due - ended) / 1_000_000)
        leap_to(town, due)
    await tried(town, 4)
    await provider(town, way).play(None)
    leap_to(town, row(town)[3])

    await town.hears(way, BUDI, 1)
    for number, due in enumerate(dues):
        assert 2.4 * 2**number <= due <= 5 * 2**number
    [delivery] = [one for one in (await town.only_case())["deliveries"] if one["to"].startswith("P-")]
    assert delivery["attempts"] == 5


@pytest.mark.parametrize("way", ["whatsapp", "web"])
async def test_retry_after_is_honoured_to_the_second(phones, way):
    await provider(phones, way).play(Fault.BUSY)
    await phones.write(way, BUDI, COMPLAINT)
    state, _, _, due = await tried(phones, 1)
    started = phones.rows("SELECT ended_at FROM attempt")[0][0]
    assert (state, due - started) == ("queued", RETRY_AFTER * 1_000_000)
    await provider(phones, way).play(None)

    leap_to(phones, due, short=0.5)
    assert await phones.gateway.settled(5)
    assert phones.heard(way, BUDI) == []
    leap_to(phones, due)
    await phones.hears(way, BUDI, 1)


async def test_a_relay_that_says_come_again_is_tried_again(town):
    await town.mail.play(Trouble(stage=Stage.RCPT, answer=b"450 4.2.1 Greylisted", times=1))
    await town.write("email", BUDI, COMPLAINT)
    leap_to(town, (await tried(town, 1))[3])

    await town.hears("email", BUDI, 1)
    assert row(town)[:3] == ("sent", None, 2)


UNCERTAIN = {
    "500": Twist(status=500, code=20500),
    "500, but taken": Twist(status=500, taken=True),
    "cut": Twist(cut=True),
    "cut, but taken": Twist(cut=True, taken=True),
    "silent": Twist(silent=True),
    "silent, but taken": Twist(silent=True, taken=True),
    "nonsense, but taken": Twist(garbage=True, taken=True),
}


@pytest.mark.parametrize("name", UNCERTAIN)
async def test_what_may_have_been_taken_is_looked_up_and_never_sent_blindly(make_town, name):
    town = await make_town(channels=("whatsapp",), delivery={"timeout": 0.4})
    town.twilio.callbacks = Callbacks.NONE
    town.twilio.script(UNCERTAIN[name])
    await town.write("whatsapp", BUDI, COMPLAINT)
    assert (await tried(town, 1))[0] == "uncertain"
    await town.twilio.play(None)  # lets a call that hangs go

    town.clock.advance(50)
    assert await settle(town) == 0
    assert creates(town) == 1
    town.clock.advance(15)
    assert await settle(town) == 1

    [receipt] = await town.hears("whatsapp", BUDI, 1)
    assert row(town)[0] == "sent"
    assert creates(town) == (1 if "taken" in name else 2)
    [delivery] = [one for one in (await town.case(number_in(receipt)))["deliveries"] if one["to"].startswith("P-")]
    assert delivery["provider_message_id"] == town.twilio.phone(f"whatsapp:{BUDI.number}")[0].sid


async def test_a_callback_settles_what_nobody_knew(make_town):
    town = await make_town(channels=("whatsapp",), delivery={"timeout": 0.4})
    town.twilio.script(Twist(cut=True, taken=True))

    await town.write("whatsapp", BUDI, COMPLAINT)
    await town.hears("whatsapp", BUDI, 1)

    assert row(town)[:3] == ("sent", None, 1)
    assert town.rows("SELECT heard FROM outbox WHERE template = 'receipt'") == [("read",)]
    town.clock.advance(1000)
    assert await settle(town) == 0
    assert creates(town) == 1


async def test_a_mail_of_unknown_fate_is_shown_kept_back_and_never_repeated_by_itself(town):
    await town.mail.play(Trouble(stage=Stage.TEXT, times=1))
    await town.write("email", BUDI, COMPLAINT)
    assert (await tried(town, 1))[0] == "uncertain"
    reference = (await town.only_case())["reference"]
    await town.move(reference, "under_review", by="rini")
    town.clock.advance(300)
    assert await settle(town) == 0
    assert town.heard("email", BUDI) == []
    [letter] = (await town.get("/dead-letters"))["items"]
    assert (letter["state"], letter["reference"], letter["template"]) == ("uncertain", reference, "receipt")

    town.clock.advance(400)
    assert await settle(town) == 1

    assert "ditelaah" in (await town.hears("email", BUDI, 1))[0]
    assert row(town)[:2] == ("dead", "uncertain")
    assert len([one for one in town.mail._seen if "Laporan Anda kami terima" in one.subject]) == 1


async def test_a_portal_takes_a_repeat_once_so_that_it_may_be_repeated(phones):
    await phones.portal.play(Fault.DROPPED)
    await phones.write("web", BUDI, COMPLAINT)
    await tried(phones, 1)
    await phones.portal.play(None)
    leap_to(phones, row(phones)[3])

    await phones.hears("web", BUDI, 1)
    assert phones.portal.saw(number_in(phones.heard("web", BUDI)[0])) == 2


async def test_a_slow_provider_holds_up_neither_others_nor_is_called_twice(phones):
    gate, entered = asyncio.Event(), asyncio.Event()

    async def linger(_message):
        entered.set()
        await gate.wait()

    phones.twilio.callbacks, phones.twilio._watch = Callbacks.EARLY, linger
    await phones.write("whatsapp", BUDI, COMPLAINT)
    async with asyncio.timeout(5):
        await entered.wait()
    reference = (await phones.only_case())["reference"]
    await phones.move(reference, "under_review", by="rini")
    await phones.write("web", SITI, COMPLAINT)
    async with asyncio.timeout(5):
        await phones.portal.heard(SITI.conversation)

    assert creates(phones) == 1
    gate.set()
    texts = await phones.hears("whatsapp", BUDI, 2)
    assert "ditelaah" in texts[1]
    assert creates(phones) == 2


async def test_a_channel_that_refuses_us_is_left_alone_while_others_go_on(town):
    await town.twilio.play(Fault.DENIED)
    people = [Person.numbered(count) for count in range(50, 56)]
    for person in people:
        await town.write("whatsapp", person, COMPLAINT)
    await until(lambda: town.rows("SELECT count(*) FROM message") == [(6,)])
    assert await town.gateway.settled(10)
    asked = creates(town)
    for way, person in (("email", SITI), ("web", ARIF)):
        await town.write(way, person, COMPLAINT)
        await town.hears(way, person, 1)

    assert 1 <= asked <= 6
    async with town.http.get(f"{town.url}/readyz") as answer:
        told = await answer.json()
    assert told["ready"] is True
    assert told["problems"] == ["whatsapp does not send: 20003"]
    assert {one["channel_id"]: one["paused"] for one in told["channels"]}["email"] is None
    town.clock.advance(30)
    town.wake()
    assert await town.gateway.settled(10)
    assert creates(town) == asked

    await town.twilio.play(None)
    town.clock.advance(1000)
    town.wake()
    for person in people:
        await town.hears("whatsapp", person, 1)
    assert (await town.gateway.health()).problems == ()


async def test_when_a_channel_is_paused_and_for_how_long_are_settings(make_town):
    town = await make_town(channels=("whatsapp",), delivery={"pause_after": 1, "pause": 600.0, "base": 0.1, "cap": 0.1})
    await town.twilio.play(Fault.REFUSED)
    await town.write("whatsapp", BUDI, COMPLAINT)
    await until(lambda: town.rows("SELECT count(*) FROM attempt") == [(1,)])
    assert await town.gateway.settled(10)
    [one] = (await town.gateway.health()).channels
    assert (one.failures, one.paused) == (1, "connect_failed")
    assert 400_000_000 < one.paused_until - town.clock.now() <= 600_000_000

    await town.twilio.play(None)
    town.clock.advance(400)
    town.wake()
    assert await town.gateway.settled(10)
    assert town.heard("whatsapp", BUDI) == []
    town.clock.advance(201)
    town.wake()
    await town.hears("whatsapp", BUDI, 1)
    assert (await town.gateway.health()).problems == ()


async def test_after_five_failures_in_a_row_one_message_tries_for_all(phones):
    await phones.twilio.play(Fault.REFUSED)
    people = [Person.numbered(count) for count in range(50, 60)]
    for person in people:
        await phones.write("whatsapp", person, COMPLAINT)
        await until(lambda: phones.rows("SELECT count(*) FROM message")[0][0] > 0)
    assert await phones.gateway.settled(10)
    failed = phones.rows("SELECT count(*) FROM attempt")[0][0]

    assert 5 <= failed <= 10
    phones.clock.advance(30)
    phones.wake()
    assert await phones.gateway.settled(10)
    assert phones.rows("SELECT count(*) FROM attempt") == [(failed,)]
    await phones.twilio.play(None)
    phones.clock.advance(60)
    phones.wake()
    for person in people:
        await phones.hears("whatsapp", person, 1)
    assert phones.rows("SELECT count(*) FROM outbox WHERE template = 'receipt' AND state = 'sent'") == [(10,)]
