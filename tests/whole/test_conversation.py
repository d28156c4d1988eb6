"""What opens a case and what does not; what is asked, what is silenced, and what goes before everything else."""

from __future__ import annotations

import asyncio
import re

import pytest
from folk import ADMIN, BUDI, COMPLAINT, SITI, WAYS, number_in, until

from treckk_gateway.testing.stand_in import Fault

EMERGENCY = "TOLONG ada perampokan di toko emas pasar Paringin barusan!!"
OUT_OF_OFFICE = {"Auto-Submitted": "auto-replied", "Precedence": "bulk"}
PARTS = (
    "Ada pedagang", "jualan di trotoar", "depan pasar", "Paringin", "tiap pagi", "jalan jadi macet", "sudah seminggu",
    "anak sekolah susah lewat", "motor juga parkir di situ", "harus turun ke jalan",
)  # fmt: skip


async def openings(town, person, count):
    """So many open cases of one person; their numbers, oldest first."""
    await town.write("whatsapp", person, COMPLAINT)
    await town.settled()
    for number in range(1, count):
        await town.api("POST", "/cases", text=f"Pohon tumbang nomor {number}", reply_to=person.at("whatsapp"))
    return [number_in(one) for one in await town.hears("whatsapp", person, count)]


def inbound(case):
    return [one["text"] for one in case["messages"] if one["direction"] == "in"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("text", "told"), [("halo", "STATUS|status|aduan"), ("cek status aduan", "tidak.*menemukan|tidak ditemukan")]
)
async def test_a_greeting_and_a_status_question_are_answered_without_a_case(town, way, text, told):
    await town.write(way, BUDI, text, **({"subject": ""} if way == "email" else {}))

    [answer] = await town.hears(way, BUDI)

    assert re.search(told, answer)
    assert await town.cases() == []


@pytest.mark.parametrize("text", ["terima kasih", "makasih banyak pak 🙏", "ok siap", "👍"])
async def test_a_thank_you_opens_nothing_and_changes_nothing(phones, text):
    await phones.write("whatsapp", SITI, text)
    await phones.write("whatsapp", BUDI, COMPLAINT)
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])
    await phones.move(reference, "referred", by="rini", office="polri")
    await phones.settled()
    await phones.move(reference, "closed", by="rini")
    before = await phones.hears("whatsapp", BUDI, 3)

    await phones.write("whatsapp", BUDI, text)

    await phones.settled()
    [case] = await phones.cases()
    assert case["state"] == "closed"
    assert phones.heard("whatsapp", BUDI) == before


async def test_an_out_of_office_is_filed_and_never_answered(town):
    await town.write("email", BUDI, "Saya cuti sampai Senin", subject="Automatic reply", headers=OUT_OF_OFFICE)
    await town.hears("email", BUDI, 0)
    assert await town.cases() == []

    await town.write("email", BUDI, COMPLAINT)
    await town.hears("email", BUDI, 1)
    letter = town.mail.mailbox(BUDI.mail)[0]
    await town.mail.write(BUDI.mail, letter.reply_to, "Saya cuti", answers=letter, headers=OUT_OF_OFFICE)
    await town.hears("email", BUDI, 1)

    case = await town.only_case()
    assert (case["state"], [one["automatic"] for one in case["messages"] if one["direction"] == "in"]) == (
        "received", [False, True],
    )  # fmt: skip
    assert await town.books() | {"received": 3, "filed": 3, "parked": 0} == await town.books()


async def test_a_bounce_of_our_own_mail_marks_the_delivery_and_opens_nothing(town):
    await town.staff_writes(ADMIN, "halo")
    await town.write("email", BUDI, COMPLAINT)
    await town.hears("email", BUDI)
    await town.move((await town.only_case())["reference"], "under_review", by="rini")
    await town.hears("email", BUDI, 2)
    letter = town.mail.mailbox(BUDI.mail)[1]
    report = (
        b"From: MAILER-DAEMON@relay.example.org\r\nTo: " + letter.reply_to.encode() + b"\r\nSubject: Undelivered\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nNo such mailbox.\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example.org\r\n\r\n"
        b"Final-Recipient: rfc822; " + BUDI.mail.encode() + b"\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: "
        + letter.message_id.encode()
        + b"\r\n\r\n--b--\r\n"
    )

    from treckk_gateway.testing.sandbox.mail import Written  # noqa: PLC0415 only here

    for raw in (report, report.replace(b"Undelivered", b"Undelivered again")):
        await town.mail.deliver(Written(sender="", recipient=letter.reply_to, raw=raw, message_id="-"))
        await town.settled()

    tasks = [one for one in town.phone(ADMIN) if "tidak sampai" in one]
    assert len(tasks) == 1
    assert (await town.only_case())["reference"] in tasks[0]
    assert BUDI.mail not in tasks[0]
    case = await town.only_case()
    told = [one for one in case["deliveries"] if one["template"] == "under_review"]
    assert [one["state"] for one in told] == ["failed"]
    await town.move(case["reference"], "instructed", by="pak-kasat", post="paringin")
    await town.hears("email", BUDI, 2)
    last = [one for one in (await town.only_case())["deliveries"] if one["template"] == "instructed"]
    assert [(one["state"], one["reason"]) for one in last] == [("cancelled", "5.1.1")]


