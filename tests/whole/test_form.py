"""The form by conversation: what is asked, when, how answers are understood, and when the machine says nothing."""

from __future__ import annotations

import pytest
from folk import ADMIN, BUDI, SITI, WHATSAPP, number_in

COW = "Ada sapi lepas mengganggu warga, tolong ditertibkan"
WHOLE = (
    "Nama: Budi Santoso\nLokasi: Desa Layap, dekat mesjid\nWaktu: tadi malam jam 22.00\n"
    "Uraian: pemuda mabuk-mabukan dan berisik"
)
DANGER = "TOLONG ada perampokan di toko emas pasar Paringin barusan!!"


async def pause(town, seconds=10.0):
    """The person has written all they were writing."""
    await town.settled()
    town.clock.advance(seconds)
    town.wake()
    await town.settled()


async def says(town, way, person, text, **more):
    """A person writes and pauses; what we answered."""
    before = len(town.heard(way, person))
    await town.write(way, person, text, **more)
    await pause(town)
    return town.heard(way, person)[before:]


async def given(town):
    """The form of the only case as the desk sees it."""
    case = await town.only_case()
    return {one["field"]: one["value"] for one in case["form"]}


# Asking


async def test_the_receipt_and_the_first_question_leave_in_order_and_the_case_waits(phones):
    receipt, question = await says(phones, "whatsapp", BUDI, COW)

    assert "sudah kami terima" in receipt
    assert "Lokasinya di mana" in question
    assert number_in(receipt) == number_in(question)
    case = await phones.only_case()
    assert case["state"] == "needs_info"
    step = next(one for one in case["events"] if one["target"] == "needs_info")
    assert (step["role"], step["source"]) == ("system", "received")
    assert {"location", "time", "name"} <= set(case["missing"])
    assert case["completeness"] == 0.4


async def test_one_short_question_at_a_time_the_place_first_and_the_name_last(phones):
    await says(phones, "sms", BUDI, COW)
    [when] = await says(phones, "sms", BUDI, "di Desa Layap dekat mesjid")
    assert "Kapan" in when
    reviewed, who = await says(phones, "sms", BUDI, "kemarin sore")
    assert "ditelaah" in reviewed
    assert "Atas nama siapa" in who
    assert await says(phones, "sms", BUDI, "Budi Santoso") == []

    case = await phones.only_case()
    assert (case["state"], case["missing"], case["completeness"]) == ("under_review", [], 1.0)
    assert (case["post"], case["district"]) == ("paringin", "63.11.06")
    assert "name" not in await given(phones), "who reports is opened for a reason only"
    assert all(len(one) <= 160 for one in phones.heard("sms", BUDI))


async def test_mail_is_asked_for_everything_at_once(town):
    receipt, question = await says(town, "email", BUDI, COW)

    assert "telah kami terima" in receipt
    assert "Lokasi" in question
    assert "Waktu kejadian" in question
    answer = await says(town, "email", BUDI, "Lokasi: Desa Layap\nWaktu: tadi malam")
    assert "telah lengkap" in answer[0]
    assert (await town.only_case())["state"] == "under_review"


async def test_a_portal_is_asked_for_everything_at_once(phones):
    _receipt, question = await says(phones, "web", BUDI, COW)
    assert "Lokasi" in question
    assert "Waktu" in question


async def test_questions_are_in_the_language_of_the_reporter(town):
    english = "There are stray cows disturbing people here, please come and check"
    _receipt, question = await says(town, "whatsapp", SITI, english)
    assert "Where is it?" in question
    [when] = await says(town, "whatsapp", SITI, "in Layap village near the mosque")
    assert "When did it happen?" in when
    _receipt, letter = await says(town, "email", BUDI, english)
    assert "Place (village, district, landmark)" in letter


