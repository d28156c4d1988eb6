"""Sending: a channel driven against its stand-in, and what became of it."""
# ruff: noqa: S101 asserts are what a judgement is made of

from __future__ import annotations

import asyncio
import gc
import time
import warnings
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import attrs

from treckk_gateway.channel import Capabilities, Channel, Checking, LookingUp, Problem, Templating, segments
from treckk_gateway.errors import NotTaken, OptedOut, Rejected, Scope, SendError, WindowClosed
from treckk_gateway.model import Address, Choice, DeliveryState, OutboundMessage, SendResult, Thread
from treckk_gateway.testing.judging.samples import Refusal
from treckk_gateway.testing.stand_in import Fault, StandIn

GRACE = 1.5
"""Seconds a busy machine may add to a deadline."""

Draft = Callable[..., OutboundMessage]
"""Makes a message to the kit's recipient from a delivery id and changes."""

_ODD_TEXTS = (
    "", " \n\t", "\x00", "\ud800", "\u202e\u200b\ufeff", "a\r\nX-Kit-Injected: 1\r\n\r\nb", "\U0001f6a8" * 40,
    '"}]\\\'<b>&amp;%00', "\r\n.\r\nQUIT\r\n",
)  # fmt: skip
_ODD_ADDRESSES = (
    "\r\nX-Kit-Injected: 1", "a b", "\x00", "\ud800", "\u00e9@\u00e9.example", "x" * 5000, "../..", "a@b\n", "%0d%0a",
)  # fmt: skip


async def outcome(channel: Channel, message: OutboundMessage) -> object:
    """What `send` returned or raised; `TimeoutError` when it outlasts its time by far."""
    try:
        return await asyncio.wait_for(channel.send(message), message.timeout + 2 * GRACE)
    except Exception as problem:  # noqa: BLE001 the caller judges it
        return problem


def taken(result: object) -> None:
    """A complete result of a message that was taken."""
    assert isinstance(result, SendResult), "send returns a SendResult"
    assert result.state not in {DeliveryState.UNKNOWN, DeliveryState.FAILED}, "taken, so neither of these"
    assert result.provider_message_id != "", "no id is None, never an empty text"
    assert result.parts >= 1, "a message has at least one part"


async def arrives(channel: Channel, stand_in: StandIn, draft: Draft) -> None:
    """Each attempt reaches the provider under the id of the delivery."""
    for attempt in ("kit-attempt-1", "kit-attempt-2"):
        taken(await channel.send(draft("kit-delivery-1", attempt_id=attempt)))
    assert stand_in.saw("kit-delivery-1") >= 2, "the delivery id reaches the provider, in each attempt"  # noqa: PLR2004


async def repeated(channel: Channel, draft: Draft) -> None:
    """The second attempt of a delivery is the same message of the provider's."""
    drafts = [draft("kit-repeat", attempt_id=attempt) for attempt in ("kit-first", "kit-second")]
    first, again = [(await channel.send(one)).provider_message_id for one in drafts]
    assert first == again, "the repeat became another message of the provider's"


async def at_once(channel: Channel, stand_in: StandIn, draft: Draft) -> None:
    """Several messages sent at once all reach the provider."""
    names = [f"kit-many-{number}-end" for number in range(8)]
    await asyncio.gather(*map(channel.send, map(draft, names)))
    assert all(map(stand_in.saw, names)), "a message of several sent at once is missing"


def complete(claims: Capabilities, refusals: Sequence[Refusal]) -> None:
    """Who claims a reply window says by what word the provider enforces it."""
    closing = any(issubclass(one.error, WindowClosed) for one in refusals)
    assert closing or not claims.reply_window, "reply_window is claimed: `refusals` tells by what word it is enforced"


def under_fault(fault: Fault, found: object, wanted: tuple[type, ...]) -> None:
    """The outcome is of a type the fault allows, and complete."""
    names = " or ".join(one.__name__ for one in wanted)
    assert isinstance(found, wanted), f"{fault}: {type(found).__name__}, not {names}"
    assert not isinstance(found, SendError) or found.code, f"{fault}: the error has no code"
    if fault is Fault.DENIED and isinstance(found, Rejected):
        assert found.scope is Scope.CHANNEL, "refused credentials stop the channel"


