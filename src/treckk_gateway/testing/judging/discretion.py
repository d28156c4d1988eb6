"""What is told in logs, errors and representations: never a secret, never a person."""
# ruff: noqa: S101 asserts are what a judgement is made of

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence

from treckk_gateway.channel import Accepted, Channel, WebhookRequest
from treckk_gateway.model import InboundMessage
from treckk_gateway.testing.judging.door import verify
from treckk_gateway.testing.judging.sending import Draft, outcome
from treckk_gateway.testing.stand_in import Fault, StandIn

_SHORTEST_SECRET = 6


async def of_receiving(
    channel: Channel, genuine: Sequence[WebhookRequest], others: Sequence[WebhookRequest]
) -> list[str]:
    """All that is told when these come in."""
    told = [repr(channel.acknowledge(one, Accepted(parked="nonsense"))) for one in genuine]
    return told + await complaints(channel, [*genuine, *others])


async def of_sending(channel: Channel, stand_in: StandIn, faults: Iterable[Fault | None], draft: Draft) -> list[str]:
    """All that is told when a message is sent under each of the faults."""
    told = list[str]()
    for fault in faults:
        await stand_in.play(fault)
        told.append(story(await outcome(channel, draft(f"kit-{fault}", timeout=0.5))))
    return told


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
        return "".join(traceback.format_exception(problem, limit=0)) + repr(problem)
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
