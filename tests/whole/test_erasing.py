"""Who reported is opened for a reason only; who is erased is gone; the stub, the books and the map stay."""

from __future__ import annotations

import base64

import pytest
from folk import ARIF, BUDI, KASAT, SITI, number_in

TEXT = "Ada pedagang jualan di trotoar depan pasar Paringin tiap pagi, MARKAWA jadi macet"
DAY = 86400


async def reported(town, way="whatsapp", person=BUDI, text=TEXT):
    await town.write(way, person, text)
    return number_in((await town.hears(way, person))[0])


async def erase(town, reference, *, by="pak-kasat", **more):
    return await town.api("POST", f"/cases/{reference}/erasure", by=by, **{"reason": "permintaan pelapor", **more})


def files(town):
    return sorted(one for one in (town.folder / "data" / "files").rglob("*") if one.is_file())


async def test_an_identity_is_opened_for_a_reason_only_and_leadership_sees_who_did(phones):
    reference = await reported(phones)
    path = f"/cases/{reference}/identities"
    for body in ({}, {"reason": "  "}):
        assert (await phones.api("POST", path, by="rini", **body))[0] in {415, 422}
    assert (await phones.api("POST", path, by="danru-paringin", reason="ingin tahu"))[0] == 403
    assert (await phones.api("POST", path, by="bidang-trantibum", reason="ingin tahu"))[0] == 403
    assert phones.rows("SELECT count(*) FROM access_log WHERE what = 'identity'") == [(0,)]

    status, found = await phones.api("POST", path, by="rini", reason="menelepon kembali MARKALASAN")

    assert (status, found["items"][0]["addresses"]) == (200, [f"whatsapp:{BUDI.number}"])
    assert BUDI.number not in str(await phones.case(reference))
    assert (await phones.api("GET", f"/cases/{reference}/access", by="rini"))[0] == 403
    log = (await phones.get(f"/cases/{reference}/access", by="pak-kasat"))["items"]
    assert [(one["actor"], one["what"], one["reason"]) for one in log] == [
        ("rini", "file", None), ("rini", "identity", "menelepon kembali MARKALASAN"),
    ]  # fmt: skip
    assert b"MARKALASAN" not in (phones.folder / "data" / "treckk.db").read_bytes()


async def test_an_erased_reporter_is_gone_and_the_case_goes_on(phones):
    photo = [("image/jpeg", b"\xff\xd8\xff\xe0" + b"isi foto" * 40)]
    await phones.write("whatsapp", BUDI, TEXT, files=photo)
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])
    await phones.move(reference, "under_review", by="rini")
    await phones.api("POST", f"/cases/{reference}/notes", by="rini", text="catatan meja")
    await phones.settled()
    heard = len(phones.heard("whatsapp", BUDI))
    counted = (await phones.get("/report", by="pak-kasat"))["counts"]

    for by in ("rini", "danru-paringin"):
        assert (await erase(phones, reference, by=by))[0] == 403
    status, told = await erase(phones, reference)

    assert status == 200, told
    case = await phones.get(f"/cases/{reference}", by="pak-kasat")
    assert (case["state"], case["messages"]) == ("under_review", [])
    kinds = [(one["kind"], one["actor"]) for one in case["events"]]
    assert kinds[-1] == ("erased", "pak-kasat")
    assert any(one["data"].get("note") == "catatan meja" for one in case["events"]), "an open case keeps its history"
    assert phones.rows("SELECT count(*) FROM reporter_key") == [(0,)]
    assert phones.rows("SELECT count(*) FROM reporter_identity") == [(0,)]
    assert phones.rows("SELECT count(*) FROM message WHERE length(sealed_body) > 0 AND reporter_id IS NOT NULL") == [
        (0,)
    ]
    assert files(phones) == []
    assert (await phones.get("/report", by="pak-kasat"))["counts"] == counted
    assert (await phones.api("POST", f"/cases/{reference}/identities", by="rini", reason="uji"))[1]["items"] == []
    log = (await phones.get(f"/cases/{reference}/access", by="pak-kasat"))["items"]
    assert ("pak-kasat", "erased", "permintaan pelapor") in [(o["actor"], o["what"], o["reason"]) for o in log]

    await phones.move(reference, "instructed", by="pak-kasat", post="paringin")
    await phones.move(reference, "en_route", by="danru-paringin")
    await phones.move(reference, "resolved", by="danru-paringin", note="Selesai")
    await phones.move(reference, "closed", by="rini")
    await phones.settled()
    assert len(phones.heard("whatsapp", BUDI)) == heard, "nobody is told any more"
    assert (await erase(phones, reference))[0] == 409


async def test_what_was_imported_before_stays_out_and_the_person_is_a_stranger(phones):
    request = phones.twilio_request("whatsapp", phones.message_pairs("SM" + "1" * 32, BUDI, TEXT))
    assert (await phones.post(request))[0] == 200
    await phones.settled()
    [case] = await phones.cases()
    reference = case["reference"]
    pseudonym = (await erase(phones, reference))[1]["pseudonym"]
    books = await phones.books()

    assert (await phones.post(request))[0] == 200
    await phones.settled()
    assert await phones.books() == books
    assert len(await phones.cases()) == 1

    before = len(phones.heard("whatsapp", BUDI))
    await phones.write("whatsapp", BUDI, f"status {reference}")
    await phones.settled()
    [answer] = phones.heard("whatsapp", BUDI)[before:]
    assert "ditelaah" not in answer
    await phones.write("whatsapp", BUDI, TEXT)
    await phones.settled()
    assert len(await phones.cases()) == 2
    assert phones.rows("SELECT count(*) FROM reporter WHERE erased_at IS NULL") == [(1,)]
    assert pseudonym not in {one for (one,) in phones.rows("SELECT pseudonym FROM reporter WHERE erased_at IS NULL")}


