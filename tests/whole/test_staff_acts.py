"""Staff act from their own phones; what they may not do is refused with the reason, and nobody else acts at all."""

from __future__ import annotations

import pytest
from folk import (
    ADMIN,
    BUDI,
    COMPLAINT,
    DANRU,
    DESK,
    DUTY_MAIL,
    JUAI,
    KASAT,
    SITI,
    WHATSAPP,
    number_in,
    staff_entry,
)


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
        (DANRU, "{} INSTRUKSI paringin", "Instruksikan hanya boleh oleh pimpinan."),
        (ADMIN, "{} INSTRUKSI paringin", "Instruksikan hanya boleh oleh pimpinan."),
        (ADMIN, "{} SETUJU", "hanya boleh oleh pimpinan."),
        (KASAT, "{} USUL tolak", "Usulkan hanya boleh oleh admin."),
        (KASAT, "{} INSTRUKSI", "Pos mana yang ditugaskan?"),
        (KASAT, "{} INSTRUKSI bulan", "Pos mana yang ditugaskan?"),
        (KASAT, "{} SELESAI beres", "sekarang ditelaah pimpinan; Selesai tidak bisa dilakukan."),
        (KASAT, "{} SETUJU", "tidak ada usul yang menunggu."),
        (KASAT, "{} TOLAK", "Apa alasannya?"),
        (DANRU, "{} TUTUP", "Tutup tidak bisa dilakukan."),
        (DANRU, "{} BERANGKAT", "hanya piket pos yang boleh berangkat, dan hanya untuk keadaan darurat."),
        (DANRU, "{} BACA", "Baca laporan hanya boleh oleh"),
        (JUAI, "{} BERANGKAT", "tidak ditemukan, atau bukan tugas Anda"),
        (KASAT, "TRK-2611-99999 INSTRUKSI paringin", "tidak ditemukan, atau bukan tugas Anda"),
        (KASAT, "{} apa kabar", "1 Instruksikan ke Pos Paringin"),
        (KASAT, "{} 19", "Instruksikan"),
        (KASAT, "tidak P99", "Tidak ada permintaan personel"),
        (DANRU, "ya P1", "dijawab oleh Mako"),
        (DANRU, "selamat pagi", "belum kami pahami"),
    ],
)
async def test_what_may_not_be_done_is_refused_with_the_reason(phones, who, act, reason):
    reference = await reviewed(phones)

    answers = await answered(phones, who, act.format(reference))

    assert any(reason in one for one in answers), answers
    assert (await phones.only_case())["state"] == "under_review"
    await phones.hears("whatsapp", BUDI, 2)


async def test_bare_figures_lead_a_case_to_its_outcome(phones):
    for number in (ADMIN, KASAT, DANRU):
        await answered(phones, number, "halo")
    await phones.write("whatsapp", BUDI, COMPLAINT)
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])

    assert line(phones.phone(ADMIN)[-1], "Teruskan ke pimpinan")
    await answered(phones, ADMIN, line(phones.phone(ADMIN)[-1], "Teruskan ke pimpinan"))
    await answered(phones, KASAT, line(phones.phone(KASAT)[-1], "Instruksikan ke Pos Paringin"))
    await answered(phones, DANRU, line(phones.phone(DANRU)[-1], "Berangkat"))
    asked = await answered(phones, DANRU, line(phones.phone(DANRU)[-1], "Selesai"))
    assert "Apa hasilnya?" in asked[-1]
    await answered(phones, DANRU, "Pedagang dipindahkan ke dalam pasar")

    assert "Pedagang dipindahkan ke dalam pasar" in (await phones.hears("whatsapp", BUDI, 5))[-1]
    case = await phones.case(reference)
    assert [one["actor"] for one in case["events"] if one["kind"] == "transition"] == [
        "rini", "pak-kasat", "danru-paringin", "danru-paringin",
    ]  # fmt: skip
    assert [one["by"] for one in case["messages"] if one["direction"] == "staff"][-1] == "danru-paringin"