async def test_two_districts_that_fit_are_offered_as_numbers(phones):
    _receipt, question = await says(phones, "whatsapp", BUDI, "Ada yang mabuk-mabukan di Galumbang tadi malam")
    assert "1. Juai" in question
    assert "2. Paringin Selatan" in question

    await says(phones, "whatsapp", BUDI, "2")

    case = await phones.only_case()
    assert (case["district"], case["post"]) == ("63.11.07", "paringin_selatan")
    assert "location" not in case["missing"]
    assert (await given(phones))["location"] == "Paringin Selatan"


@pytest.mark.parametrize("answer", ["dua", "Paringin Selatan", "yang di kecamatan paringin selatan pak"])
async def test_the_choice_may_be_made_in_words(phones, answer):
    await says(phones, "whatsapp", BUDI, "Ada yang mabuk-mabukan di Galumbang tadi malam")
    await says(phones, "whatsapp", BUDI, answer)
    assert (await phones.only_case())["district"] == "63.11.07"


async def test_a_report_that_lacks_only_the_name_is_not_held_up(phones):
    receipt, question = await says(phones, "whatsapp", BUDI, "Ada sapi lepas mengganggu warga di Desa Layap tadi malam")
    assert "sudah kami terima" in receipt
    assert "Atas nama siapa" in question
    assert (await phones.only_case())["state"] == "received"
    assert await says(phones, "whatsapp", BUDI, "Budi") == []
    assert (await phones.only_case())["completeness"] == 1.0


async def test_whoever_gives_no_name_is_not_asked_again(phones):
    await says(phones, "whatsapp", BUDI, "Ada sapi lepas mengganggu warga di Desa Layap tadi malam")
    assert await says(phones, "whatsapp", BUDI, "rahasia") == []
    await pause(phones, 3600)
    case = await phones.only_case()
    assert (case["missing"], "confidential" in case["flags"]) == (["name"], True)
    assert len(phones.heard("whatsapp", BUDI)) == 2


async def test_a_complete_form_is_asked_nothing(phones):
    [_receipt] = await says(phones, "whatsapp", BUDI, WHOLE)
    case = await phones.only_case()
    assert (case["state"], case["missing"], case["completeness"]) == ("received", [], 1.0)
    assert await given(phones) == {
        "location": "Desa Layap, dekat mesjid",
        "time": "tadi malam jam 22.00",
        "description": "pemuda mabuk-mabukan dan berisik",
    }


async def test_in_danger_nothing_is_asked(phones):
    [told] = await says(phones, "whatsapp", BUDI, DANGER)
    assert "segera telepon 110" in told
    await pause(phones, 3600)
    assert len(phones.heard("whatsapp", BUDI)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Petugas satpol minta uang damai waktu razia kemarin",  # about the unit: leadership reads it first
        "Ada sapi lepas di Amuntai mengganggu warga",  # another county's
        "Jalan berlubang besar, mohon diperbaiki",  # another office's
        "Apa syarat izin keramaian?",
        "PROMO pinjaman online cepat cair tanpa jaminan klik bit.ly/abc",
    ],
)
async def test_where_a_person_or_another_office_comes_first_nothing_is_asked(phones, text):
    answers = await says(phones, "whatsapp", BUDI, text)
    assert not [one for one in answers if "Lokasinya di mana" in one or "Kapan kejadiannya" in one]


async def test_an_album_is_one_case_one_receipt_one_question(phones):
    await phones.twilio.write(f"whatsapp:{BUDI.number}", WHATSAPP, "", files=[("image/jpeg", b"\xff\xd8\xff\xe0")] * 2)
    await phones.twilio.write(f"whatsapp:{BUDI.number}", WHATSAPP, "", files=[("image/jpeg", b"\xff\xd8\xff\xe1")])
    await pause(phones)
    receipt, question = phones.heard("whatsapp", BUDI)
    assert "sudah kami terima" in receipt
    assert "apa yang terjadi" in question
    await pause(phones, 3600)
    assert len(phones.heard("whatsapp", BUDI)) == 2
    assert len(await phones.cases()) == 1


