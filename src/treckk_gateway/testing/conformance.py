"""The conformance kit: what every adapter is held to, alone against its stand-in.

Subclass `ChannelConformance` under a name that begins with `Test`, fill in the hooks, run pytest (and pytest-asyncio)::

    class TestAcme(ChannelConformance):
        secrets = ("acme-token-1",)
        signature_headers = ("X-Acme-Signature",)

        def channel(self, stand_in=None):
            url = stand_in.url if stand_in else "http://127.0.0.1:9"
            options = AcmeChannel.Options(token=Secret("acme-token-1"), api_base_url=url)
            return AcmeChannel.from_settings(options, ChannelContext(channel_id="acme", webhook_url=URL))

        def sign(self, body):
            return WebhookRequest.of("POST", URL, {"X-Acme-Signature": signature(body)}, body)

        def samples(self):
            yield Sample("a text", self.sign(b'{"id": "1", "from": "+62812000001", "text": "halo"}'), {"text": "halo"})

        def stand_in(self):
            return HttpStandIn()

A check that does not apply is skipped and says why; a missing hook fails.
"""
# ruff: noqa: S101, D102 asserts are what a kit is made of, and the name of a check says what it checks

from __future__ import annotations

import asyncio
import logging
import pickle
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, ClassVar, NoReturn

import attrs
import pytest
import structlog

from treckk_gateway.channel import Accepted, Channel, Glancing, Inbound, ParseMode, WebhookRequest, registry
from treckk_gateway.errors import NotTaken, Rejected, Scope, Uncertain
from treckk_gateway.model import Address, DeliveryState, InboundMessage, OutboundMessage, SendResult
from treckk_gateway.testing import tampering, verdict
from treckk_gateway.testing.stand_in import RETRY_AFTER, Fault, StandIn
from treckk_gateway.testing.verdict import Sample

__all__ = ["ChannelConformance", "Sample"]

_TEXT = "Laporan-kit-sudah-diterima"


