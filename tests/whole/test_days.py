"""Days go by: reminders, escalation, proposals and a quiet close, over nights, weekends and holidays."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from folk import ADMIN, BUDI, COMPLAINT, DUTY_MAIL, KASAT, SITI, number_in

from treckk_gateway.store.sql.store import SqlStore

WITA = ZoneInfo("Asia/Makassar")
WHOLE = "Ada pedagang jualan di trotoar depan pasar Desa Layap Paringin tiap pagi, nama saya Budi"


async def until(town, when):
    """Let the town's clock run to a moment at the unit, `11-27 08:05`, stopping wherever something is due."""
    day, _, time = when.partition(" ")
    end = datetime.fromisoformat(f"2026-{day}T{time}").replace(tzinfo=WITA).timestamp()
    store = town.gateway._parts.store
    while True:
        await town.settled()
        due = await store.next_due()
        step = end if due is None else min(end, due / 1_000_000)
        if town.clock.seconds() >= end:
            return
        town.clock.advance(max(0.0, step - town.clock.seconds()) + 0.001)
        town.wake()


async def report(town, text=WHOLE, *, way="sms", person=BUDI):
    await town.write(way, person, text)
    await town.settled()
    return number_in(town.heard(way, person)[0])


async def kinds(town, reference, *wanted):
    return [(one["actor"], one["kind"]) for one in (await town.case(reference))["events"] if one["kind"] in wanted]


def clock_of(case, name):
    [found] = [one for one in case["clocks"] if one["name"] == name]
    return found


def titles(town, number):
    """First lines of what staff got on their phone, the case's number taken out."""
    return [re.sub(r"TRK-\d+-\d+", "TRK", one.partition("\n")[0]) for one in town.phone(number)]


async def open_windows(town):
    for number in (ADMIN, KASAT):
        await town.staff_writes(number, "hadir")
    await town.settled()


async def test_nobody_looks_over_a_night_reception_is_reminded_then_leadership_told_each_once(phones):
    reference = await report(phones)
    looked = clock_of(await phones.case(reference), "look")
    assert (looked["state"], looked["limit"], looked["due"][:16]) == ("ok", "4 service hours", "2026-11-25T02:00")

    await until(phones, "11-25 09:30")
    await open_windows(phones)
    assert await kinds(phones, reference, "reminded", "escalated") == [("clock.look", "reminded")]
    assert (await phones.cases())[0]["due_at"] == looked["due"]
    assert (await phones.get("/cases?overdue=true"))["items"] == []
    await until(phones, "11-25 10:30")
    assert [one["reference"] for one in (await phones.get("/cases?overdue=true"))["items"]] == [reference]
    assert clock_of(await phones.case(reference), "look")["state"] == "overdue"
    await until(phones, "11-27 10:00")

    assert await kinds(phones, reference, "reminded", "escalated") == [
        ("clock.look", "reminded"), ("clock.look", "escalated"),
    ]  # fmt: skip
    assert [one for one in titles(phones, KASAT) if "Lewat batas" in one] == [
        "*Lewat batas* TRK: dilihat petugas seharusnya paling lambat 25/11 10.00. Mohon perhatian Anda."
    ]
    assert not [one for one in titles(phones, ADMIN) if "Lewat batas" in one]
    assert len(phones.heard("sms", BUDI)) == 1


async def test_leadership_is_reminded_of_its_decision_on_a_working_day_never_at_night(phones):
    reference = await report(phones)
    await until(phones, "11-26 15:50")
    await phones.move(reference, "under_review", by="rini")
    await until(phones, "11-27 07:59")
    assert not [one for one in await kinds(phones, reference, "reminded") if one[0] == "clock.instruct"]
    await until(phones, "11-30 07:00")

    events = (await phones.case(reference))["events"]
    at = {one["kind"]: one["at"] for one in events if one["actor"] == "clock.instruct"}
    assert {kind: when[:16] for kind, when in at.items()} == {"reminded": "2026-11-27T00:00"}
    await until(phones, "11-30 08:10")
    assert (await kinds(phones, reference, "escalated"))[-1] == ("clock.instruct", "escalated")