@pytest.mark.parametrize("way", WAYS)
async def test_ten_parts_sent_at_once_open_one_case_with_one_receipt(town, way):
    answers = await asyncio.gather(*(town.write(way, BUDI, part) for part in PARTS))

    assert set(answers) <= {200, 250}
    await town.hears(way, BUDI, 1)
    assert sorted(inbound(await town.only_case())) == sorted(PARTS)
    assert town.rows("SELECT count(*) FROM reporter") == [(1,)]


async def test_with_several_open_cases_the_question_is_numbered_and_the_answer_counts(phones):
    first, second = await openings(phones, BUDI, 2)

    await phones.write("whatsapp", BUDI, "masih ada juga hari ini")
    question = (await phones.hears("whatsapp", BUDI, 3))[-1]
    assert {first, second} == set(re.findall(r"TRK-\d{4}-\d{5}", question))
    await phones.write("whatsapp", BUDI, re.search(rf"(\d)\. {first}", question)[1])
    await phones.hears("whatsapp", BUDI, 3)

    assert "masih ada juga hari ini" in inbound(await phones.case(first))
    assert "masih ada juga hari ini" not in inbound(await phones.case(second))
    assert len(await phones.cases()) == 2


@pytest.mark.parametrize(("answer", "opens"), [("3", True), ("Hal baru", True), ("dua", False)])
async def test_the_answer_may_be_a_word_or_a_new_matter(phones, answer, opens):
    await openings(phones, BUDI, 2)
    await phones.write("whatsapp", BUDI, "ada sapi lepas di jalan Desa Layap")
    await phones.hears("whatsapp", BUDI, 3)

    await phones.write("whatsapp", BUDI, answer)

    await phones.hears("whatsapp", BUDI, 4 if opens else 3)
    found = [one["reference"] for one in await phones.cases()]
    assert len(found) == 2 + opens
    holding = [one for one in found if "ada sapi lepas di jalan Desa Layap" in inbound(await phones.case(one))]
    assert len(holding) == 1
    assert (holding[0] == max(found)) is opens


async def test_an_answer_nobody_understands_is_asked_once_more_and_then_left_to_a_person(phones):
    await openings(phones, BUDI, 2)
    for count, text in enumerate(["masih ada juga", "yang itu lho", "pokoknya itu"], start=3):
        await phones.write("whatsapp", BUDI, text)
        await phones.hears("whatsapp", BUDI, min(count, 4))

    flagged = [one for one in await phones.cases() if "needs_clarification" in one["flags"]]
    assert len(flagged) == 1
    assert {"masih ada juga", "yang itu lho", "pokoknya itu"} <= set(
        inbound(await phones.case(flagged[0]["reference"]))
    )


async def test_an_emergency_is_never_held_up_by_a_question(phones):
    await openings(phones, BUDI, 2)

    await phones.write("whatsapp", BUDI, EMERGENCY)

    told = (await phones.hears("whatsapp", BUDI, 3))[-1]
    assert "segera telepon 110" in told
    assert (await phones.case(number_in(told)))["urgency"] == "emergency"


async def test_the_emergency_text_overtakes_everything_that_waits(phones):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])
    await phones.twilio.play(Fault.BUSY)
    await phones.move(reference, "under_review", by="rini")
    await phones.move(reference, "instructed", by="pak-kasat", post="paringin")
    await phones.twilio.reached()

    await phones.write("whatsapp", BUDI, EMERGENCY)
    # Told no, and put off: were the answer still under way, it would be put off from the later time.
    await until(lambda: phones.rows("SELECT 1 FROM outbox WHERE urgent AND attempts > 0 AND state = 'queued'"))
    await phones.twilio.play(None)
    phones.clock.advance(60)
    phones.wake()

    texts = await phones.hears("whatsapp", BUDI, 4)
    assert "segera telepon 110" in texts[1]
    assert [number_in(one) for one in texts] == [reference] * 4
    assert "ditelaah" in texts[2]


