"""Claims and values: complete, typed, possible, and in the units and forms of the model."""
# ruff: noqa: S101 asserts are what a judgement is made of

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, get_args

import attrs

from treckk_gateway.channel import Capabilities, Channel, Inbound, Listening, LookingUp, Templating, numbers
from treckk_gateway.errors import Scope
from treckk_gateway.model import DeliveryReceipt, DeliveryState, InboundMessage, Secret

_SECRETIVE = re.compile(r"(?:^|_)(?:tokens?|secrets?|passwords?|passphrase|(?:api|auth|shared|private)_?keys?)$")
_NUMBERED = frozenset({"sms", "whatsapp", "tel"})
_YEAR_2000, _YEAR_2100 = 946_684_800_000_000, 4_102_444_800_000_000
_LONGEST_NUMBER = 15


def sound(channel: Channel) -> None:
    """The two attributes and the claims are complete, typed and possible."""
    claims = channel.capabilities
    assert isinstance(claims, Capabilities), "capabilities is an instance of Capabilities"
    assert claims.schemes, "capabilities.schemes names at least one address scheme"
    assert all(one == one.lower() for one in claims.schemes), "address schemes are lower case"
    assert claims.inbound or claims.outbound, "a channel goes in or out"
    assert not claims.inbound or claims.webhook or claims.listens, "what comes in comes by webhook or listener"
    assert claims.receipts.isdisjoint({DeliveryState.UNKNOWN, DeliveryState.PENDING}), "no receipt claims these"
    assert claims.rate > 0, "capabilities.rate is positive"
    assert claims.burst >= 1, "capabilities.burst is at least 1"
    assert claims.max_text is None or claims.max_text > 0, "capabilities.max_text is positive or None"
    assert claims.reply_window is None or claims.reply_window > 0, "capabilities.reply_window is positive or None"
    assert not claims.listens or isinstance(channel, Listening), "what listens has listen and quiet"
    assert claims.lookup == isinstance(channel, LookingUp), "lookup says whether there is lookup"
    assert not claims.templates or isinstance(channel, Templating), "templates says that there are some to choose from"
    assert claims.choices >= 0, "capabilities.choices is 0 or more"
    assert type(channel).kind, "kind names the adapter"
    assert channel.channel_id, "channel_id is the configured one"
    assert attrs.has(type(channel).Options), "Options is an attrs class"
    assert isinstance(type(channel).kept_headers, tuple), "kept_headers is a tuple of names"


def secretive(options: type[Any]) -> None:
    """Settings that hold a secret by their name are of type `Secret`, and none has one built in."""
    attrs.resolve_types(options)
    for field in attrs.fields(options):
        hidden = field.type is Secret or Secret in get_args(field.type)
        assert hidden or not _SECRETIVE.search(field.name), f"{field.name} holds a secret, so its type is Secret"
        assert not hidden or not field.default or field.default is attrs.NOTHING, f"{field.name} has a secret built in"


def shown(claims: Capabilities, items: Sequence[Inbound]) -> None:
    """What is claimed for the way in is shown by the samples, and nothing else is."""
    messages = [one for one in items if isinstance(one, InboundMessage)]
    schemes = {one.sender.scheme for one in messages}
    assert schemes <= claims.schemes, f"senders of schemes that are not claimed: {sorted(schemes - claims.schemes)}"
    shows = {"inbound": bool(messages), "media_in": any(one.attachments for one in messages),
             "location": any(one.location for one in messages)}  # fmt: skip
    for name, found in shows.items():
        assert found == getattr(claims, name), f"{name} is claimed to be {not found}, and samples show {found}"
    states = {one.state for one in items if isinstance(one, DeliveryReceipt)} - {DeliveryState.UNKNOWN}
    assert states == claims.receipts, f"receipts shown: {sorted(states)}, claimed: {sorted(claims.receipts)}"


def in_their_units(name: str, item: Inbound) -> None:
    """Times, addresses, places and sizes are what the model says they are."""
    at = item.claimed_at
    assert at is None or _YEAR_2000 < at < _YEAR_2100, f"{name}: claimed_at is in microseconds since 1970"
    if not isinstance(item, InboundMessage):
        return
    for one in (item.sender, *item.aliases):
        assert one.scheme == one.scheme.lower(), f"{name}: the scheme of an address is in lower case"
        assert one.value == one.value.strip(), f"{name}: an address has blanks around it"
        bare = one.value.isdigit() and len(one.value) <= _LONGEST_NUMBER
        spelled = numbers.e164(one.value) if one.scheme in _NUMBERED and bare else None
        assert spelled is None, f"{name}: a number is written +62..., see treckk_gateway.channel.numbers.normal"
    if item.location is not None and (item.location.lat is not None or item.location.lng is not None):
        lat, lng = item.location.lat, item.location.lng
        whole = lat is not None and lng is not None and abs(lat) <= 90 and abs(lng) <= 180 and bool(lat or lng)  # noqa: PLR2004 degrees
        assert whole, f"{name}: a place is in degrees and never 0,0; Location.read sees to both"
    for file in item.attachments:
        assert (file.ref is None) != (file.content is None), f"{name}: a file has either content or ref"
        assert file.content is None or file.size in (None, len(file.content)), f"{name}: size is in bytes"


def told(name: str, receipt: DeliveryReceipt) -> None:
    """A receipt names its delivery, keeps the provider's word, and says what a failure holds for only of a failure."""
    assert receipt.delivery_id or receipt.provider_message_id, f"{name}: names neither delivery_id nor the provider's"
    silent = receipt.state is DeliveryState.UNKNOWN
    assert silent or receipt.raw_status.strip(), f"{name}: raw_status keeps the provider's own word"
    failed = receipt.state is DeliveryState.FAILED
    why = receipt.scope is not None or receipt.opted_out or receipt.window_closed
    assert failed or not why, f"{name}: only a failure has a scope, an opt-out or a closed window"
    assert not receipt.opted_out or receipt.scope is Scope.ADDRESS, f"{name}: who wants no messages: scope ADDRESS"
