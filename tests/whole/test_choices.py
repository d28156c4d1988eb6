"""What may be tapped is offered with the words that name it, and a tap, a number and a word mean the same."""

from __future__ import annotations

import pytest
from folk import ADMIN, BUDI, COMPLAINT, KASAT, SITI

from treckk_gateway.testing.sandbox.twilio import Twist, Window

BUTTONS = {str(count): f"HX{count:032x}" for count in (1, 2, 3)}
LISTS = {str(count): f"HX{count + 16:032x}" for count in range(1, 11)}


@pytest.fixture
async def village(make_town):
    choices = {"buttons": BUTTONS, "lists": LISTS}
    town = await make_town(channels=("whatsapp", "sms", "web"), whatsapp={"choices": choices})
    for count, sid in BUTTONS.items():
        town.twilio.offer(sid, buttons=int(count))
    for count, sid in LISTS.items():
        town.twilio.offer(sid, lines=int(count))
    return town


def last(town, number=BUDI.number):
    return town.twilio.phone(f"whatsapp:{number}")[-1]


async def pause(town):
    """The person has written all they were writing."""
    await town.settled()
    town.clock.advance(10)
    town.wake()
    await town.settled()


async def tap(town, count, number=BUDI.number):
    """Tap one of the choices of the last message; the text it was understood as."""
    await town.twilio.tap(last(town, number), count)
    await pause(town)


async def outcome(town):
    await town.write("whatsapp", BUDI, f"{COMPLAINT}, kejadiannya tadi pagi di Desa Layap Paringin")
    await town.settled()
    reference = (await town.only_case())["reference"]
    for to, by, given in (
        ("under_review", "rini", {}),
        ("instructed", "pak-kasat", {"post": "paringin"}),
        ("en_route", "danru-paringin", {}),
        ("resolved", "danru-paringin", {"note": "sudah ditertibkan"}),
    ):
        await town.move(reference, to, by=by, **given)
    await town.settled()
    return reference


@pytest.mark.parametrize(("count", "word", "state"), [(1, "SELESAI", "closed"), (2, "BELUM", "reopened")])
async def test_an_outcome_is_confirmed_or_objected_to_with_a_tap(village, count, word, state):
    reference = await outcome(village)
    told = last(village)
    settled, goes_on = f"jawab:SELESAI {reference}", f"jawab:BELUM {reference}"
    assert told.choices == (("Sudah selesai", settled), ("Masih terjadi", goes_on))
    assert (told.content_sid, told.listed) == (BUTTONS["2"], False)
    assert "balas *BELUM*" in told.body, "the words say it too"

    await tap(village, count)

    case = await village.only_case()
    assert case["state"] == state
    assert f"{word} {reference}" in [one["text"] for one in case["messages"]]


async def test_the_menu_is_tapped_or_typed(village):
    await village.write("whatsapp", BUDI, "halo")
    await village.settled()
    assert [label for label, _ in last(village).choices] == ["Lapor aduan", "Tanya informasi", "Cek status"]

    await tap(village, 1)
    invited = last(village).body
    assert invited.startswith("Silakan tuliskan aduan Anda")

    village.clock.advance(3600)
    await village.write("whatsapp", BUDI, "1")
    await village.settled()
    assert last(village).body == invited


@pytest.mark.parametrize("way", ["tap", "number"])
async def test_one_of_two_places_is_tapped_or_typed(village, way):
    await village.write("whatsapp", BUDI, "Ada yang mabuk-mabukan di Galumbang tadi malam")
    await pause(village)
    question = last(village)
    assert [label for label, _ in question.choices] == ["Juai", "Paringin Selatan", "Tidak tahu"]
    assert "2. Paringin Selatan" in question.body

    if way == "tap":
        await tap(village, 2)
    else:
        await village.write("whatsapp", BUDI, "2")
        await pause(village)

    assert (await village.only_case())["district"] == "63.11.07"


async def test_the_form_is_answered_with_taps(village):
    await village.write("whatsapp", BUDI, "Ada sapi lepas mengganggu warga di Desa Layap")
    await pause(village)
    assert [label for label, _ in last(village).choices] == ["Sedang terjadi", "Tidak tahu"]

    await tap(village, 1)
    assert [label for label, _ in last(village).choices] == ["Rahasiakan"]
    await tap(village, 1)

    case = await village.only_case()
    assert case["state"] == "under_review"
    assert "time" not in case["missing"]
    assert "confidential" in case["flags"]


async def test_several_cases_are_a_list_and_a_line_of_it_takes_the_message(village):
    for text in ("Ada sapi lepas di Desa Layap tadi malam", "Ada parkir liar di pasar Juai sejak pagi"):
        await village.write("whatsapp", BUDI, f"{text}. Nama saya Budi")
        await village.settled()
        for case in await village.cases():
            if case["state"] in {"received", "needs_info"}:
                await village.move(case["reference"], "under_review", by="rini")
                await village.move(case["reference"], "instructed", by="pak-kasat", post="paringin")
                await village.move(case["reference"], "en_route", by="danru-paringin")
                await village.move(case["reference"], "resolved", by="danru-paringin", note="selesai")
        await village.settled()
    references = sorted(one["reference"] for one in await village.cases())
    assert len(references) == 2
    for reference in references:
        await village.move(reference, "reopened", by="pak-kasat")
    await village.settled()

    await village.write("whatsapp", BUDI, "mohon dicek lagi ya pak, warga resah")
    await pause(village)
    question = last(village)
    shown = [label for label, _ in question.choices]
    assert (sorted(shown[:2]), shown[2]) == (references, "Hal baru")
    await tap(village, 2)

    joined = [one["text"] for one in (await village.case(shown[1]))["messages"] if one["direction"] == "in"]
    assert "mohon dicek lagi ya pak, warga resah" in joined