async def test_what_waits_is_cancelled(phones):
    reference = await reported(phones)
    phones.clock.advance(hours=25)
    await phones.move(reference, "under_review", by="rini")
    await phones.settled()
    assert phones.rows("SELECT state FROM outbox WHERE template = 'under_review'") == [("held",)]
    assert (await erase(phones, reference))[0] == 200
    assert phones.rows("SELECT state, reason, length(sealed_values) FROM outbox WHERE template = 'under_review'") == [
        ("cancelled", "erased", 0)
    ]


async def test_a_hold_keeps_everything(phones):
    reference = await reported(phones)
    path = f"/cases/{reference}/hold"
    assert (await phones.api("POST", path, by="rini", hold=True, reason="perkara"))[0] == 403
    assert (await phones.api("POST", path, by="pak-kasat", hold=True, reason="perkara"))[0] == 200
    status, told = await erase(phones, reference)
    assert (status, "legal hold" in told["detail"]) == (409, True)
    assert (await phones.api("POST", path, by="pak-kasat", hold=False, reason="selesai"))[0] == 200
    assert (await erase(phones, reference))[0] == 200


async def test_one_of_several_reporters_is_erased_and_the_others_stay(town):
    first = await reported(town)
    second = await reported(town, "sms", SITI, "Pedagang kaki lima di trotoar pasar Paringin MARKASMS tiap pagi")
    await town.move(second, "duplicate", by="rini", parent=first)
    await town.settled()
    await town.write("sms", SITI, "MARKASUSUL masih ada sampai siang")
    await town.settled()
    assert any("MARKASUSUL" in one["text"] for one in (await town.case(first))["messages"])
    heard = len(town.heard("sms", SITI))

    assert (await erase(town, second))[0] == 200

    case = await town.case(first)
    assert not any("MARKAS" in one["text"] for one in case["messages"])
    assert any("MARKAWA" in one["text"] for one in case["messages"])
    await town.move(first, "under_review", by="rini")
    await town.settled()
    assert len(town.heard("sms", SITI)) == heard
    assert number_in(town.heard("whatsapp", BUDI)[-1]) == first


@pytest.fixture
async def forgetful(make_town):
    return await make_town(
        channels=("whatsapp", "sms", "web"), retention={"rejected_spam_days": 30, "no_case_days": 10}
    )


async def test_retention_erases_by_outcome_is_extended_by_activity_and_listed_before(forgetful):
    town = forgetful
    spam, open_case = await reported(town), await reported(town, "sms", SITI)
    await town.write("whatsapp", ARIF, "terima kasih")
    await town.move(spam, "rejected_spam", by="rini")
    await town.settled()
    erasing = town.gateway.desk.erasing

    town.clock.advance(9 * DAY)
    assert await erasing.expire() == 0
    listed = (await town.get("/retention", by="pak-kasat"))["items"]
    assert [one["references"] for one in listed] == [[]], "who had no case goes first"
    town.clock.advance(2 * DAY)
    assert await erasing.expire() == 1
    town.clock.advance(10 * DAY)
    assert [one["references"] for one in (await town.get("/retention", by="pak-kasat"))["items"]] == [[spam]]
    await town.write("whatsapp", BUDI, "terima kasih")
    await town.settled()
    town.clock.advance(20 * DAY)
    assert await erasing.expire() == 0, "who wrote one day before is kept on"
    town.clock.advance(11 * DAY)
    assert await erasing.expire() == 1
    assert await erasing.expire() == 0
    assert (await town.case(spam))["messages"] == []
    assert (await town.case(open_case))["messages"] != []
    assert (await town.api("GET", "/retention", by="rini"))[0] == 403


async def test_the_same_file_in_another_case_is_told_to_leadership(phones):
    photo = base64.b64encode(b"\xff\xd8\xff\xe0" + b"isi foto" * 40).decode()

    async def send(person, text, content=photo):
        file = {"content_base64": content, "content_type": "image/jpeg", "filename": "a.jpg"}
        await phones.write("web", person, text, attachments=[file])
        await phones.settled()

    await phones.staff_writes(KASAT, "halo")
    await send(BUDI, TEXT)
    await send(BUDI, "ini fotonya lagi")
    assert not any("sama persis" in one for one in phones.phone(KASAT))
    await send(SITI, "Pedagang kaki lima menutup trotoar di pasar Paringin", photo)
    first, second = sorted(one["reference"] for one in await phones.cases())
    told = [one for one in phones.phone(KASAT) if "sama persis" in one]
    assert len(told) == 1
    assert first in told[0]
    assert second in told[0]
    events = (await phones.case(second))["events"]
    assert [one["data"] for one in events if one["actor"] == "evidence"] == [{"same_file_in": first}]
    assert not any(one["actor"] == "evidence" for one in (await phones.case(first))["events"])


async def test_the_form_names_nobody_outside_an_identity_that_was_opened(phones):
    text = "Nama: Budi Santoso\nLokasi: pasar Paringin\nWaktu: tiap pagi\nUraian: pedagang jualan di trotoar"
    reference = await reported(phones, text=text)
    shown = {one["field"] for one in (await phones.case(reference))["form"]}
    assert "location" in shown
    assert not shown & {"name", "contact", "address"}
    _, found = await phones.api("POST", f"/cases/{reference}/identities", by="rini", reason="menelepon kembali")
    assert [one["name"] for one in found["items"]] == ["Budi Santoso"]
    assert (await erase(phones, reference))[0] == 200
    assert (await phones.case(reference))["form"] == []
