"""Outside WhatsApp's 24 hours: an approved template, or the answer waits and its reader is told so, once."""

from __future__ import annotations

import re

import pytest
from folk import ADMIN, BUDI, COMPLAINT, DANRU, SITI, WHATSAPP, staff_entry

from treckk_gateway import Gateway
from treckk_gateway.errors import ConfigError
from treckk_gateway.testing.sandbox.twilio import Callbacks, Twist, Window

REVIEW, NEWS, NOTICE = (f"HX{one * 32}" for one in "abc")
TEMPLATES = {
    "under_review": {"id": {"name": REVIEW, "variables": ["nomor", "status"]}},
    "answer_waiting": {"id": {"name": NEWS, "variables": ["nomor"]}},
    "notice_waiting": {"id": {"name": NOTICE}},
}
WORDS = {
    REVIEW: "Laporan {{1}} sedang ditelaah pimpinan ({{2}}).",
    NEWS: "Ada kabar tentang laporan {{1}}. Balas YA untuk membacanya.",
    NOTICE: "Ada pemberitahuan tugas untuk Anda.",
}


@pytest.fixture
async def village(make_town):
    """A town with templates, whose Twilio minds the window."""
    town = await make_town(channels=("whatsapp", "sms", "web"), whatsapp={"templates": TEMPLATES})
    for sid, words in WORDS.items():
        town.twilio.approve(sid, words)
    town.twilio.window = Window.REFUSES
    return town


async def a_day_later(town, hours=25):
    """A complaint of yesterday; its number."""
    await town.write("whatsapp", BUDI, COMPLAINT)
    [text] = await town.hears("whatsapp", BUDI, 1)
    town.clock.advance(hours=hours)
    return re.search(r"TRK-\d{4}-\d{5}", text)[0]


async def own(town):
    case = await town.only_case()
    return [(one["template"], one["state"], one["reason"]) for one in case["deliveries"] if one["to"].startswith("P-")]


def contents(town):
    """Which approved contents reached the reporter, oldest first."""
    return [one.content_sid for one in town.twilio.phone(f"whatsapp:{BUDI.number}")]


@pytest.mark.parametrize(("seconds", "template"), [(-600, False), (0, True), (60, True)])
async def test_the_approved_template_is_chosen_when_it_leaves(village, seconds, template):
    reference = await a_day_later(village, hours=0)
    village.clock.advance(24 * 3600 + seconds)

    await village.move(reference, "under_review", by="rini")

    texts = await village.hears("whatsapp", BUDI, 2)
    assert contents(village) == [None, REVIEW if template else None]
    if template:
        assert texts[1] == f"Laporan {reference} sedang ditelaah pimpinan (ditelaah pimpinan)."
    assert (await own(village))[1] == ("under_review", "read", None)


async def test_without_a_template_it_waits_and_its_reader_is_told_once(village):
    reference = await a_day_later(village)
    await village.move(reference, "under_review", by="rini")
    await village.move(reference, "instructed", by="pak-kasat", post="paringin")
    await village.move(reference, "en_route", by="danru-paringin")

    texts = await village.hears("whatsapp", BUDI, 3)
    assert contents(village) == [None, REVIEW, NEWS]
    assert texts[2] == f"Ada kabar tentang laporan {reference}. Balas YA untuk membacanya."
    assert sorted(one[:2] for one in await own(village))[:3] == [
        ("answer_waiting", "read"), ("en_route", "held"), ("instructed", "held"),
    ]  # fmt: skip

    await village.write("whatsapp", BUDI, "YA")

    texts = await village.hears("whatsapp", BUDI, 5)
    assert contents(village)[3:] == [None, None]
    assert sorted(one[:2] for one in await own(village))[:3] == [
        ("answer_waiting", "read"), ("en_route", "read"), ("instructed", "read"),
    ]  # fmt: skip
    order = [one.sid for one in village.twilio.phone(f"whatsapp:{BUDI.number}")][3:]
    held = [one["provider_message_id"] for one in (await village.only_case())["deliveries"]
            if one["to"].startswith("P-") and one["template"] in {"instructed", "en_route"}]  # fmt: skip
    assert order == held


