from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.findings import FindingBody, opened, sealed
from treckk_gateway.model import Finding
from treckk_gateway.privacy import Keyring
from treckk_gateway.store.rows import FindingRow

BOX = Keyring(bytes(32)).unit

found = st.builds(
    Finding,
    step=st.text(min_size=1, max_size=8),
    field=st.text(min_size=1, max_size=8),
    value=st.text(max_size=20),
    confidence=st.floats(0, 1),
    reason=st.text(max_size=20),
)


def kept(findings):
    """The rows that hold these, as the store gives them back."""
    new = sealed(BOX, findings)
    return [FindingRow(at=1, step=one.step, field=one.field, confidence=one.confidence, data=one.data) for one in new]


@given(st.lists(found, max_size=4))
def test_what_one_look_found_is_one_row_and_comes_back_in_order(findings):
    rows = kept(findings)

    assert len(rows) == bool(findings)
    assert list(opened(rows, BOX)) == findings


def test_neither_step_nor_field_nor_value_stands_in_plain():
    [row] = kept([Finding(step="marks", field="minors", value="a child", confidence=0.9, reason="says 'anak'")])

    assert not [word for word in (b"marks", b"minors", b"child", b"anak") if word in row.data]
    assert (row.step, row.field, row.confidence) == ("", "*", 1.0)


@pytest.mark.parametrize("before", [0, 1, 2])
def test_rows_of_one_finding_each_are_read_beside_them(before):
    one = Finding(step="place", field="village", value="layap", confidence=0.8, reason="says Layap")
    data = BOX.seal_value(Purpose.FINDING, FindingBody(value=one.value, reason=one.reason))
    old = FindingRow(at=1, step=one.step, field=one.field, confidence=one.confidence, data=data)

    assert list(opened([*[old] * before, *kept([one, one])], BOX)) == [one] * (before + 2)