async def test_who_wants_no_messages_gets_none_until_they_want_them_again(phones):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])
    await phones.write("whatsapp", BUDI, "BERHENTI")
    assert "MULAI" in (await phones.hears("whatsapp", BUDI, 2))[-1]

    await phones.move(reference, "under_review", by="rini")
    await phones.hears("whatsapp", BUDI, 2)
    case = await phones.case(reference)
    assert [one["reason"] for one in case["deliveries"] if one["state"] == "cancelled"] == ["opted_out"]

    await phones.write("whatsapp", BUDI, "MULAI")
    assert "aktif kembali" in (await phones.hears("whatsapp", BUDI, 3))[-1]
    await phones.move(reference, "instructed", by="pak-kasat", post="paringin")
    await phones.hears("whatsapp", BUDI, 4)
    assert len(await phones.cases()) == 1


async def test_an_objection_after_the_outcome_reopens_the_case(phones):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])
    await phones.move(reference, "under_review", by="rini")
    await phones.move(reference, "instructed", by="pak-kasat", post="paringin")
    await phones.move(reference, "en_route", by="danru-paringin")
    await phones.move(reference, "resolved", by="danru-paringin", note="Sudah ditertibkan")
    await phones.hears("whatsapp", BUDI, 5)

    await phones.write("whatsapp", BUDI, "BELUM")

    assert "buka kembali" in (await phones.hears("whatsapp", BUDI, 6))[-1]
    assert (await phones.only_case())["state"] == "reopened"


async def test_one_person_on_two_channels_is_one_reporter_with_one_case(phones):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    await phones.hears("whatsapp", BUDI)

    await phones.write("sms", BUDI, "Sekarang sampai badan jalan")

    await phones.hears("sms", BUDI, 0)
    assert inbound(await phones.only_case()) == [COMPLAINT, "Sekarang sampai badan jalan"]
    assert phones.rows("SELECT count(*) FROM reporter") == [(1,)]


async def test_a_question_about_the_status_stands_in_the_case_for_people_to_see(phones):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    reference = number_in((await phones.hears("whatsapp", BUDI, 1))[0])
    await phones.write("whatsapp", BUDI, f"STATUS {reference}")
    assert reference in (await phones.hears("whatsapp", BUDI, 2))[1]
    texts = [one["text"] for one in (await phones.only_case())["messages"] if one["direction"] == "in"]
    assert texts == [COMPLAINT, f"STATUS {reference}"]


async def test_whoever_wants_no_messages_still_gets_the_emergency_text(phones):
    await phones.write("whatsapp", BUDI, "BERHENTI")
    await phones.hears("whatsapp", BUDI, 1)
    await phones.write("whatsapp", BUDI, COMPLAINT)
    await phones.hears("whatsapp", BUDI, 1)
    await phones.write("whatsapp", BUDI, "tolong ada kebakaran rumah di desa Layap sekarang, ada orang di dalam!")
    assert "110" in (await phones.hears("whatsapp", BUDI, 2))[1]


async def test_a_privacy_request_of_a_stranger_in_the_thread_leaves_the_case_readable(town):
    await town.write("email", BUDI, COMPLAINT)
    await town.hears("email", BUDI, 1)
    receipt = town.mail.mailbox(BUDI.mail)[-1]
    await town.mail.write(SITI.mail, receipt.reply_to, "HAPUS DATA", subject="Re: laporan")
    await town.settled()
    case = await town.only_case()
    assert "privacy_request" in case["flags"]
    assert [one["kind"] for one in case["events"]][-1] == "data_request"


async def test_the_clock_of_a_privacy_request_ends_when_somebody_records_the_answer(phones):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])
    path = f"/cases/{reference}/data-answer"
    status, problem = await phones.api("POST", path, text="Data dihapus")
    assert (status, problem["missing"]) == (409, ["data_request"])
    await phones.write("whatsapp", BUDI, "HAPUS DATA")
    heard = len(await phones.hears("whatsapp", BUDI, 2))

    status, _ = await phones.api("POST", path, by="danru-paringin", text="Data dihapus")
    assert status == 403
    status, _ = await phones.api("POST", path, text="Data dihapus")
    assert status == 200
    case = await phones.case(reference)
    [clock] = [one for one in case["clocks"] if one["name"] == "personal_data"]
    assert clock["ended"] is not None
    assert (case["events"][-1]["kind"], case["events"][-1]["actor"]) == ("data_answered", "rini")
    await phones.hears("whatsapp", BUDI, heard)
    status, _ = await phones.api("POST", path, text="Data dihapus")
    assert status == 409


async def test_a_complaint_about_the_unit_joins_no_case_that_others_read(phones):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    await phones.settled()
    for text in ("oknum satpol pp minta uang ke pedagang di pasar Paringin", "anggota satpol pp itu minta uang lagi"):
        await phones.write("whatsapp", BUDI, text)
        await phones.settled()

    [seen] = await phones.cases()
    assert "minta uang" not in str(await phones.case(seen["reference"]))
    both = (await phones.get("/cases", by="pak-kasat"))["items"]
    assert sorted(one["category"] for one in both) == ["layanan_satpol", "pkl"]
