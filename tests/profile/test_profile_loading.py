from __future__ import annotations

import json
import shutil
import zipfile
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from treckk_gateway.errors import ProfileError
from treckk_gateway.model import Reason, State, Urgency
from treckk_gateway.profile import load, samples, shapes, shipped
from treckk_gateway.profile.files import Folder

TINY = Path(__file__).parents[1] / "samples" / "profile_tiny"


@pytest.fixture(scope="module")
def balangan():
    return load("balangan")


@pytest.fixture
def copy(tmp_path):
    """The tiny profile, to be broken."""
    return Path(shutil.copytree(TINY, tmp_path / "copy"))


def change(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


# What ships


def test_the_shipped_profile_has_the_units_posts_and_places(balangan):
    assert shipped() == ("balangan",)
    assert [one.post_id for one in balangan.posts] == [
        "mako", "juai", "halong", "awayan", "batu_mandi", "lampihong", "paringin", "paringin_selatan", "tebing_tinggi",
    ]  # fmt: skip
    assert (len(balangan.districts), len(balangan.villages)) == (8, 157)
    assert sum(one.kind == "kelurahan" for one in balangan.villages) == 3
    assert (balangan.reference_prefix, balangan.emergency_number, balangan.region) == ("TRK", "110", "ID")
    assert ZoneInfo(balangan.zone).key == "Asia/Makassar"
    assert len(balangan.categories) == 20
    assert balangan.leadership_only == {"layanan_satpol"}


def test_what_ships_is_read_once_and_a_folder_as_it_is_now(balangan):
    assert load("balangan") is balangan
    assert load(TINY) is not load(TINY)


def test_each_district_has_a_post_and_everything_else_goes_to_headquarters(balangan):
    assert balangan.post_of("63.11.07").post_id == "paringin_selatan"
    assert all(not balangan.post_of(one.code).central for one in balangan.districts)
    for unknown in (None, "63.08.01", ""):
        assert balangan.post_of(unknown).post_id == "mako"


def test_every_code_has_words_in_every_language(balangan):
    for language in (*balangan.languages, "bjn", "mixed", ""):
        assert all(balangan.state_word(one, language) for one in State)
        assert all(balangan.urgency_word(one, language) for one in Urgency)
        assert all(balangan.category_name(one.code, language) for one in balangan.categories)
        assert balangan.category_name(None, language)
        assert balangan.field_name("location", language) != "location"
        for reason in Reason:
            text = balangan.reason_text(reason, language)
            assert all((text.long, text.short, text.next))


def test_an_unknown_language_is_answered_in_the_units_own(balangan):
    assert balangan.reply_language("bjn") == balangan.reply_language(None) == "id"
    assert balangan.reply_language("en") == "en"
    assert balangan.state_word(State.RECEIVED, "bjn") == "diterima"


def test_places_are_named_by_code(balangan):
    assert balangan.place_name("63.11.06.2009", None) == "Layap, Paringin"
    assert balangan.place_name(None, "63.11.06") == "Paringin"
    assert balangan.place_name(None, None) is balangan.place_name("99", "99") is None
    assert (balangan.post_name("awayan"), balangan.post_name(None)) == ("Pos Awayan", "-")


def test_no_boundaries_areas_or_postal_codes_ship():
    folder = files("treckk_gateway.profile").joinpath("balangan")
    assert not [one.name for one in folder.iterdir() if one.name.endswith("json") and "geo" in one.name]
    assert folder.joinpath("villages.csv").read_text("utf-8").startswith("code,name,kind,district_code,lat,lng\n")
    assert folder.joinpath("districts.csv").read_text("utf-8").startswith("code,name,lat,lng\n")
    assert "Copyright (c) 2017-2025 Cahya DSN" in folder.joinpath("NOTICE").read_text("utf-8")


def test_the_samples_ship_with_the_profile():
    found = samples("balangan")
    assert len(found) == 40
    assert {"id", "channel", "text", "expected"} <= set(found[0])


def test_a_profile_is_read_from_inside_an_archive(tmp_path):
    archive = tmp_path / "profile.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for one in TINY.iterdir():
            packed.write(one, f"tiny/{one.name}")
    with zipfile.ZipFile(archive) as packed:
        folder = Folder(zipfile.Path(packed, "tiny/"))
        assert folder.toml("profile.toml", shapes.ProfileFile).unit == "Fairmoor Wardens"
        assert len(folder.table("villages.csv", ("code", "name"))) == 5


# Another county


def test_another_county_needs_data_and_no_code():
    tiny = load(TINY)
    assert load(str(TINY)).unit == tiny.unit == "Fairmoor Wardens"
    assert (tiny.name, tiny.reference_prefix, tiny.languages) == ("profile_tiny", "FMR", ("en",))
    assert [one.post_id for one in tiny.posts] == ["hall", "south_gate"]
    assert tiny.post_of("S").post_id == "south_gate"
    assert tiny.state_word(State.EN_ROUTE, "id") == "wardens on their way"
    assert tiny.lexicon.read("about FMR-2611-00042 plz").references == ("FMR-2611-00042",)


# Bad data is refused by file, key and reason

BROKEN = [
    # file, what is replaced, by what, and what the refusal says
    ("profile.toml", 'unit = "Fairmoor Wardens"', "", ("profile.toml", "unit")),
    ("profile.toml", "unit =", "unti =", ("profile.toml", "unti")),
    ("profile.toml", "unit =", "unit ==", ("profile.toml", "TOML")),
    ("profile.toml", 'zone = "Etc/UTC"', 'zone = "Mars/Olympus"', ("profile.toml", "zone")),
    ("profile.toml", 'zone = "Etc/UTC"', 'zone = "../etc/passwd"', ("profile.toml", "zone")),
    ("profile.toml", 'prefix = "FMR"', 'prefix = "F-R"', ("profile.toml", "reference_prefix")),
    ("profile.toml", 'languages = ["en"]', 'languages = ["en", "cy"]', ("profile.toml", "language.cy", "missing")),
    ("profile.toml", 'languages = ["en"]', "languages = []", ("profile.toml", "languages")),
    ("profile.toml", 'districts = ["S"]', 'districts = ["X"]', ("profile.toml", "posts.south_gate", "'X'")),
    ("profile.toml", 'districts = ["S"]', 'districts = ["N"]', ("profile.toml", "posts.districts", "twice")),
    ("profile.toml", 'id = "south_gate"', 'id = "hall"', ("profile.toml", "posts", "'hall'", "twice")),
    ("profile.toml", "central = true", "central = false", ("profile.toml", "posts", "central")),
    ("profile.toml", 'id = "south_gate"', 'id = "South Gate"', ("profile.toml", "posts[1].id")),
    ("profile.toml", 'closed = "closed", ', "", ("profile.toml", "language.en.state.closed", "missing")),
    ("profile.toml", 'closed = "closed"', 'closd = "closed"', ("profile.toml", "language.en.state.closd")),
    ("profile.toml", "unsafe =", "dangerous =", ("profile.toml", "language.en.reason.dangerous")),
    ("profile.toml", 'short = "not safe", ', "", ("profile.toml", "reason", "unsafe", "short")),
    ("profile.toml", 'time = "When"', 'when = "When"', ("profile.toml", "language.en.field.time", "missing")),
    ("profile.toml", '"top end" = "N"', '"top end" = "Z"', ("profile.toml", "places.aliases.top end", "'Z'")),
    ("profile.toml", 'office = "police"', 'office = "army"', ("profile.toml", "places", "'army'")),
    ("profile.toml", 'words = { en = "999" }', 'words = { cy = "999" }', ("profile.toml", "emergency.words.en")),
    ("profile.toml", "south = 10.0", 'south = "low"', ("profile.toml", "bounds.south")),
    ("districts.csv", "code,name,lat,lng", "code,name,lat,lon", ("districts.csv", "lng")),
    ("districts.csv", "10.75", "10,75", ("districts.csv", "line 2")),
    ("districts.csv", "10.75", "60.75", ("districts.csv", "line 2", "bounds")),
    ("districts.csv", "S,Southmoor", "N,Southmoor", ("districts.csv", "N", "twice")),
    ("villages.csv", "S2,Lea,hamlet,S", "S2,Lea,hamlet,X", ("villages.csv", "line 6", "district_code")),
    ("villages.csv", "S2,Lea", "S2,", ("villages.csv", "line 6", "name")),
    ("villages.csv", "S2,Lea", "S1,Lea", ("villages.csv", "S1", "twice")),
    ("villages.csv", "S2,Lea", "S2,!", ("villages.csv", "S2", "letters")),
    ("categories.json", '"noise", "name"', '"NOISE", "name"', ("categories.json", "categories[0].code")),
    ("categories.json", '["police"]', '["army"]', ("categories.json", "drink", "'army'")),
    ("categories.json", '{"en": "Noise"}', '{"cy": "Noise"}', ("categories.json", "noise", "name.en")),
    ("categories.json", '"code": "drink"', '"code": "noise"', ("categories.json", "'noise'", "twice")),
    ("categories.json", '"cue_words"', '"cues"', ("categories.json", "cues")),
    ("categories.json", '"band", ', '"!", ', ("categories.json", "noise", "letters")),
    ("categories.json", "]\n}", "]\n", ("categories.json", "JSON")),
    ("words.toml", "greeting =", "greetings =", ("words.toml", "lists.greetings", "unknown")),
    ("words.toml", 'agree = ["aye"]', "", ("words.toml", "lists.agree", "missing")),
    ("words.toml", '"aye"', '"..."', ("words.toml", "lists.agree", "letters")),
    ("words.toml", 'level = "emergency"', 'level = "low"', ("words.toml", "pairs[1].level")),
    ("words.toml", "spellings.csv", "slang.csv", ("slang.csv", "missing")),
    ("spellings.csv", "plz,please", "plz,", ("spellings.csv", "line 2")),
    ("spellings.csv", "plz,please", "!,please", ("spellings.csv", "!", "letters")),
    ("templates.json", '"greeting"', '"greetings"', ("templates.json", "templates.greetings")),
    ("templates.json", "{hasil}", "{jawaban}", ("templates.json", "templates.resolved.en", "{jawaban}")),
    ("templates.json", "{hasil}", "{hasil", ("templates.json", "templates.resolved.en", "brace")),
    ("templates.json", "{hasil}", "{hasil!r}", ("templates.json", "templates.resolved.en", "brace")),
    ("templates.json", '"hasil": "quiet now",', "", ("templates.json", "example_values.hasil")),
    ("templates.json", "is closed.", "is closed at {lokasi}.", ("templates.json", "closed.en.sms", "lokasi")),
    ("templates.json", "is closed.", "x" * 160, ("templates.json", "closed.en.sms", "characters")),
    ("templates.json", '"en": {\n    "whatsapp": "{isi}"', '"cy": {\n    "whatsapp": "{isi}"', ("templates.note.en",)),
]


@pytest.mark.parametrize(("file", "old", "new", "said"), BROKEN, ids=lambda one: str(one)[:40])
def test_bad_data_is_refused_with_file_and_key(copy, file, old, new, said):
    change(copy / file, old, new)
    with pytest.raises(ProfileError) as refused:
        load(copy)
    assert all(one in str(refused.value) for one in said), refused.value


@pytest.mark.parametrize("file", sorted(one.name for one in TINY.iterdir()))
def test_a_missing_file_is_refused_by_name(copy, file):
    (copy / file).unlink()
    with pytest.raises(ProfileError, match=file):
        load(copy)


def test_text_that_is_not_utf_8_is_refused(copy):
    (copy / "words.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ProfileError, match=r"words\.toml: is not UTF-8"):
        load(copy)


@pytest.mark.parametrize("name", ["nowhere", "", "..", "balangan/../x", "./nowhere"])
def test_an_unknown_profile_is_refused(name):
    with pytest.raises(ProfileError):
        load(name)


def test_a_language_may_lack_texts_it_need_not_have(copy):
    written = json.loads((copy / "templates.json").read_text("utf-8"))
    assert set(written["templates"]["note"]["en"]) == {"whatsapp"}
    assert load(copy).templates.render("note", "email", "en", {"isi": "wait", "nomor": "FMR-1"}).subject
