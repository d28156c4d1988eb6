"""An update in the words of one channel: short where it must be, whole where it matters, with what to do next."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.casework import Clocks, Given, Wording
from treckk_gateway.channel import Capabilities, TextForm
from treckk_gateway.channel.segments import Alphabet, measure, spelled
from treckk_gateway.model import Case, Intent, Reason, Role, State
from treckk_gateway.model.lifecycle import TRANSITIONS, step
from treckk_gateway.outbound.rendering import Renderer
from treckk_gateway.profile import load
from treckk_gateway.profile.templates import TO_STAFF, VARIABLES

BALANGAN = load("balangan")
TINY = load(Path(__file__).parents[1] / "samples" / "profile_tiny")
NOW = 1_795_500_000_000_000  # Tuesday 2026-11-24, 14:00 at the unit
CHANNELS = {
    "whatsapp": Capabilities(schemes=frozenset({"whatsapp"}), form=TextForm.CHAT, bold=True),
    "sms": Capabilities(schemes=frozenset({"sms"}), form=TextForm.SMS, segments=True),
    "email": Capabilities(schemes=frozenset({"mailto"}), form=TextForm.EMAIL, subject=True),
}
CASE = Case(
    case_id=1, reference="TRK-2611-00042", state=State.UNDER_REVIEW, version=3, channel_id="x", intent=Intent.COMPLAINT,
    district="63.11.06", village="63.11.06.2009",
)  # fmt: skip


def wording(profile=BALANGAN):
    return Wording(profile, Clocks(calendar=profile.calendar, limits=profile.limits, service=profile.leadership_only))


def letter(template, values, *, channel="whatsapp", language="id", profile=BALANGAN, case=CASE):
    renderer = Renderer(profile, wording(profile))
    return renderer.render(template, renderer.given(values, case, language, NOW), language, CHANNELS[channel])


def told(
    target, given, *, source=State.UNDER_REVIEW, role=Role.LEADERSHIP, language="id", channel="whatsapp", case=CASE
):
    case = attrs.evolve(case, language=language, state=source)
    one = step(source, target, {role})
    values = wording().of_step(case, one, given, NOW) | wording().standing(case, target, 4)
    return letter(one.tells, values, channel=channel, language=language, case=case)


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("language", BALANGAN.languages)
@pytest.mark.parametrize("channel", list(CHANNELS))
def test_every_no_says_who_decided_why_and_what_one_can_do_now(reason, language, channel):
    note = "lokasi itu milik pribadi" if reason is Reason.OTHER else None
    found = told(State.NOT_ACTIONABLE, Given(reason=reason, note=note), language=language, channel=channel)
    words = BALANGAN.reason_text(reason, language)
    assert "Satpol PP" in found.text
    assert (note or (words.short if channel == "sms" else words.long)) in found.text
    assert ("Balas" in found.text or "Reply" in found.text) if channel == "sms" else words.next in found.text
    assert "lapor.go.id" in found.text
    assert "Ombudsman" in found.text
    assert "pak-kasat" not in found.text
    if channel == "sms":
        assert (found.parts, measure(found.text).alphabet) == (1, Alphabet.GSM7), found.text


@pytest.mark.parametrize("language", BALANGAN.languages)
def test_a_refusal_in_an_officers_long_words_still_fits_a_short_message(language):
    note = "pemilik tanah sudah kami temui dan menunjukkan izin yang masih berlaku sampai akhir tahun depan " * 2
    found = told(State.NOT_ACTIONABLE, Given(reason=Reason.OTHER, note=note), language=language, channel="sms")
    assert found.parts == 1
    assert "..." in found.text
    assert "lapor.go.id" in found.text
    assert note.strip() in told(State.NOT_ACTIONABLE, Given(reason=Reason.OTHER, note=note), language=language).text


def test_all_that_is_missing_fits_one_short_message():
    missing = ("location", "time", "description", "name")
    found = told(State.NEEDS_INFO, Given(missing=missing), role=Role.ADMIN, channel="sms")
    assert found.parts == 1
    assert "lokasi, waktu kejadian, uraian kejadian, nama" in found.text


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("Kantor \u201cbuka\u201d Senin\u2013Jumat\u2026", 'Kantor "buka" Senin-Jumat...'),
        ("Buka \U0001f64f jam 8", "Buka jam 8"),
        ("Caf\u00e9 di \u0100wayan", "Café di Awayan"),
    ],
)
def test_signs_that_would_double_the_price_are_written_plainly(answer, kept):
    values = {"jawaban": answer, "jawaban_singkat": answer}
    found = letter("info_answer", values, channel="sms")
    assert " ".join(found.text.split()) == f"TRK-2611-00042: {kept} - Satpol PP Balangan"
    assert (found.parts, measure(found.text).alphabet) == (1, Alphabet.GSM7)


def test_an_answer_in_other_letters_is_sent_as_it_is():
    found = letter("info_answer", {"jawaban_singkat": "\u0645\u0641\u062a\u0648\u062d", "jawaban": "x"}, channel="sms")
    assert "\u0645\u0641\u062a\u0648\u062d" in found.text


def test_what_an_officer_writes_is_sent_whole_however_many_parts_it_takes():
    words = "Mohon datang ke Mako besok pagi dengan membawa surat izin usaha. " * 5
    found = letter("note", {"isi": words}, channel="sms")
    assert found.text.strip() == words.strip()
    assert found.parts == measure(words).parts > 1


def test_citizens_words_make_nothing_bold():
    found = letter("resolved", {"hasil": "*tuntas* _ya_", "batas": "04/12"})
    assert "Hasil: tuntas ya" in found.text


@pytest.mark.parametrize("language", BALANGAN.languages)
@pytest.mark.parametrize("channel", list(CHANNELS))
def test_the_receipt_promises_no_date(language, channel):
    assert VARIABLES["receipt"] == frozenset()
    text = letter("receipt", {"waktu": "-", "lokasi": "-"}, channel=channel, language=language).text
    assert not re.search(r"\d{1,2}/\d{1,2}", text)


def test_no_short_message_to_a_reporter_names_the_place():
    for name in BALANGAN.templates.names:
        if name not in TO_STAFF:
            text = letter(name, BALANGAN.templates.examples, channel="sms").text
            assert "Layap" not in text, name


def test_every_text_the_lifecycle_tells_is_one_short_message_with_the_units_own_values():
    notes = {"note": "Sudah ditertibkan.", "topic": "Bidang Ketenteraman dan Ketertiban Umum", "office": "satpol_pp_hst",
             "reason": "unsafe", "missing": ("location", "time"), "post": "paringin_selatan", "parent": "TRK-2611-00001"}  # fmt: skip
    for one in TRANSITIONS:
        if one.tells is None:
            continue
        given = Given(**{name: notes[name] for name in one.needs})
        for language in BALANGAN.languages:
            values = wording().of_step(attrs.evolve(CASE, language=language, state=one.source), one, given, NOW)
            found = letter(one.tells, values, channel="sms", language=language)
            assert (found.parts, measure(found.text).alphabet) == (1, Alphabet.GSM7), found.text


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ("2026-11-24T21:00+08:00", "besok 08.00"), ("2026-11-24T06:00+08:00", "hari ini 08.00"),
        ("2026-11-27T12:00+08:00", "hari ini 13.30"), ("2026-11-27T20:00+08:00", "30/11 08.00"),
        ("2026-12-23T20:00+08:00", "28/12 08.00"),
    ],
)  # fmt: skip
def test_when_the_unit_replies_is_said_as_people_say_it(now, told):
    at = int(datetime.fromisoformat(now).timestamp()) * 1_000_000
    assert wording().opening(at, "id") == told
    assert wording().opening(at, "en").replace("tomorrow", "besok").replace("today", "hari ini") == told


@given(
    st.sampled_from(["not_actionable", "info_answer", "need_info", "need_info_reminder", "referred", "info_forwarded"]),
    st.dictionaries(
        st.sampled_from(["alasan_singkat", "jawaban_singkat", "daftar_kurang_singkat", "bidang", "instansi"]),
        st.text(st.characters(max_codepoint=0x17F, exclude_categories=["Cc", "Cs"]).filter(spelled), max_size=300),
    ),
)
def test_latin_values_of_any_length_leave_one_short_message(name, values):
    given = {"batas": "30/11", "kontak_singkat": "Lapor: lapor.go.id."} | values
    found = letter(name, given, channel="sms")
    assert found.parts == 1, (found.text, measure(found.text))
    assert measure(found.text).alphabet is Alphabet.GSM7


@pytest.mark.parametrize("language", BALANGAN.languages)
def test_a_short_message_of_a_sender_that_takes_no_answers_says_where_to_answer(language):
    answered = Capabilities(schemes=frozenset({"sms"}), form=TextForm.SMS, segments=True)
    one_way = attrs.evolve(answered, inbound=False)
    renderer = Renderer(BALANGAN, wording())
    given = renderer.given({}, CASE, language, NOW)
    plainly, told = (renderer.render("receipt", given, language, one) for one in (answered, one_way))

    assert told.text == f"{plainly.text} {BALANGAN.dialogue.one_way[language]}"
    assert (plainly.parts, told.parts) == (1, 2)
    assert measure(told.text).alphabet is Alphabet.GSM7
    tiny = Renderer(TINY, wording(TINY))
    assert tiny.render("receipt", tiny.given({}, CASE, "en", NOW), "en", one_way).parts == 1
