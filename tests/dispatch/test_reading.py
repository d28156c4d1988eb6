"""Tables of what people type, and that nothing they type is taken for what it is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.dispatch.reading import Reader, Said, figures, find_choice, first_choice
from treckk_gateway.model import Act
from treckk_gateway.profile import load

PROFILE = load("balangan")
READER = Reader(PROFILE.staff, PROFILE.reference_prefix)
POSTS = {one.post_id: (one.post_id, one.name, one.name.partition(" ")[2] or one.name) for one in PROFILE.posts}

TYPED = [
    # text, reference, number, act, choice, rest
    ("00042 berangkat", None, 42, Act.DEPART, None, ""),
    ("berangkat 42", None, 42, Act.DEPART, None, ""),
    ("BERANGKAT #42", None, 42, Act.DEPART, None, ""),
    ("42 otw", None, 42, Act.DEPART, None, ""),
    ("42 1", None, 42, None, 1, ""),
    ("1", None, None, None, 1, ""),
    ("1.", None, None, None, 1, ""),
    ("TRK-2611-00042 BERANGKAT", "2611-00042", None, Act.DEPART, None, ""),
    ("trk-2611-00042 1", "2611-00042", None, None, 1, ""),
    ("2611-00042 selesai", "2611-00042", None, Act.RESOLVE, None, ""),
    ("[TRK-2611-00042] selesai beres semua", "2611-00042", None, Act.RESOLVE, None, "beres semua"),
    ("selesai TRK-2611-00042: Pedagang pindah", "2611-00042", None, Act.RESOLVE, None, "Pedagang pindah"),
    ("selesai 42 sudah dilerai 3 orang", None, 42, Act.RESOLVE, None, "sudah dilerai 3 orang"),
    ("42 selesai 3 orang dibawa ke kantor", None, 42, Act.RESOLVE, None, "3 orang dibawa ke kantor"),
    ("selesai sudah dilerai 3", None, None, Act.RESOLVE, None, "sudah dilerai 3"),
    ("instruksi paringin 42", None, 42, Act.INSTRUCT, None, "paringin"),
    ("instruksi 42 paringin", None, 42, Act.INSTRUCT, None, "paringin"),
    ("42 instruksikan paringin selatan segera", None, 42, Act.INSTRUCT, None, "paringin selatan segera"),
    ("brangkat 42", None, 42, Act.DEPART, None, ""),
    ("Selasai 42 dibersihkan", None, 42, Act.RESOLVE, None, "dibersihkan"),
    ("siap ndan, berangkat 42", None, 42, Act.DEPART, None, ""),
    ("tim kami sudah berangkat 42", None, 42, Act.DEPART, None, ""),
    ("Lapor, sudah berangkat 42", None, 42, Act.DEPART, None, ""),
    ("lapor ada pedagang di jalan 42", None, None, Act.REPORT, None, "ada pedagang di jalan 42"),
    ("PATROLI ditemukan 3 kios", None, None, Act.PATROL, None, "ditemukan 3 kios"),
    ("personel 4 kerumunan di pasar", None, None, Act.PERSONNEL, None, "4 kerumunan di pasar"),
    ("42 personel 4 kerumunan", None, 42, Act.PERSONNEL, None, "4 kerumunan"),
    ("minta data 42", None, 42, Act.ASK, None, ""),
    ("tidak setuju 42", None, 42, Act.DECLINE, None, ""),
    ("daftar", None, None, Act.LIST, None, ""),
    ("menu 42", None, 42, Act.MENU, None, ""),
    ("42", None, None, None, 42, ""),
    ("apa kabar", None, None, None, None, "apa kabar"),
    ("", None, None, None, None, ""),
]


@pytest.mark.parametrize(("text", "reference", "number", "act", "choice", "rest"), TYPED, ids=[one[0] for one in TYPED])
def test_what_people_type_is_read(text, reference, number, act, choice, rest):
    said = READER.read(text)
    assert (said.reference, said.number, said.choice, said.rest) == (reference, number, choice, rest)
    assert said.acts == () if act is None else act in said.acts


@pytest.mark.parametrize("text", ["ya", "ya P7", "setuju"])
def test_yes_may_mean_several_things_and_none_is_chosen_here(text):
    assert {Act.AGREE, Act.GRANT, Act.CONFIRM} <= set(READER.read(text).acts)


@pytest.mark.parametrize("word", ["jalann", "tola", "buki", "tutp", "kabur", "selamat", "berasal", "tugasku"])
def test_a_word_that_is_short_or_near_to_two_is_not_guessed(word):
    acts = READER.read(f"{word} 42").acts
    assert len(acts) == 0 or word == "jalann"


@given(st.text(max_size=300))
def test_nothing_typed_fails_or_costs_much(text):
    said = READER.read(text)
    assert isinstance(said, Said)
    assert said.number is None or said.number >= 0


@given(st.integers(1, 99999), st.sampled_from(["berangkat", "selesai", "tutup", "tolak"]), st.booleans())
def test_the_number_is_found_before_and_after_the_word(number, word, before):
    text = f"{number} {word}" if before else f"{word} {number:05d}"
    assert READER.read(text).number == number


@pytest.mark.parametrize(
    ("text", "code", "rest"),
    [
        ("paringin", "paringin", ""),
        ("Pos Paringin", "paringin", ""),
        ("paringin selatan segera ke sana", "paringin_selatan", "segera ke sana"),
        ("batu-mandi", "batu_mandi", ""),
        ("mako", "mako", ""),
        ("bulan", None, "bulan"),
    ],
)
def test_a_post_is_known_by_any_of_its_names(text, code, rest):
    found, left = first_choice(text, POSTS)
    assert (found[0] if found else None, left) == (code, rest)


def test_a_name_that_fits_several_is_no_choice():
    assert len(find_choice("batu", {"a": ("batu mandi",), "b": ("gunung batu",)})) == 2


@pytest.mark.parametrize(
    ("text", "found"), [("1", (1,)), ("1, 3", (1, 3)), ("1 dan 2", (1, 2)), ("1 orang", ()), ("satu", ()), ("", ())]
)
def test_figures_are_choices_only_alone(text, found):
    assert figures(text) == found
