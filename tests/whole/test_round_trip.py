"""A complaint comes in over any channel; the reporter hears back on the same one, to the end."""

from __future__ import annotations

import pytest
from folk import ARIF, BUDI, COMPLAINT, DESK, SITI, WAYS, WHATSAPP, number_in

OTHER = "Ada sapi lepas di jalan Desa Layap sejak pagi"


async def open_two(town, way, person):
    """Two open cases of one person: what they wrote, and what staff wrote down for them. Their numbers."""
    await town.write(way, person, COMPLAINT)
    first = number_in((await town.hears(way, person))[0])
    status, second = await town.api("POST", "/cases", text="Pohon tumbang di Juai", reply_to=person.at(way))
    assert status == 201
    await town.hears(way, person, 2)
    return first, second["reference"]


def inbound(case):
    return [one["text"] for one in case["messages"] if one["direction"] == "in"]


@pytest.mark.parametrize("way", WAYS)
async def test_every_update_of_a_case_reaches_the_address_it_came_from(town, way):
    assert await town.write(way, BUDI, COMPLAINT) in {200, 250}
    reference = number_in((await town.hears(way, BUDI))[0])
    for count, (by, to, given, told) in enumerate(
        [
            ("rini", "under_review", {}, "ditelaah"),
            ("pak-kasat", "instructed", {"post": "paringin"}, "Tim TRECKK"),
            ("danru-paringin", "en_route", {}, "menuju lokasi"),
            ("danru-paringin", "resolved", {"note": "Pedagang dipindahkan"}, "ditindaklanjuti"),
            ("rini", "closed", {}, "selesai"),
        ],
        start=2,
    ):
        await town.move(reference, to, by=by, **given)
        text = (await town.hears(way, BUDI, count))[-1]
        assert told in text
        assert number_in(text) == reference
    assert all(town.heard(other, BUDI) == [] for other in WAYS if other != way)
    case = await town.only_case()
    assert (case["state"], case["channel_id"]) == ("closed", way)
    own = [one for one in case["deliveries"] if one["channel_id"] == way and one["to"].startswith("P-")]
    last = {"whatsapp": "read", "sms": "delivered", "email": "sent", "web": "accepted"}[way]
    assert [one["state"] for one in own] == [last] * 6
    books = await town.books()
    assert (books["parked"], books["new"], books["dead"], books["uncertain"]) == (0, 0, 0, 0)


async def test_the_provider_is_answered_only_after_the_message_is_on_the_disk(phones):
    request = phones.twilio_request("whatsapp", phones.message_pairs("SM" + "1" * 32, BUDI, COMPLAINT))

    status, _ = await phones.post(request)

    assert status == 200
    assert phones.rows("SELECT count(*) FROM inbox WHERE dedupe_key = ?", "SM" + "1" * 32) == [(1,)]


@pytest.mark.parametrize("way", WAYS)
async def test_what_the_reporter_writes_next_joins_the_open_case(town, way):
    await town.write(way, BUDI, COMPLAINT)
    await town.hears(way, BUDI)

    await town.write(way, BUDI, "Sekarang sudah sampai badan jalan")
    await town.hears(way, BUDI, 1)

    assert inbound(await town.only_case()) == [COMPLAINT, "Sekarang sudah sampai badan jalan"]


async def test_a_swiped_reply_joins_the_case_it_answers_though_another_is_open(phones):
    first, second = await open_two(phones, "whatsapp", BUDI)
    receipts = {number_in(one.body): one.sid for one in phones.twilio.phone(f"whatsapp:{BUDI.number}")}

    await phones.write("whatsapp", BUDI, "Tadi pagi masih ada", answers=receipts[first])
    await phones.write("whatsapp", BUDI, "Pohonnya besar", answers=receipts[second])
    await phones.hears("whatsapp", BUDI, 2)

    assert inbound(await phones.case(first)) == [COMPLAINT, "Tadi pagi masih ada"]
    assert inbound(await phones.case(second))[1:] == ["Pohonnya besar"]


async def test_a_mail_joins_by_its_reply_address_or_by_the_ids_it_answers(town):
    first, second = await open_two(town, "email", BUDI)
    letters = {number_in(one.subject): one for one in town.mail.mailbox(BUDI.mail)}

    await town.mail.write(BUDI.mail, letters[first].reply_to, "Lewat alamat balasan", subject="Lupa bilang")
    await town.mail.write(
        BUDI.mail,
        DESK,
        "Lewat kepala surat",
        subject="Tentang itu",
        headers={"In-Reply-To": letters[second].message_id},
    )
    await town.mail.reply(letters[first], "Lewat tombol balas")
    await town.hears("email", BUDI, 2)

    assert letters[first].reply_to not in {DESK, letters[second].reply_to}
    assert inbound(await town.case(first)) == [COMPLAINT, "Lewat alamat balasan", "Lewat tombol balas"]
    assert inbound(await town.case(second))[1:] == ["Lewat kepala surat"]