async def test_a_line_of_a_notice_acts_on_its_case_whatever_was_sent_since(village):
    await village.staff_writes(KASAT, "halo")
    for person, text in ((BUDI, COMPLAINT), (SITI, "Ada parkir liar di pasar Juai sejak pagi")):
        await village.write("whatsapp", person, text)
        await village.settled()
        [new] = [one for one in await village.cases() if one["state"] in {"received", "needs_info"}]
        await village.move(new["reference"], "under_review", by="rini")
        await village.settled()
    first = min(one["reference"] for one in await village.cases())
    [notice] = [
        one
        for one in village.twilio.phone(f"whatsapp:{KASAT}")
        if one.choices and one.choices[0][1].startswith(f"jawab:{first} ")
    ]
    assert notice.listed or len(notice.choices) <= 3
    assert all(f"{count} " in notice.body for count, _ in enumerate(notice.choices, 1)), "numbered lines too"

    await village.twilio.tap(notice, 1)
    await village.settled()

    states = {one["reference"]: one["state"] for one in await village.cases()}
    assert states[first] == "instructed"
    assert sorted(states.values()) == ["instructed", "under_review"]


async def test_a_tapped_line_is_no_answer_to_a_question_about_another_case(village):
    """The desk was asked for an office; the line of another notice still means that notice."""
    await village.staff_writes(ADMIN, "halo")
    for person, text in ((BUDI, COMPLAINT), (SITI, "Ada parkir liar di pasar Juai sejak pagi")):
        await village.write("whatsapp", person, text)
        await village.settled()
    first, second = sorted(one["reference"] for one in await village.cases())
    notice = last(village, ADMIN)
    assert second in notice.body
    await village.staff_writes(ADMIN, f"{first} RUJUK")
    await village.settled()
    assert "Dirujuk ke mana?" in last(village, ADMIN).body
    assert last(village, ADMIN).choices == (), "no list holds them all, so none is shown"

    await village.twilio.tap(notice, 1)
    await village.settled()

    assert (await village.case(second))["state"] == "under_review"
    assert (await village.case(first))["state"] == "received"


@pytest.mark.parametrize("way", ["tap", "written out"])
async def test_what_an_act_lacks_is_chosen_though_another_notice_came_between(village, way):
    await village.staff_writes(ADMIN, "halo")
    await village.write("whatsapp", BUDI, COMPLAINT)
    await village.settled()
    reference = (await village.only_case())["reference"]
    await village.staff_writes(ADMIN, f"{reference} MINTA DATA")
    await village.settled()
    question = last(village, ADMIN)
    assert question.listed
    assert question.choices[0][1] == "jawab:1"
    await village.write("whatsapp", SITI, "Ada parkir liar di pasar Juai sejak pagi")
    await village.settled()

    if way == "tap":
        await village.twilio.tap(question, 1)
    else:
        await village.staff_writes(ADMIN, f"{reference} 1")
    await village.settled()

    assert (await village.case(reference))["state"] == "needs_info"


async def test_a_content_that_twilio_refuses_leaves_as_its_words(village):
    village.twilio.script(Twist(status=400, code=21655))
    await village.write("whatsapp", BUDI, "halo")
    await village.settled()

    assert (last(village).content_sid, last(village).choices) == (None, ())
    assert "1. Menyampaikan *aduan*" in last(village).body
    assert village.rows("SELECT attempts, state FROM outbox") == [(1, "sent")]


async def test_after_a_day_nothing_is_offered_that_nobody_approved(village):
    village.twilio.window = Window.REFUSES
    await village.write("whatsapp", BUDI, COMPLAINT)
    await village.settled()
    reference = (await village.only_case())["reference"]
    village.clock.advance(hours=25)

    await village.move(reference, "under_review", by="rini")
    await village.settled()

    assert village.rows("SELECT state, reason FROM outbox WHERE template = 'under_review'") == [
        ("held", "window_closed")
    ]
    await village.write("whatsapp", BUDI, "ya")
    await village.settled()
    assert village.rows("SELECT state FROM outbox WHERE template = 'under_review'") == [("sent",)]


async def test_an_sms_has_the_words_alone(village):
    await village.write("sms", BUDI, "Ada yang mabuk-mabukan di Galumbang tadi malam")
    await pause(village)

    question = village.twilio.phone(BUDI.number)[-1]
    assert (question.choices, question.content_sid) == ((), None)
    assert "2. Paringin Selatan" in question.body
    await village.write("sms", BUDI, "2")
    await pause(village)
    assert (await village.only_case())["district"] == "63.11.07"


async def test_a_portal_is_told_what_it_may_show_as_buttons(village):
    await village.write("web", BUDI, "halo")
    await village.settled()
    [menu] = village.portal.conversation(BUDI.conversation)
    assert [one.label for one in menu.choices] == ["Lapor aduan", "Tanya informasi", "Cek status"]

    await village.write("web", BUDI, menu.choices[0].answer)
    await village.settled()
    assert village.heard("web", BUDI)[-1].startswith("Silakan tuliskan aduan Anda")
