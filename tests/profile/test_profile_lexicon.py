from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.profile import load
from treckk_gateway.profile.files import Folder
from treckk_gateway.profile.lexicon import LONGEST, MOST_WORDS, Lexicon
from treckk_gateway.profile.tokens import tokens

LEXICON = load("balangan").lexicon
FOLDER = Folder(Path(load.__code__.co_filename).parent / "balangan")
SLANG = dict(FOLDER.pairs("slang.csv"))
BANJAR = dict(FOLDER.pairs("banjar.csv"))


def said(text, name):
    return LEXICON.read(text).phrases(name)


def cues(text, code):
    """What points to a category, however little."""
    found = LEXICON.read(text).pointing.get(code)
    return found.words if found else ()


def test_spelling_is_rewritten_once():
    assert LEXICON.normalise("satpol") == LEXICON.normalise("satpol pp") == "satpol pp"
    once = {word: LEXICON.normalise(word) for word in (*SLANG, *BANJAR)}
    assert [word for word, new in once.items() if len(LEXICON.normalise(new).split()) != len(new.split())] == []


@pytest.mark.parametrize(
    ("text", "formal"),
    [
        ("ad org bw batu d psr", "ada orang bw batu di pasar"),
        ("kada kawa guring", "tidak bisa tidur"),
        ("anak2 remang2 mabuk2an", "anak anak remang remang mabuk mabukan"),
        ("TOLOOOONG makasiiih", "tolong terima kasih"),
        ("apinya responnya hanya tanya bertanya", "apinya respon hanya tanya bertanya"),
        ("lampu jln mati", "lampu jalan mati"),
        ("di kos2an dan di satpol pp", "di kos kosan dan di satpol pp"),
        ("sapi di jalan2nya", "sapi di jalan jalan"),
        ("\U0001d413\U0001d428\U0001d425\U0001d428\U0001d427\U0001d420 pak", "tolong pak"),
    ],
)
def test_informal_words_get_their_formal_spelling(text, formal):
    assert LEXICON.normalise(text) == formal


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("di Halubau ramai", "tertib_lingkungan"),  # bau
        ("desa Panimbaan dan Timbun Tulang", "tertib_bangunan"),  # imb
        ("kita kalem saja, problem lembaga", "tertib_sosial"),  # lem
        ("pasar Kandangan", "ternak"),  # kandang
    ],
)
def test_cue_words_match_whole_words_only(text, code):
    assert not cues(text, code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("jual miras", "miras"),
        ("ada odgj", "tertib_sosial"),
        ("banyak psk", "asusila"),
        ("gepeng di pasar", "tertib_sosial"),
        ("bawa sajam", "keributan"),
        ("buka thm", "hiburan_malam"),
        ("tanpa imb", "tertib_bangunan"),
        ("kafe remang2", "hiburan_malam"),
        ("banyak ratik", "tertib_lingkungan"),
        ("handak bakalahi", "keributan"),
    ],
)
def test_words_the_spelling_lists_rewrite_still_count_as_cues(text, code):
    assert cues(text, code)


def test_an_expansion_makes_no_false_cue():
    assert "keras" in LEXICON.normalise("miras").split()
    assert not cues("ada miras di warung", "kebisingan")
    assert cues("musiknya keras sekali", "kebisingan")


def test_danger_is_seen_in_the_text_as_written():
    # "nyawa" is Banjar for "you"; in Indonesian it is life.
    assert LEXICON.normalise("nyawa") == "kamu"
    assert said("nyawa kami terancam", "emergency") == ("nyawa", "terancam")


@pytest.mark.parametrize("word", ["kbakran", "kebakran", "kebkaran", "tnggelam", "prampokan", "pmbunuhan"])
def test_words_of_danger_are_known_without_their_vowels(word):
    assert said(f"ada {word} pak", "emergency")


@pytest.mark.parametrize("word", ["diperiksa", "prks", "periksa", "tinggal", "pengisian", "bacakan", "kabarkan"])
def test_words_that_only_look_like_danger_are_not(word):
    assert not said(f"mohon {word} pak", "emergency")


