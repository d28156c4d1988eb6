"""The information track, requests to secure events, who may hear what, floods, and notices that find another way."""

from __future__ import annotations

import re
from datetime import date

import attrs
import pytest
from folk import ADMIN, ARIF, BIDANG, BUDI, COMPLAINT, DANRU, JUAI, KASAT, SITI, Person, number_in, staff_entry
from test_staff_acts import answered, line
from town import shipped

from treckk_gateway.profile.information import Faq, Information
from treckk_gateway.profile.tokens import tokens
from treckk_gateway.testing.sandbox.twilio import Twist

QUESTION = "Assalamualaikum, mau tanya jam buka kantor Satpol PP hari apa saja ya?"
ABOVE = "+6281300000077"


async def test_a_question_goes_to_the_holder_waits_and_the_answer_comes_back(phones):
    await answered(phones, ADMIN, "halo")
    await phones.write("whatsapp", BUDI, QUESTION)
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])
    await answered(phones, ADMIN, line(phones.phone(ADMIN)[-1], "Teruskan: Jam dan alamat layanan"))

    [_, forwarded] = await phones.hears("whatsapp", BUDI, 2)
    assert "Sekretariat" in forwarded
    notice = phones.phone(BIDANG, whatsapp=False)[-1]
    assert len(notice) <= 160
    assert "jam buka" not in notice
    await phones.twilio.write(BIDANG, "+6281100000001", f"{reference} baca")
    await phones.settled()
    assert "jam buka kantor" in phones.phone(BIDANG, whatsapp=False)[-1]
    await phones.twilio.write(BIDANG, "+6281100000001", f"{reference} perpanjang arsip sedang dicari")
    await phones.settled()
    assert "arsip sedang dicari" in (await phones.hears("whatsapp", BUDI, 3))[-1]
    await phones.twilio.write(BIDANG, "+6281100000001", f"{reference} perpanjang lagi")
    await phones.settled()
    assert "sudah pernah diperpanjang" in phones.phone(BIDANG, whatsapp=False)[-1]
    await phones.twilio.write(BIDANG, "+6281100000001", f"{reference} jawab Senin sampai Jumat, 08.00 sampai 16.00")
    await phones.settled()

    assert "Senin sampai Jumat, 08.00 sampai 16.00" in (await phones.hears("whatsapp", BUDI, 4))[-1]
    assert (await phones.case(reference))["state"] == "answered"
    assert phones.rows("SELECT actor, what FROM access_log WHERE what = 'words'") == [("bidang-trantibum", "words")]


async def test_a_holder_of_other_topics_is_not_asked_and_answers_nothing(make_town):
    other = staff_entry("bidang-perda", "holder", None, "whatsapp:+6281300000011") | {"topics": ["perda"]}
    town = await make_town(channels=("whatsapp", "sms", "web"), staff=(other,))
    await answered(town, "+6281300000011", "halo")
    await town.write("whatsapp", BUDI, QUESTION)
    reference = number_in((await town.hears("whatsapp", BUDI))[0])
    await town.move(reference, "info_forwarded", by="rini", topic="layanan")
    await town.settled()

    assert not [one for one in town.phone("+6281300000011") if reference in one]
    assert "dipegang pengampu lain" in (await answered(town, "+6281300000011", f"{reference} jawab Tidak tahu"))[-1]
    assert (await town.case(reference))["state"] == "info_forwarded"


async def test_an_approved_answer_is_suggested_and_a_person_sends_it(make_town, monkeypatch):
    known = Faq(
        code="jam_buka", topic="layanan", words=(tokens("jam"), tokens("buka")), answer="Kantor buka Senin-Jumat.",
        approved_by="Kasubbag Umum", approved_at=date(2026, 11, 1),
    )  # fmt: skip
    profile = attrs.evolve(shipped(), information=attrs.evolve(shipped().information, faq=(known,)))
    monkeypatch.setattr("town.shipped", lambda: profile)
    town = await make_town(channels=("whatsapp", "sms", "web"))
    await answered(town, ADMIN, "halo")
    await town.write("whatsapp", BUDI, QUESTION)
    reference = number_in((await town.hears("whatsapp", BUDI))[0])
    await answered(town, ADMIN, line(town.phone(ADMIN)[-1], "Kirim jawaban baku: Kantor buka Senin-Jumat."))

    assert "Kantor buka Senin-Jumat." in (await town.hears("whatsapp", BUDI, 2))[-1]
    [step] = [one for one in (await town.case(reference))["events"] if one["kind"] == "transition"]
    assert (step["actor"], step["target"]) == ("rini", "answered")
    assert step["data"]["approved"] == "jam_buka: Kasubbag Umum, 2026-11-01"
    assert isinstance(profile.information, Information)


