"""The checks of the kit: one attempt and what came of it; opening, closing, and the doctor."""
# ruff: noqa: S101 asserts are what a kit is made of

from __future__ import annotations

import pytest

from treckk_gateway.channel import Checking
from treckk_gateway.errors import NotTaken, Rejected, Scope
from treckk_gateway.testing.conformance.hooks import Hooks, check
from treckk_gateway.testing.judging import sending
from treckk_gateway.testing.stand_in import Fault


class Sending(Hooks):
    """One attempt and what came of it; opening, closing, and the doctor."""

    @check(outbound=True)
    async def test_a_message_reaches_the_provider_under_our_id(self) -> None:
        """Send `delivery_id`, the same in each attempt, in a field the provider returns, or at least in a header."""
        async with self._sending() as (channel, stand_in):
            await sending.arrives(channel, stand_in, self._message)

    @check(outbound=True, idempotent_send=True)
    async def test_a_repeat_is_the_same_message(self) -> None:
        """Claim `idempotent_send` only where the provider drops repeats by an id of ours, and send that id."""
        async with self._sending() as (channel, _):
            await sending.repeated(channel, self._message)

    @check(outbound=True)
    async def test_messages_sent_at_once_all_arrive(self) -> None:
        """Keep nothing of one message on the channel while another may be sent."""
        async with self._sending() as (channel, stand_in):
            await sending.at_once(channel, stand_in, self._message)

    @check(outbound=True, max_text=True)
    async def test_the_longest_text_is_taken(self) -> None:
        """Claim as `max_text` what the provider takes in one message."""
        async with self._sending() as (channel, stand_in):
            await channel.send(self._message("kit-long", text="x" * (channel.capabilities.max_text or 0)))
            assert stand_in.saw("kit-long"), "the longest text did not arrive"

    @check(outbound=True)
    async def test_a_text_is_never_cut_in_silence(self) -> None:
        """Raise `Rejected` for a text longer than the provider takes; with `segments` claimed, count `parts`."""
        async with self._sending() as (channel, stand_in):
            self._some(channel.capabilities.max_text or channel.capabilities.segments, "max_text is not bounded")
            await sending.never_cut(channel, stand_in, self._message)

    @check(outbound=True)
    async def test_odd_texts_and_addresses_are_taken_or_rejected(self) -> None:
        """Encode what you are given, or raise `Rejected`; an error of an encoder or of a library is none of ours."""
        async with self._sending() as (channel, _):
            await sending.odd_ones(channel, self._message, self.recipient().scheme)

    @check(outbound=True)
    async def test_an_address_of_another_scheme_is_rejected(self) -> None:
        """Raise `Rejected` (of the message) unless `recipient.scheme` is in `capabilities.schemes`."""
        async with self._sending() as (channel, stand_in):
            await sending.elsewhere(channel, stand_in, self._message("kit-elsewhere"))

    @check(outbound=True)
    async def test_what_a_message_carries_reaches_the_provider(self) -> None:
        """Claim `subject`, `threads`, `choices` and `templates` only when what `message` has of them is sent."""
        async with self._sending() as (channel, stand_in):
            can = channel.capabilities
            self._some(can.subject or can.threads or can.choices or can.templates, "a message carries its text alone")
            await sending.carries(channel, stand_in, self._message)

    @check(outbound=True)
    @pytest.mark.parametrize("fault", list(Fault))
    async def test_faults_are_typed_and_in_time(self, fault: Fault) -> None:
        """Raise what is true: `NotTaken`, `Rejected`, else `Uncertain`; try once and follow no redirect."""
        async with self._playing(fault) as (channel, stand_in):
            found = await sending.in_time(channel, self._message("kit-fault", timeout=1.0), fault)
            sending.under_fault(fault, found, self.outcomes[fault])
            if fault is Fault.BUSY and isinstance(found, NotTaken):
                assert found.after == self.retry_after, "NotTaken.after is what the provider asked for"
            assert stand_in.saw("kit-fault") <= 1, f"{fault}: send tried again or followed a redirect by itself"

    @check(outbound=True)
    async def test_refusals_mean_what_the_provider_means(self) -> None:
        """Give the provider's own words for no in `refusals`: opted out is `OptedOut`, window closed `WindowClosed`."""
        sending.complete(self.channel().capabilities, self.refusals)
        self._some(self.refusals, "no `refusals` are given")
        async with self._sending() as (channel, stand_in):
            for number, refusal in enumerate(self.refusals):
                await sending.understood(channel, stand_in, refusal, self._message(f"kit-refusal-{number}"))

    @check(outbound=True, lookup=True)
    async def test_what_was_sent_can_be_looked_up(self) -> None:
        """Return from `lookup` what the provider has, `None` only when it was asked and has none, else raise."""
        async with self._sending() as (channel, stand_in):
            await sending.looked_up(channel, stand_in, self._message, broken=Fault.BROKEN not in self.unplayed)

    @check(outbound=True)
    async def test_a_cancelled_send_stops_and_the_channel_goes_on(self) -> None:
        """Never swallow `asyncio.CancelledError`, and give back what the send held."""
        async with self._playing(Fault.SILENT) as (channel, stand_in):
            await sending.cancelled(channel, stand_in, self._message("kit-cancelled", timeout=60.0))
            await channel.send(self._message("kit-afterwards"))
            assert stand_in.saw("kit-afterwards"), "after a cancelled send the channel sends no more"

    @check(outbound=False)
    async def test_a_channel_that_only_listens_rejects_sending(self) -> None:
        """Raise `Rejected(..., scope=Scope.CHANNEL)` from `send`."""
        with pytest.raises(Rejected) as caught:
            await self.channel().send(self._message("kit-delivery"))
        assert caught.value.scope is Scope.CHANNEL, "nothing can be sent here, so the scope is the channel"

    # Opening, closing, and the doctor

    @check()
    async def test_a_channel_closes_without_having_opened(self) -> None:
        """Let `close` pass over what is not there; it may be called twice."""
        channel = self.channel()
        await channel.close()
        await channel.close()

    @check(outbound=True)
    async def test_a_closed_channel_opens_again_and_leaves_nothing(self) -> None:
        """Raise `NotTaken` from `send` while closed; await in `close` whatever was begun, and forget it."""
        async with sending.leaving_nothing(), self._sending() as (channel, _):
            await sending.closes_and_opens(channel, self._message)

    @check(outbound=True)
    async def test_the_doctor_is_told_in_words(self) -> None:
        """Return from `check` a `Problem` with its remedy, also when the provider cannot be reached; never raise."""
        self._some(isinstance(self.channel(), Checking), "the channel has no check")
        async with self._sending() as (channel, stand_in):
            found = await sending.examined(channel, stand_in, refused=Fault.REFUSED not in self.unplayed)
        self._search("check", [f"{one.summary} {one.remedy}" for one in found])
