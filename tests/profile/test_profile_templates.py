from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.channel.segments import Alphabet, measure
from treckk_gateway.errors import ProfileError
from treckk_gateway.model import Reason, State
from treckk_gateway.model.lifecycle import TRANSITIONS
from treckk_gateway.profile import load
from treckk_gateway.profile.templates import FORMS, TO_STAFF, VARIABLES, fits

BALANGAN = load("balangan")
TINY = load(Path(__file__).parents[1] / "samples" / "profile_tiny")
PROFILES = {"balangan": BALANGAN, "tiny": TINY}
EVERY = [
    (label, name, form, language)
    for label, profile in PROFILES.items()
    for name in profile.templates.names
    for language in profile.languages
    for form in FORMS
]


def render(name, form="whatsapp", language="id", profile=BALANGAN, **values):
    return profile.templates.render(name, form, language, values)


@pytest.mark.parametrize(("label", "name", "form", "language"), EVERY)
def test_every_template_renders_in_every_form_and_language(label, name, form, language):
    templates = PROFILES[label].templates
    rendered = templates.render(name, form, language, templates.examples)
    assert rendered.text.strip()
    assert not re.search(r"[{}]", rendered.text + (rendered.subject or ""))
    assert (rendered.subject is not None) == (form == "email")
    assert "\n" not in (rendered.subject or "")
    if form == "sms":
        size = measure(rendered.text)
        assert (size.alphabet, size.parts) == (Alphabet.GSM7, 1), size


def test_every_text_the_lifecycle_tells_is_there():
    told = {step.tells for step in TRANSITIONS if step.tells}
    assert told <= set(VARIABLES) == set(BALANGAN.templates.names)


@pytest.mark.parametrize("language", BALANGAN.languages)
def test_short_messages_stay_short_with_the_units_real_words(language):
    number = "TRK-2611-00042"
    texts = [
        *(
            render(
                "status", "sms", language, nomor=number, status=BALANGAN.state_word(one, language), waktu="24/11 19.45"
            )
            for one in State
        ),
        *(
            render(
                "not_actionable",
                "sms",
                language,
                nomor=number,
                alasan_singkat=BALANGAN.reason_text(one, language).short,
            )
            for one in Reason
        ),
        *(
            render("referred", "sms", language, nomor=number, instansi=one.name, kontak_singkat=one.short)
            for one in BALANGAN.offices.values()
        ),
    ]
    assert all(measure(one.text).parts == 1 for one in texts), max((one.text for one in texts), key=len)


def test_the_emergency_number_is_the_profiles_wherever_it_is_named():
    assert "Polisi 110" in render("greeting").text
    assert "Polisi 110" in render("out_of_hours", jam_buka="08.00", nomor="TRK-1").text
    assert "telepon 110" in render("emergency", nomor="TRK-1").text
    assert "Police 110" in render("greeting", language="en").text
    assert "call 999" in render("emergency", profile=TINY, nomor="FMR-1").text


def test_a_missing_value_is_a_dash_and_a_form_of_address_is_nothing():
    text = render("receipt").text
    assert "Terima kasih," in text
    assert "Nomor: *-*" in text
    assert "{" not in text


def test_the_short_value_stands_in_for_the_long_one_and_the_other_way_round():
    assert "belum cukup" in render("not_actionable", "sms", alasan="belum cukup").text
    assert "karena belum cukup" in render("not_actionable", alasan_singkat="belum cukup").text


def test_a_short_message_that_grew_takes_the_short_values():
    text = render("info_answer", "sms", "en", TINY, nomor="FMR-1", jawaban="long " * 60, jawaban_singkat="short").text
    assert text == "FMR-1: short"
    assert "long" in render("info_answer", "whatsapp", "en", TINY, jawaban="long " * 60, jawaban_singkat="short").text


def test_an_unknown_language_gets_the_units_own():
    assert render("closed", language="bjn", nomor="TRK-1") == render("closed", language="id", nomor="TRK-1")


def test_a_letter_without_a_case_has_no_number_in_its_subject():
    assert render("note", "email", isi="x").subject == "Pesan dari Satpol PP Balangan"
    assert render("note", "email", isi="x", nomor="TRK-1").subject == "[TRK-1] Pesan dari Satpol PP Balangan"


def test_what_people_write_cannot_make_text_bold_or_be_filled_again():
    text = render(
        "resolved", nomor="TRK-1", hasil="*selesai* _ya_ ~x~ `y` {nomor} {0} %s ${a}\x1b[31m\u202e", batas="-"
    ).text
    assert "Hasil: selesai ya x y (nomor) (0) %s $(a)[31m\n" in text
    assert text.count("*") == 6


