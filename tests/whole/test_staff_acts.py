"""Staff act from their own phones; what they may not do is refused with the reason, and nobody else acts at all."""

from __future__ import annotations

import pytest
from folk import ADMIN, BUDI, COMPLAINT, DANRU, DESK, DUTY_MAIL, JUAI, KASAT, number_in


async def reviewed(town):
    """A case in Paringin that waits for leadership; its number."""
    await town.write("whatsapp", BUDI, COMPLAINT)
    reference = number_in((await town.hears("whatsapp", BUDI))[0])
    await town.move(reference, "under_review", by="rini")
    await town.hears("whatsapp", BUDI, 2)
    return reference


async def answered(town, number, text):
    """What a member of staff is answered to a message."""
    before = len(town.phone(number))
    await town.staff_writes(number, text)
    await town.settled()
    return town.phone(number)[before:]


async def test_a_case_is_led_to_its_outcome_from_phones_alone(phones):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])
    await answered(phones, DANRU, "halo")

    assert f"{reference}: " in (await answered(phones, ADMIN, f"{reference} telaah"))[-1]
    assert f"{reference}: " in (await answered(phones, KASAT, f"{reference} INSTRUKSI paringin"))[-1]
    order = phones.phone(DANRU)[-1]
    assert order.startswith(f"*Perintah tugas {reference}*")
    assert f"{reference}: " in (await answered(phones, DANRU, f"berangkat {reference.lower()}"))[-1]
    assert f"{reference}: " in (await answered(phones, DANRU, f"{reference} SELESAI Pedagang dipindahkan"))[-1]

    texts = await phones.hears("whatsapp", BUDI, 5)
    assert "Pedagang dipindahkan" in texts[-1]
    case = await phones.only_case()
    assert (case["state"], case["post"]) == ("resolved", "paringin")
    steps = [(one["actor"], one["target"]) for one in case["events"] if one["kind"] == "transition"]
    assert steps == [
        ("rini", "under_review"), ("pak-kasat", "instructed"), ("danru-paringin", "en_route"),
        ("danru-paringin", "resolved"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("who", "act", "reason"),
    [
        (DANRU, "{} INSTRUKSI paringin", "leadership only"),
        (ADMIN, "{} INSTRUKSI paringin", "leadership only"),
        (KASAT, "{} INSTRUKSI", "needs post"),
        (KASAT, "{} INSTRUKSI bulan", "no such post"),
        (KASAT, "{} SELESAI beres", "cannot become resolved"),
        (DANRU, "{} TUTUP", "cannot become closed"),
        (JUAI, "{} BERANGKAT", "no case has that number"),
        (KASAT, "TRK-2611-99999 INSTRUKSI paringin", "no case has that number"),
        (KASAT, "{} apa kabar", "INSTRUKSI"),
    ],
)
async def test_what_may_not_be_done_is_refused_with_the_reason(phones, who, act, reason):
    reference = await reviewed(phones)

    answers = await answered(phones, who, act.format(reference))

    assert any(reason in one for one in answers), answers
    assert (await phones.only_case())["state"] == "under_review"
    await phones.hears("whatsapp", BUDI, 2)


async def test_a_citizen_who_writes_like_staff_only_writes(phones):
    reference = await reviewed(phones)

    await phones.write("whatsapp", BUDI, f"{reference} INSTRUKSI paringin")
    await phones.hears("whatsapp", BUDI, 2)

    case = await phones.only_case()
    assert case["state"] == "under_review"
    assert [one["text"] for one in case["messages"] if one["direction"] == "in"][-1].endswith("INSTRUKSI paringin")


async def test_a_mail_in_the_name_of_staff_is_kept_and_does_nothing(town):
    await town.write("whatsapp", BUDI, COMPLAINT)
    reference = number_in((await town.hears("whatsapp", BUDI))[0])

    await town.mail.write(DUTY_MAIL, DESK, f"{reference} BERANGKAT", subject="Piket")
    await town.settled()

    assert (await town.only_case())["state"] == "received"
    assert town.mail.mailbox(DUTY_MAIL) == []
    assert (await town.books())["filed"] == (await town.books())["received"]


async def test_an_act_repeated_by_the_provider_is_done_and_answered_once(phones):
    reference = await reviewed(phones)
    sid = "SM" + "7" * 32
    for _ in range(3):
        await phones.twilio.write(
            f"whatsapp:{KASAT}", "whatsapp:+6281100000000", f"{reference} INSTRUKSI paringin", sid=sid
        )
    await phones.settled()

    assert [one for one in phones.phone(KASAT) if "Perintah" not in one and "ditugaskan" in one.lower()]
    assert len([one for one in (await phones.only_case())["events"] if one["target"] == "instructed"]) == 1
    await phones.hears("whatsapp", BUDI, 3)


async def test_the_duty_post_may_go_first_but_the_case_closes_only_once_leadership_confirmed(phones):
    await phones.write("whatsapp", BUDI, "Ada perkelahian di jalan")
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])
    assert (await phones.only_case())["post"] == "mako"
    await phones.move(reference, "en_route", by="piket-mako")
    await phones.move(reference, "resolved", by="piket-mako", note="Sudah dilerai")
    await phones.hears("whatsapp", BUDI, 3)

    status, problem = await phones.api("POST", f"/cases/{reference}/transitions", to="closed")
    assert (status, problem["missing"]) == (409, ["confirmation"])
    status, _ = await phones.api("POST", f"/cases/{reference}/confirmation", by="pak-kasat", note="Benar")
    assert status == 200
    await phones.move(reference, "closed", by="rini")


async def test_staff_write_to_the_reporter_on_the_reporters_channel(phones):
    reference = await reviewed(phones)

    status, _ = await phones.api("POST", f"/cases/{reference}/messages", text="Mohon kirim foto lokasinya.")
    refused, _ = await phones.api("POST", f"/cases/{reference}/messages", by="danru-paringin", text="Halo warga")

    assert (status, refused) == (200, 403)
    assert (await phones.hears("whatsapp", BUDI, 3))[-1] == "Mohon kirim foto lokasinya."