async def test_a_reporter_is_reminded_exactly_once_then_leadership_is_asked(phones):
    reference = await report(phones, COMPLAINT)
    await phones.move(reference, "needs_info", by="rini", missing=["location", "time"])
    told = len(await settled_texts(phones))
    case = await phones.case(reference)
    assert clock_of(case, "completion")["due"] == "2026-12-01T16:00:00Z"
    assert clock_of(case, "look")["ended"] is not None

    await until(phones, "11-25 13:00")
    assert len(phones.heard("sms", BUDI)) == told
    await until(phones, "12-01 23:00")
    reminders = phones.heard("sms", BUDI)[told:]
    assert len(reminders) == 1
    assert "masih menunggu: lokasi, waktu kejadian. Batas 01/12" in reminders[0]
    assert len(reminders[0]) <= 160
    await until(phones, "12-04 12:00")

    proposed = [one for one in (await phones.case(reference))["events"] if one["kind"] == "proposed"]
    assert [(one["actor"], one["at"][:16]) for one in proposed] == [("clock.completion", "2026-12-02T00:00")]
    assert proposed[0]["data"]["reason"] == "no_response"
    assert (await phones.case(reference))["state"] == "needs_info"
    await phones.move(reference, "not_actionable", by="pak-kasat", reason="no_response")
    texts = await settled_texts(phones)
    assert len(texts) == told + 2
    assert "Keberatan: lapor.go.id atau Ombudsman" in texts[-1]


async def settled_texts(town):
    await town.settled()
    return town.heard("sms", BUDI)


async def test_an_answer_in_time_is_not_reminded_and_a_clock_goes_on_with_what_was_left(phones):
    reference = await report(phones, COMPLAINT)
    await phones.move(reference, "under_review", by="rini")
    await phones.move(reference, "needs_info", by="rini", missing=["location"])
    paused = clock_of(await phones.case(reference), "instruct")
    assert (paused["due"], paused["state"]) == (None, "ok")
    assert paused["paused"] is not None
    await until(phones, "11-25 08:00")
    await phones.move(reference, "under_review", by="rini")
    back = clock_of(await phones.case(reference), "instruct")
    assert (back["paused"], back["due"]) == (None, "2026-11-26T08:00:00Z")
    await until(phones, "11-26 09:00")
    assert ("clock.completion", "reminded") not in await kinds(phones, reference, "reminded")


async def test_a_case_closes_quietly_when_the_time_to_object_is_over_and_may_be_reopened_until_then(phones):
    reference = await report(phones)
    await handled(phones, reference)
    texts = await settled_texts(phones)
    assert "balas BELUM" in texts[-1]
    assert "sebelum 04/12" in texts[-1]
    await phones.move(reference, "closed", by="rini")
    before = len(await settled_texts(phones))
    await phones.write("sms", BUDI, f"BELUM {reference}")
    await phones.settled()
    assert (await phones.case(reference))["state"] in {"reopened", "under_review"}
    assert len(phones.heard("sms", BUDI)) > before


async def test_after_the_window_an_objection_opens_a_case_of_its_own_that_names_the_old_one(phones):
    reference = await report(phones)
    await handled(phones, reference)
    told = len(await settled_texts(phones))
    await until(phones, "12-04 23:50")
    assert (await phones.case(reference))["state"] == "resolved"
    await until(phones, "12-05 00:10")
    case = await phones.case(reference)
    assert (case["state"], case["due_at"], len(phones.heard("sms", BUDI))) == ("closed", None, told)
    assert case["events"][-1]["actor"] == "clock.objection"
    await until(phones, "12-07 09:00")
    await phones.write("sms", BUDI, f"BELUM {reference}")
    await phones.settled()

    assert (await phones.case(reference))["state"] == "closed"
    [other] = [one for one in await phones.cases() if one["reference"] != reference]
    opened = (await phones.case(other["reference"]))["events"][0]
    assert opened["data"]["follows"] == reference


async def handled(town, reference):
    await town.move(reference, "under_review", by="rini")
    await town.move(reference, "instructed", by="pak-kasat", post="paringin")
    await town.move(reference, "en_route", by="danru-paringin")
    await town.move(reference, "resolved", by="danru-paringin", note="Pedagang dipindahkan.")
    await town.settled()


async def test_an_initial_action_nobody_confirmed_keeps_a_case_from_closing_by_itself(town):
    await town.write("whatsapp", BUDI, "TOLONG ada perkelahian pakai parang di sini sekarang, cepat!!")
    await town.settled()
    [case] = await town.cases()
    reference = case["reference"]
    assert case["post"] == "mako"
    await town.move(reference, "en_route", by="piket-mako")
    await town.move(reference, "resolved", by="piket-mako", note="Dilerai.")
    await until(town, "12-06 12:00")
    assert (await town.case(reference))["state"] == "resolved"
    assert ("clock.confirm", "escalated") in await kinds(town, reference, "escalated")
    status, _ = await town.api("POST", f"/cases/{reference}/confirmation", by="pak-kasat", note="benar")
    assert status == 200
    await town.settled()
    assert (await town.case(reference))["state"] == "closed"