def line(text: str, label: str) -> str:
    """The figure of a menu's line."""
    [found] = [one for one in text.splitlines() if one.partition(" ")[2] == label]
    return found.partition(" ")[0]


async def test_a_figure_after_two_notices_is_asked_about(phones):
    await answered(phones, KASAT, "halo")
    references = []
    for person in (BUDI, SITI):
        await phones.write("whatsapp", person, COMPLAINT)
        references.append(number_in((await phones.hears("whatsapp", person))[0]))
    for reference in references:
        await phones.move(reference, "under_review", by="rini")
    await phones.settled()

    asked = (await answered(phones, KASAT, "1"))[-1]
    assert "Untuk laporan yang mana?" in asked
    [figure] = [one.partition(" ")[0] for one in asked.splitlines() if references[0] in one]
    await answered(phones, KASAT, figure)

    assert [(await phones.case(one))["state"] for one in references] == ["instructed", "under_review"]


async def test_a_question_of_ours_is_dropped_after_half_an_hour(phones):
    reference = await reviewed(phones)
    assert "Apa alasannya?" in (await answered(phones, KASAT, f"{reference} tolak"))[-1]
    phones.clock.advance(hours=0.6)

    await answered(phones, KASAT, "1")
    assert (await phones.only_case())["state"] == "instructed"  # line 1 of the notice, no reason any more


async def test_what_waits_is_completed_or_cancelled(phones):
    reference = await reviewed(phones)
    await answered(phones, KASAT, f"{reference} tolak")
    assert "Dibatalkan" in (await answered(phones, KASAT, "batal"))[-1]
    await answered(phones, KASAT, f"{reference} tolak")
    await answered(phones, KASAT, "lokasi tidak ditemukan")
    assert (await phones.only_case())["state"] == "not_actionable"


async def test_the_desk_proposes_and_leadership_agrees_with_one_word(phones):
    await answered(phones, KASAT, "halo")
    reference = await reviewed(phones)
    await answered(phones, ADMIN, f"{reference} usul tolak data belum cukup")
    assert (await phones.only_case())["state"] == "under_review"
    notice = phones.phone(KASAT)[-1]
    assert "Usul admin" in notice
    assert "data yang kami terima belum mencukupi" in notice
    await answered(phones, KASAT, "setuju")

    case = await phones.only_case()
    assert case["state"] == "not_actionable"
    assert [(one["actor"], one["kind"]) for one in case["events"]][-2:] == [
        ("rini", "proposed"), ("pak-kasat", "transition"),
    ]  # fmt: skip


async def test_photo_and_pin_are_evidence_of_that_person_and_reach_nobody(town):
    await answered(town, DANRU, "halo")
    reference = await reviewed(town)
    await town.move(reference, "instructed", by="pak-kasat", post="paringin")
    await town.move(reference, "en_route", by="danru-paringin")
    before = await town.hears("whatsapp", BUDI, 4)

    await town.twilio.write(
        f"whatsapp:{DANRU}", WHATSAPP, "tenda dibongkar",
        files=[("image/jpeg", b"\xff\xd8\xff photo")],
    )  # fmt: skip
    await town.settled()
    await town.twilio.write(f"whatsapp:{DANRU}", WHATSAPP, "", location=(-2.33, 115.46))
    await town.settled()

    case = await town.case(reference)
    events = [one for one in case["events"] if one["kind"] == "evidence"]
    assert [one["actor"] for one in events] == ["danru-paringin", "danru-paringin"]
    assert events[0]["data"] == {"files": "1", "note": "tenda dibongkar"}
    assert events[1]["data"]["pin"] == "yes"
    shown = [one for one in case["messages"] if one["direction"] == "staff" and one["attachments"]]
    assert [one["by"] for one in shown] == ["danru-paringin"]
    assert await town.hears("whatsapp", BUDI, 4) == before


