"""Whatever may stand in SMSD's tables: items that can be stored, or `PayloadError`."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import make
from treckk_gateway.errors import PayloadError
from treckk_gateway.model import codec

NAMES = (
    "ID",
    "SenderNumber",
    "Text",
    "TextDecoded",
    "Coding",
    "UDH",
    "Class",
    "ReceivingDateTime",
    "CreatorID",
    "Status",
    "StatusError",
    "SequencePosition",
    "inbox",
    "sent",
)
VALUES = (
    "+6281200000001",
    "0041",
    "D83C",
    "8bit",
    "050003A70201",
    "SendingOK",
    "DeliveryFailed",
    "treckk:d-1",
    "\x00",
    127,
)

LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=30)
    | st.sampled_from(VALUES)
)
TREE = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), inner),
    max_leaves=20,
)
BOUNDED = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(channel, body):
    try:
        found = channel.parse(channel.request(body))
    except PayloadError:
        return
    for item in found:
        assert item.dedupe_key.strip()
        assert codec.decode(codec.encode(item), type(item)) == item


ROW = st.fixed_dictionaries({name: LEAF for name in NAMES[:12]})


@BOUNDED
@given(st.binary(max_size=200))
def test_any_bytes(body):
    read(make(), body)


@BOUNDED
@given(st.sampled_from(["inbox", "sent"]), st.lists(ROW, min_size=1, max_size=4))
def test_any_rows(table, rows):
    read(make(), json.dumps({table: rows}).encode())


@BOUNDED
@given(TREE)
def test_any_tree(tree):
    read(make(), json.dumps(tree).encode())
