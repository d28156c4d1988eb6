"""What is given up is seen and run again once; who cannot or will not be reached is left alone; what waits is held."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest
from folk import BUDI, COMPLAINT, SITI, number_in, until

from treckk_gateway.server.control import control
from treckk_gateway.testing.sandbox.twilio import Twist, Window

DAY = 86_400


def creates(town):
    return sum(one.startswith(b"/2010") and b"Body=" in one for one in town.twilio._rest.seen)


async def rejected(town, code=21620):
    """A receipt that the provider refused; the case's number."""
    town.twilio.script(Twist(status=400, code=code))
    await town.write("whatsapp", BUDI, COMPLAINT)
    await town.hears("whatsapp", BUDI, 0)
    return (await town.only_case())["reference"]


def states(case):
    return [(one["template"], one["state"], one["reason"]) for one in case["deliveries"] if one["to"].startswith("P-")]


async def test_a_dead_letter_is_seen_and_run_again_once_however_often_it_is_clicked(phones):
    reference = await rejected(phones)
    [letter] = (await phones.get("/dead-letters"))["items"]
    assert (letter["reference"], letter["state"], letter["reason"], letter["attempts"]) == (
        reference,
        "dead",
        "21620",
        1,
    )
    assert (await phones.books())["dead"] == 1
    assert (await phones.api("GET", "/dead-letters", by="danru-paringin"))[0] == 403
    assert (await phones.api("POST", f"/dead-letters/{letter['id']}/replay", by="danru-paringin"))[0] == 403

    clicks = await asyncio.gather(*(phones.api("POST", f"/dead-letters/{letter['id']}/replay") for _ in range(4)))

    assert sorted(answer["replayed"] for _, answer in clicks) == [False, False, False, True]
    await phones.hears("whatsapp", BUDI, 1)
    assert creates(phones) == 2
    assert await phones.api("POST", f"/dead-letters/{letter['id']}/replay") == (200, {"replayed": False})
    case = await phones.only_case()
    assert states(case) == [("receipt", "read", None)]
    assert [(one["actor"], one["kind"]) for one in case["events"]][-1] == ("rini", "replayed")
    assert (await phones.books())["dead"] == 0


async def test_a_dead_letter_does_not_hold_up_those_behind_it(phones):
    reference = await rejected(phones)

    await phones.move(reference, "under_review", by="rini")

    assert "ditelaah" in (await phones.hears("whatsapp", BUDI, 1))[0]
    assert [one[1] for one in states(await phones.only_case())] == ["dead", "read"]


async def test_all_dead_letters_are_run_again_by_one_command(make_town):
    town = await make_town(channels=("whatsapp",))
    await rejected(town)
    config = town.folder / "treckk.toml"
    config.write_text(toml(town.table()), encoding="utf-8")
    command = [sys.executable, "-c", "from treckk_gateway.server.cli import main; main()"]
    async with control(town.gateway, town.folder / "data"):
        told = [await ran(*command, "replay", "--config", str(config), "--dead", "--all") for _ in range(2)]

    assert told == [(0, "1 of 1 run again\n"), (0, "0 of 0 run again\n")]
    await town.hears("whatsapp", BUDI, 1)
    assert creates(town) == 2


async def ran(*command):
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    return process.returncode, told.decode()


