"""Verify, parse, commit, acknowledge: nobody is answered 2xx before the commit."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import ParamSpec, TypeVar

import attrs
import structlog

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.ids import Clock
from treckk_gateway.casework.people import People
from treckk_gateway.channel import (
    Accepted,
    Channel,
    Completing,
    Envelope,
    Glancing,
    Inbound,
    ParseMode,
    WebhookRequest,
    WebhookResponse,
)
from treckk_gateway.channel.broken import BrokenChannel
from treckk_gateway.errors import MediaError, PayloadError, SignatureError, StoreBusy, StoreUnavailable, described
from treckk_gateway.inbound.arrival import Arrival, pack
from treckk_gateway.inbound.intake_keys import IntakeKeys, day_of
from treckk_gateway.inbound.spool import Spool
from treckk_gateway.model import InboundMessage, Instant
from treckk_gateway.privacy import Keyring
from treckk_gateway.store.operations.receiving import InboxStore
from treckk_gateway.store.orders import NewItem, NewRequest

P = ParamSpec("P")
T = TypeVar("T")
Glance = Callable[[WebhookRequest], Envelope | None]

LARGE = 256 * 1024
"""Bytes; a larger body is checked, read and sealed by a thread: on the loop it would keep everybody else waiting."""

_METHODS = frozenset({"GET", "POST", "HEAD"})
_NOT_FOUND = WebhookResponse(404)
_REFUSED = WebhookResponse(403)
_TOO_LARGE = WebhookResponse(413)
_NO_METHOD = WebhookResponse(405, headers={"Allow": "GET, HEAD, POST"})

log = structlog.get_logger(__name__)


@attrs.define
class Traffic:
    """What is remembered of each channel's requests, for metrics and health."""

    refused: Counter[str] = attrs.field(factory=Counter)
    last_inbound: dict[str, Instant] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Receiver:
    """The way in for webhooks and listeners alike."""

    store: InboxStore
    keyring: Keyring
    people: People
    keys: IntakeKeys
    channels: Mapping[str, Channel]
    clock: Clock
    hint: Callable[[], None]
    max_body: int
    spool: Spool | None = None
    noted: Callable[[str, tuple[NewItem, ...]], None] | None = None
    """Told what each request holds, where traces are kept."""
    traffic: Traffic = attrs.field(factory=Traffic)
    shut: dict[str, str] = attrs.field(factory=dict)
    """Channels that are not open, each with what keeps it."""
    _one_large: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)
    """Large bodies take turns: each is held several times over while it is worked on."""
    _glances: Mapping[str, Glance] = attrs.field(init=False)
    _completing: Mapping[str, Completing] = attrs.field(init=False)

    @_glances.default
    def _glancing(self) -> Mapping[str, Glance]:
        return {name: channel.glance for name, channel in self.channels.items() if isinstance(channel, Glancing)}

    @_completing.default
    def _completers(self) -> Mapping[str, Completing]:
        return {name: channel for name, channel in self.channels.items() if isinstance(channel, Completing)}

    async def receive(self, channel_id: str, request: WebhookRequest) -> WebhookResponse:
        """Take a webhook: 403, 404, 405, 413, or 503 when nothing can be kept; never raises for what came."""
        channel = self.channels.get(channel_id)
        if channel is None or not channel.capabilities.webhook:
            return _NOT_FOUND
        if channel_id in self.shut or type(channel) is BrokenChannel:
            return WebhookResponse(503, headers={"Retry-After": "30"})
        if request.method not in _METHODS:
            return _NO_METHOD
        if len(request.body) > self.max_body and len(request.body) > channel.max_body:
            return _TOO_LARGE
        try:
            return await self._take(channel, request)
        except SignatureError as problem:
            self._refuse(channel_id, problem)
            return _REFUSED
        except StoreBusy as problem:
            return WebhookResponse(503, headers={"Retry-After": str(problem.retry_after)})
        except (StoreUnavailable, MediaError) as problem:
            if isinstance(problem, MediaError):
                log.warning("request.incomplete", channel_id=channel_id, **described(problem))
            return WebhookResponse(503, headers={"Retry-After": "30"})

    def largest(self, channel_id: str) -> int:
        """The bytes a request to that channel may have."""
        channel = self.channels.get(channel_id)
        return self.max_body if channel is None else max(self.max_body, channel.max_body)

    async def deliver(self, channel: Channel, request: WebhookRequest) -> WebhookResponse:
        """Take what a channel's own listener brings. Raises `SignatureError`, `StoreBusy`, `StoreUnavailable`."""
        try:
            return await self._take(channel, request)
        except SignatureError as problem:
            self._refuse(channel.channel_id, problem)
            raise

    async def _take(self, channel: Channel, request: WebhookRequest) -> WebhookResponse:
        checking = (
            _verifying(channel, request)
            if len(request.body) <= LARGE
            else await self._aside(_verifying, channel, request)
        )
        if checking is not None:
            await checking
        completing = self._completing.get(channel.channel_id)
        if completing is not None:
            request = await completing.complete(request)
        arrival = (
            self._arrival(channel, request)
            if len(request.body) <= LARGE
            else await self._aside(self._arrival, channel, request)
        )
        if self.noted is not None:
            self.noted(channel.channel_id, arrival.items)
        if not arrival.items:
            return channel.acknowledge(request, Accepted())
        new = await (self.keep(arrival) if self.spool is None else self.spool.take(arrival))
        self.traffic.last_inbound[channel.channel_id] = arrival.received_at
        fresh = sum(new)
        return channel.acknowledge(request, _accepted(fresh, len(new) - fresh, arrival.parked))

    async def _aside(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """In a thread, one large body after the other."""
        async with self._one_large:
            return await asyncio.to_thread(work, *arguments, **named)

    async def recover(self, channel: Channel, request: WebhookRequest) -> int:
        """Keep what the provider was asked for, as if its webhook had come; how much of it is new. Nothing to verify.

        Never by way of the spool, which cannot tell what is known. Raises `StoreBusy`, `StoreUnavailable`.
        """
        arrival = self._arrival(channel, request)
        return sum(await self.keep(arrival)) if arrival.items else 0

    def _arrival(self, channel: Channel, request: WebhookRequest) -> Arrival:
        items, parked = self._items(channel, request)
        return Arrival(
            channel_id=channel.channel_id,
            items=items,
            request=pack(request, channel.kept_headers),
            received_at=self.clock(),
            parked=parked,
        )

    async def keep(self, arrival: Arrival) -> tuple[bool, ...]:
        """Store an arrival in the database; for each item whether it is new. Raises `StoreBusy`, `StoreUnavailable`."""
        day = str(day_of(arrival.received_at))
        box = self.keys.known(day) or await self.keys.box(day)
        raw = (
            box.seal(Purpose.RAW, arrival.request)
            if len(arrival.request) <= LARGE
            else await self._aside(box.seal, Purpose.RAW, arrival.request)
        )
        new = await self.store.accept(
            NewRequest(
                channel_id=arrival.channel_id,
                items=arrival.items,
                raw=raw,
                key_day=day,
                received_at=arrival.received_at,
                parked=arrival.parked,
            )
        )
        if True in new:
            self.hint()
        return new

    def _items(self, channel: Channel, request: WebhookRequest) -> tuple[tuple[NewItem, ...], str | None]:
        try:
            glance = self._glances.get(channel.channel_id)
            seen = glance(request) if glance is not None else None
            if seen is not None:
                return (self._seen(channel.channel_id, seen, "message"),), None
            if channel.capabilities.parse is ParseMode.DEFERRED:
                return (self._seen(channel.channel_id, channel.envelope(request), "other"),), None
            parsed = channel.parse(request)
            return tuple(self._item(channel.channel_id, index, one) for index, one in enumerate(parsed)), None
        except PayloadError as problem:
            reason = str(problem)
        except Exception as problem:  # noqa: BLE001 told in the log, and dealt with below
            log.error("request.parse_failed", channel_id=channel.channel_id, **described(problem))
            reason = f"the adapter failed: {type(problem).__name__}"
        key = hashlib.sha256(b"\0".join((request.method.encode(), request.url.encode(), request.body))).hexdigest()
        lane = self.keyring.digest("lane", key)
        return (NewItem(dedupe_key=f"raw:{key}", kind="other", lane=lane),), reason

    def _item(self, channel_id: str, index: int, item: Inbound) -> NewItem:
        if isinstance(item, InboundMessage):
            lane, kind = self.people.lane(channel_id, item.sender), "message"
        else:
            about = item.delivery_id or item.provider_message_id or item.dedupe_key
            lane, kind = self.keyring.digest("lane", f"receipt\0{channel_id}\0{about}"), "receipt"
        return NewItem(dedupe_key=item.dedupe_key, kind=kind, lane=lane, item=index, claimed_at=item.claimed_at)

    def _seen(self, channel_id: str, envelope: Envelope, kind: str) -> NewItem:
        if envelope.sender is not None:
            lane = self.people.lane(channel_id, envelope.sender)
        else:
            lane = self.keyring.digest("lane", envelope.dedupe_key)
        return NewItem(dedupe_key=envelope.dedupe_key, kind=kind, lane=lane)

    def _refuse(self, channel_id: str, problem: SignatureError) -> None:
        self.traffic.refused[channel_id] += 1
        log.warning("request.refused", channel_id=channel_id, **described(problem))


@lru_cache(maxsize=64)
def _accepted(new: int, duplicate: int, parked: str | None) -> Accepted:
    return Accepted(new=new, duplicate=duplicate, parked=parked)


def _verifying(channel: Channel, request: WebhookRequest) -> Awaitable[None] | None:
    """Verify; what is returned must be awaited. Whatever goes wrong, the request has not been shown to be genuine."""
    try:
        checking = channel.verify(request)
    except SignatureError:
        raise
    except Exception as problem:
        raise _unchecked(problem) from problem
    return None if checking is None else _verified(checking)


async def _verified(checking: Awaitable[None]) -> None:
    try:
        await checking
    except (SignatureError, MediaError):
        raise
    except Exception as problem:
        raise _unchecked(problem) from problem


def _unchecked(problem: Exception) -> SignatureError:
    return SignatureError(f"checking failed: {type(problem).__name__}")