async def test_a_request_to_secure_an_event_goes_to_leadership_as_one(phones):
    await answered(phones, KASAT, "halo")
    await phones.write(
        "whatsapp",
        BUDI,
        "Mohon bantuan pengamanan acara haul di desa Layap Paringin tanggal 12 Desember, sekitar 500 orang",
    )
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])

    notice = phones.phone(KASAT)[-1]
    assert notice.startswith(f"*Permohonan pengamanan {reference}*")
    assert "Tempat: Layap, Paringin" in notice
    assert "Perkiraan massa: 500\n" in notice
    assert re.search(r"\nTanggal: 20\d\d-12-12\n", notice)
    assert "Belum disebut" not in notice


async def test_leadership_is_told_what_a_request_to_secure_an_event_does_not_say(phones):
    await answered(phones, KASAT, "halo")
    await phones.write("whatsapp", BUDI, "Mohon bantuan pengamanan acara haul di desa Layap Paringin")
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])

    notice = phones.phone(KASAT)[-1]
    assert notice.startswith(f"*Permohonan pengamanan {reference}*")
    assert "Belum disebut: tanggal, perkiraan massa." in notice


async def test_a_request_to_secure_an_event_that_staff_write_down_is_one_too(phones):
    await answered(phones, KASAT, "halo")
    text = "Karang Taruna mohon bantuan pengamanan konser di Paringin tanggal 12 Desember, ratusan warga"
    status, opened = await phones.api("POST", "/cases", text=text, reply_to=BUDI.at("whatsapp"))
    await phones.settled()

    assert status == 201
    assert (await phones.case(opened["reference"]))["intent"] == "security_request"
    notice = phones.phone(KASAT)[-1]
    assert notice.startswith(f"*Permohonan pengamanan {opened['reference']}*")
    assert "Perkiraan massa: ratusan warga\n" in notice


async def test_a_complaint_about_leadership_is_seen_by_who_oversees_it_alone(make_town):
    above = staff_entry("inspektorat", "leadership", None, f"whatsapp:{ABOVE}") | {"oversees": True}
    town = await make_town(channels=("whatsapp", "sms", "web"), staff=(above,))
    for number in (KASAT, ADMIN, DANRU, ABOVE):
        await answered(town, number, "halo")
    await town.write(
        "whatsapp",
        BUDI,
        "Saya lapor anggota Satpol PP minta uang pungli ke pedagang atas suruhan Kasat, petugas satpol pungli",
    )
    reference = number_in((await town.hears("whatsapp", BUDI, 2))[0])

    assert reference in town.phone(ABOVE)[-1]
    assert not [one for number in (KASAT, ADMIN, DANRU) for one in town.phone(number) if reference in one]
    for by in ("pak-kasat", "rini", "danru-paringin"):
        assert (await town.api("GET", f"/cases/{reference}", by=by))[0] == 404
        assert reference not in str(await town.get("/cases", by=by))
    assert "tidak ditemukan" in (await answered(town, KASAT, f"{reference} tolak refuted"))[-1]
    await answered(town, ABOVE, line(town.phone(ABOVE)[-1], "Serahkan ke pimpinan"))
    assert reference in town.phone(KASAT)[-1]
    assert (await town.api("GET", f"/cases/{reference}", by="pak-kasat"))[0] == 200


async def test_a_complaint_about_the_unit_is_settled_by_leadership_without_a_team(phones):
    for number in (KASAT, ADMIN, DANRU):
        await answered(phones, number, "halo")
    await phones.write(
        "whatsapp",
        BUDI,
        "Petugas Satpol PP di pos Paringin kasar dan minta uang ke pedagang, saya keberatan dengan anggota satpol",
    )
    reference = number_in((await phones.hears("whatsapp", BUDI, 2))[0])
    assert "Instruksikan" not in phones.phone(KASAT)[-1]
    await answered(phones, KASAT, f"{reference} selesai Petugas sudah ditegur dan dipindahkan")

    assert "Petugas sudah ditegur" in (await phones.hears("whatsapp", BUDI, 3))[-1]
    assert not [one for number in (ADMIN, DANRU) for one in phones.phone(number) if reference in one]