class ChannelConformance:
    """The checks. What stands before the first `test_` is for the author to fill in."""

    secrets: ClassVar[tuple[str, ...]] = ()
    """Texts that must never be logged or raised: tokens, and what is derived from them (a Basic credential)."""
    signature_headers: ClassVar[tuple[str, ...]] = ()
    """The headers the proof stands in, all of them needed."""
    signs_url: ClassVar[bool] = True
    """False when the provider's proof does not cover the address called and `verify` does not look at it."""
    signs_body: ClassVar[bool] = True
    """False when the proof is a fixed secret in a header, which covers neither the body nor the address."""
    nonsense: ClassVar[tuple[bytes, ...]] = (b"", b"\xff\xfe\x00", b"[]")
    """Bodies that are genuine when signed and certainly `PayloadError`; `()` where any bytes mean something."""
    outcomes: ClassVar[Mapping[Fault, tuple[type, ...]]] = {
        Fault.REFUSED: (NotTaken,),
        Fault.BUSY: (NotTaken,),
        Fault.BROKEN: (Uncertain,),
        Fault.SILENT: (Uncertain,),
        Fault.DROPPED: (Uncertain,),
        Fault.REJECTED: (Rejected,),
        Fault.DENIED: (Rejected,),
        Fault.GONE: (Rejected,),
        Fault.MOVED: (Rejected, Uncertain),
        Fault.GARBAGE: (Uncertain, SendResult),
    }
    """What `send` must come to under each fault. Replace an entry where the provider's word proves something else."""
    unplayed: ClassVar[Mapping[Fault, str]] = {}
    """Faults the stand-in cannot play, each with the reason."""
    retry_after: ClassVar[float | None] = RETRY_AFTER
    """The seconds `NotTaken.after` must carry when the provider is busy; `None` when it cannot say."""
    loggers_of_stand_in: ClassVar[tuple[str, ...]] = ()
    """Loggers the stand-in writes to, if the adapter never does; they are not searched."""

    def channel(self, stand_in: Any = None) -> Channel:  # noqa: ANN401, ARG002 the author's own stand-in
        """A new channel made by `from_settings`, not opened; it sends to `stand_in` where one is given."""
        self._missing("channel")

    def samples(self) -> Iterable[Sample]:
        """Genuine requests of every kind the channel claims: text, media, location, each receipt state."""
        self._missing("samples")

    def sign(self, body: bytes) -> WebhookRequest:  # noqa: ARG002 a hook
        """A genuine request with this body, whatever it holds. A listening channel gives one as its listener would."""
        self._missing("sign")

    def unknown(self) -> Iterable[Sample]:
        """Genuine requests with words of the provider the adapter has never heard: a new status, a new kind."""
        return ()

    def stranger(self) -> Channel | None:
        """The same channel with other secrets: it must refuse every sample. `None` where there is no secret."""
        return None

    def stand_in(self) -> AbstractAsyncContextManager[StandIn]:
        """A local provider to send to, for channels with `capabilities.outbound`. `HttpStandIn` is one."""
        self._missing("stand_in")

    def recipient(self) -> Address:
        """An invented address the channel can send to; by default the first sample's sender."""
        senders = [one.sender for one in self._messages()]
        return senders[0] if senders else self._missing("recipient")

    # Claims

    def test_claims_are_complete_and_typed(self) -> None:
        verdict.claims_are_sound(self.channel())

    def test_its_entry_point_names_this_class(self) -> None:
        channel = type(self.channel())
        if channel.kind not in registry.installed():
            pytest.skip(f"no adapter {channel.kind!r} is installed as an entry point")
        assert registry.load(channel.kind) is channel, f"the entry point {channel.kind!r} names another class"

    def test_samples_say_what_is_expected(self) -> None:
        channel, samples = self.channel(), list(self.samples())
        assert samples, "at least one sample"
        for sample in samples:
            verdict.compare(sample.name, channel.parse(sample.request), sample.items)

    def test_claims_match_the_samples(self) -> None:
        verdict.claims_match(self.channel().capabilities, self._items())

    def test_files_left_with_the_provider_can_be_fetched(self) -> None:
        refs = [file.ref for one in self._messages() for file in one.attachments if file.ref]
        if not refs:
            pytest.skip("no sample leaves a file with the provider")
        verdict.fetchable(self.channel(), refs)

    # Genuine or not

    @pytest.mark.asyncio
    async def test_genuine_requests_verify(self) -> None:
        channel = self._webhook_channel()
        for sample in self.samples():
            await verdict.verify(channel, sample.request)

    @pytest.mark.asyncio
    async def test_forged_requests_are_refused(self) -> None:
        channel, other = self._webhook_channel(), self.sign(b"kit=another&request=1")
        assert self.signature_headers, "signature_headers names where the proof stands"
        for sample in self.samples():
            for what, request in self._forged(sample.request, other):
                await verdict.refused(channel, request, f"{sample.name}: {what}")

    @pytest.mark.asyncio
    async def test_a_stranger_is_refused(self) -> None:
        self._webhook_channel()
        stranger = self.stranger()
        if stranger is None:
            pytest.skip("no `stranger` is given: the channel has no secret of its own")
        for sample in self.samples():
            await verdict.refused(stranger, sample.request, f"{sample.name}: signed with another secret")

    @pytest.mark.asyncio
    async def test_a_listener_takes_no_webhook(self) -> None:
        channel = self.channel()
        if channel.capabilities.webhook:
            pytest.skip("the channel takes webhooks")
        for sample in self.samples():
            request = WebhookRequest.of("POST", "https://example.org/channels/kit", (), sample.request.body)
            await verdict.refused(channel, request, f"{sample.name}: posted to a channel that only listens")

    # Parsing

    def test_parse_is_pure(self) -> None:
        channel, fresh = self.channel(), self.channel()
        for sample in self.samples():
            verdict.pure(channel, fresh, sample)

    def test_a_deferred_channel_parses_the_same_in_a_copy(self) -> None:
        channel = self.channel()
        if channel.capabilities.parse is not ParseMode.DEFERRED:
            pytest.skip("parse is inline")
        copy = pickle.loads(pickle.dumps(channel))  # noqa: S301 our own bytes
        for sample in self.samples():
            request = sample.request.keeping(type(channel).kept_headers)
            assert list(copy.parse(request)) == list(channel.parse(request)), f"{sample.name}: differs in the copy"
            assert channel.envelope(request) == copy.envelope(request), f"{sample.name}: envelope differs"

    def test_dedupe_keys_are_stable_and_distinct(self) -> None:
        channel, seen = self.channel(), dict[str, str]()
        deferred = channel.capabilities.parse is ParseMode.DEFERRED
        for sample in self.samples():
            keys = [item.dedupe_key for item in channel.parse(sample.request)]
            if deferred:
                keys = [channel.envelope(sample.request).dedupe_key]
            for key in keys:
                assert key.strip(), f"{sample.name}: an empty dedupe key"
                assert key not in seen, f"{sample.name} has the dedupe key of {seen.get(key)}"
                seen[key] = sample.name

    def test_hostile_bodies_are_items_or_payload_errors(self) -> None:
        channel = self.channel()
        for what, request in self._hostile():
            verdict.survives(channel, request, what)

    @pytest.mark.asyncio
    async def test_genuine_nonsense_is_a_payload_error(self) -> None:
        if not self.nonsense:
            pytest.skip("the author says any bytes mean something")
        channel = self.channel()
        for number, body in enumerate(self.nonsense):
            request = self.sign(body)
            if channel.capabilities.webhook:
                await verdict.verify(channel, request)
            verdict.nonsense(f"nonsense {number}", channel, request)

    def test_a_glance_says_what_parse_says(self) -> None:
        channel = self.channel()
        if not isinstance(channel, Glancing):
            pytest.skip("the channel has no glance")
        samples = [*self.samples(), *self.unknown()]
        seen = [one.name for one in samples if verdict.glances(channel, one.request, one.name)]
        assert seen, "no sample is seen at a glance"
        for what, request in self._hostile():
            verdict.glances(channel, request, what)

    def test_unknown_words_are_kept_as_unknown(self) -> None:
        channel, samples = self.channel(), list(self.unknown())
        if not samples:
            pytest.skip("no `unknown` samples are given: the protocol has no words to add to")
        for sample in samples:
            verdict.unknown(sample.name, channel.parse(sample.request))

    # Answering

    def test_what_was_kept_is_acknowledged(self) -> None:
        channel = self.channel()
        for sample in self.samples():
            verdict.acknowledges(channel, sample)

    # Sending

    @pytest.mark.asyncio
    async def test_a_message_reaches_the_provider_under_our_id(self) -> None:
        async with self._sending() as (channel, stand_in):
            for attempt in ("kit-attempt-1", "kit-attempt-2"):
                result = await channel.send(self._message("kit-delivery-1", attempt_id=attempt))
                assert isinstance(result, SendResult), "send returns a SendResult"
                assert result.state not in {DeliveryState.UNKNOWN, DeliveryState.FAILED}, "taken, so neither of these"
                assert result.provider_message_id != "", "no id is None, never an empty text"
                assert result.parts >= 1, "a message has at least one part"
            assert stand_in.saw("kit-delivery-1") >= 2, "the delivery id reaches the provider, in each attempt"  # noqa: PLR2004

    @pytest.mark.asyncio
    async def test_messages_sent_at_once_all_arrive(self) -> None:
        async with self._sending() as (channel, stand_in):
            names = [f"kit-many-{number}-end" for number in range(8)]
            await asyncio.gather(*map(channel.send, map(self._message, names)))
            assert all(map(stand_in.saw, names)), "a message of several sent at once is missing"

    @pytest.mark.asyncio
    async def test_the_longest_text_is_taken(self) -> None:
        async with self._sending() as (channel, stand_in):
            if channel.capabilities.max_text is None:
                pytest.skip("max_text is not bounded")
            await channel.send(self._message("kit-long", text="x" * channel.capabilities.max_text))
            assert stand_in.saw("kit-long"), "the longest text did not arrive"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("fault", list(Fault))
    async def test_faults_are_typed_and_in_time(self, fault: Fault) -> None:
        if fault in self.unplayed:
            pytest.skip(self.unplayed[fault])
        async with self._sending() as (channel, stand_in):
            await stand_in.play(fault)
            began = time.monotonic()
            outcome = await verdict.outcome(channel, self._message("kit-fault", timeout=1.0))
            assert time.monotonic() - began < 1.0 + verdict.GRACE, f"{fault}: send outlasts its timeout"
            verdict.under_fault(fault, outcome, self.outcomes[fault])
            if fault is Fault.BUSY and isinstance(outcome, NotTaken):
                assert outcome.after == self.retry_after, "NotTaken.after is what the provider asked for"
            assert stand_in.saw("kit-fault") <= 1, f"{fault}: send tried again or followed a redirect by itself"

    @pytest.mark.asyncio
    async def test_a_cancelled_send_stops_and_the_channel_goes_on(self) -> None:
        if Fault.SILENT in self.unplayed:
            pytest.skip(self.unplayed[Fault.SILENT])
        async with self._sending() as (channel, stand_in):
            await stand_in.play(Fault.SILENT)
            task = asyncio.create_task(channel.send(self._message("kit-cancelled", timeout=60.0)))
            await asyncio.wait_for(stand_in.reached(), 10)
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=verdict.GRACE)
            assert done, "a cancelled send goes on"
            assert task.cancelled(), "cancellation is neither swallowed nor turned into another error"
            await stand_in.play(None)
            await channel.send(self._message("kit-afterwards"))
            assert stand_in.saw("kit-afterwards"), "after a cancelled send the channel sends no more"

    @pytest.mark.asyncio
    async def test_a_channel_that_only_listens_rejects_sending(self) -> None:
        channel = self.channel()
        if channel.capabilities.outbound:
            pytest.skip("the channel sends")
        with pytest.raises(Rejected) as caught:
            await channel.send(self._message("kit-delivery"))
        assert caught.value.scope is Scope.CHANNEL, "nothing can be sent here, so the scope is the channel"

    @pytest.mark.asyncio
    async def test_a_channel_closes_without_having_opened(self) -> None:
        channel = self.channel()
        await channel.close()
        await channel.close()

    # Discretion

    @pytest.mark.asyncio
    async def test_receiving_tells_nothing_in_logs_or_errors(
        self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        channel, told = self.channel(), list[str]()
        with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as events:
            for sample in self.samples():
                told += await verdict.complaints(channel, [sample.request])
                channel.acknowledge(sample.request, Accepted(parked="nonsense"))
                if channel.capabilities.webhook:
                    forgeries = self._forged(sample.request, self.sign(b"kit=another&request=1"))
                    told += await verdict.complaints(channel, [request for _, request in forgeries])
            told += await verdict.complaints(channel, [request for _, request in self._hostile()])
        self._search("receiving", [*told, repr(events), repr(channel), *self._logged(caplog, capsys)])

    @pytest.mark.asyncio
    async def test_sending_tells_nothing_in_logs_or_errors(
        self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        told = list[str]()
        with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as events:
            async with self._sending() as (channel, stand_in):
                for fault in (None, *(one for one in Fault if one not in self.unplayed)):
                    await stand_in.play(fault)
                    outcome = await verdict.outcome(channel, self._message(f"kit-{fault}", timeout=0.5))
                    told.append(verdict.story(outcome))
        self._search("sending", [*told, repr(events), *self._logged(caplog, capsys)])

    # What the checks share

    def _missing(self, hook: str) -> NoReturn:
        pytest.fail(f"{type(self).__name__} must give `{hook}`: see ChannelConformance.{hook}", pytrace=False)

    def _items(self) -> list[Inbound]:
        channel = self.channel()
        return [item for sample in self.samples() for item in channel.parse(sample.request)]

    def _messages(self) -> list[InboundMessage]:
        return [item for item in self._items() if isinstance(item, InboundMessage)]

    def _webhook_channel(self) -> Channel:
        channel = self.channel()
        if not channel.capabilities.webhook:
            pytest.skip("a listening channel: nobody but its own listener makes its requests, so none is signed")
        return channel

    def _forged(self, request: WebhookRequest, other: WebhookRequest) -> Iterable[tampering.Forgery]:
        headers, url, body = self.signature_headers, self.signs_url, self.signs_body
        return tampering.forged(request, other, signature_headers=headers, signs_url=url, signs_body=body)

    def _hostile(self) -> Iterable[tampering.Forgery]:
        for sample in self.samples():
            for what, body in tampering.hostile(sample.request.body):
                yield f"{sample.name}: {what}", attrs.evolve(sample.request, body=body)

    @asynccontextmanager
    async def _sending(self) -> AsyncIterator[tuple[Channel, Any]]:
        if not self.channel().capabilities.outbound:
            pytest.skip("the channel does not send")
        async with self.stand_in() as stand_in:
            channel = self.channel(stand_in)
            await channel.open()
            try:
                yield channel, stand_in
            finally:
                await channel.close()

    def _message(
        self, delivery_id: str, *, attempt_id: str = "kit-attempt-1", text: str = _TEXT, timeout: float = 10.0
    ) -> OutboundMessage:
        return OutboundMessage(
            delivery_id=delivery_id, attempt_id=attempt_id, recipient=self.recipient(), text=text, timeout=timeout
        )

    def _logged(self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> list[str]:
        records = [one for one in caplog.records if not one.name.startswith(self.loggers_of_stand_in or ("\0",))]
        return [*(one.getMessage() + str(one.exc_text or "") for one in records), *capsys.readouterr()]

    def _search(self, doing: str, told: Iterable[str]) -> None:
        verdict.discreet(doing, told, self.secrets, {_TEXT, self.recipient().value, *verdict.private(self._messages())})