async def test_ten_messages_are_asked_one_question(phones):
    for number in range(10):
        await phones.write("whatsapp", BUDI, f"{COW} {number}")
        await phones.settled()
        phones.clock.advance(1)
    await pause(phones)
    assert len(phones.heard("whatsapp", BUDI)) == 2
    await pause(phones, 3600)
    told = phones.rows("SELECT count(*) FROM outbox WHERE template IN ('need_info', 'ask_place', 'ask_field')")
    assert told == [(1,)]


# Understanding answers


async def test_a_pasted_form_answers_everything(phones):
    await says(phones, "whatsapp", BUDI, COW)
    [reviewed] = await says(phones, "whatsapp", BUDI, WHOLE.replace("pemuda mabuk-mabukan dan berisik", "sapi lepas"))
    assert "sudah lengkap" in reviewed
    case = await phones.only_case()
    assert (case["state"], case["missing"]) == ("under_review", [])


async def test_a_pin_answers_where(phones):
    await says(phones, "whatsapp", BUDI, COW)
    [when] = await says(phones, "whatsapp", BUDI, "", location=(-2.3605, 115.4795))
    assert "Kapan" in when
    assert "-2.360500, 115.479500" in (await given(phones))["location"]


async def test_a_photo_is_evidence_and_no_answer(phones):
    await says(phones, "whatsapp", BUDI, COW)
    sent = await says(phones, "whatsapp", BUDI, "", files=[("image/jpeg", b"\xff\xd8\xff\xe0")])
    assert sent == []
    [when] = await says(phones, "whatsapp", BUDI, "di Desa Layap")
    assert "Kapan" in when


async def test_a_voice_note_is_listened_to_by_a_person_and_says_so(phones):
    await says(phones, "whatsapp", BUDI, COW)
    [told] = await says(phones, "whatsapp", BUDI, "", files=[("audio/ogg", b"OggS")])
    assert "akan mendengarkannya" in told
    await pause(phones, 3600)
    case = await phones.only_case()
    assert "needs_human" in case["flags"]
    assert len(phones.heard("whatsapp", BUDI)) == 3


@pytest.mark.parametrize("words", ["tidak tahu", "kada tahu jua", "lupa pak", "gak tau min"])
async def test_what_somebody_does_not_know_is_not_asked_again(phones, words):
    await says(phones, "whatsapp", BUDI, "Ada sapi lepas mengganggu warga di Desa Layap")
    reviewed, who = await says(phones, "whatsapp", BUDI, words)
    assert "ditelaah" in reviewed
    assert "Atas nama siapa" in who
    case = await phones.only_case()
    assert (case["state"], "time" in case["missing"]) == ("under_review", True)


async def test_what_was_said_before_is_for_a_person_to_find(phones):
    await says(phones, "whatsapp", BUDI, "Ada sapi lepas mengganggu warga di Desa Layap")
    await says(phones, "whatsapp", BUDI, "sama seperti tadi")
    case = await phones.only_case()
    assert ("needs_clarification" in case["flags"], case["state"]) == (True, "under_review")


async def test_after_two_tries_a_person_takes_over(phones):
    await says(phones, "whatsapp", BUDI, COW)
    [again] = await says(phones, "whatsapp", BUDI, "pokoknya di sana itu")
    assert "Lokasinya di mana" in again
    later = await says(phones, "whatsapp", BUDI, "itu nah yang biasa")
    await pause(phones, 3600)
    case = await phones.only_case()
    assert "needs_human" in case["flags"]
    assert case["state"] == "needs_info"
    assert not [one for one in later if "Lokasinya" in one]


async def test_another_matter_is_not_swallowed_as_an_answer(phones):
    await says(phones, "whatsapp", BUDI, "Ada sapi lepas mengganggu warga di Desa Layap")
    await says(phones, "whatsapp", BUDI, "Di Halong ada warung jual miras dan karaoke sampai subuh")
    case = await phones.only_case()
    assert "time" in case["missing"]
    assert "miras" not in (await given(phones)).get("time", "")
    reviewed, *_ = await says(phones, "whatsapp", BUDI, "tadi pagi")
    assert "ditelaah" in reviewed