async def test_danger_at_night_goes_up_within_minutes(town):
    await until(town, "11-24 23:00")
    await town.write("whatsapp", SITI, "Tolong!! ada kebakaran rumah, orang terjebak di dalam, sekarang")
    await town.settled()
    [case] = await town.cases()
    assert not [one for one in town.heard("whatsapp", SITI) if "luar jam layanan" in one]
    await until(town, "11-24 23:20")
    acts = [(one["actor"], one["kind"], one["at"][11:16]) for one in (await town.case(case["reference"]))["events"]
            if one["actor"] == "clock.look"]  # fmt: skip
    assert acts == [("clock.look", "reminded", "15:03"), ("clock.look", "escalated", "15:05")]
    assert [one for one in town.mail.mailbox(DUTY_MAIL) if "Pengingat" in one.subject]


# Outside service hours and at night


async def test_a_report_at_night_is_told_when_the_unit_replies_and_is_asked_in_the_morning(phones):
    await until(phones, "11-27 20:00")
    await phones.write("whatsapp", BUDI, COMPLAINT)
    await phones.settled(leap=30)
    texts = phones.heard("whatsapp", BUDI)
    assert len(texts) == 2
    assert "sudah kami terima" in texts[0]
    assert "dibalas pada 30/11 08.00" in texts[1]
    assert "Polisi 110" in texts[1]
    await until(phones, "11-30 07:59")
    assert len(phones.heard("whatsapp", BUDI)) == 2


async def test_news_that_can_wait_waits_for_the_morning_in_the_words_of_its_own_state(phones):
    reference = await report(phones)
    told = len(phones.heard("sms", BUDI))
    await until(phones, "11-24 22:00")
    await phones.move(reference, "under_review", by="rini")
    await phones.settled()
    [news] = [one for one in (await phones.case(reference))["deliveries"] if one["template"] == "under_review"]
    assert (news["state"], news["reason"], len(phones.heard("sms", BUDI))) == ("held", "quiet_hours", told)
    await phones.move(reference, "instructed", by="pak-kasat", post="paringin")
    await until(phones, "11-25 05:59")
    assert len(phones.heard("sms", BUDI)) == told
    await until(phones, "11-25 06:01")
    first, second = phones.heard("sms", BUDI)[told:]
    assert "ditelaah pimpinan" in first
    assert "Tim TRECKK telah ditugaskan" in second


async def test_whoever_wrote_a_moment_ago_is_awake_and_hears_at_once(phones):
    await until(phones, "11-24 22:00")
    reference = await report(phones)
    told = len(phones.heard("sms", BUDI))
    await phones.move(reference, "under_review", by="rini")
    await phones.settled()
    assert len(phones.heard("sms", BUDI)) == told + 1


# Trouble


async def test_a_crash_between_what_a_clock_did_and_its_sleep_does_nothing_twice(phones, monkeypatch, log):
    reference = await report(phones, COMPLAINT)
    await phones.move(reference, "needs_info", by="rini", missing=["location"])
    told = len(await settled_texts(phones))
    asleep, calls = SqlStore.set_clocks, []

    async def dying(store, found):
        calls.append(found)
        if len(calls) < 3:
            raise ConnectionError("the plug was pulled")
        return await asleep(store, found)

    await until(phones, "11-25 13:50")
    monkeypatch.setattr(SqlStore, "set_clocks", dying)
    log.allow("wakeups.handler_failed")
    await until(phones, "11-25 14:30")
    await phones.stop()
    await phones.start()
    await until(phones, "11-26 12:00")

    assert len(calls) >= 3
    assert len(phones.heard("sms", BUDI)) == told + 1
    assert [one for one in await kinds(phones, reference, "reminded") if one[0] == "clock.completion"] == [
        ("clock.completion", "reminded")
    ]


async def test_a_clock_set_back_while_something_waits_holds_nothing_up_and_doubles_nothing(phones):
    reference = await report(phones, COMPLAINT)
    await phones.move(reference, "needs_info", by="rini", missing=["location"])
    await until(phones, "11-25 14:30")
    reminded = len(await settled_texts(phones))
    phones.clock.advance(hours=-1)
    phones.wake()
    await phones.settled()
    await phones.move(reference, "under_review", by="rini")
    assert len(await settled_texts(phones)) == reminded + 1
    await until(phones, "11-26 12:00")
    assert [one for one in await kinds(phones, reference, "reminded") if one[0] == "clock.completion"] == [
        ("clock.completion", "reminded")
    ]
