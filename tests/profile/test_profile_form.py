"""The form of a report as data, and filled ones read back: domain reference, section 8."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.errors import ProfileError
from treckk_gateway.profile import load

PROFILE = load("balangan")
TINY = load(Path(__file__).parents[1] / "samples" / "profile_tiny")
FORM = PROFILE.form
FIELDS = {one.id for one in FORM.fields}


def test_place_is_asked_first_and_the_name_last():
    assert FORM.needed == ("location", "time", "description", "contact", "name")
    assert {"address", "party", "evidence"} == FIELDS - set(FORM.needed)


def test_an_identity_number_is_no_field_of_the_form():
    labels = {label for one in FORM.fields for words in one.labels.values() for label in words}
    assert not {word for label in labels for word in label.split()} & {"nik", "ktp", "identity"}


WHOLE = {"name": "Budi", "location": "depan balai desa Tarangan", "time": "tadi malam", "description": "remaja ribut"}

FORMS = [
    ("Nama: Budi\nLokasi: depan balai desa Tarangan\nWaktu kejadian: tadi malam\nUraian: remaja ribut", WHOLE),
    ("URAIAN: remaja ribut\nWAKTU : tadi malam\nlokasi kejadian:depan balai desa Tarangan\nNAMA= Budi", WHOLE),
    ("Nama: Budi Lokasi: depan balai desa Tarangan Waktu: tadi malam Uraian: remaja ribut", WHOLE),
    ("nama:Budi,lokasi:depan balai desa Tarangan,waktu:tadi malam,uraian:remaja ribut", WHOLE),
    ("1. Nama: Budi\n2. Lokasi - depan balai desa Tarangan\n3) Waktu: tadi malam\n4. Uraian: remaja ribut", WHOLE),
    ("*Nama*: Budi\n*Lokasi:* depan balai desa Tarangan\n- Waktu: tadi malam\n\u2022 Uraian : remaja ribut", WHOLE),
    ("Nama\nBudi\nLokasi\ndepan balai desa Tarangan\nWaktu\ntadi malam\nUraian\nremaja ribut", WHOLE),
    (
        "Nama: Budi\nLokasi (desa, kecamatan, patokan): depan balai desa Tarangan\nWaktu: tadi malam\nUraian: remaja ribut",
        WHOLE,
    ),
    ("Name: Budi\nPlace: depan balai desa Tarangan\nWHEN: tadi malam\nWhat happened: remaja ribut", WHOLE),
    # labels missing, doubled, empty, or filled with nothing
    ("remaja ribut\nLokasi: pasar", {"description": "remaja ribut", "location": "pasar"}),
    ("Lokasi: pasar\nLokasi: Awayan", {"location": "pasar\nAwayan"}),
    ("Nama: Nama: Budi", {"name": "Budi"}),
    ("Nama: -\nLokasi: ........\nWaktu:\nUraian: remaja ribut", {"description": "remaja ribut"}),
    ("Nama: tidak tahu\nUraian: remaja ribut", {"description": "remaja ribut"}),
    ("Nama: Rahasia.\nUraian: remaja ribut", {"description": "remaja ribut"}),
    # a person, an address and a culprit are three things
    (
        "Nama pelapor: Siti\nNama terlapor: Amat\nAlamat: Desa Inan\nTKP: pasar",
        {"name": "Siti", "party": "Amat", "address": "Desa Inan", "location": "pasar"},
    ),
    # words that stay in the value
    (
        "Lokasi:\nDesa: Merah\nKec. : Awayan\nUraian: sampah",
        {"location": "Desa Merah\nKec. Awayan", "description": "sampah"},
    ),
    ("Nama: Siti\nAlamat: RT: 2\nDesa: Inan\nTKP: pasar", {"name": "Siti", "address": "RT 2\nDesa Inan", "location": "pasar"}),
    # labels the form does not know
    ("Nama: Budi\nNIK: 6311\nUraian: ribut", {"name": "Budi", "description": "NIK: 6311\nribut"}),
    ("Nama: Budi NIK: 6311 Uraian: ribut", {"name": "Budi", "description": "NIK: 6311\nribut"}),
    ("Uraian: ribut, saksi: Amat dan Ijul", {"description": "ribut, saksi: Amat dan Ijul"}),
    ("Nama: Budi\n\nTerima kasih", {"description": "Terima kasih", "name": "Budi"}),
    ("Waktu: tadi malam 22:00\nNama: Budi", {"time": "tadi malam 22:00", "name": "Budi"}),
    ("Waktu:\nmalam 22:00\nLokasi: pasar", {"time": "malam 22:00", "location": "pasar"}),
    ("No. HP: 0812-5000-000\nNama: Budi", {"contact": "0812-5000-000", "name": "Budi"}),
    # no form
    ("", {}),
    ("ada yang ribut di pasar jam 22:00", {}),
    ("lihat https://example.org/a?nama=b", {}),
    ("bernama: Melati", {}),
    ("Catatan: mohon cepat", {}),
    ("> Nama: Budi\n> Lokasi: pasar\nsudah saya kirim", {}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fields"), FORMS)
def test_a_filled_form_is_read_in_any_order_and_case(text, fields):
    assert FORM.read(text) == fields


def test_another_countys_labels_are_data():
    found = TINY.form.read("WHERE: hamlet: Mill\nwhen: at noon\nWhat: loud band\nWho are you: no idea\nNama: Budi")
    assert found == {"location": "hamlet Mill", "time": "at noon", "description": "loud band\nNama: Budi"}


def test_what_says_nothing_is_empty():
    assert all(map(FORM.empty, ("", "...", " - ", "Tidak Tahu!", "gak tau", "rahasia")))
    assert not any(map(FORM.empty, ("tidak tahu malu", "Budi", "22")))


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('id = "time"', 'id = "nik"', "form.fields"),
        ('id = "time"', 'id = "name"', "form.fields: 'name' stands there twice"),
        ('labels = { en = ["when"] }', 'labels = { en = ["where"] }', "form.fields.labels: 'where' stands there twice"),
        ('labels = { en = ["when"] }', 'labels = { en = ["--"] }', "form.fields.time"),
        ('time = "When", ', "", "language.en.field.time: is missing"),
    ],
)
def test_a_bad_form_is_refused_with_its_key(tmp_path, old, new, key):
    folder = Path(shutil.copytree(Path(__file__).parents[1] / "samples" / "profile_tiny", tmp_path / "copy"))
    file = folder / "profile.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ProfileError, match=key):
        load(folder)


@given(st.text(max_size=400))
def test_any_text_gives_fields_of_the_form_and_never_raises(text):
    for one in (text, f"Nama:{text}Lokasi:{text}", text.replace("a", ":")):
        found = FORM.read(one)
        assert set(found) <= FIELDS
        assert all(map(str.strip, found.values()))


@given(st.permutations(sorted(WHOLE)), st.booleans(), st.sampled_from([str.upper, str.title, str.lower]))
def test_order_case_and_line_breaks_change_nothing(order, lines, case):
    labels = {"name": "nama", "location": "lokasi kejadian", "time": "waktu", "description": "uraian"}
    text = ("\n" if lines else " ").join(f"{case(labels[one])}: {WHOLE[one]}" for one in order)
    assert FORM.read(text) == WHOLE


@pytest.mark.parametrize("piece", ["nama:", "a:", "(((", "\n:", "Nama (", "nama - ", ": ", "\u0130:", "Lokasi:\n"])
def test_a_hostile_text_costs_no_more_than_a_long_one(piece):
    text = piece * (100_000 // len(piece))
    begun = time.process_time()
    FORM.read(text)
    assert time.process_time() - begun < 0.1
