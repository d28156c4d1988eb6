from __future__ import annotations

from pathlib import Path

import pytest

from treckk_gateway.model import (
    Address,
    Attachment,
    Case,
    Consent,
    Finding,
    InboundMessage,
    Intent,
    Location,
    MediaKind,
    State,
    Subject,
)
from treckk_gateway.model import subject as judged
from treckk_gateway.profile import load
from treckk_gateway.triage import TriageContext, steps

PROFILE = load("balangan")
TINY = load(Path(__file__).parents[1] / "samples" / "profile_tiny")
SENDER = Address("whatsapp", "+6281200000000")


def message(text="", **fields):
    return InboundMessage(dedupe_key="m-1", sender=SENDER, text=text, **fields)


def context(profile=PROFILE, *found):
    return TriageContext(profile=profile, now=0, found=found)


def case(state=State.UNDER_REVIEW):
    return Case(
        case_id=1, reference="TRK-2611-00001", state=state, version=1, channel_id="desk", intent=Intent.COMPLAINT
    )


def values(found, field):
    return [one.value for one in found if one.field == field]


async def intent(text="", *found, **fields):
    own = {name: fields.pop(name) for name in ("answering", "open_cases", "case") if name in fields}
    return await steps.intent(Subject(message=message(text, **fields), **own), context(PROFILE, *found))


# Urgency


async def urgency(text, profile=PROFILE):
    return values(await steps.urgency(Subject(message=message(text)), context(profile)), "urgency")


@pytest.mark.parametrize(
    "text",
    [
        "menembak", "penembakan", "ditembaki", "tertusuk", "penculikan", "mengeroyok", "ledakan", "KEBAKARAN",
        "kbakran", "api besar", "ada api di rumah", "bakar lahan dekat rumah", "banjir naik terus", "sajam",
        "orang gila bawa batu", "asap hitam", "terjatuh ke sumur", "TOLONG!!!", "tolong tolong", "nyawa",
    ],
)  # fmt: skip
async def test_danger_is_called_by_its_name(text):
    assert await urgency(text) == ["emergency"]


@pytest.mark.parametrize(
    "text", ["ada yang berantem", "dia mengancam saya", "anggota pungli", "banjir di jalan", "api"]
)
async def test_violence_and_running_dangers_are_high(text):
    assert await urgency(text) == ["high"]


@pytest.mark.parametrize(
    "text",
    [
        "kereta api", "korek api", "nomor darurat berapa", "bakar sampah di rumah", "terjebak macet", "donor darah",
        "tolong dicek", "tolong pak", "asapnya masuk rumah", "TRK-2611-00042", "lihat https://example.org/bom",
        "> kebakaran", "halo",
    ],
)  # fmt: skip
async def test_harmless_phrases_are_not_danger(text):
    assert await urgency(text) == []


async def test_another_countys_dangers_are_its_own():
    assert await urgency("fire at the camp", TINY) == ["emergency"]
    assert await urgency("a camp fire", TINY) == []
    assert await urgency("water is rising", TINY) == ["emergency"]
    assert await urgency("kebakaran", TINY) == []


# Automatic mail


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("Ini balasan otomatis.", None, True),
        ("Saya cuti.", "Automatic reply: Laporan", True),
        ("Thank you for contacting us. We will get back to you.", None, True),
        ("Terima kasih telah menghubungi kami", None, False),
        ("Kepala desa sedang cuti, siapa yang urus ternak lepas?", None, False),
        ("balasan otomatis kalian tidak membantu, ada kebakaran di sini!", None, False),
        ("halo", None, False),
    ],
)
async def test_machines_are_told_by_what_only_they_say(text, line, found):
    told = await steps.automatic(Subject(message=message(text, subject=line)), context())
    assert values(told, "automatic") == (["true"] if found else [])


async def test_the_adapters_word_on_automatic_mail_is_taken():
    told = await steps.automatic(Subject(message=message("kebakaran", automatic=True)), context())
    assert judged.best(told, "automatic").confidence == 1.0


# Language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Mohon ditertibkan pedagang di trotoar pasar", ["id"]),
        ("ulun handak bapadah, kada kawa guring banar", ["bjn"]),
        ("pak ada orang mabuk di pos ronda kada wani menegur sampai pagi", ["mixed"]),
        ("There is a fight at the market, please send someone", ["en"]),
        ("ok", []),
        ("1", []),
        ("", []),
    ],
)
async def test_language_is_told_by_the_share_of_words(text, language):
    assert values(await steps.language(Subject(message=message(text)), context()), "language") == language


