"""What an author fills in, what makes a method a check, and what the checks share."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, ClassVar, NoReturn, TypeVar

import attrs
import pytest
import structlog

from treckk_gateway.channel import Channel, Inbound, WebhookRequest
from treckk_gateway.errors import NotTaken, Rejected, Uncertain
from treckk_gateway.model import Address, InboundMessage, OutboundMessage, SendResult
from treckk_gateway.testing import tampering
from treckk_gateway.testing.judging import discretion
from treckk_gateway.testing.judging.samples import Refusal, Sample
from treckk_gateway.testing.stand_in import RETRY_AFTER, Fault, StandIn

Check = TypeVar("Check", bound=Callable[..., Any])
TEXT = "Laporan-kit-sudah-diterima"


def check(**switches: object) -> Callable[[Check], Check]:
    """A check, skipped unless the capabilities named are as said; its docstring is what to do when it fails."""

    def made(function: Check) -> Check:
        @contextmanager
        def judged(kit: Hooks) -> Iterator[None]:
            __tracebackhide__ = True
            for name, wanted in switches.items():
                found = getattr(kit.channel().capabilities, name)
                if (bool(found) if isinstance(wanted, bool) else found) != wanted:
                    pytest.skip(f"it does not apply: capabilities.{name} is {found!r}")
            try:
                yield
            except Exception as problem:
                problem.add_note(f"What to do: {' '.join((function.__doc__ or '').split())}")
                if isinstance(problem, AssertionError):
                    _cut(problem, function)
                raise

        @functools.wraps(function)
        async def later(kit: Hooks, *given: Any, **named: Any) -> None:  # noqa: ANN401 pytest's fixtures
            __tracebackhide__ = True
            with judged(kit):
                await function(kit, *given, **named)

        @functools.wraps(function)
        def now(kit: Hooks, *given: Any, **named: Any) -> None:  # noqa: ANN401 pytest's fixtures
            __tracebackhide__ = True
            with judged(kit):
                function(kit, *given, **named)

        return pytest.mark.asyncio(later) if inspect.iscoroutinefunction(function) else now  # type: ignore[return-value]

    return made


def _cut(problem: AssertionError, function: Callable[..., Any]) -> None:
    """Leave the check as the last frame: what the kit does inside it tells an author nothing."""
    step = problem.__traceback__
    while step is not None and step.tb_frame.f_code is not function.__code__:
        step = step.tb_next
    if step is not None:
        step.tb_next = None


class Hooks:
    """What an author fills in."""

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
    refusals: ClassVar[tuple[Refusal, ...]] = ()
    """The provider's own words for no (opted out, window closed, no such number), each with what it must come to."""
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

    # What the checks share

    def _missing(self, hook: str) -> NoReturn:
        pytest.fail(f"{type(self).__name__} must give `{hook}`: see ChannelConformance.{hook}", pytrace=False)

    def _some(self, found: object, otherwise: str) -> None:
        if not found:
            pytest.skip(otherwise)

    def _items(self) -> list[Inbound]:
        channel = self.channel()
        return [item for sample in self.samples() for item in channel.parse(sample.request)]

    def _each(self, judge: Callable[..., None], *more: object) -> None:
        for sample in self.samples():
            judge(self.channel(), sample, *more)

    def _each_item(self, judge: Callable[[str, Any], None], kind: Any) -> None:  # noqa: ANN401 a class or several
        for sample in self.samples():
            for item in self.channel().parse(sample.request):
                if isinstance(item, kind):
                    judge(sample.name, item)

    def _messages(self) -> list[InboundMessage]:
        return [item for item in self._items() if isinstance(item, InboundMessage)]

    def _refs(self) -> list[str]:
        refs = [file.ref for one in self._messages() for file in one.attachments if file.ref]
        return refs or pytest.skip("no sample leaves a file with the provider")

    def _forged(self, request: WebhookRequest) -> Iterable[tampering.Forgery]:
        headers, url, body = self.signature_headers, self.signs_url, self.signs_body
        other = self.sign(b"kit=another&request=1")
        return tampering.forged(request, other, signature_headers=headers, signs_url=url, signs_body=body)

    def _hostile(self) -> Iterable[tampering.Forgery]:
        for sample in self.samples():
            for what, request in tampering.strange(sample.request):
                yield f"{sample.name}: {what}", request
            for what, body in tampering.hostile(sample.request.body):
                yield f"{sample.name}: {what}", attrs.evolve(sample.request, body=body)

    @asynccontextmanager
    async def _sending(self) -> AsyncIterator[tuple[Channel, Any]]:
        async with self.stand_in() as stand_in:
            channel = self.channel(stand_in)
            await channel.open()
            try:
                yield channel, stand_in
            finally:
                await channel.close()

    @asynccontextmanager
    async def _playing(self, fault: Fault) -> AsyncIterator[tuple[Channel, Any]]:
        self._some(fault not in self.unplayed, self.unplayed.get(fault, ""))
        async with self._sending() as (channel, stand_in):
            await stand_in.play(fault)
            yield channel, stand_in

    def _message(self, delivery_id: str, *, attempt_id: str = "kit-attempt-1", **changes: Any) -> OutboundMessage:  # noqa: ANN401 fields of the message
        given: dict[str, Any] = {"recipient": self.recipient(), "text": TEXT, "timeout": 10.0} | changes
        return OutboundMessage(delivery_id=delivery_id, attempt_id=attempt_id, **given)

    @contextmanager
    def _listening(self, caplog: pytest.LogCaptureFixture) -> Iterator[list[Any]]:
        with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as events:
            yield events

    def _logged(self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> list[str]:
        records = [one for one in caplog.records if not one.name.startswith(self.loggers_of_stand_in or ("\0",))]
        return [*(one.getMessage() + str(one.exc_text or "") for one in records), *capsys.readouterr()]

    def _search(self, doing: str, told: Iterable[str]) -> None:
        personal = {TEXT, self.recipient().value, *discretion.private(self._messages())}
        discretion.discreet(doing, told, self.secrets, personal)