async def test_a_flood_reaches_the_desk_as_a_few_notices_and_one_list(phones):
    await answered(phones, ADMIN, "halo")
    before = len(phones.phone(ADMIN))
    window = 600
    phones.clock.advance(window - phones.clock.seconds() % window + 5)
    people = [Person.numbered(count) for count in range(100, 112)]
    for person in people:
        await phones.write("whatsapp", person, COMPLAINT)
    await phones.settled()
    assert len(phones.phone(ADMIN)) - before == 5
    await phones.write("whatsapp", ARIF, EMERGENCY)
    await phones.settled()
    assert len(phones.phone(ADMIN)) - before == 6
    phones.clock.advance(window)
    phones.wake()
    await phones.settled(leap=30)

    told = phones.phone(ADMIN)[before:]
    assert len(told) == 7
    assert told[-1].startswith("7 aduan baru: TRK-")
    assert len(await phones.cases()) == 13


EMERGENCY = "Tolong ada kebakaran rumah di desa Layap Paringin sekarang, orang terjebak api!"


async def test_a_long_list_begins_with_what_presses_and_says_how_many(phones):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    await phones.write("whatsapp", ARIF, EMERGENCY)
    for count in range(100, 110):
        await phones.write("whatsapp", Person.numbered(count), COMPLAINT)
    first = number_in((await phones.hears("whatsapp", BUDI))[0])
    pressing = number_in((await phones.hears("whatsapp", ARIF))[0])
    await phones.move(first, "under_review", by="rini")

    [told] = [one for one in await answered(phones, ADMIN, "DAFTAR") if one.startswith("Tugas Anda")]

    heading, *lines = told.splitlines()
    assert heading == "Tugas Anda: 11. Yang paling mendesak:"
    assert len(lines) == 9
    assert lines[0].startswith(f"1 {pressing} ")
    numbers = [number_in(one) for one in lines[1:]]
    assert numbers == sorted(numbers)
    assert first not in numbers


async def test_a_figure_that_is_a_line_of_the_list_and_a_case_is_asked_about(phones):
    await answered(phones, ADMIN, "halo")
    await phones.write("whatsapp", BUDI, COMPLAINT)
    await phones.hears("whatsapp", BUDI)
    await phones.write("whatsapp", ARIF, EMERGENCY)
    await phones.hears("whatsapp", ARIF)
    await answered(phones, ADMIN, "daftar")

    [asked] = await answered(phones, ADMIN, "1 telaah")
    assert [number_in(one)[-5:] for one in asked.splitlines()[1:]] == ["00002", "00001"]
    assert {one["state"] for one in await phones.cases()} == {"received"}
    [done] = await answered(phones, ADMIN, "1")
    assert number_in(done)[-5:] == "00002"

    await answered(phones, ADMIN, "daftar")
    [done] = await answered(phones, ADMIN, "00001 telaah")
    assert number_in(done)[-5:] == "00001"
    assert {one["state"] for one in await phones.cases()} == {"under_review"}


@pytest.mark.parametrize("refused", [False, True])
async def test_a_notice_that_would_wait_goes_to_the_next_address(make_town, refused):
    danru = staff_entry("danru-dua", "team", "paringin", "whatsapp:+6281300000021")
    danru["addresses"].append("sms:+6281300000022")
    town = await make_town(channels=("whatsapp", "sms", "web"), staff=(danru,))
    if refused:  # we think the window is open, the provider knows better
        await answered(town, "+6281300000021", "halo")
    await town.write("web", BUDI, COMPLAINT)
    await town.settled()
    reference = (await town.only_case())["reference"]
    await town.move(reference, "under_review", by="rini")
    await town.settled()
    if refused:
        town.twilio.script(Twist(status=400, code=63016))
    await town.move(reference, "instructed", by="pak-kasat", post="paringin")
    await town.settled()

    [order] = [one for one in town.phone("+6281300000022", whatsapp=False) if reference in one]
    assert order.startswith("Tugas ")
    assert len(order) <= 160
    assert order.isascii()
    assert not [one for one in town.phone("+6281300000021") if reference in one]


