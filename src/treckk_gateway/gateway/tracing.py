"""Spans over the stages, for OpenTelemetry; with `[telemetry]` off nothing of this module is loaded.

A span holds ids, codes, counts and seconds, nothing that a person wrote or is reached by; exceptions appear by class.
Stages meet through rows, often hours apart, so a span is not the child of the stage before. They share ids instead:
`treckk.message` (a keyed hash) joins receive and intake, `treckk.case_id` intake, triage, dispatch and send.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import attrs
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, TracerProvider

from treckk_gateway.casework import Clock
from treckk_gateway.casework.surroundings import Beside, Recognise
from treckk_gateway.channel import Channel, WebhookRequest, WebhookResponse
from treckk_gateway.errors import ConfigError
from treckk_gateway.model import Finding, Subject
from treckk_gateway.privacy import Keyring
from treckk_gateway.settings import TelemetrySettings
from treckk_gateway.store import Store
from treckk_gateway.store.orders import NewItem
from treckk_gateway.store.rows import Topic, Wake

_SECOND = 1_000_000
_SERVER_ERROR = 500
_STAGES = {"triage": "treckk.review", "clock": "treckk.clock", "ask": "treckk.ask", "evidence": "treckk.evidence"}
_RESULTS = ("treckk.state", "treckk.reason", "treckk.attempts", "treckk.case_id")
"""What a piece of work may have changed."""

Take = Callable[[str, WebhookRequest], Awaitable[WebhookResponse]]
Deliver = Callable[[Channel, WebhookRequest], Awaitable[WebhookResponse]]
Value = str | int | float | Sequence[str]


@attrs.frozen(kw_only=True)
class Tracing:
    """Opens a span around each piece of work."""

    store: Store
    keyring: Keyring
    clock: Clock
    known: frozenset[str]
    tracer: Tracer
    finish: Callable[[], None]

    def noted(self, channel_id: str, items: Sequence[NewItem]) -> None:
        """What a request turned out to hold, told to the span it is received in."""
        messages = [self._message(channel_id, one.dedupe_key) for one in items]
        trace.get_current_span().set_attribute("treckk.message", messages)

    async def receive(self, take: Take, channel_id: str, request: WebhookRequest) -> WebhookResponse:
        """Take a webhook within a span."""
        known = channel_id if channel_id in self.known else "-"
        facts: dict[str, Value] = {"treckk.channel_id": known, "treckk.bytes": len(request.body)}
        with self._span("treckk.receive", facts, SpanKind.SERVER) as span:
            answer = await take(channel_id, request)
            span.set_attribute("http.response.status_code", answer.status)
            if answer.status >= _SERVER_ERROR:
                span.set_status(Status(StatusCode.ERROR))
            return answer

    async def deliver(self, deliver: Deliver, channel: Channel, request: WebhookRequest) -> WebhookResponse:
        """Take what a listener brings within a span."""

        async def take(_channel_id: str, request: WebhookRequest) -> WebhookResponse:
            return await deliver(channel, request)

        return await self.receive(take, channel.channel_id, request)

    async def work(self, handle: Callable[[Wake], Awaitable[None]], wake: Wake) -> None:
        """Handle a due row within a span."""
        name, facts = await self._facts(wake)
        with self._span(name, facts) as span:
            await handle(wake)
            _, after = await self._facts(wake, ended=True)
            for key in _RESULTS:
                if key in after:
                    span.set_attribute(key, after[key])

    def triage(self, recognise: Recognise) -> Recognise:
        """The pipeline, within a span of its own inside that of the work it is run for."""

        async def traced(subject: Subject, beside: Beside | None = None) -> Sequence[Finding]:
            facts: dict[str, Value] = {"treckk.answering": subject.answering}
            facts |= {"treckk.case_id": subject.case.case_id} if subject.case is not None else {}
            with self._span("treckk.triage", facts, SpanKind.INTERNAL) as span:
                found = await recognise(subject, beside)
                span.set_attribute("treckk.findings", len(found))
                return found

        return traced

    async def close(self) -> None:
        """Hand over what waits to be exported; it may block, so in a thread of our own."""
        with ThreadPoolExecutor(1, thread_name_prefix="treckk-traces") as thread:
            await asyncio.get_running_loop().run_in_executor(thread, self.finish)

    @contextmanager
    def _span(self, name: str, facts: Mapping[str, Value], kind: SpanKind = SpanKind.CONSUMER) -> Iterator[Span]:
        opened = self.tracer.start_as_current_span(
            name, kind=kind, attributes=facts, record_exception=False, set_status_on_exception=False
        )
        with opened as span:
            try:
                yield span
            except BaseException as problem:
                span.set_status(Status(StatusCode.ERROR, type(problem).__name__))
                raise

    async def _facts(self, wake: Wake, *, ended: bool = False) -> tuple[str, dict[str, Value]]:
        if wake.topic is Topic.INBOX:
            return "treckk.intake", await self._of_inbox(wake.row_id, ended=ended)
        if wake.topic is Topic.OUTBOX:
            return "treckk.send", await self._of_outbox(wake.row_id)
        timer = await self.store.timer(wake.row_id)
        facts: dict[str, Value] = {"treckk.timer_id": wake.row_id}
        if timer is None:
            return "treckk.timer", facts
        facts |= {"treckk.case_id": timer.case_id, "treckk.kind": timer.kind, "treckk.waited": self._since(timer.due)}
        return _STAGES.get(timer.kind, "treckk.dispatch"), facts

    async def _of_inbox(self, inbox_id: int, *, ended: bool) -> dict[str, Value]:
        row, facts = await self.store.inbox(inbox_id), dict[str, Value]({"treckk.inbox_id": inbox_id})
        if row is not None:
            facts |= {
                "treckk.channel_id": row.channel_id,
                "treckk.message": [self._message(row.channel_id, row.dedupe_key)],
                "treckk.kind": row.kind,
                "treckk.state": row.state,
                "treckk.attempts": row.attempts,
                "treckk.waited": self._since(row.received_at),
            }
            case = await self.store.case_of_request(row.channel_id, row.dedupe_key) if ended else None
            facts |= {"treckk.case_id": case.case_id} if case is not None else {}
        return facts

    async def _of_outbox(self, outbox_id: int) -> dict[str, Value]:
        row, facts = await self.store.outbox(outbox_id), dict[str, Value]({"treckk.outbox_id": outbox_id})
        if row is not None:
            facts |= {
                "treckk.channel_id": row.channel_id,
                "treckk.delivery_id": row.delivery_id,
                "treckk.template": row.template,
                "treckk.state": row.state,
                "treckk.reason": row.reason or "-",
                "treckk.attempts": row.attempts,
                "treckk.waited": self._since(row.due),
            }
            facts |= {"treckk.case_id": row.case_id} if row.case_id is not None else {}
        return facts

    def _message(self, channel_id: str, dedupe_key: str) -> str:
        return self.keyring.digest("trace", f"{channel_id}\0{dedupe_key}").hex()

    def _since(self, at: int) -> float:
        return max(0.0, (self.clock() - at) / _SECOND)


def provider(settings: TelemetrySettings, where: str) -> tuple[TracerProvider, Callable[[], None]]:
    """Who makes spans, and what hands over the last of them. Raises `ConfigError` without the extra."""
    if settings.traces == "host":
        return trace.get_tracer_provider(), lambda: None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 the extra
        from opentelemetry.sdk import trace as sdk  # noqa: PLC0415 the extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 the extra
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 the extra
        from opentelemetry.sdk.trace.sampling import TraceIdRatioBased  # noqa: PLC0415 the extra
    except ImportError as problem:
        reason = 'needs the extra: pip install "treckk-gateway[otel]"'
        raise ConfigError(where, "telemetry.traces", reason) from problem
    own = sdk.TracerProvider(
        sampler=TraceIdRatioBased(settings.ratio), resource=Resource.create({"service.name": settings.service})
    )
    own.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.endpoint)))
    return own, own.shutdown