def test_values_cannot_add_lines_to_a_subject():
    subject = render("referred", "email", nomor="TRK-1\r\nBcc: x@example.org", instansi="a\nb").subject
    assert subject == "[TRK-1 Bcc: x@example.org] Laporan merupakan kewenangan a b"


def test_links_and_addresses_in_an_answer_stay_whole():
    assert "a_b@example.org/c_d" in render("info_answer", jawaban="a_b@example.org/c_d").text


@pytest.mark.parametrize(("name", "form"), [("nothing", "sms"), ("closed", "fax"), ("", "")])
def test_what_does_not_exist_is_refused(name, form):
    with pytest.raises(ProfileError):
        render(name, form)


ORDERS = tuple(sorted(TO_STAFF - {"staff_reply", "staff_words", "staff_opened"}))


def test_field_orders_can_hold_no_reporter():
    for name in ORDERS:
        assert VARIABLES[name] <= {
            "kategori", "kategori_singkat", "urgensi", "pos", "lokasi_singkat", "menu", "menu_singkat", "perintah",
            "perintah_singkat", "patokan", "peta", "keselamatan", "tanggal", "massa", "kurang", "tugas", "batas",
            "aduan_lain",
        }  # fmt: skip
        for language in BALANGAN.languages:
            text = render(name, language=language, jawaban="secret", isi="secret", nama_sapaan="secret").text
            assert "secret" not in text


def test_a_line_of_an_order_that_holds_nothing_is_left_out():
    text = render("staff_instructed", peta="", keselamatan="", perintah="Tugas: tertibkan", patokan="").text
    assert "\n\n\n" not in text
    assert "Tugas: tertibkan" in text
    assert "jangan diteruskan" in text


TEXTS = st.text(max_size=80)


@given(
    name=st.sampled_from(sorted(VARIABLES)),
    form=st.sampled_from(FORMS),
    values=st.dictionaries(
        st.sampled_from(sorted(set().union(*VARIABLES.values()) | {"nomor", "status", "lokasi"})), TEXTS
    ),
)
def test_no_value_leaves_a_placeholder_or_a_control_character(name, form, values):
    rendered = BALANGAN.templates.render(name, form, "id", values)
    assert not re.search(r"[{}\x00-\x09\x0b-\x1f]", rendered.text)
    assert not re.search(r"[\x00-\x1f]", rendered.subject or "")


@given(st.text(max_size=200))
def test_what_counts_as_one_short_message_is_one(text):
    assert not fits(text) or measure(text).parts == 1


@pytest.mark.parametrize("language", BALANGAN.languages)
def test_what_a_text_offers_for_tapping_names_the_case_and_fits_a_button(language):
    offered = {name: BALANGAN.templates.choices(name, language, {"nomor": "TRK-2611-00042", "baru": "3"})
               for name in BALANGAN.templates.names}  # fmt: skip
    assert {name for name, found in offered.items() if found} == {
        "greeting", "ask_place", "ask_case", "resolved", "confirm_withdrawal", "opt_out", "opt_in",
    }  # fmt: skip
    assert [one.answer for one in offered["resolved"]] == ["SELESAI TRK-2611-00042", "BELUM TRK-2611-00042"]
    assert [one.answer for one in offered["ask_case"]] == ["3"]
    assert max(len(one.label) for found in offered.values() for one in found) <= 20


@pytest.mark.parametrize(
    ("choices", "key"),
    [
        ('[{"label": "longer than a button is", "answer": "x"}]', "choices: .*longer than a button"),
        ('[{"label": "a", "answer": "{hasil}"}]', "choices: {hasil} is never filled"),
        ('[{"label": "a"}]', "choices"),
        ('[{"label": "", "answer": "x"}]', "choices"),
    ],
)
def test_an_answer_nobody_could_tap_is_refused(tmp_path, choices, key):
    folder = tmp_path / "profile"
    shutil.copytree(Path(__file__).parents[1] / "samples" / "profile_tiny", folder)
    file = folder / "templates.json"
    written = json.loads(file.read_text(encoding="utf-8"))
    next(iter(written["templates"]["receipt"].values()))["choices"] = json.loads(choices)
    file.write_text(json.dumps(written), encoding="utf-8")
    with pytest.raises(ProfileError, match=rf"(?s)templates.json: .*{key}"):
        load(folder)