async def test_a_place_corrected_by_staff_moves_the_case_and_keeps_its_number(phones):
    await phones.write("whatsapp", BUDI, "Ada pedagang jualan di trotoar tiap pagi, jadi macet")
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])
    opened = (await phones.case(reference))["opened_at"]
    await answered(phones, ADMIN, f"lokasi {reference} desa gunung batu kecamatan tebing tinggi")
    first = await phones.case(reference)
    await answered(phones, ADMIN, f"{reference} lokasi desa layap paringin; dekat jembatan")
    second = await phones.case(reference)

    assert [one["post"] for one in (first, second)] == ["tebing_tinggi", "paringin"]
    assert (second["opened_at"], second["state"]) == (opened, "received")
    assert "place_by_staff" in second["flags"]
    assert "Ada beberapa tempat" in (await answered(phones, ADMIN, f"{reference} lokasi desa galumbang"))[-1]


async def test_people_are_asked_for_and_headquarters_answers(make_town):
    mako = staff_entry("kepala-mako", "admin", "mako", "whatsapp:+6281300000009")
    town = await make_town(channels=("whatsapp", "sms", "web"), staff=(mako,))
    for number in (DANRU, "+6281300000009"):
        await answered(town, number, "halo")
    assert "Permintaan personel P1 diteruskan" in (await answered(town, DANRU, "personel 4 kerumunan di pasar"))[-1]
    notice = town.phone("+6281300000009")[-1]
    assert "P1 dari Pos Paringin: 4 orang. kerumunan di pasar" in notice
    await answered(town, "+6281300000009", "2")
    assert "P1: tidak bisa." in town.phone(DANRU)[-1]
    assert "sudah dijawab" in (await answered(town, "+6281300000009", "ya P1"))[-1]


async def test_a_walk_in_and_a_patrol_are_written_down_from_the_phone(phones):
    await answered(phones, DANRU, f"LAPOR Ada kambing lepas di jalan desa Layap Paringin\nHP: {SITI.number}")
    await answered(phones, DANRU, "patroli ditemukan 3 kios di trotoar pasar Paringin")

    patrol, walk_in = await phones.cases()
    assert patrol["reference"] in phones.phone(DANRU)[-1]
    assert (patrol["channel_id"], patrol["flags"][0], walk_in["post"]) == ("walk_in", "patrol", "paringin")
    assert walk_in["reference"] in phones.heard("whatsapp", SITI)[0] if phones.heard("whatsapp", SITI) else True
    assert (await phones.case(walk_in["reference"]))["messages"][0]["text"].startswith("Ada kambing lepas")


async def test_duty_goes_first_only_in_an_emergency_and_leadership_sends_others(make_town):
    duty = staff_entry("piket-paringin", "duty", "paringin", "whatsapp:+6281300000008")
    town = await make_town(channels=("whatsapp", "sms", "web"), staff=(duty,))
    for number in (KASAT, DANRU, "+6281300000008"):
        await answered(town, number, "halo")
    await town.write("whatsapp", BUDI, COMPLAINT)
    reference = number_in((await town.hears("whatsapp", BUDI))[0])

    assert "Balas DARURAT" in (await answered(town, "+6281300000008", f"{reference} berangkat"))[-1]
    assert (await town.only_case())["state"] == "received"
    await answered(town, "+6281300000008", "darurat")
    case = await town.only_case()
    assert (case["state"], "initial_action" in case["flags"]) == ("en_route", True)
    notice = town.phone(KASAT)[-1]
    await answered(town, KASAT, line(notice, "Instruksikan ke Mako"))

    case = await town.only_case()
    assert (case["state"], case["post"], "initial_action_corrected" in case["flags"]) == ("instructed", "mako", True)
    assert "Tugas Anda untuk laporan ini berakhir" in town.phone("+6281300000008")[-1]
    await town.hears("whatsapp", BUDI, 2)


async def test_a_citizen_who_writes_like_staff_only_writes(phones):
    reference = await reviewed(phones)

    await phones.write("whatsapp", BUDI, f"{reference} INSTRUKSI paringin")
    await phones.hears("whatsapp", BUDI, 2)

    case = await phones.only_case()
    assert case["state"] == "under_review"
    assert [one["text"] for one in case["messages"] if one["direction"] == "in"][-1].endswith("INSTRUKSI paringin")


