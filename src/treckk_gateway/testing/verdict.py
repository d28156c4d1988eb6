"""What the conformance kit judges by: functions that raise `AssertionError` with the reason, free of pytest."""
# ruff: noqa: S101 asserts are what a judgement is made of

from __future__ import annotations

import asyncio
import socket
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn
from unittest import mock

import attrs

from treckk_gateway.channel import (
    Accepted,
    Capabilities,
    Channel,
    Glancing,
    Inbound,
    Listening,
    LookingUp,
    MediaHolding,
    Templating,
    WebhookRequest,
)
from treckk_gateway.errors import PayloadError, Rejected, Scope, SendError, SignatureError
from treckk_gateway.model import DeliveryReceipt, DeliveryState, InboundMessage, OutboundMessage, codec
from treckk_gateway.testing.stand_in import Fault

Expected = Inbound | Mapping[str, object]
"""An item to equal, or attributes of it by dotted name: `{"sender.scheme": "sms", "attachments.0.size": 12}`."""

GRACE = 1.5
"""Seconds a busy machine may add to a deadline."""

_SLOWEST = 2.0
_SHORTEST_SECRET = 6


class Sample:
    """A genuine request and what it says: one `Expected` for each item, in order; none where it says nothing."""

    def __init__(self, name: str, request: WebhookRequest, *items: Expected) -> None:
        self.name = name
        self.request = request
        self.items = items


def claims_are_sound(channel: Channel) -> None:
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
    assert claims.listens == isinstance(channel, Listening), "listens says whether there are listen and quiet"
    assert claims.lookup == isinstance(channel, LookingUp), "lookup says whether there is lookup"
    assert not claims.templates or isinstance(channel, Templating), "templates says that there are some to choose from"
    assert claims.choices >= 0, "capabilities.choices is 0 or more"
    assert type(channel).kind, "kind names the adapter"
    assert channel.channel_id, "channel_id is the configured one"
    assert attrs.has(type(channel).Options), "Options is an attrs class"
    assert isinstance(type(channel).kept_headers, tuple), "kept_headers is a tuple of names"


def claims_match(claims: Capabilities, items: Sequence[Inbound]) -> None:
    """What is claimed for the way in is shown by the samples, and nothing else is."""
    messages = [one for one in items if isinstance(one, InboundMessage)]
    schemes = {one.sender.scheme for one in messages}
    assert schemes <= claims.schemes, f"senders of schemes that are not claimed: {sorted(schemes - claims.schemes)}"
    assert bool(messages) == claims.inbound, "inbound says whether samples show messages"
    assert any(one.attachments for one in messages) == claims.media_in, "media_in says whether samples show files"
    assert any(one.location for one in messages) == claims.location, "location says whether samples show places"
    states = {one.state for one in items if isinstance(one, DeliveryReceipt)} - {DeliveryState.UNKNOWN}
    assert states == claims.receipts, f"receipts shown: {sorted(states)}, claimed: {sorted(claims.receipts)}"


def compare(name: str, found: Sequence[Inbound], expected: Sequence[Expected]) -> None:
    """The items are those expected."""
    well_formed(name, found)
    assert len(found) == len(expected), f"{name}: {len(found)} items, not {len(expected)}"
    for item, wanted in zip(found, expected, strict=True):
        if not isinstance(wanted, Mapping):
            assert item == wanted, f"{name}: another item than expected"
            continue
        for path, value in wanted.items():
            seen: Any = item
            for step in path.split("."):
                seen = seen[int(step)] if step.isdigit() else getattr(seen, step)
            assert seen == value, f"{name}: {path} is {seen!r}, not {value!r}"


def well_formed(name: str, found: object) -> None:
    """What `parse` returned is a sequence of our values, each with its key."""
    assert isinstance(found, Sequence), f"{name}: parse returns a sequence, at once"
    for item in found:
        assert isinstance(item, InboundMessage | DeliveryReceipt), f"{name}: neither a message nor a receipt"
        assert item.dedupe_key.strip(), f"{name}: an empty dedupe key"
        try:
            hash(item)
        except TypeError as problem:
            raise AssertionError(f"{name}: the item holds something that can be changed") from problem


def fetchable(channel: Channel, refs: Iterable[str]) -> None:
    """Each file left with the provider has an address, and credentials go to named hosts only."""
    assert isinstance(channel, MediaHolding), "an attachment has a ref, so there is media_source"
    for ref in refs:
        source = channel.media_source(ref)
        assert source.url.startswith(("https://", "http://")), "media_source gives an http(s) address"
        assert source.hosts or not source.headers, "credentials go to named hosts only"


def pure(channel: Channel, fresh: Channel, sample: Sample) -> None:
    """`parse` says the same twice, at another time, without a network, from `kept_headers` and in a new channel."""
    name, request = sample.name, sample.request
    before = (request.method, request.url, list(request.headers.items()), request.body)
    first = channel.parse(request)
    well_formed(name, first)
    kept = request.keeping(type(channel).kept_headers)
    with mock.patch.object(time, "time", return_value=4e9), mock.patch.object(socket.socket, "connect", _no_network):
        again, later = channel.parse(request), fresh.parse(kept)
    assert list(first) == list(again), f"{name}: parsed twice, two results (a clock? a random id?)"
    assert list(first) == list(later), f"{name}: another result from kept_headers and a new channel"
    after = (request.method, request.url, list(request.headers.items()), request.body)
    assert before == after, f"{name}: parse changed the request"
    for item in first:
        assert codec.decode(codec.encode(item), type(item)) == item, f"{name}: changed by being stored"