async def test_a_supplement_may_come_before_the_complaint(phones):
    await phones.write("whatsapp", BUDI, "", location=(-2.3605, 115.4795))
    await phones.settled()
    answers = await says(phones, "whatsapp", BUDI, COW)
    case = await phones.only_case()
    assert (case["intent"], case["district"]) == ("complaint", "63.11.07")
    assert "location" not in case["missing"]
    assert not [one for one in answers if "Lokasinya" in one]


async def test_somebody_elses_words_in_the_thread_fill_no_form(town):
    await says(town, "email", BUDI, COW)
    letter = town.mail.mailbox(BUDI.mail)[-1]
    await town.mail.write(SITI.mail, letter.reply_to, "Nama: Siti\nLokasi: Desa Inan", subject="Re: laporan")
    await pause(town)
    case = await town.only_case()
    assert "location" in case["missing"]
    assert "Siti" not in str(await given(town))


# The desk


async def test_whoever_takes_the_case_over_silences_the_machine_until_it_is_given_back(phones):
    await says(phones, "whatsapp", BUDI, COW)
    reference = (await phones.only_case())["reference"]
    status, taken = await phones.api("POST", f"/cases/{reference}/takeover")
    assert (status, taken["taken_by"]) == (200, "rini")

    assert await says(phones, "whatsapp", BUDI, "di Desa Layap dekat mesjid") == []
    assert await says(phones, "whatsapp", BUDI, f"STATUS {reference}") == []
    [told] = await says(phones, "whatsapp", BUDI, "sekarang ada yang mau dibacok, tolong cepat!!")
    assert "segera telepon 110" in told
    await phones.move(reference, "under_review", by="rini")
    assert "ditelaah" in (await phones.hears("whatsapp", BUDI, 4))[-1]

    status, back = await phones.api("POST", f"/cases/{reference}/release")
    assert (status, back["taken_by"]) == (200, None)
    kinds = [one["kind"] for one in (await phones.case(reference))["events"]]
    assert [one for one in kinds if one in {"taken", "released"}] == ["taken", "released"]


async def test_giving_back_resumes_the_questions(phones):
    await phones.write("whatsapp", BUDI, COW)
    await phones.hears("whatsapp", BUDI, 1)
    reference = (await phones.only_case())["reference"]
    await phones.api("POST", f"/cases/{reference}/takeover")
    await pause(phones)
    assert len(phones.heard("whatsapp", BUDI)) == 1
    await phones.api("POST", f"/cases/{reference}/release")
    await pause(phones)
    assert "Lokasinya di mana" in phones.heard("whatsapp", BUDI)[-1]


async def test_writing_to_the_reporter_takes_the_case_over(phones):
    await phones.write("whatsapp", BUDI, COW)
    await phones.hears("whatsapp", BUDI, 1)
    reference = (await phones.only_case())["reference"]
    await phones.api("POST", f"/cases/{reference}/messages", text="Kami telepon Anda sebentar lagi.")
    await pause(phones)
    assert len(phones.heard("whatsapp", BUDI)) == 2
    assert (await phones.case(reference))["taken_by"] == "rini"


async def test_the_field_may_not_take_a_case(phones):
    await phones.write("whatsapp", BUDI, "Ada sapi lepas mengganggu warga di Desa Layap tadi malam")
    await phones.settled()
    reference = (await phones.only_case())["reference"]
    status, problem = await phones.api("POST", f"/cases/{reference}/takeover", by="danru-paringin")
    assert (status, problem["type"].rpartition(":")[2]) == (403, "not_allowed")