async def test_the_window_that_closes_again_is_told_of_again(village):
    reference = await a_day_later(village)
    await village.move(reference, "under_review", by="rini")
    await village.move(reference, "instructed", by="pak-kasat", post="paringin")
    await village.settled()
    await village.write("whatsapp", BUDI, "YA")
    await village.hears("whatsapp", BUDI, 4)
    village.clock.advance(hours=25)

    await village.move(reference, "en_route", by="danru-paringin")

    await village.hears("whatsapp", BUDI, 5)
    assert contents(village)[1:] == [REVIEW, NEWS, None, NEWS]


async def test_the_word_that_something_waits_does_not_come_after_what_waited(village):
    reference = await a_day_later(village)
    await village.move(reference, "under_review", by="rini")
    await village.settled()
    village.twilio.script(Twist(status=429, code=20429, retry_after=600))
    await village.move(reference, "instructed", by="pak-kasat", post="paringin")
    await village.settled()
    await village.write("whatsapp", BUDI, "bagaimana kabarnya?")
    await village.settled()
    village.clock.advance(700)
    village.wake()
    await village.settled()

    assert ("answer_waiting", "cancelled", "answered") in await own(village)
    assert NEWS not in contents(village)


@pytest.mark.parametrize("order", list(Callbacks)[:4])
async def test_a_window_that_only_a_receipt_tells_of_sends_the_template(village, order):
    """Our clock says that it is open: the person's last message came 23 hours ago, Twilio counts otherwise."""
    reference = await a_day_later(village, hours=23)
    village.twilio.callbacks = order
    village.twilio.script(Twist(fails=63016))

    await village.move(reference, "under_review", by="rini")

    await village.hears("whatsapp", BUDI, 2)
    assert contents(village) == [None, REVIEW]
    assert (await own(village))[1] == ("under_review", "read", None)
    assert (await village.only_case())["deliveries"][-1]["attempts"] in {1, 2}
    query = "SELECT count(*) FROM attempt JOIN outbox ON outbox.id = outbox_id WHERE template = 'under_review'"
    assert village.rows(query) == [(2,)]


@pytest.mark.parametrize("late", [False, True])
async def test_a_window_the_provider_finds_closed_holds_what_has_no_template(village, late):
    reference = await a_day_later(village)
    await village.move(reference, "under_review", by="rini")
    await village.write("whatsapp", BUDI, "halo, bagaimana?")
    await village.settled()
    before = len(contents(village))
    village.twilio.script(Twist(fails=63016) if late else Twist(status=400, code=63016))

    await village.move(reference, "instructed", by="pak-kasat", post="paringin")
    await village.settled()

    assert contents(village)[before:] == [NEWS]
    assert ("instructed", "held", "window_closed") in await own(village)
    await village.write("whatsapp", BUDI, "ya")
    await village.settled()
    assert contents(village)[before:] == [NEWS, None]
    assert ("instructed", "read", None) in await own(village)


async def test_a_template_the_provider_refuses_for_the_window_waits_and_is_not_tried_for_ever(village):
    reference = await a_day_later(village)
    village.twilio.script(Twist(status=400, code=63016))

    await village.move(reference, "under_review", by="rini")
    await village.settled()

    assert (await own(village))[1] == ("under_review", "held", "window_closed")
    village.clock.advance(hours=1)
    village.wake()
    await village.settled()
    assert contents(village) == [None]


async def test_a_template_that_was_withdrawn_is_a_dead_letter_with_the_providers_code(village):
    reference = await a_day_later(village)
    village.twilio._ledger.contents.clear()

    await village.move(reference, "under_review", by="rini")
    await village.settled()

    assert (await own(village))[1] == ("under_review", "dead", "21655")


