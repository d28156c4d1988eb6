"""Referrals, flags, and the rules for messages that want nothing of the unit or ask for something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from treckk_gateway.model import Address, InboundMessage, Subject
from treckk_gateway.model import subject as judged
from treckk_gateway.profile import load
from treckk_gateway.triage import Pipeline, TriageContext, default_steps

PROFILE = load("balangan")
TINY = load(Path(__file__).parents[1] / "samples" / "profile_tiny")


async def triage(text, profile=PROFILE, **fields):
    message = InboundMessage(dedupe_key="m-1", sender=Address("whatsapp", "+6281200000000"), text=text)
    return await Pipeline(default_steps(profile)).run(
        Subject(message=message, **fields), TriageContext(profile=profile, now=0)
    )


def values(found, field):
    return [one.value for one in found if one.field == field]


async def refer(text, profile=PROFILE):
    return set(values(await triage(text, profile), "refer_to"))


@pytest.mark.parametrize(
    ("text", "offices"),
    [
        ("lampu jalan di gang kami padam", {"dishub"}),
        ("jalan desa rusak parah berlubang", {"pupr"}),
        ("air leding keruh", {"pdam"}),
        ("ada tumpukan sampah di pinggir jalan", {"dlh"}),
        ("bikin KTP di mana ya pak?", {"dukcapil"}),
        ("orang gila tidur di pasar", {"dinsos"}),
        ("rumah terbakar", {"damkar", "bpbd"}),
        ("ada yang berkelahi di pasar", set()),
        ("ada yang berkelahi bawa parang di pasar", {"polri"}),
        ("suami tetangga memukuli istrinya", {"polri", "dp3a"}),
        ("banyak pedagang di trotoar", set()),
        ("rawan kebakaran kalau bakar jerami di sini", set()),
    ],
)
async def test_what_others_are_responsible_for_names_them(text, offices):
    assert await refer(text) == offices


async def test_another_county_refers_by_its_own_table():
    assert await refer("my purse is gone", TINY) == {"police"}
    assert await refer("we have no water in Lea", TINY) == {"waterworks"}
    assert judged.urgency(await triage("we have no water in Lea", TINY)) == "low"


async def test_a_referral_without_danger_is_low_and_forbids_nothing():
    assert judged.urgency(await triage("listrik padam dari tadi di Kusambi Hulu")) == "low"
    assert judged.urgency(await triage("truk batubara parkir di trotoar, debunya kemana mana")) == "normal"


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("ada yang jual tuak, nama saya tolong dirahasiakan", "confidential"),
        ("bangsat, kambing tetangga masuk kebun lagi", "abusive"),
        ("oknum petugas satpol pp minta uang ke pedagang", "integrity"),
        ("anak SMP bolos di warnet", "minors"),
        ("anak umur 12 tahun ngemis di lampu merah", "minors"),
        ("anak SMP bolos di warnet", "needs_human"),
        ("ada prostitusi di penginapan", "needs_human"),
        ("petugas satpol kasar kepada pedagang", "needs_human"),
        ("suami memukul istrinya", "needs_human"),
        ("> kutipan\nwarung tuak itu buka", "quoted_text"),
        ("laporan TRK-2611-00042 bagaimana?", "has_case_number"),
        ("sudah tiga kali lapor, ternak masih lepas di kebun", "repeat_report"),
    ],
)
async def test_staff_see_it_at_a_glance(text, flag):
    assert flag in judged.flags(await triage(text))


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("motor umur 3 tahun dicuri di parkiran", "minors"),
        ("kambing masuk kebun", "needs_human"),
        ("anjing galak menggigit orang", "abusive"),
        ("petugas datang terlambat mengangkut sampah", "integrity"),
    ],
)
async def test_and_not_where_nothing_says_so(text, flag):
    assert flag not in judged.flags(await triage(text))


async def test_a_very_long_message_goes_to_a_person():
    found = await triage("kambing lepas di kebun. " + "dan seterusnya " * 2_000)
    assert "needs_human" in judged.flags(found)


# Intents that want nothing of the unit, or something of their own


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Pinjaman online tanpa jaminan, bunga rendah, hubungi admin", "spam"),
        ("saya ditipu pinjaman online, tolong ditindak", "complaint"),
        ("ada yang main slot online di warung desa Layap tiap malam", "complaint"),
        ("satpol pp tidak berguna, goblok", "abuse"),
        ("goblok kalian, lapak ibu saya kalian hancurkan kemarin", "complaint"),
        ("panitia haul mohon bantuan pengamanan 10 personel hari Sabtu", "security_request"),
        ("bagaimana prosedur mengajukan bantuan pengamanan acara?", "info_request"),
        ("hajatan tetangga tanpa izin mengganggu, mohon diamankan", "complaint"),
        ("Ada orang", "unknown"),
        ("halo ada orang?", "help"),
    ],
)
async def test_what_looks_alike_is_told_apart(text, intent):
    assert judged.intent(await triage(text)) == intent


async def test_pressing_for_a_running_case_asks_for_no_status():
    found = await triage("mohon ditindak", open_cases=1)
    assert judged.intent(found) == "supplement"
    assert judged.intent(await triage("sudah ditindak belum?", open_cases=1)) == "status_query"


async def test_what_no_rule_applies_to_is_said_to_be_unsure():
    assert values(await triage("yang tadi itu lho"), "unsure") == ["intent"]
    assert values(await triage("mohon ditertibkan di Layap"), "unsure") == ["category"]
    assert values(await triage("kambing lepas di Layap"), "unsure") == []


# Urgency that is lowered only where that is certain


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("bukan kebakaran, hanya bakar jerami", None),
        ("bukan kebakaran biasa, api besar sekali", "emergency"),
        ("tidak ada kebakaran pak", None),
        ("jalan itu rawan kecelakaan", None),
        ("kalau dibiarkan bisa menyebabkan kebakaran", None),
        ("saya takut dibunuh suami saya", "emergency"),
        ("tahun lalu ada yang ditusuk di pasar itu", "high"),
        ("tahun lalu ada yang ditusuk, sekarang mereka bawa parang lagi", "emergency"),
        ("jangan bunuh saya", "emergency"),
    ],
)
async def test_danger_is_lowered_only_where_it_is_certainly_none(text, level):
    found = [one for one in await triage(text) if one.field == "urgency" and one.step == "urgency"]
    assert [one.value for one in found] == ([level] if level else [])


# Categories


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("ribut", None),
        ("ada minuman keras", "miras"),
        ("d bakar smph plstik tiap sore", "tertib_lingkungan"),
        ("musik di warung itu keras sekali sampai pagi", "kebisingan"),
        ("petugas satpol minta uang pada pedagang di trotoar", "layanan_satpol"),
        ("pukul 10 malam sapi masuk kebun", "ternak"),
    ],
)
async def test_what_it_is_about(text, category):
    found = judged.best(await triage(text), "category")
    assert (found.value if found else None) == category


async def test_in_another_county_hints_decide_nothing_and_roots_count():
    assert values(await triage("it happened in the hall", TINY), "category") == []
    assert values(await triage("there is brewing next door, send someone", TINY), "category") == []
