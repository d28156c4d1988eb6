"""The checks of the kit: what `parse` and `glance` make of a request."""
# ruff: noqa: S101 asserts are what a kit is made of

from __future__ import annotations

import pickle

import attrs
import pytest

from treckk_gateway.channel import Glancing, ParseMode
from treckk_gateway.testing import tampering
from treckk_gateway.testing.conformance.hooks import Hooks, check
from treckk_gateway.testing.judging import door, reading


class Parsing(Hooks):
    """What `parse` and `glance` make of a request."""

    @check()
    def test_parse_is_pure(self) -> None:
        """Let `parse` depend on the body and `kept_headers` only: no clock, no random id, no network, no state."""
        self._each(reading.pure, self.channel())

    @check(parse=ParseMode.DEFERRED)
    def test_a_deferred_channel_parses_the_same_in_a_copy(self) -> None:
        """Define `__getstate__` and `__setstate__`, so that a pickled copy can parse in another process."""
        channel = self.channel()
        copy = pickle.loads(pickle.dumps(channel))  # noqa: S301 our own bytes
        for sample in self.samples():
            request = sample.request.keeping(type(channel).kept_headers)
            assert list(copy.parse(request)) == list(channel.parse(request)), f"{sample.name}: differs in the copy"
            assert channel.envelope(request) == copy.envelope(request), f"{sample.name}: envelope differs"

    @check()
    def test_dedupe_keys_are_stable_and_distinct(self) -> None:
        """Take the provider's id as `dedupe_key`; a receipt's also holds its status."""
        channel, seen = self.channel(), dict[str, str]()
        deferred = channel.capabilities.parse is ParseMode.DEFERRED
        for sample in self.samples():
            keys = [item.dedupe_key for item in channel.parse(sample.request)]
            for key in [channel.envelope(sample.request).dedupe_key] if deferred else keys:
                assert key.strip(), f"{sample.name}: an empty dedupe key"
                assert key not in seen, f"{sample.name} has the dedupe key of {seen.get(key)}"
                seen[key] = sample.name

    @check()
    def test_a_missing_field_glues_no_two_messages(self) -> None:
        """Raise `PayloadError` when the id is missing, or make the key a hash: an empty id is no key."""
        self._some(reading.apart(self.channel(), self.samples()), "no sample is JSON or a form")

    @check()
    def test_hostile_bodies_are_items_or_payload_errors(self) -> None:
        """Check the type of every value before it is used; turn whatever remains into `PayloadError(...) from None`."""
        for what, request in self._hostile():
            reading.survives(self.channel(), request, what)

    @check()
    def test_large_bodies_stay_within_bounds(self) -> None:
        """Read each part of the body once, keep no copies, and bound how many items are made of it."""
        for sample in list(self.samples())[:2]:
            for what, body in tampering.large(sample.request.body, reading.LARGE):
                reading.bounded(self.channel(), attrs.evolve(sample.request, body=body), f"{sample.name}: {what}")

    @check()
    async def test_genuine_nonsense_is_a_payload_error(self) -> None:
        """Let `verify` judge the proof alone and `parse` the sense: what is genuine and no message is parked."""
        channel = self.channel()
        for number, body in enumerate(self.nonsense):
            request = self.sign(body)
            if channel.capabilities.webhook:
                await door.verify(channel, request)
            reading.nonsense(f"nonsense {number}", channel, request)
        self._some(len(self.nonsense), "the author says any bytes mean something")

    @check()
    def test_a_glance_says_what_parse_says(self) -> None:
        """Return `None` from `glance` whenever in doubt; it never raises."""
        channel, samples = self.channel(), [*self.samples(), *self.unknown()]
        if not isinstance(channel, Glancing):
            pytest.skip("the channel has no glance")
        seen = [one.name for one in samples if reading.glances(channel, one.request, one.name)]
        assert seen, "no sample is seen at a glance"
        for what, request in self._hostile():
            reading.glances(channel, request, what)

    @check()
    def test_fields_added_one_day_change_nothing(self) -> None:
        """Read the fields you know and pass over the rest."""
        counts = [reading.tolerant(self.channel(), sample) for sample in self.samples()]
        self._some(sum(counts), "no sample is JSON or a form")

    @check()
    def test_unknown_words_are_kept_as_unknown(self) -> None:
        """Give `DeliveryState.UNKNOWN` with the word, or a message with `unsupported`, for what you do not know."""
        samples = list(self.unknown())
        for sample in samples:
            reading.unknown(sample.name, self.channel().parse(sample.request))
        self._some(len(samples), "no `unknown` samples are given: the protocol has no words to add to")

    @check(receipts=True)
    def test_an_invented_status_moves_nothing(self) -> None:
        """Map statuses by a table with `.get(word, DeliveryState.UNKNOWN)`, never by a default that means something."""
        counts = [reading.moved_by_nothing(self.channel(), sample) for sample in self.samples()]
        self._some(sum(counts), "no receipt has its status as one value of JSON or a form")