async def test_a_mail_in_the_name_of_staff_is_kept_does_nothing_and_says_how(town):
    await town.write(
        "whatsapp", BUDI, "Tolong! Ada kebakaran rumah di desa Layap Paringin sekarang, ada orang di dalam!"
    )
    reference = number_in((await town.hears("whatsapp", BUDI))[0])
    before = len(town.mail.mailbox(DUTY_MAIL))

    for _ in range(2):
        await town.mail.write(DUTY_MAIL, DESK, f"{reference} BERANGKAT DARURAT", subject=f"Piket {_}")
        await town.settled()
    token = "a" * 26
    await town.mail.write(DUTY_MAIL, DESK.replace("@", f"+{token}@"), f"{reference} BERANGKAT DARURAT")
    await town.settled()

    assert (await town.only_case())["state"] == "received"
    [told] = town.mail.mailbox(DUTY_MAIL)[before:]
    assert "membalas langsung email pemberitahuan kami" in told.text
    assert (await town.books())["filed"] == (await town.books())["received"]


async def test_a_mail_that_answers_our_notice_is_that_persons_act(town):
    await town.write("whatsapp", BUDI, "Ada perkelahian pakai parang sekarang di kantor bupati, tolong!")
    reference = number_in((await town.hears("whatsapp", BUDI))[0])
    assert (await town.only_case())["post"] == "mako"
    [notice] = town.mail.mailbox(DUTY_MAIL)
    assert notice.reply_to != DESK
    assert "1 Berangkat" in notice.text

    await town.mail.reply(notice, "1\n\nSalam,\nPiket Mako")
    await town.settled()
    case = await town.case(reference)
    assert (case["state"], "initial_action" in case["flags"]) == ("en_route", True)
    assert [one["actor"] for one in case["events"] if one["kind"] == "transition"] == ["piket-mako"]

    asked = town.mail.mailbox(DUTY_MAIL)[-1]
    await town.mail.reply(asked, "selesai\nSudah dilerai, dua orang dibawa ke Polsek")
    await town.settled()
    assert (await town.case(reference))["state"] == "resolved"
    assert "Sudah dilerai, dua orang dibawa ke Polsek" in town.heard("whatsapp", BUDI)[-1]


async def test_anothers_secret_reply_address_acts_for_nobody(make_town):
    other = staff_entry("piket-dua", "duty", "mako", "mailto:piket2@satpolpp.example.go.id")
    town = await make_town(staff=(other,))
    await town.write("whatsapp", BUDI, "Ada perkelahian pakai parang sekarang di kantor bupati, tolong!")
    await town.hears("whatsapp", BUDI)
    [notice] = town.mail.mailbox(DUTY_MAIL)

    await town.mail.write("piket2@satpolpp.example.go.id", notice.reply_to, "1")
    await town.mail.write("warga9@example.org", notice.reply_to, "1")
    await town.settled()

    assert [one["state"] for one in await town.cases()][-1] == "received"


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


async def test_a_reporter_is_told_once_that_a_team_is_on_its_way_whoever_is_sent(phones):
    reference = await reviewed(phones)
    await phones.move(reference, "instructed", by="pak-kasat", post="paringin")
    await phones.move(reference, "en_route", by="danru-paringin")
    heard = await phones.hears("whatsapp", BUDI, 4)
    await phones.move(reference, "instructed", by="pak-kasat", post="mako")
    await phones.move(reference, "en_route", by="piket-mako")
    assert await phones.hears("whatsapp", BUDI, 4) == heard

    await phones.move(reference, "resolved", by="piket-mako", note="Pedagang dipindahkan.")
    await phones.move(reference, "reopened", by="pak-kasat")
    await phones.move(reference, "under_review", by="rini")
    await phones.move(reference, "instructed", by="pak-kasat", post="paringin")
    before = len(await phones.hears("whatsapp", BUDI, 8))
    await phones.move(reference, "en_route", by="danru-paringin")
    assert (await phones.hears("whatsapp", BUDI, before + 1))[-1].partition(reference)[1]


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
