"""The eleven steps of the unit's procedure, each over real channels: both endings, and the information track.

Source: domain reference, section 2. Every test leads a case to the step before and then looks at its own step.
"""

from __future__ import annotations

import pytest
from folk import ADMIN, BIDANG, BUDI, COMPLAINT, DANRU, KASAT, SITI, number_in

QUESTION = "Apa saja tugas pokok Satpol PP Balangan, dan bagaimana cara mengurus izin keramaian?"
OUTCOME = "Pedagang dipindahkan ke dalam pasar"
WAYS = ("whatsapp", "sms", "email", "web")


async def acts(town, number, text):
    """A person of the unit answers from the phone; what they are told."""
    before = len(town.phone(number))
    await town.staff_writes(number, text)
    await town.settled()
    return town.phone(number)[before:]


async def reported(town, way="whatsapp", person=BUDI):
    """Step 1 is done: a complaint is in; its number."""
    await town.write(way, person, COMPLAINT)
    return number_in((await town.hears(way, person))[0])


async def reviewed(town, way="whatsapp"):
    """Steps 1 to 5 are done: leadership has it."""
    reference = await reported(town, way)
    await acts(town, ADMIN, f"{reference} telaah")
    return reference


async def departed(town, way="whatsapp"):
    """Steps 1 to 7 are done: the team is on its way."""
    reference = await reviewed(town, way)
    await acts(town, KASAT, f"{reference} instruksi paringin")
    await acts(town, DANRU, f"{reference} berangkat")
    return reference


async def told(town, way="whatsapp", person=BUDI):
    """The last thing the reporter heard."""
    await town.settled()
    return town.heard(way, person)[-1]


async def state(town, reference):
    return (await town.case(reference))["state"]


@pytest.mark.parametrize("way", WAYS)
async def test_step_1_a_reporter_writes_and_gets_a_number_on_the_same_channel(town, way):
    reference = await reported(town, way)

    assert await state(town, reference) == "received"


async def test_step_1_or_comes_to_a_post_where_it_is_written_down(town):
    await acts(town, DANRU, f"lapor {COMPLAINT}\nHP: {SITI.number}")

    case = await town.only_case()
    assert (case["channel_id"], case["state"]) == ("walk_in", "received")
    assert case["reference"] in town.heard("sms", SITI)[-1]


async def test_step_2_the_desk_answers_and_the_machine_falls_silent(town):
    reference = await reported(town)

    status, _ = await town.api("POST", f"/cases/{reference}/messages", text="Terima kasih, kami cek dulu ya Pak.")

    assert status == 200
    assert "Terima kasih, kami cek dulu" in await told(town)
    assert (await town.case(reference))["taken_by"] == "rini"


async def test_step_3_a_question_goes_to_the_holder_and_the_answer_comes_back(town):
    await town.write("email", BUDI, QUESTION, subject="Pertanyaan")
    await town.settled()
    case = await town.only_case()
    reference = case["reference"]
    assert case["intent"] == "info_request"

    await acts(town, ADMIN, f"{reference} teruskan izin keramaian")
    assert await state(town, reference) == "info_forwarded"
    assert reference in town.phone(BIDANG, whatsapp=False)[-1]
    await town.twilio.write(
        BIDANG, "+6281100000001", f"{reference} jawab Surat ditujukan ke Mako, tujuh hari sebelumnya"
    )

    assert "tujuh hari sebelumnya" in await told(town, "email")
    assert await state(town, reference) == "answered"
    await acts(town, ADMIN, f"{reference} tutup")
    assert await state(town, reference) == "closed"


async def test_step_4_what_is_missing_is_asked_one_thing_at_a_time(town):
    await town.write("whatsapp", BUDI, "Ada yang jualan miras, mohon ditertibkan")
    reference = number_in((await town.hears("whatsapp", BUDI))[0])
    town.clock.advance(120)
    town.wake()
    texts = await town.hears("whatsapp", BUDI, 2)
    assert texts[1].count("?") == 1
    assert await state(town, reference) == "needs_info"

    await town.write("whatsapp", BUDI, "di depan pasar Paringin")
    await town.settled()
    case = await town.case(reference)
    assert "location" not in case["missing"]
    assert case["district"] is not None


async def test_step_4_the_reporters_data_stay_secret(town):
    reference = await departed(town)
    await acts(town, DANRU, f"{reference} menu")

    said = "\n".join([*town.phone(DANRU), str(await town.get(f"/cases/{reference}", by="danru-paringin"))])
    for secret in (BUDI.number, BUDI.number[1:], BUDI.mail, COMPLAINT):
        assert secret not in said


async def test_step_5_the_desk_brings_it_to_leadership(town):
    await acts(town, KASAT, "halo")
    reference = await reviewed(town)

    assert await state(town, reference) == "under_review"
    assert reference in town.phone(KASAT)[-1]
    assert reference in await told(town)


@pytest.mark.parametrize(("who", "number"), [("admin", ADMIN), ("team", DANRU)])
async def test_step_6_nobody_but_leadership_instructs(town, who, number):
    reference = await reviewed(town)

    assert any(
        "pimpinan" in one or "tidak" in one for one in await acts(town, number, f"{reference} instruksi paringin")
    )
    assert await state(town, reference) == "under_review"


async def test_step_6_leadership_instructs_the_team_of_the_district(town):
    reference = await reviewed(town)
    await acts(town, DANRU, "halo")

    await acts(town, KASAT, f"{reference} instruksi paringin tertibkan dengan persuasif")

    assert await state(town, reference) == "instructed"
    assert "tertibkan dengan persuasif" in town.phone(DANRU)[-1]
    assert reference in await told(town)


@pytest.mark.parametrize("way", WAYS)
async def test_step_7_the_team_leaves_and_the_reporter_is_told(town, way):
    reference = await departed(town, way)

    assert await state(town, reference) == "en_route"
    assert reference in await told(town, way)


@pytest.mark.parametrize("way", WAYS)
async def test_steps_8_and_9_the_matter_is_settled_and_the_reporter_is_told(town, way):
    reference = await departed(town, way)

    await acts(town, DANRU, f"{reference} selesai {OUTCOME}")

    assert await state(town, reference) == "resolved"
    said = await told(town, way)
    assert "ditindaklanjuti" in said
    assert way == "sms" or OUTCOME in said


@pytest.mark.parametrize("way", WAYS)
async def test_step_10_when_nothing_can_be_done_the_reporter_is_told_why_and_what_next(town, way):
    reference = await reviewed(town, way)

    await acts(town, KASAT, f"{reference} tolak place_not_found")

    assert await state(town, reference) == "not_actionable"
    said = await told(town, way)
    assert "lokasi" in said
    assert "palsu" not in said
    if way != "sms":
        assert "balas" in said.lower()


@pytest.mark.parametrize("ending", ["resolved", "not_actionable"])
async def test_step_11_it_is_finished_only_when_the_reporter_was_told(town, ending):
    if ending == "resolved":
        reference = await departed(town)
        await acts(town, DANRU, f"{reference} selesai {OUTCOME}")
    else:
        reference = await reviewed(town)
        await acts(town, KASAT, f"{reference} tolak not_a_violation")

    await acts(town, ADMIN, f"{reference} tutup")

    assert await state(town, reference) == "closed"
    case = await town.case(reference)
    [outcome] = [one for one in case["deliveries"] if one["template"] == ending]
    assert outcome["state"] in {"accepted", "sent", "delivered", "read"}