async def test_a_correction_wins_and_the_field_sees_no_reporter(phones):
    await says(phones, "whatsapp", BUDI, WHOLE.replace("dekat mesjid", "depan rumah saya"))
    reference = (await phones.only_case())["reference"]
    assert (await phones.get(f"/cases/{reference}", by="danru-paringin"))["form"] == []
    await phones.api("POST", f"/cases/{reference}/form", field="location", value="RT 2, rumah Budi 081250001234")
    assert (await given(phones))["location"] == "RT 2, rumah Budi 081250001234"
    seen = (await phones.get(f"/cases/{reference}", by="danru-paringin"))["form"]
    assert [(one["field"], one["value"]) for one in seen] == [("location", "RT 2, rumah [...] [...]")]
    holder = await phones.get(f"/cases/{reference}", by="bidang-trantibum")
    assert "name" not in {one["field"] for one in holder["form"]}


async def test_completeness_is_kept_as_it_was_at_the_first_instruction(phones):
    await says(phones, "whatsapp", BUDI, "Ada sapi lepas mengganggu warga di Desa Layap tadi malam")
    reference = (await phones.only_case())["reference"]
    await phones.move(reference, "under_review", by="rini")
    await phones.move(reference, "instructed", by="pak-kasat", post="paringin")
    await says(phones, "whatsapp", BUDI, "nama saya Budi Santoso")
    case = await phones.case(reference)
    assert (case["completeness_at_instruct"], case["completeness"]) == (0.8, 1.0)


async def test_what_the_desk_asks_for_is_understood_like_a_question_of_the_machine(phones):
    await phones.write("whatsapp", BUDI, "Ada sapi lepas mengganggu warga di Desa Layap tadi malam. Nama saya Budi")
    await phones.settled()
    reference = (await phones.only_case())["reference"]
    await phones.move(reference, "needs_info", by="rini", missing=["time"])
    await phones.settled()
    [reviewed] = await says(phones, "whatsapp", BUDI, "sekitar habis isya")
    assert "ditelaah" in reviewed
    assert "habis isya" in (await given(phones))["time"]


# What the reporter may say


async def outcome(town, reference):
    """The case is resolved and its reporter told."""
    await town.move(reference, "under_review", by="rini")
    await town.move(reference, "instructed", by="pak-kasat", post="paringin")
    await town.move(reference, "en_route", by="danru-paringin")
    await town.move(reference, "resolved", by="danru-paringin", note="Sudah ditertibkan")
    await town.settled()


async def opened(town, person=BUDI, text=WHOLE):
    """A complete report; its number."""
    [receipt] = await says(town, "whatsapp", person, text)
    return number_in(receipt)


async def test_selesai_closes_a_case_whose_outcome_was_told(phones):
    reference = await opened(phones)
    await outcome(phones, reference)
    [told] = await says(phones, "whatsapp", BUDI, "SELESAI")
    assert "selesai" in told
    case = await phones.case(reference)
    assert case["state"] == "closed"
    step = case["events"][-1]
    assert (step["source"], step["target"], step["role"]) == ("resolved", "closed", "system")


async def test_selesai_before_an_outcome_closes_nothing(phones):
    reference = await opened(phones)
    assert await says(phones, "whatsapp", BUDI, "SELESAI") == []
    assert (await phones.case(reference))["state"] == "received"


@pytest.mark.parametrize("closed", [False, True])
async def test_belum_within_the_time_for_objections_reopens(phones, closed):
    reference = await opened(phones)
    await outcome(phones, reference)
    if closed:
        await phones.move(reference, "closed", by="rini")
        await phones.settled()
    phones.clock.advance(hours=24 * 9)
    [told] = await says(phones, "whatsapp", BUDI, f"BELUM {reference}")
    assert "buka kembali" in told
    assert (await phones.case(reference))["state"] == "reopened"


async def test_belum_after_that_opens_a_case_that_names_the_old_one(phones):
    reference = await opened(phones)
    await outcome(phones, reference)
    await phones.move(reference, "closed", by="rini")
    await phones.settled()
    phones.clock.advance(hours=24 * 11)
    told = await says(phones, "whatsapp", BUDI, f"BELUM {reference}, sapinya datang lagi")
    new = next(one["reference"] for one in await phones.cases() if one["reference"] != reference)
    assert new in told[0]
    case = await phones.case(new)
    assert case["events"][0]["data"]["follows"] == reference
    assert "repeat_report" in case["flags"]
    assert (await phones.case(reference))["state"] == "closed"