def test_before_a_number_pkl_is_the_time():
    assert not cues("acara mulai pkl 22.00", "pkl")
    assert cues("banyak pkl di trotoar", "pkl")
    assert cues("22 pkl di trotoar", "pkl")


CUT = [
    ("laporan TRK-2611-00123 gimana", ("TRK-2611-00123",), "laporan gimana"),
    ("trk 2611 00123", ("TRK-2611-00123",), ""),
    ("XTRK-2611-00123 TRK-11-1", (), "xtrk 2611 00123 trk 11 1"),
    ("lihat https://example.org/kebakaran?x=parang ya", (), "lihat ya"),
    ("lihat www.example.org/bom, ya", (), "lihat ya"),
    ("lihat example.go.id/rampok ya", (), "lihat ya"),
    ("tulis ke kebakaran@example.org saja", (), "tulis ke saja"),
    ("hubungi 0812-0000-0000 atau +62 812 0000 000 ya", (), "hubungi atau ya"),
    ("H. Syahrani, 0812xxxxxxx", (), "h syahrani"),
    ("jam 22.00 tgl 24/11", (), "jam 22 00 tgl 24 11"),
    ("terima kasih\n> kebakaran\n> parang", (), "terima kasih"),
    ("ok\n\nPada Sen, 24 Nov 2026 pukul 10.00 Desk <desk@example.org> menulis:\nkebakaran", (), "ok"),
    ("ok\n\nOn Mon, 24 Nov 2026 at 10:00 Desk wrote:\nfire", (), "ok"),
    ("ok\n-----Original Message-----\nfire", (), "ok"),
    ("ok\nDari: Desk <desk@example.org>\nkebakaran", (), "ok"),
    ("dari: rumah saya di Layap", (), "dari rumah saya di layap"),
]


@pytest.mark.parametrize(("text", "references", "own"), CUT)
def test_what_is_no_word_of_the_sender_is_cut_out_first(text, references, own):
    reading = LEXICON.read(text)
    assert (reading.references, " ".join(reading.original)) == (references, own)


def test_a_quote_is_noticed():
    assert LEXICON.read("> laporan").quoted
    assert not LEXICON.read("a > b").quoted


def test_ju_uh_is_one_word_however_its_apostrophe_is_typed():
    assert tokens("Ju'uh") == tokens("Ju\u2019uh") == tokens("juuh") == ("juuh",)


def test_rest_is_what_no_list_covers():
    reading = LEXICON.read("mksh byk pak, sampah")
    assert reading.rest("thanks", "filler", "praise_about") == ("sampah",)
    assert not LEXICON.read("mksh pak").rest("thanks", "filler")


def test_doubled_words_count_in_both_their_halves():
    assert not LEXICON.read("kirim2 pesan").rest("messages")
    assert said("bunuh2an", "emergency")


def test_only_the_beginning_of_an_endless_text_is_read():
    reading = LEXICON.read("a " * LONGEST)
    assert len(reading.original) == MOST_WORDS
    assert reading.shortened
    assert not LEXICON.read("a" * LONGEST + " kebakaran").has("emergency")


@given(st.text(max_size=300))
def test_any_text_can_be_read(text):
    reading = LEXICON.read(text)
    for hits in reading.hits.values():
        for hit in hits:
            assert 0 <= hit.start < hit.end <= len(reading.original)


@given(st.lists(st.sampled_from(sorted({*SLANG, *BANJAR, "kebakaran", "sapi", "2", "halo"})), max_size=12))
def test_no_word_of_danger_is_lost_by_rewriting_its_neighbours(words):
    assert "kebakaran" in said(" ".join([*words, "KEBAKARAN!"]), "emergency")


def test_a_lexicon_works_without_any_list():
    assert not Lexicon({}).read("halo").hits


def test_a_senders_own_words_leave_nothing_behind():
    lexicon = load("balangan").lexicon
    before = lexicon.read("Pak Sukarjono Wiratmaja 081299887766, rumahnya terbakar")
    kept = {*lexicon._entries, *lexicon._spelling._rewrites}
    assert "terbakar" in kept
    assert not kept & {"sukarjono", "wiratmaja", "081299887766", "rumahnya"}
    assert lexicon.read("Pak Sukarjono Wiratmaja 081299887766, rumahnya terbakar") == before