def toml(tables):
    """A town's tables as a file."""
    lines = []
    for name in ("gateway", "delivery"):
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in tables[name].items())]
    for name, table in tables["channels"].items():
        lines += [f"[channels.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    for entry in tables["staff"]:
        lines += ["[[staff]]", *(f"{key} = {json.dumps(value)}" for key, value in entry.items())]
    return "\n".join(lines)


async def test_a_notice_is_given_up_after_three_days_and_not_before(make_town):
    town = await make_town(channels=("sms",), delivery={"quick": 1, "slow": 20_000})
    town.twilio.script(*[Twist(status=429, code=20429)] * 30)
    await town.write("sms", BUDI, COMPLAINT)
    started, waits, attempts = town.clock.now(), [], 0
    while True:
        await until(lambda tried=attempts: tried_more(town, tried))
        [(state, due, attempts)] = town.rows("SELECT state, due, attempts FROM outbox")
        if state != "queued":
            break
        waits.append((due - town.clock.now()) / 1_000_000)
        town.clock.advance(max(0.0, waits[-1]))
        town.wake()

    passed = (town.clock.now() - started) / 1_000_000
    assert (state, len((await town.get("/dead-letters"))["items"])) == ("dead", 1)
    assert 3 * DAY <= passed <= 4 * DAY
    assert max(waits) <= DAY
    assert creates(town) == attempts == len(waits) + 1


def tried_more(town, attempts):
    return town.rows("SELECT 1 FROM outbox WHERE state <> 'sending' AND attempts > ?", attempts)


@pytest.mark.parametrize("code", [21610, 63014])
async def test_who_blocked_us_gets_nothing_more_until_they_ask_for_it(phones, code):
    reference = await rejected(phones, code)

    await phones.move(reference, "under_review", by="rini")
    await phones.hears("whatsapp", BUDI, 0)
    assert states(await phones.only_case()) == [
        ("receipt", "dead", str(code)), ("under_review", "cancelled", "opted_out"),
    ]  # fmt: skip
    await phones.write("whatsapp", BUDI, "Masih ada sampai sekarang")
    await phones.settled()
    await phones.move(reference, "instructed", by="pak-kasat", post="paringin")
    await phones.hears("whatsapp", BUDI, 0)

    await phones.write("whatsapp", BUDI, "MULAI")
    await phones.hears("whatsapp", BUDI, 1)
    await phones.move(reference, "en_route", by="danru-paringin")
    await phones.hears("whatsapp", BUDI, 2)


@pytest.mark.parametrize("code", [21211, 63024])
async def test_a_dead_address_gets_nothing_more_until_it_writes_again(phones, code):
    reference = await rejected(phones, code)

    await phones.move(reference, "under_review", by="rini")
    await phones.hears("whatsapp", BUDI, 0)
    assert creates(phones) == 1
    assert states(await phones.only_case())[-1] == ("under_review", "cancelled", str(code))

    await phones.write("whatsapp", BUDI, "Masih ada sampai sekarang")
    await phones.settled()
    await phones.move(reference, "instructed", by="pak-kasat", post="paringin")
    await phones.hears("whatsapp", BUDI, 1)


async def test_a_dead_address_on_one_channel_says_nothing_of_another(phones):
    await rejected(phones, 21211)
    status, case = await phones.api("POST", "/cases", text="Pohon tumbang", reply_to=BUDI.at("sms"))

    assert status == 201
    assert number_in((await phones.hears("sms", BUDI, 1))[0]) == case["reference"]


@pytest.mark.parametrize(("hours", "held"), [(23.9, False), (24.0, True), (25, True)])
async def test_outside_the_reply_window_it_is_held_and_leaves_with_the_next_message(phones, hours, held):
    phones.twilio.window = Window.REFUSES
    await phones.write("whatsapp", BUDI, COMPLAINT)
    reference = number_in((await phones.hears("whatsapp", BUDI, 1))[0])
    phones.clock.advance(hours=hours)

    await phones.move(reference, "under_review", by="rini")
    await phones.hears("whatsapp", BUDI, 1 if held else 2)
    assert states(await phones.only_case())[-1][1] == ("held" if held else "read")
    if held:
        assert creates(phones) == 1
        await phones.write("whatsapp", BUDI, "Bagaimana kelanjutannya?")
        texts = await phones.hears("whatsapp", BUDI, 3)
        assert sum("ditelaah" in one for one in texts[1:]) >= 1
        assert states(await phones.only_case())[1] == ("under_review", "read", None)
        await phones.write("whatsapp", BUDI, "terima kasih")
        await phones.hears("whatsapp", BUDI, 3)


async def test_a_window_the_provider_finds_closed_is_held_too(phones):
    phones.twilio.script(Twist(status=400, code=63016))
    await phones.write("whatsapp", BUDI, COMPLAINT)
    await phones.hears("whatsapp", BUDI, 0)
    assert states(await phones.only_case()) == [("receipt", "held", "window_closed")]
    assert (await phones.books())["held"] >= 1

    await phones.write("whatsapp", BUDI, "Masih ada")
    await phones.hears("whatsapp", BUDI, 1)


async def test_a_held_message_blocks_nobody_else(phones):
    phones.twilio.window = Window.REFUSES
    await phones.write("whatsapp", BUDI, COMPLAINT)
    reference = number_in((await phones.hears("whatsapp", BUDI, 1))[0])
    phones.clock.advance(hours=25)  # a day later, within service hours
    await phones.move(reference, "under_review", by="rini")

    await phones.write("whatsapp", SITI, COMPLAINT)

    await phones.hears("whatsapp", SITI, 1)
    await phones.hears("whatsapp", BUDI, 1)
    await phones.move(reference, "instructed", by="pak-kasat", post="paringin")
    await phones.settled()
    assert [one[1] for one in states(await phones.case(reference))] == ["read", "held", "held"]