@pytest.mark.parametrize("way", ["email", "whatsapp"])
async def test_a_stranger_with_the_number_and_the_ids_joins_nothing_and_learns_nothing(town, way):
    await town.write(way, BUDI, COMPLAINT)
    [receipt] = await town.hears(way, BUDI)
    number = number_in(receipt)
    text = f"Saya juga kena, laporan {number}: ada sapi lepas di jalan Desa Layap"
    if way == "email":
        message_id = town.mail.mailbox(BUDI.mail)[0].message_id
        headers = {"In-Reply-To": message_id, "References": message_id}
        await town.write(way, SITI, text, subject=f"Re: [{number}] Laporan Anda kami terima", headers=headers)
    else:
        await town.write(way, SITI, text, answers=town.twilio.phone(f"whatsapp:{BUDI.number}")[0].sid)
    [told] = await town.hears(way, SITI)
    await town.write(way, SITI, f"status {number}")
    await town.write(way, ARIF, "status TRK-2611-99999")
    theirs, unknown = (await town.hears(way, SITI, 2))[1], (await town.hears(way, ARIF))[0]

    assert number_in(told) != number
    assert "Layap" in told
    assert theirs == unknown
    assert inbound(await town.case(number)) == [COMPLAINT]
    assert town.heard(way, BUDI) == [receipt]


async def test_whoever_holds_the_reply_address_may_add_but_hears_nothing(town):
    await town.write("email", BUDI, COMPLAINT)
    await town.hears("email", BUDI)
    address = town.mail.mailbox(BUDI.mail)[0].reply_to

    await town.mail.write(SITI.mail, address, "Saya tetangganya, memang benar", subject="Re: laporan")

    await town.hears("email", SITI, 0)
    case = await town.only_case()
    assert inbound(case) == [COMPLAINT, "Saya tetangganya, memang benar"]
    assert case["events"][-1]["data"] == {"unverified_sender": "yes"}
    await town.move(case["reference"], "under_review", by="rini")
    await town.hears("email", SITI, 0)
    await town.hears("email", BUDI, 2)


async def test_a_question_goes_to_its_holder_and_the_answer_to_who_asked(phones):
    await phones.write("whatsapp", BUDI, "Mau tanya pak, tugas satpol pp itu apa saja ya? untuk tugas sekolah")
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])
    assert (await phones.case(reference))["intent"] == "info_request"

    await phones.move(reference, "info_forwarded", by="rini", topic="Bidang Trantibum")
    assert "Bidang Trantibum" in (await phones.hears("whatsapp", BUDI, 2))[-1]
    assert reference in phones.phone("+6281300000005", whatsapp=False)[0]

    await phones.move(reference, "answered", by="bidang-trantibum", note="Menjaga ketertiban umum.")
    assert "Menjaga ketertiban umum." in (await phones.hears("whatsapp", BUDI, 3))[-1]
    await phones.move(reference, "closed", by="rini")
    await phones.hears("whatsapp", BUDI, 4)


@pytest.mark.parametrize("way", ["whatsapp", "sms", "email"])
async def test_a_walk_in_hears_at_the_address_they_left(town, way):
    if way == "whatsapp":
        await town.write(way, BUDI, "halo")
        await town.hears(way, BUDI)
    before = len(town.heard(way, BUDI))
    status, case = await town.api(
        "POST", "/cases", text="Pohon tumbang", name="Budi", reply_to=BUDI.at(way), post="juai"
    )

    assert status == 201
    assert number_in((await town.hears(way, BUDI, before + 1))[-1]) == case["reference"]
    await town.move(case["reference"], "under_review", by="rini")
    assert number_in((await town.hears(way, BUDI, before + 2))[-1]) == case["reference"]


async def test_the_same_walk_in_entered_twice_is_one_case(phones):
    url = f"{phones.url}/api/v1/cases"
    headers = {"Authorization": "Bearer token-of-rini-0123456789", "Idempotency-Key": "loket-7"}
    found = set()
    for _ in range(2):
        async with phones.http.post(url, json={"text": "Pohon tumbang"}, headers=headers) as answer:
            found.add((answer.status, (await answer.json())["reference"]))

    assert len(found) == 1
    assert len(await phones.cases()) == 1


async def test_the_citizens_form_takes_a_complaint_and_shows_how_it_stands(make_town):
    town = await make_town(channels=("lapor",), today=True)
    async with town.http.get(f"{town.url}/lapor") as page:
        form = await page.text()
    key = form.partition('name="kunci" value="')[2].partition('"')[0]
    async with town.http.post(f"{town.url}/lapor", data={"kunci": key, "isi": COMPLAINT}) as answer:
        told = await answer.text()
    link = told.partition('href="s/')[2].partition('"')[0]
    case = await town.only_case()
    await town.move(case["reference"], "under_review", by="rini")
    async with town.http.get(f"{town.url}/s/{link}") as page:
        standing = await page.text()

    assert answer.status == 200
    assert case["reference"] in told
    assert case["reference"] in standing
    assert "ditelaah" in standing
    assert COMPLAINT not in standing
    assert WHATSAPP not in standing
