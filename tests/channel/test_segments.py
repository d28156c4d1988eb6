from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.channel import segments
from treckk_gateway.channel.segments import Alphabet, Size


@pytest.mark.parametrize(
    ("text", "alphabet", "units", "parts"),
    [
        ("", Alphabet.GSM7, 0, 1),
        ("Laporan Anda [TRK-2026-00123] sudah diterima.", Alphabet.GSM7, 47, 1),
        ("a" * 160, Alphabet.GSM7, 160, 1),
        ("a" * 161, Alphabet.GSM7, 161, 2),
        ("a" * 306, Alphabet.GSM7, 306, 2),
        ("a" * 307, Alphabet.GSM7, 307, 3),
        ("€" * 80, Alphabet.GSM7, 160, 1),
        ("€" * 81, Alphabet.GSM7, 162, 2),
        ("€" * 153, Alphabet.GSM7, 306, 3),  # 76 pairs to a part: one septet stays free
        ("ç", Alphabet.UCS2, 1, 1),  # the small one is not in the alphabet, the capital is
        ("Ç", Alphabet.GSM7, 1, 1),
        ("\u201cLaporan\u201d \u2013 diterima 🙏", Alphabet.UCS2, 23, 1),
        ("🙏" * 35, Alphabet.UCS2, 70, 1),
        ("🙏" * 36, Alphabet.UCS2, 72, 2),
        ("🙏" * 67, Alphabet.UCS2, 134, 3),  # 33 pairs to a part
        ("é" * 70 + "中", Alphabet.UCS2, 71, 2),
    ],
)
def test_what_a_text_costs(text, alphabet, units, parts):
    assert segments.measure(text) == Size(alphabet=alphabet, units=units, parts=parts)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("\u201cSatpol PP\u201d \u2018siap\u2019", "\"Satpol PP\" 'siap'"),
        ("Senin\u2013Jumat \u2014 08.00\u201116.00", "Senin-Jumat - 08.00-16.00"),
        ("pukul\u00a008.00\u202fWITA\u2009ya\tsip", "pukul 08.00 WITA ya sip"),
        ("`kode`", "'kode'"),
        ("tunggu\u2026", "tunggu..."),
        ("tersem\u00adbunyi\u200b\ufeff", "tersembunyi"),
        ("baris satu\nbaris dua €[~]", "baris satu\nbaris dua €[~]"),
        ("terima kasih 🙏🏽 中", "terima kasih 🙏🏽 中"),
    ],
)
def test_typography_becomes_plain(written, plain):
    assert segments.plain(written) == plain


def test_plain_indonesian_with_typography_costs_one_part_instead_of_three():
    text = (
        "Laporan \u201cTRK-2611-00123\u201d diterima \u2013 petugas menuju lokasi. "
        "Balas `SELESAI` bila sudah tertangani. Terima kasih."
    )

    assert segments.measure(text).parts == 2
    assert segments.measure(segments.plain(text)).parts == 1


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=400) | st.text(st.sampled_from("a€🙏é\f"), max_size=700)
)
def test_parts_are_the_text_and_fit_and_break_nothing(text):
    size, parts = segments.measure(text), segments.split(text)

    assert "".join(parts) == text
    assert all(parts)
    assert size.parts == max(1, len(parts))
    room = {
        (Alphabet.GSM7, True): 160,
        (Alphabet.GSM7, False): 153,
        (Alphabet.UCS2, True): 70,
        (Alphabet.UCS2, False): 67,
    }
    for part in parts:
        used = sum(segments._cost(one, size.alphabet) for one in part)
        assert used <= room[size.alphabet, len(parts) == 1]
        part.encode("utf-16")  # no half of a pair


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
def test_plain_is_done_once_and_keeps_gsm_text_gsm(text):
    plain = segments.plain(text)

    assert segments.plain(plain) == plain
    assert segments.alphabet(text) is Alphabet.UCS2 or segments.alphabet(plain) is Alphabet.GSM7
