"""`/metrics` for Prometheus: counts and ages. The only label is the channel's id."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import attrs
from aiohttp import web

from treckk_gateway.errors import StoreError
from treckk_gateway.gateway import Gateway, Health
from treckk_gateway.server.answers import AnswerCounts

if TYPE_CHECKING:
    from prometheus_client import Metric

_MEANING = {
    "received": "Requests stored since the beginning; received = filed + parked + new.",
    "filed": "Requests that became part of the books.",
    "parked": "Requests nobody could read.",
    "new": "Requests stored and not yet worked on.",
    "outbox": "Messages waiting to leave.",
    "dead": "Messages given up.",
    "uncertain": "Messages of uncertain fate.",
    "held": "Messages held until they may be sent.",
    "refused": "Requests refused since the start.",
}

_PATIENCE = 5.0
"""Seconds for the database to count: who scrapes waits for ten."""


@attrs.frozen(kw_only=True, eq=False)
class Snapshot:
    """What is shown at one moment; a collector for a registry of its own."""

    counters: Mapping[str, int]
    health: Health
    answers: Mapping[str, int]
    now: float
    oldest: int | None = None
    """Since when work has been due, in microseconds since the epoch."""

    def collect(self) -> Iterator[Metric]:
        """The metrics, in the order they are printed."""
        yield from self._books()
        yield from self._spool()
        yield from self._channels()
        yield from self._answers()

    def _books(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 loaded with the first scrape

        yield GaugeMetricFamily("treckk_ready", "1 when messages can be taken.", value=float(self.health.ready))
        yield GaugeMetricFamily("treckk_storing", "1 when the database takes writes.", value=float(self.health.storing))
        for name, count in self.counters.items():
            if name != "refused":
                yield GaugeMetricFamily(f"treckk_{name}", _MEANING.get(name, name), value=count)
        if self.counters:
            late = 0.0 if self.oldest is None else self._age(self.oldest)
            yield GaugeMetricFamily("treckk_due_age_seconds", "Since the oldest work fell due.", late)

    def _spool(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415 as above

        spool = self.health.spool
        if spool is None:
            return
        age = 0.0 if spool.oldest_at is None else self._age(spool.oldest_at)
        for name, meaning, value in (
            ("waiting", "Requests that wait on this host's disk for the database.", spool.waiting),
            ("bytes", "Bytes of the spool.", spool.bytes),
            ("limit_bytes", "The most bytes of the spool.", spool.limit),
            ("age_seconds", "Since the oldest file of the spool was begun.", age),
            ("aside", "Files of the spool with something that could not be replayed.", spool.aside),
        ):
            yield GaugeMetricFamily(f"treckk_spool_{name}", meaning, value=value)
        yield CounterMetricFamily("treckk_spooled", "Requests that went to the spool since the start.", spool.spooled)

    def _channels(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415 as above

        label = ["channel_id"]
        refused = CounterMetricFamily("treckk_refused", _MEANING["refused"], labels=label)
        paused = GaugeMetricFamily("treckk_paused", "1 while nothing is sent for trouble of the channel.", labels=label)
        heard = GaugeMetricFamily("treckk_inbound_age_seconds", "Since the last genuine request.", labels=label)
        sent = GaugeMetricFamily("treckk_outbound_age_seconds", "Since the last successful sending.", labels=label)
        found = CounterMetricFamily("treckk_recovered", "Messages whose webhook never came.", labels=label)
        looked = GaugeMetricFamily("treckk_recovery_age_seconds", "Since such messages were asked for.", labels=label)
        failures = GaugeMetricFamily("treckk_send_failures", "Sends that failed in a row.", labels=label)
        is_open = GaugeMetricFamily("treckk_channel_open", "1 while the channel is open.", labels=label)
        for one in self.health.channels:
            failures.add_metric([one.channel_id], one.failures)
            is_open.add_metric([one.channel_id], float(one.shut is None))
            refused.add_metric([one.channel_id], one.refused)
            paused.add_metric([one.channel_id], float(one.paused is not None))
            found.add_metric([one.channel_id], one.recovered)
            if one.looked_at is not None:
                looked.add_metric([one.channel_id], self._age(one.looked_at))
            if one.last_inbound_at is not None:
                heard.add_metric([one.channel_id], self._age(one.last_inbound_at))
            if one.last_outbound_at is not None:
                sent.add_metric([one.channel_id], self._age(one.last_outbound_at))
        yield from (refused, paused, failures, is_open, heard, sent, found, looked)

    def _answers(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415 as above

        for group, count in self.answers.items():
            yield CounterMetricFamily(f"treckk_http_{group}", f"HTTP answers {group} since the start.", value=count)

    def _age(self, at: int) -> float:
        return max(0.0, self.now - at / 1_000_000)


@attrs.frozen
class MetricsPage:
    """Renders a snapshot whenever it is scraped; no registry outlives the request."""

    gateway: Gateway
    answers: AnswerCounts
    clock: Callable[[], float] = time.time

    async def show(self, _request: web.Request) -> web.Response:
        """The text format, 200 even when the store is down: then the books are missing and `treckk_ready` is 0."""
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 loaded with the first scrape
        from prometheus_client.exposition import CONTENT_TYPE_LATEST  # noqa: PLC0415 as above

        registry = CollectorRegistry(auto_describe=False)
        registry.register(await self._snapshot())
        headers = {"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
        return web.Response(body=generate_latest(registry), headers=headers)

    async def _snapshot(self) -> Snapshot:
        health = await self.gateway.health()
        counters: Mapping[str, int] = {}
        oldest = None
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                if health.storing:
                    oldest, counters = await self.gateway.oldest_work(), await self.gateway.counters()
        answers, now = self.answers.by_class(), self.clock()
        return Snapshot(counters=counters, health=health, answers=answers, now=now, oldest=oldest)
