"""How the public names are meant to be used, for the type checker: `mypy --strict` must accept every line.

Nothing here runs. What must be refused is marked with the error the checker has to give; an ignore that is not needed
is an error of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, assert_type

import attrs
from aiohttp import web

from treckk_gateway import (
    Actor,
    Case,
    CaseFile,
    Finding,
    Gateway,
    Given,
    Health,
    InboundMessage,
    Intent,
    Page,
    Role,
    Settings,
    State,
    Step,
    Subject,
    TreckkError,
    TriageContext,
    Urgency,
    WalkIn,
    WebhookRequest,
    WebhookResponse,
)
from treckk_gateway.channel import (
    Accepted,
    Capabilities,
    Channel,
    ChannelContext,
    Checking,
    Envelope,
    Inbound,
    LookingUp,
    MediaHolding,
    MediaSource,
    Problem,
)
from treckk_gateway.errors import Incomplete, NotTaken, SendError, SignatureError
from treckk_gateway.model import Address, Instant, OutboundMessage, Secret, SendResult
from treckk_gateway.server import application, subapp
from treckk_gateway.testing import Fault, HttpStandIn, MemoryChannel, StandIn


async def flood(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """A step."""
    if context.values("urgency") and "banjir" in subject.message.text:
        return [Finding(step="flood", field="flag", value="flood", confidence=0.9, reason="says so")]
    return ()


async def silent(subject: Subject, context: TriageContext) -> None:
    """A step that finds nothing."""


STEPS: tuple[Step, ...] = (flood, silent)


async def embedded(config: Path, settings: Settings) -> None:
    """A host that embeds the gateway."""
    async with Gateway.from_config(config, triage=STEPS) as gateway:
        assert_type(gateway, Gateway)
        request = WebhookRequest.of("POST", gateway.webhook_url("portal"), [("a", "1"), ("a", "2")], b"{}")
        assert_type(request.header("a"), str | None)
        assert_type(await gateway.receive("portal", request), WebhookResponse)
        assert_type(await gateway.counters(), dict[str, int])
        assert_type(await gateway.health(), Health)
        assert_type(await gateway.settled(1.0), bool)
        for channel_id, problem in await gateway.check():
            assert_type(channel_id, str)
            assert_type(problem, Problem)
        app: web.Application = subapp(gateway)
        app.add_subapp("/alone", application(gateway))
    Gateway.from_config(settings)
    Gateway.from_config("treckk.toml", working=False)
    Gateway.from_config(7)  # type: ignore[arg-type]
    await gateway.receive("portal", b"{}")  # type: ignore[arg-type]


async def staff(gateway: Gateway, actor: Actor) -> None:
    """What staff do."""
    page = await gateway.desk.cases(actor, state=State.RECEIVED, post="paringin", limit=10)
    assert_type(page, Page[Case])
    for case in page.items:
        assert_type(case.state, State)
        assert_type(case.intent, Intent)
        assert_type(case.urgency, Urgency)
        assert_type(case.opened_at, Instant)
    file = await gateway.desk.case_file(actor, "TRK-2611-00001")
    assert_type(file, CaseFile)
    case = await gateway.desk.open_walk_in(actor, WalkIn(text="Parkir liar", reply_to="sms:+6281200000000"))
    try:
        await gateway.desk.move(actor, case.reference, State.INSTRUCTED, Given(post="paringin"))
    except Incomplete as problem:
        assert_type(problem.missing, tuple[str, ...])
    except TreckkError:
        raise
    assert_type(await gateway.desk.replay_dead(actor, 1), bool)
    Actor(name="rini", role=Role.ADMIN)
    Actor("rini", Role.ADMIN)  # type: ignore[call-arg]
    await gateway.desk.move(actor, "TRK-2611-00001", "instructed", Given())  # type: ignore[arg-type]
    case.state = State.CLOSED  # type: ignore[misc]


@attrs.frozen(kw_only=True)
class AcmeOptions:
    """Settings of the adapter below."""

    token: Secret


class Acme(Channel):
    """An adapter with every optional ability."""

    kind: ClassVar[str] = "acme"
    Options = AcmeOptions

    def __init__(self, options: AcmeOptions, context: ChannelContext) -> None:
        self.channel_id = context.channel_id
        self.capabilities = Capabilities(schemes=frozenset({"sms"}))

    def verify(self, request: WebhookRequest) -> None:
        """Refuse."""
        raise SignatureError("never")

    def parse(self, request: WebhookRequest) -> Sequence[Inbound]:
        """One message."""
        return [InboundMessage(dedupe_key="1", sender=Address("sms", "+6281200000000"))]

    async def send(self, message: OutboundMessage) -> SendResult:
        """Not now."""
        assert_type(message.recipient, Address)
        error: SendError = NotTaken("busy", "later", after=5.0)
        raise error

    def acknowledge(self, request: WebhookRequest, accepted: Accepted) -> WebhookResponse:
        """Tell how many are new."""
        return WebhookResponse(200, str(accepted.new).encode())

    def envelope(self, request: WebhookRequest) -> Envelope:
        """By the raw bytes."""
        return Envelope(dedupe_key=request.body.hex())

    def media_source(self, ref: str) -> MediaSource:
        """Where it lies."""
        return MediaSource(url=ref, hosts=("example.org",))

    async def check(self) -> Sequence[Problem]:
        """Nothing wrong."""
        return ()

    async def lookup(self, message: OutboundMessage, since: Instant) -> SendResult | None:
        """Unknown."""
        return None


class Fetching(Channel):
    """`verify` may be a coroutine function."""

    kind = "fetching"

    async def verify(self, request: WebhookRequest) -> None:
        """Fetch a certificate first."""


def abilities(options: AcmeOptions, context: ChannelContext) -> tuple[Checking, LookingUp, MediaHolding]:
    """The optional protocols, as the gateway sees them."""
    channel = Acme.from_settings(options, context)
    assert_type(channel, Acme)
    return channel, channel, channel


async def tested() -> None:
    """The fakes."""
    async with HttpStandIn() as provider:
        stand_in: StandIn = provider
        await stand_in.play(Fault.BUSY)
        assert_type(provider.url, str)
    channel = MemoryChannel.named("memory")
    assert_type(channel.sent, list[OutboundMessage])
    another: StandIn = channel
    await another.play(None)
