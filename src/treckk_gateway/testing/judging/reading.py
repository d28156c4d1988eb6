"""Reading: `parse` and `glance` are pure, bounded, tolerant, and keep what they do not know as unknown."""
# ruff: noqa: S101 asserts are what a judgement is made of

from __future__ import annotations

import socket
import time
import tracemalloc
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn
from unittest import mock

import attrs

from treckk_gateway.channel import Channel, Glancing, Inbound, WebhookRequest
from treckk_gateway.errors import PayloadError
from treckk_gateway.model import DeliveryReceipt, DeliveryState, InboundMessage, codec
from treckk_gateway.testing import tampering
from treckk_gateway.testing.judging.samples import Expected, Sample

LARGE = 1 << 18
"""Bytes of a large body."""

_SLOWEST = 2.0
_TIMES_ITS_SIZE, _AT_LEAST = 10, 30_000_000


def as_expected(channel: Channel, sample: Sample) -> None:
    """`parse` says what the sample says it does."""
    compare(sample.name, channel.parse(sample.request), sample.items)


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


def pure(channel: Channel, sample: Sample, fresh: Channel) -> None:
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


def moved_by_nothing(channel: Channel, sample: Sample) -> int:
    """A receipt whose status is a word nobody ever heard moves nothing; how many bodies could be reworded so."""
    words = {item.raw_status for item in channel.parse(sample.request) if isinstance(item, DeliveryReceipt)}
    bodies = [body for word in words for body in tampering.reworded(sample.request.body, word)]
    for body in bodies:
        try:
            found = channel.parse(attrs.evolve(sample.request, body=body))
        except PayloadError:
            raise AssertionError(f"{sample.name}: a new status is no nonsense, it is DeliveryState.UNKNOWN") from None
        if found:
            unknown(f"{sample.name} with a new status", found)
    return len(bodies)


def tolerant(channel: Channel, sample: Sample) -> int:
    """Fields the provider adds one day change nothing; how many bodies could be added to."""
    bodies = list(tampering.added_to(sample.request.body))
    found = [attrs.evolve(item, dedupe_key="any") for item in channel.parse(sample.request)] if bodies else []
    for what, body in bodies:
        try:
            again = channel.parse(attrs.evolve(sample.request, body=body))
        except PayloadError:
            raise AssertionError(f"{sample.name}: {what} became a PayloadError") from None
        same = [attrs.evolve(item, dedupe_key="any") for item in again] == found
        assert same, f"{sample.name}: {what} changed what it says"
    return len(bodies)


def apart(channel: Channel, samples: Iterable[Sample]) -> int:
    """Two different messages stay two when a field is missing in both: empty is no key. How many bodies were cut."""
    owners, count = dict[str, tuple[str, Inbound]](), 0
    for sample in samples:
        for what, body in tampering.without(sample.request.body):
            count += 1
            try:
                found = channel.parse(attrs.evolve(sample.request, body=body))
            except PayloadError:
                continue
            for item in found:
                owner, first = owners.setdefault(item.dedupe_key, (sample.name, item))
                alone = owner == sample.name or first == item or isinstance(item, DeliveryReceipt)
                assert alone, f"{sample.name} without {what} has the dedupe key of {owner}: raise PayloadError"
    return count


def bounded(channel: Channel, request: WebhookRequest, what: str) -> None:
    """`parse` takes little time, and no more memory than ten times the body and 30 MB."""
    tracing = tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start(1)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    try:
        survives(channel, request, what)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        if not tracing:
            tracemalloc.stop()
    limit = _TIMES_ITS_SIZE * len(request.body) + _AT_LEAST
    assert peak < limit, f"{what}: parse took {peak // 1_000_000} MB for {len(request.body) // 1000} kB"


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


def _no_network(*_: object) -> NoReturn:
    raise AssertionError("parse is pure: it opens no connection")
