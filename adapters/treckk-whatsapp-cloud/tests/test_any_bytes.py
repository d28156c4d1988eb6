"""Whatever a provider, or who has its secret, may post: items that can be stored, or `PayloadError`."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import make, post
from treckk_gateway.errors import PayloadError
from treckk_gateway.model import codec

NAMES = (
    "from",
    "from_user_id",
    "id",
    "timestamp",
    "type",
    "text",
    "body",
    "image",
    "caption",
    "mime_type",
    "location",
    "latitude",
    "longitude",
    "contacts",
    "name",
    "formatted_name",
    "phones",
    "phone",
    "interactive",
    "button_reply",
    "list_reply",
    "title",
    "button",
    "payload",
    "reaction",
    "emoji",
    "system",
    "wa_id",
    "user_id",
    "profile",
    "context",
    "errors",
    "code",
    "status",
    "statuses",
    "messages",
    "metadata",
    "biz_opaque_callback_data",
    "group_id",
    "edit",
)
VALUES = (
    "6281200000001",
    "ID.4566546130240823",
    "wamid.1",
    "1795500000",
    "text",
    "image",
    "sent",
    "failed",
    "jawab:1",
    "\x00",
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
        found = channel.parse(post(body))
    except PayloadError:
        return
    for item in found:
        assert item.dedupe_key.strip()
        assert codec.decode(codec.encode(item), type(item)) == item


@BOUNDED
@given(st.binary(max_size=200))
def test_any_bytes(body):
    read(make(), body)


@BOUNDED
@given(st.lists(TREE, max_size=3), st.lists(TREE, max_size=3), TREE)
def test_any_notification(messages, statuses, contacts):
    value = {"messages": messages, "statuses": statuses, "contacts": contacts}
    tree = {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}
    read(make(), json.dumps(tree).encode())


@BOUNDED
@given(TREE)
def test_any_tree(entry):
    read(make(), json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode())