def glances(channel: Channel, request: WebhookRequest, name: str) -> bool:
    """`glance` says nothing, or what `parse` says; true when it said something."""
    assert isinstance(channel, Glancing)
    try:
        seen = channel.glance(request)
    except Exception as problem:
        raise AssertionError(f"{name}: glance raised {type(problem).__name__}") from problem
    if seen is None:
        return False
    try:
        found = channel.parse(request)
    except PayloadError:
        raise AssertionError(f"{name}: glance saw a message in what parse refuses") from None
    told = [
        (one.dedupe_key, one.sender, one.claimed_at) if isinstance(one, InboundMessage) else "a receipt"
        for one in found
    ]
    assert told == [(seen.dedupe_key, seen.sender, None)], f"{name}: glance says something else than parse"
    return True


def nonsense(name: str, channel: Channel, request: WebhookRequest) -> None:
    """`parse` raises `PayloadError`."""
    try:
        found = channel.parse(request)
    except PayloadError:
        return
    raise AssertionError(f"{name} was read as {len(found)} items")


def unknown(name: str, found: Sequence[Inbound]) -> None:
    """Every item says by itself that we do not know the word."""
    assert found, f"{name}: an unknown word lost the request"
    for item in found:
        if isinstance(item, DeliveryReceipt):
            assert item.state is DeliveryState.UNKNOWN, f"{name}: an unknown word became {item.state}"
            assert item.raw_status, f"{name}: the provider's own word is lost"
        else:
            assert item.unsupported, f"{name}: an unknown word became a message as if it were known"


def survives(channel: Channel, request: WebhookRequest, what: str) -> None:
    """`parse` gives items or a `PayloadError`, and soon."""
    began = time.process_time()
    try:
        well_formed(what, channel.parse(request))
    except PayloadError:
        pass
    except AssertionError:
        raise
    except Exception as problem:
        raise AssertionError(f"{what}: parse raised {type(problem).__name__}, not PayloadError") from problem
    assert time.process_time() - began < _SLOWEST, f"{what}: parse took more than two seconds"


def acknowledges(channel: Channel, sample: Sample) -> None:
    """What was kept is answered 2xx, and a duplicate like the first."""
    for accepted in (Accepted(new=1), Accepted(), Accepted(duplicate=1), Accepted(parked="nonsense")):
        status = channel.acknowledge(sample.request, accepted).status
        assert status // 100 == 2, f"{sample.name}: kept, yet answered {status}"  # noqa: PLR2004 the class of answers
    first, again = (channel.acknowledge(sample.request, one) for one in (Accepted(new=1), Accepted(duplicate=1)))
    assert first == again, f"{sample.name}: a duplicate is answered differently"


async def verify(channel: Channel, request: WebhookRequest) -> None:
    """Verify, whether that is a coroutine or not."""
    waiting = channel.verify(request)
    if waiting is not None:
        await waiting


async def refused(channel: Channel, request: WebhookRequest, what: str) -> None:
    """`verify` raises `SignatureError` and nothing else."""
    try:
        await verify(channel, request)
    except SignatureError:
        return
    except Exception as problem:
        raise AssertionError(f"{what}: verify raised {type(problem).__name__}, not SignatureError") from problem
    raise AssertionError(f"{what}: verify took it as genuine")


async def outcome(channel: Channel, message: OutboundMessage) -> object:
    """What `send` returned or raised; `TimeoutError` when it outlasts its time by far."""
    try:
        return await asyncio.wait_for(channel.send(message), message.timeout + 2 * GRACE)
    except Exception as problem:  # noqa: BLE001 the caller judges it
        return problem


def under_fault(fault: Fault, found: object, wanted: tuple[type, ...]) -> None:
    """The outcome is of a type the fault allows, and complete."""
    names = " or ".join(one.__name__ for one in wanted)
    assert isinstance(found, wanted), f"{fault}: {type(found).__name__}, not {names}"
    assert not isinstance(found, SendError) or found.code, f"{fault}: the error has no code"
    if fault is Fault.DENIED and isinstance(found, Rejected):
        assert found.scope is Scope.CHANNEL, "refused credentials stop the channel"


async def complaints(channel: Channel, requests: Iterable[WebhookRequest]) -> list[str]:
    """What errors say when these are verified and parsed, chains and tracebacks included."""
    told = list[str]()
    for request in requests:
        try:
            await verify(channel, request)
        except Exception as problem:  # noqa: BLE001 only its text matters here
            told.append(story(problem))
        try:
            channel.parse(request)
        except Exception as problem:  # noqa: BLE001 only its text matters here
            told.append(story(problem))
    return told


def story(problem: object) -> str:
    """All that a log could show of an error."""
    if isinstance(problem, BaseException):
        return "".join(traceback.format_exception(problem)) + repr(problem)
    return repr(problem)


def private(messages: Iterable[InboundMessage]) -> set[str]:
    """What a person wrote and who they are."""
    found = set[str]()
    for one in messages:
        found |= {one.sender.value, one.text, one.subject or "", one.sender_name or "", one.reply_token or ""}
        found |= {alias.value for alias in one.aliases}
    return found


def discreet(doing: str, told: Iterable[str], secrets: Sequence[str], personal: set[str]) -> None:
    """Nothing told holds a secret or something personal; what is shorter than six characters occurs by chance."""
    for text in told:
        for kind, words in (("a secret", secrets), ("an address, a name or a text", personal)):
            found = any(word in text for word in words if len(word) >= _SHORTEST_SECRET)
            assert not found, f"{doing} tells {kind} in a log line or an error"


def _no_network(*_: object) -> NoReturn:
    raise AssertionError("parse is pure: it opens no connection")
