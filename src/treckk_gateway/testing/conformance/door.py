"""The checks of the kit: what passes the door, and what is answered."""
# ruff: noqa: S101 asserts are what a kit is made of

from __future__ import annotations

import pytest

from treckk_gateway.channel import WebhookRequest
from treckk_gateway.testing.conformance.hooks import Hooks, check
from treckk_gateway.testing.judging import door


class Door(Hooks):
    """What passes the door, and what is answered."""

    @check(webhook=True)
    async def test_genuine_requests_verify(self) -> None:
        """Compute the proof as the provider does: over raw bytes and the address it was told to call."""
        for sample in self.samples():
            await door.verify(self.channel(), sample.request)

    @check(webhook=True)
    async def test_forged_requests_are_refused(self) -> None:
        """Raise `SignatureError` unless every needed header is there once and fits; compare in constant time."""
        channel = self.channel()
        assert self.signature_headers, "signature_headers names where the proof stands"
        for sample in self.samples():
            for what, request in self._forged(sample.request):
                await door.refused(channel, request, f"{sample.name}: {what}")

    @check(webhook=True)
    async def test_a_stranger_is_refused(self) -> None:
        """Verify with the secret of the settings, not with one that every channel shares."""
        stranger = self.stranger() or pytest.skip("no `stranger` is given: the channel has no secret of its own")
        for sample in self.samples():
            await door.refused(stranger, sample.request, f"{sample.name}: signed with another secret")

    @check(webhook=False)
    async def test_a_listener_takes_no_webhook(self) -> None:
        """Let `verify` take only requests with the method and address of your own listener."""
        for sample in self.samples():
            request = WebhookRequest.of("POST", "https://example.org/channels/kit", (), sample.request.body)
            await door.refused(self.channel(), request, f"{sample.name}: posted to a channel that only listens")

    @check()
    async def test_a_proxy_between_changes_nothing(self) -> None:
        """Read headers by `request.header(name)` in any case, and never the address from Host or X-Forwarded-*."""
        channel = self.channel()
        for sample in self.samples():
            await door.unmoved(channel, sample, signed=channel.capabilities.webhook)

    @check()
    def test_what_was_kept_is_acknowledged(self) -> None:
        """Answer 2xx for whatever was kept, also duplicates and what was parked: else the provider comes again."""
        self._each(door.acknowledged)
