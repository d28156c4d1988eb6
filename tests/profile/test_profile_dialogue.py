"""What the machine asks and how it hears answers, as data."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from treckk_gateway.errors import ProfileError
from treckk_gateway.profile import load
from treckk_gateway.profile.templates import fits

PROFILE = load("balangan")
TINY = Path(__file__).parents[1] / "samples" / "profile_tiny"


@pytest.mark.parametrize("language", PROFILE.languages)
@pytest.mark.parametrize("field", PROFILE.form.needed)
def test_a_question_is_one_short_message_in_each_language(language, field):
    values = {"nomor": "TRK-2611-00042", "pertanyaan": PROFILE.dialogue.question(field, language)}
    assert fits(PROFILE.templates.render("ask_field", "sms", language, values).text)


@pytest.mark.parametrize("language", PROFILE.languages)
def test_two_districts_to_choose_from_fit_into_one_short_message(language):
    choices = f"\n{PROFILE.dialogue.choose[language]}\n1. Juai\n2. Paringin Selatan\n"
    values = {"nomor": "TRK-2611-00042", "pilihan_lokasi": choices}
    assert fits(PROFILE.templates.render("ask_place", "sms", language, values).text)


@pytest.mark.parametrize(
    ("what", "text", "heard"),
    [
        ("unknown", "kada tahu jua pang jamnya", True),
        ("unknown", "Lupa, pak", True),
        ("unknown", "tidak jauh", False),
        ("as_above", "sama seperti tadi", True),
        ("withdraw_yes", "YA CABUT TRK-2611-00042", True),
        ("withdraw_yes", "cabut", False),
        ("hide_name", "tolong rahasiakan nama saya ya", True),
        ("silence", "mohon jangan kabari lewat WA", True),
    ],
)
def test_phrases_stand_as_whole_words(what, text, heard):
    assert PROFILE.dialogue.hears(what, text) is heard


@pytest.mark.parametrize("language", PROFILE.languages)
def test_answers_for_tapping_are_heard_as_what_they_say(language):
    dialogue = PROFILE.dialogue
    spoken = {field: [one.answer for one in dialogue.offered(field, language)] for field in ("time", "name")}
    assert dialogue.hears("unknown", spoken["time"][-1])
    assert len(spoken["name"]) == 1
    assert dialogue.offered("location", language) == (), "places are offered as they fit"


def test_a_word_alone_is_told_from_one_among_others():
    assert PROFILE.dialogue.only("yes", " Ya! ")
    assert not PROFILE.dialogue.only("yes", "ya nanti")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('time = "When is it?"', "", "language.en.question.time: is missing"),
        ('time = "When is it?"', f'time = "When is it? {"x" * 160}"', "language.en.question.time: makes an SMS"),
        ('waits_for = ["location", "description"]', 'waits_for = ["address"]', "waits_for: 'address' is no needed"),
        ("silence = []", "", "answers.silence: is missing"),
        ("silence = []", "silence = []\nmore = []", "answers.more: is unknown"),
        (
            "[language.en.question]",
            '[language.en.offer]\nshoe = [{label = "a", answer = "b"}]\n[language.en.question]',
            "offer.shoe: is no field",
        ),
        (
            "[language.en.question]",
            '[language.en.offer]\ntime = [{label = "longer than a button is", answer = "b"}]\n[language.en.question]',
            "offer.time: .*longer than a button",
        ),
        ("[language.en.question]", '[language.en.question]\nshoe_size = "?"', "shoe_size: is no field"),
    ],
)
def test_a_mistake_is_refused_with_its_key(tmp_path, old, new, key):
    folder = tmp_path / "profile"
    shutil.copytree(TINY, folder)
    file = folder / "dialogue.toml"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(ProfileError, match=rf"dialogue.toml: .*{key}"):
        load(folder)