async def in_time(channel: Channel, message: OutboundMessage, fault: Fault) -> object:
    """The outcome, which comes within the message's time."""
    began = time.monotonic()
    found = await outcome(channel, message)
    assert time.monotonic() - began < message.timeout + GRACE, f"{fault}: send outlasts its timeout"
    return found


async def understood(channel: Channel, stand_in: Any, refusal: Refusal, message: OutboundMessage) -> None:  # noqa: ANN401 the author's own
    """The provider's own no becomes the error it means."""
    await stand_in.play(refusal.played)
    found = await outcome(channel, message)
    assert isinstance(found, refusal.error), f"{refusal.name}: {type(found).__name__}, not {refusal.error.__name__}"
    if refusal.scope is not None:
        assert isinstance(found, Rejected), f"{refusal.name}: only a Rejected has a scope"
        assert found.scope is refusal.scope, f"{refusal.name}: the scope is {found.scope}, not {refusal.scope}"
    if isinstance(found, OptedOut):
        assert found.scope is Scope.ADDRESS, f"{refusal.name}: who opted out gets nothing by this address"


async def never_cut(channel: Channel, stand_in: StandIn, draft: Draft) -> None:
    """A text over the limit arrives whole or is rejected; one of several parts says how many."""
    claims = channel.capabilities
    if claims.max_text is not None:
        found = await outcome(channel, draft("kit-over", text="x" * claims.max_text + " kit-last-word"))
        assert isinstance(found, SendResult | Rejected), f"{type(found).__name__} for a text too long, not Rejected"
        assert isinstance(found, Rejected) or stand_in.saw("kit-last-word"), "the end of a long text was cut in silence"
    if claims.segments:
        text = "kit " * 90
        result = await channel.send(draft("kit-parts", text=text))
        wanted = segments.measure(text.strip()).parts
        assert result.parts == wanted, f"parts is {result.parts}, and the text makes {wanted}: segments.measure counts"


async def odd_ones(channel: Channel, draft: Draft, scheme: str) -> None:
    """Odd texts and addresses are taken or rejected, inject nothing, and leave the channel well."""
    letters = [draft(f"kit-odd-text-{number}", text=text) for number, text in enumerate(_ODD_TEXTS)]
    letters += [
        draft(f"kit-odd-address-{number}", recipient=Address(scheme, value))
        for number, value in enumerate(_ODD_ADDRESSES)
    ]
    for letter in letters:
        found = await outcome(channel, letter)
        said = f"{letter.delivery_id} ({letter.recipient.value!r:.20}, {letter.text!r:.20})"
        assert isinstance(found, SendResult | Rejected), f"{said}: {type(found).__name__}, neither taken nor Rejected"
    taken(await channel.send(draft("kit-after-odd")))


async def elsewhere(channel: Channel, stand_in: StandIn, message: OutboundMessage) -> None:
    """An address of a scheme the channel does not speak is rejected before anybody is asked."""
    message = attrs.evolve(message, recipient=Address("kit-scheme", "kit-elsewhere"))
    found = await outcome(channel, message)
    assert isinstance(found, Rejected), f"{type(found).__name__} for an address of another scheme, not Rejected"
    assert found.scope is Scope.MESSAGE, "the address may be good on another channel, so the scope is the message"
    assert not stand_in.saw("kit-elsewhere"), "an address of another scheme was given to the provider"


