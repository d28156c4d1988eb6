from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.channel import numbers
from treckk_gateway.model import Address


@pytest.mark.parametrize(
    "written",
    [
        "+6281234567890",
        "081234567890",
        "0812-3456-7890",
        "0812 3456 7890",
        "(0812) 34567890",
        "0812.3456.7890",
        "6281234567890",
        "+62 812-3456-7890",
        "+62 0812 3456 7890",
        "+62081234567890",
        "62081234567890",
        "81234567890",
        "00 62 812 3456 7890",
        "006281234567890",
        " +6281234567890\n",
        "0812\u20113456\u20117890",
        "\u202a+62 812 3456 7890\u202c",
    ],
)
def test_every_spelling_is_one_number(written):
    assert numbers.e164(written) == "+6281234567890"
    assert numbers.normal(written) == "+6281234567890"
    assert Address("sms", numbers.normal(written)).identity == "tel:+6281234567890"


@pytest.mark.parametrize(
    ("written", "region", "form"),
    [
        ("+14155550111", "ID", "+14155550111"),
        ("(415) 555-0111", "US", "+14155550111"),
        ("0517 123456", "ID", "+62517123456"),
        ("+390612345678", "ID", "+390612345678"),
        ("+62812345678", "ID", "+62812345678"),
        ("08123456789012", "ID", "+628123456789012"),
    ],
)
def test_other_regions_and_lengths(written, region, form):
    assert numbers.e164(written, region) == form


@pytest.mark.parametrize(
    "written", ["3636", "TELKOMSEL", "BANK-X", "", " ", "+", "110", "0811", "ID.4566546130240823", "1800FLOWERS",
                "+62812345678901234567", "٠٨١٢٣٤٥٦٧٨٩٠", "081234567890x5"]
)  # fmt: skip
def test_what_is_no_number_stays_as_it_is(written):
    assert numbers.e164(written) is None
    assert numbers.normal(written) == written.strip()


@pytest.mark.parametrize(
    ("number", "form"),
    [
        ("+6281234567890", "081234567890"),
        ("+14155550111", "+14155550111"),
        ("3636", "3636"),
        ("TELKOMSEL", "TELKOMSEL"),
    ],
)
def test_the_form_dialled_at_home(number, form):
    assert numbers.national(number) == form


@given(st.text(st.sampled_from("0123456789+-() .x\u00b2\u0662ID"), max_size=22))
def test_any_text_has_a_normal_form_that_is_its_own(written):
    normal = numbers.normal(written)

    assert numbers.normal(normal) == normal


@given(st.text(max_size=30))
def test_odd_text_never_raises(written):
    found = numbers.e164(written)

    assert found is None or (found[0] == "+" and found[1:].isdigit())