async def test_a_notice_to_staff_that_a_receipt_says_was_late_goes_to_the_next_address(make_town):
    danru = staff_entry("danru-dua", "team", "paringin", "whatsapp:+6281300000021")
    danru["addresses"].append("sms:+6281300000022")
    town = await make_town(channels=("whatsapp", "sms", "web"), staff=(danru,))
    await town.staff_writes("+6281300000021", "halo")
    await town.write("web", BUDI, COMPLAINT)
    await town.settled()
    reference = (await town.only_case())["reference"]
    await town.move(reference, "under_review", by="rini")
    await town.settled()
    town.twilio.script(Twist(fails=63016))

    await town.move(reference, "instructed", by="pak-kasat", post="paringin")
    await town.settled()

    [order] = [one for one in town.phone("+6281300000022", whatsapp=False) if reference in one]
    assert order.startswith("Tugas ")
    assert not [one for one in town.phone("+6281300000021") if reference in one]
    query = "SELECT state, reason FROM outbox WHERE template = 'staff_instructed' AND state = 'cancelled'"
    assert town.rows(query) == [("cancelled", "sent_elsewhere")]


async def test_somebody_of_the_unit_is_told_that_a_notice_waits_and_reads_it_after_a_word(village):
    await village.staff_writes(ADMIN, "halo")
    await village.settled()
    village.clock.advance(hours=25)
    before = len(village.phone(ADMIN))

    await village.write("whatsapp", SITI, COMPLAINT)
    await village.settled()
    assert village.phone(ADMIN)[before:] == [WORDS[NOTICE]]

    await village.staff_writes(ADMIN, "ya")
    await village.settled()
    [notice] = village.phone(ADMIN)[before + 1 :]
    assert (await village.only_case())["reference"] in notice


async def test_what_waits_survives_a_restart_and_leaves_once(village):
    reference = await a_day_later(village)
    await village.move(reference, "under_review", by="rini")
    await village.move(reference, "instructed", by="pak-kasat", post="paringin")
    await village.settled()
    await village.stop()
    await village.start()
    village.wake()
    await village.settled()
    assert contents(village) == [None, REVIEW, NEWS]

    await village.write("whatsapp", BUDI, "ya")
    await village.settled()
    await village.stop()
    await village.start()
    await village.settled()

    assert contents(village) == [None, REVIEW, NEWS, None]


@pytest.mark.parametrize(
    ("templates", "key", "reason"),
    [
        ({"resolvd": {"id": {"name": REVIEW}}}, "templates.resolvd", "no update has that name"),
        ({"resolved": {"bjn": {"name": REVIEW}}}, "templates.resolved.bjn", "no such language"),
        (
            {"resolved": {"id": {"name": REVIEW, "variables": ["nama"]}}},
            "templates.resolved.id.variables",
            "resolved fills no nama",
        ),
        ({"resolved": {"id": {"name": "resolved_1"}}}, "", "ContentSid"),
    ],
)
async def test_a_template_nobody_could_fill_stops_the_start(make_town, templates, key, reason):
    town = await make_town(channels=("web",))
    town._channels, town._tables = ("whatsapp",), {"whatsapp": {"templates": templates}}

    with pytest.raises(ConfigError) as caught:
        Gateway(town.settings())

    assert caught.value.key == (f"channels.whatsapp.{key}" if key else "channels.whatsapp")
    assert reason in caught.value.reason


async def test_without_the_word_that_an_answer_waits_the_check_says_so(make_town):
    town = await make_town(channels=("whatsapp", "sms"))
    told = [(name, one.summary) for name, one in await town.gateway.check() if "answer waits" in one.summary]
    assert [name for name, _ in told] == ["whatsapp"]
    assert WHATSAPP not in told[0][1]
    assert DANRU not in told[0][1]