async def test_both_posts_are_named_where_the_place_may_be_in_either(phones):
    await answered(phones, ADMIN, "halo")
    await phones.write("whatsapp", BUDI, "Ada pedagang berjualan di trotoar desa Galumbang tiap pagi")
    await phones.settled()
    assert "Dekat batas: Pos Juai, Pos Paringin Selatan" in phones.phone(ADMIN)[-1]


async def test_the_point_reaches_the_field_only_after_leadership_opened_it(phones):
    for number in (DANRU, KASAT):
        await answered(phones, number, "halo")
    await phones.twilio.write(
        f"whatsapp:{BUDI.number}",
        "whatsapp:+6281100000000",
        "pedagang di trotoar desa Layap Paringin",
        location=(-2.3001, 115.4802),
    )
    await phones.settled()
    [case] = await phones.cases()
    await phones.move(case["reference"], "under_review", by="rini")
    await answered(phones, KASAT, f"{case['reference']} instruksi paringin tertibkan dengan santun")
    order = phones.phone(DANRU)[-1]
    assert "Tugas: tertibkan dengan santun" in order
    assert "115.48" not in order
    await answered(phones, KASAT, f"{case['reference']} buka titik")

    assert "q=-2.30010,115.48020" in phones.phone(DANRU)[-1]
    assert "q=-2.30010" not in "".join(phones.phone(JUAI))
    assert SITI.number not in order


async def test_the_same_acts_through_the_interface(phones):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])

    async def post(path, by, **body):
        return await phones.api("POST", f"/cases/{reference}/{path}", by=by, **body)

    await phones.move(reference, "under_review", by="rini")
    proposal = {"to": "not_actionable", "reason": "insufficient_data"}
    assert (await post("proposals", "pak-kasat", **proposal))[0] == 403
    assert (await post("proposals", "rini", **proposal))[0] == 200
    assert (await post("proposals/decision", "rini", agree=True))[0] == 403
    assert (await post("proposals/decision", "pak-kasat", agree=False))[1]["state"] == "under_review"
    assert (await post("proposals/decision", "pak-kasat", agree=True))[0] == 409
    place = {"district": "63.11.08", "point": {"lat": -2.46, "lng": 115.67}, "landmark": "dekat jembatan"}
    status, case = await post("place", "rini", **place)
    assert (status, case["post"], case["district"]) == (200, "tebing_tinggi", "63.11.08")
    assert (await post("place", "rini", district="63.11.99"))[0] == 422
    await phones.move(reference, "instructed", by="pak-kasat", post="paringin")
    assert (await post("assignment", "rini", post="juai"))[0] == 403
    photo = {"content_base64": "/9j/4AAQ", "content_type": "image/jpeg", "filename": "lapangan.jpg"}
    assert (await post("evidence", "danru-paringin", files=[photo], note="tenda dibongkar"))[0] == 200
    assert (await post("evidence", "danru-paringin", note="tanpa foto"))[0] == 409
    assert (await post("evidence", "danru-juai", files=[photo]))[0] == 404
    assert (await post("point-release", "danru-paringin"))[0] == 403
    shown = [one for one in (await phones.case(reference))["messages"] if one["direction"] == "staff"]
    assert [(one["by"], len(one["attachments"])) for one in shown] == [("danru-paringin", 1)]
    status, asked = await phones.api(
        "POST", "/personnel-requests", by="danru-paringin", wanted=4, reason="massa", reference=reference
    )
    assert (status, asked["number"], asked["post"]) == (201, "P1", "paringin")
    assert (await phones.api("POST", "/personnel-requests/P1/answer", by="danru-paringin", granted=True))[0] == 403
    status, told = await phones.api("POST", "/personnel-requests/P1/answer", by="piket-mako", granted=True)
    assert (status, told["granted"], told["answered_by"]) == (200, True, "piket-mako")
    assert (await phones.api("POST", "/personnel-requests/P1/answer", by="piket-mako", granted=False))[0] == 409
    assert (await phones.get("/personnel-requests?waiting=true"))["items"] == []
    assert (await phones.get("/personnel-requests", by="danru-juai"))["items"] == []
    kinds = [one["kind"] for one in (await phones.case(reference))["events"]]
    assert [one for one in kinds if one not in {"opened", "transition", "asked", "filled", "findings"}] == [
        "proposed", "declined", "located", "evidence", "personnel", "personnel",
    ]  # fmt: skip