# Category


async def category(text, *found):
    told = await steps.category(Subject(message=message(text)), context(PROFILE, *found))
    return values(told, "category"), values(told, "also")


@pytest.mark.parametrize(
    ("text", "main"),
    [
        ("parkir liar di badan jalan bikin macet, pedagang cuek", ["tertib_jalan"]),
        ("pesta minuman keras", ["miras"]),
        ("oknum satpol pp minta uang parkir di trotoar, macet", ["layanan_satpol"]),
        ("ribut", []),
        ("halo", []),
    ],
)
async def test_the_category_is_what_most_words_point_to(text, main):
    assert (await category(text))[0] == main


async def test_of_two_that_are_clear_the_one_named_first_is_it():
    assert await category("bising dari rumah walet") == (["kebisingan"], ["tertib_usaha"])
    assert await category("rumah walet sangat bising") == (["tertib_usaha"], ["kebisingan"])


async def test_further_categories_are_named():
    assert "pkl" in (await category("parkir di badan jalan macet gara-gara pedagang"))[1]


async def test_a_question_has_no_category():
    asks = Finding(step="intent", field="intent", value="info_request", confidence=0.9)
    assert await category("izin parkir", asks) == ([], [])


# Intent: what depends on more than words


@pytest.mark.parametrize(("consent", "flags"), [(Consent.STOP, []), (Consent.START, ["opt_in"])], ids=["stop", "start"])
async def test_the_providers_word_on_consent_is_taken(consent, flags):
    found = await intent("SI", consent=consent)
    assert (values(found, "intent"), values(found, "flag")) == (["opt_out"], flags)


async def test_the_providers_help_word_shows_the_menu():
    assert values(await intent("AYUDA", consent=Consent.HELP), "intent") == ["help"]


async def test_files_without_words_go_to_a_person():
    found = await intent(attachments=(Attachment(kind=MediaKind.IMAGE),))
    assert judged.intent(found) is Intent.UNKNOWN


async def test_a_pin_supplements_a_running_case_and_alone_goes_to_a_person():
    pin = Location.read(-2.38, 115.5)
    assert values(await intent(location=pin, case=case()), "intent") == ["supplement"]
    assert judged.intent(await intent(location=pin)) is Intent.UNKNOWN
    assert values(await intent("ini lokasinya pak", location=pin), "intent") == ["supplement"]


async def test_words_we_asked_for_are_a_supplement():
    assert judged.intent(await intent("yang di sebelah sana", answering=True)) is Intent.SUPPLEMENT
    assert judged.intent(await intent("yang di sebelah sana")) is Intent.UNKNOWN


async def test_bare_questions_mean_the_case_that_runs():
    assert judged.intent(await intent("??", open_cases=1)) is Intent.STATUS_QUERY
    assert judged.intent(await intent("gimana pak?", open_cases=1)) is Intent.STATUS_QUERY
    assert judged.intent(await intent("gimana pak?")) is Intent.UNKNOWN


async def test_an_objection_needs_a_handled_case_or_clear_words():
    for words in ("mereka buka lagi pak", "masih saja begitu", "tidak terima saya"):
        assert "reopen" in judged.flags(await intent(words, case=case(State.RESOLVED)))
        assert "reopen" not in judged.flags(await intent(words, case=case()))
    assert "reopen" in judged.flags(await intent("belum beres"))


async def test_danger_outweighs_every_polite_form():
    danger = Finding(step="urgency", field="urgency", value="emergency", confidence=0.9)
    for words in ("terima kasih", "cek status", "hapus data", "batalkan laporan saya", "halo", "BELUM"):
        assert judged.intent(await intent(words, danger)) is Intent.COMPLAINT


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("1", "report"),
        ("mau lapor", "report"),
        ("2", "question"),
        ("3", "status"),
        ("SELESAI", "settled"),
        ("halo", None),
    ],
)
async def test_the_menus_words_are_named(text, keyword):
    assert values(await intent(text), "keyword") == ([keyword] if keyword else [])


@pytest.mark.parametrize(
    "text",
    [
        "berhenti di depan pasar, macet terus, tolong ditertibkan",
        "stop balap liar di Layap",
        "jangan kirim informasi ini ke orang lain",
        "mulai kemarin malam ribut",
        "end of the road is blocked",
    ],
)
async def test_a_word_inside_a_sentence_stops_no_messages(text):
    assert judged.intent(await intent(text)) is not Intent.OPT_OUT
