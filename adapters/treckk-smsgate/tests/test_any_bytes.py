"""Whatever a provider, or who has its secret, may post: items that can be stored, or `PayloadError`."""

from __future__ import annotations

import json

import pytest
import test_httpsms
import test_smsgate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from treckk_gateway.errors import PayloadError
from treckk_gateway.model import codec

NAMES = (
    "messageId",
    "message",
    "sender",
    "phoneNumber",
    "recipient",
    "receivedAt",
    "reason",
    "attachments",
    "data",
    "messages",
    "contentType",
    "contact",
    "content",
    "timestamp",
    "request_id",
    "message_id",
    "encrypted",
    "owner",
)
VALUES = ("+6281200000001", "BANK-X", "2026-11-26T08:46:11Z", "9999-99-99T00:00:00+99:99", "AAEC", "\x00", "9" * 300)
EVENTS = st.sampled_from(
    ["sms:received", "sms:batch:received", "mms:downloaded", "sms:sent", "sms:failed", "sms:", "x"]
)
TYPES = st.sampled_from(["message.phone.received", "message.phone.sent", "message.send.failed", "phone.", "x.y"])

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


def read(kind, body):
    try:
        found = kind.make().parse(kind.post(body))
    except PayloadError:
        return
    for item in found:
        assert item.dedupe_key.strip()
        assert codec.decode(codec.encode(item), type(item)) == item


@pytest.mark.parametrize("kind", [test_smsgate, test_httpsms], ids=["smsgate", "httpsms"])
@BOUNDED
@given(st.binary(max_size=200))
def test_any_bytes(kind, body):
    read(kind, body)


@BOUNDED
@given(EVENTS | st.text(max_size=20), TREE)
def test_any_event_of_smsgate(event, payload):
    read(test_smsgate, json.dumps({"event": event, "payload": payload, "id": "e"}).encode())


@BOUNDED
@given(TYPES | st.text(max_size=20), TREE)
def test_any_event_of_httpsms(kind, data):
    read(test_httpsms, json.dumps({"type": kind, "data": data, "id": "e"}).encode())