async def test_a_withdrawal_is_confirmed_once_and_is_the_reporters_act(phones):
    reference = await opened(phones)
    [asked] = await says(phones, "whatsapp", BUDI, "batalkan laporan saya")
    assert "YA CABUT" in asked
    assert (await phones.case(reference))["state"] == "received"
    [told] = await says(phones, "whatsapp", BUDI, "YA CABUT")
    assert "Sesuai permintaan Anda" in told
    case = await phones.case(reference)
    assert (case["state"], case["events"][-1]["role"]) == ("withdrawn", "reporter")


async def test_ya_cabut_without_our_question_withdraws_nothing(phones):
    reference = await opened(phones)
    [asked] = await says(phones, "whatsapp", BUDI, "YA CABUT")
    assert "YA CABUT" in asked
    assert (await phones.case(reference))["state"] == "received"


async def test_where_somebody_is_in_danger_a_withdrawal_goes_to_people_first(phones):
    [told] = await says(phones, "whatsapp", BUDI, DANGER)
    reference = number_in(told)
    await phones.staff_writes(ADMIN, "menu")
    await phones.settled()
    before = len(phones.phone(ADMIN))
    [noted] = await says(phones, "whatsapp", BUDI, f"batalkan laporan saya {reference}")
    assert "kami catat" in noted
    assert await says(phones, "whatsapp", BUDI, f"YA CABUT {reference}") == []
    assert (await phones.case(reference))["state"] == "received"
    assert [one for one in phones.phone(ADMIN)[before:] if "ingin mencabut" in one]


async def test_whoever_wants_to_hear_nothing_gets_the_receipt_and_asks_for_the_rest(phones):
    text = "Ada sapi lepas mengganggu warga. Tolong jangan balas ya, HP dipakai bersama"
    [receipt] = await says(phones, "whatsapp", BUDI, text)
    reference = number_in(receipt)
    assert "silent" in (await phones.case(reference))["flags"]
    await phones.move(reference, "under_review", by="rini")
    await phones.move(reference, "instructed", by="pak-kasat", post="paringin")
    await phones.hears("whatsapp", BUDI, 1)
    status, problem = await phones.api("POST", f"/cases/{reference}/messages", text="Mohon kirim foto.")
    assert (status, "hear nothing" in problem["detail"]) == (409, True)
    [told] = await says(phones, "whatsapp", BUDI, f"STATUS {reference}")
    assert "tim ditugaskan" in told
    await says(phones, "whatsapp", BUDI, "MULAI")
    assert "silent" not in (await phones.case(reference))["flags"]


async def test_a_wish_for_secrecy_is_a_flag(phones):
    await says(phones, "whatsapp", BUDI, "Ada sapi lepas di Desa Layap tadi malam. Rahasiakan nama saya")
    assert "confidential" in (await phones.only_case())["flags"]


async def test_fifty_messages_in_a_minute_are_kept_with_a_receipt_and_one_word_more_and_danger_gets_through(phones):
    for number in range(50):
        await phones.write("whatsapp", BUDI, f"Ada sapi lepas mengganggu warga di Desa Layap tadi malam {number}")
    await phones.settled()
    _receipt, patience = phones.heard("whatsapp", BUDI)
    assert "tidak perlu dikirim ulang" in patience
    await phones.write("whatsapp", BUDI, DANGER)
    await phones.settled()
    assert "segera telepon 110" in phones.heard("whatsapp", BUDI)[-1]
    case = await phones.only_case()
    assert len([one for one in case["messages"] if one["direction"] == "in"]) == 51


async def test_fifty_different_questions_in_a_minute_are_not_answered_fifty_times(phones):
    for number in range(25):
        await phones.write("whatsapp", BUDI, f"STATUS TRK-2611-{number:05d}")
        await phones.write("whatsapp", BUDI, "halo")
    await phones.settled()
    assert len(phones.heard("whatsapp", BUDI)) <= 10