async def carries(channel: Channel, stand_in: StandIn, draft: Draft) -> None:
    """Subject, thread, choices and templates reach the provider where they are claimed."""
    can = channel.capabilities
    if can.subject:
        await channel.send(draft("kit-subject", subject="Kit-subject-words"))
        assert stand_in.saw("Kit-subject-words"), "subject is claimed, and did not reach the provider"
    if can.threads:
        await channel.send(draft("kit-thread", thread=Thread(last_id="<kit-last@example.org>")))
        assert stand_in.saw("kit-last@example.org"), "threads is claimed; thread.last_id did not reach the provider"
    if can.choices:
        choices = (Choice(answer="kit-tapped", label="Kit label"),)
        await channel.send(draft("kit-choices", choices=choices, reply=True))
        assert stand_in.saw("kit-tapped"), "choices is claimed, and what is tapped did not reach the provider"
        long = tuple(Choice(answer=f"kit-long-{one} " * 9, label="Kit label " * 9) for one in range(can.choices))
        found = await outcome(channel, draft("kit-long-choices", text="Kit-words-remain", choices=long))
        assert isinstance(found, SendResult), f"labels too long cost the message ({found}): send its words alone"
        assert stand_in.saw("Kit-words-remain"), "with long choices the words did not reach the provider"
    if can.templates:
        assert isinstance(channel, Templating)
        [(language, approved), *_] = [one for table in channel.templates.values() for one in table.items()]
        template = approved.filled(dict.fromkeys(approved.variables, "kit-parameter"), language)
        await channel.send(draft("kit-template", template=template))
        assert stand_in.saw(template.name), "templates is claimed, and its name did not reach the provider"


async def looked_up(channel: Channel, stand_in: StandIn, draft: Draft, *, broken: bool) -> None:
    """What was sent is found, what was not is not, and a provider that fails is no `None`."""
    assert isinstance(channel, LookingUp)
    sent = await channel.send(draft("kit-sought", text="Kit-sought-words"))
    found = await channel.lookup(draft("kit-sought", text="Kit-sought-words"), 0)
    assert found is not None, "lookup does not find what was sent"
    assert found.provider_message_id == sent.provider_message_id, "lookup finds another message than was sent"
    assert await channel.lookup(draft("kit-never", text="Kit-never-sent"), 0) is None, (
        "lookup found what was never sent"
    )
    if broken:
        await stand_in.play(Fault.BROKEN)
        try:
            found = await channel.lookup(draft("kit-sought", text="Kit-sought-words", timeout=1.0), 0)
        except SendError:
            return
        raise AssertionError(f"lookup said {found} while the provider failed: raise a SendError, or it is sent twice")


async def cancelled(channel: Channel, stand_in: StandIn, message: OutboundMessage) -> None:
    """A send that is cancelled while the provider is silent ends as cancelled; then the provider is well again."""
    task = asyncio.create_task(channel.send(message))
    await asyncio.wait_for(stand_in.reached(), 10)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=GRACE)
    assert done, "a cancelled send goes on"
    assert task.cancelled(), "cancellation is neither swallowed nor turned into another error"
    await stand_in.play(None)


async def closes_and_opens(channel: Channel, draft: Draft) -> None:
    """Closed it takes nothing, opened again it sends, and it closes twice."""
    await channel.close()
    found = await outcome(channel, draft("kit-closed", timeout=2.0))
    assert isinstance(found, SendResult | NotTaken), f"closed, send came to {type(found).__name__}, not NotTaken"
    await channel.open()
    taken(await channel.send(draft("kit-open-again")))
    await channel.close()
    await channel.close()


@asynccontextmanager
async def leaving_nothing() -> AsyncIterator[None]:
    """No task and no connection that was begun inside is left afterwards."""
    before = asyncio.all_tasks()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", ResourceWarning)
        yield
        await asyncio.sleep(0)
        gc.collect()
    left = [one for one in asyncio.all_tasks() - before if not one.done()]
    assert not left, f"close left {len(left)} tasks running"
    unclosed = [str(one.message) for one in heard if issubclass(one.category, ResourceWarning)]
    assert not unclosed, f"close left something open: {unclosed[0]}"


async def examined(channel: Channel, stand_in: StandIn, *, refused: bool) -> list[Problem]:
    """`check` returns problems in words; a provider that cannot be reached is one, not an exception."""
    assert isinstance(channel, Checking)
    found = list(await channel.check())
    if refused:
        await stand_in.play(Fault.REFUSED)
        unreached = list(await channel.check())
        assert unreached, "the provider cannot be reached, and check has no problem with that"
        found += unreached
    for one in found:
        assert isinstance(one, Problem), "check returns Problems"
        assert one.summary.strip(), "a problem has a summary"
        assert one.remedy.strip(), "a problem has a remedy: what should the operator do?"
    return found
