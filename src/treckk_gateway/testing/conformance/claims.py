"""The checks of the kit: claims, settings, values, and files left with the provider."""
# ruff: noqa: S101 asserts are what a kit is made of

from __future__ import annotations

import pytest

from treckk_gateway.channel import registry
from treckk_gateway.model import DeliveryReceipt, InboundMessage
from treckk_gateway.testing.conformance.hooks import Hooks, check
from treckk_gateway.testing.judging import claims, media, reading


class Claims(Hooks):
    """Claims, settings, values, and files left with the provider."""

    @check()
    def test_claims_are_complete_and_typed(self) -> None:
        """Set `kind`, `channel_id`, `Options`, `kept_headers` and `capabilities` as the contract says."""
        claims.sound(self.channel())

    @check()
    def test_its_entry_point_names_this_class(self) -> None:
        """Name the class under `[project.entry-points."treckk_gateway.adapters"]` in pyproject.toml, and install it."""
        channel = type(self.channel())
        if channel.kind not in registry.installed():
            pytest.skip(f"no adapter {channel.kind!r} is installed as an entry point")
        assert registry.load(channel.kind) is channel, f"the entry point {channel.kind!r} names another class"

    @check()
    def test_secrets_are_held_as_secrets(self) -> None:
        """Give each token, key and password in `Options` the type `Secret`, so that it is read from env: or file:."""
        claims.secretive(type(self.channel()).Options)

    @check()
    def test_samples_say_what_is_expected(self) -> None:
        """Compare `parse` with the provider's documents, or mend the sample."""
        assert list(self.samples()), "at least one sample"
        self._each(reading.as_expected)

    @check()
    def test_claims_match_the_samples(self) -> None:
        """Claim in `capabilities` what the channel can do and no more; give a sample of everything that is claimed."""
        claims.shown(self.channel().capabilities, self._items())

    @check()
    def test_values_are_in_their_units(self) -> None:
        """Use microseconds, `numbers.normal` for telephone numbers, and `Location.read` for places."""
        self._each_item(claims.in_their_units, InboundMessage | DeliveryReceipt)

    @check(receipts=True)
    def test_receipts_name_their_delivery(self) -> None:
        """Give a receipt our `delivery_id` or the provider's id, its own word, and a scope where it tells a failure."""
        self._each_item(claims.told, DeliveryReceipt)

    # Files left with the provider

    @check(media_in=True)
    def test_files_left_with_the_provider_can_be_fetched(self) -> None:
        """Give `media_source` an http(s) address, and `hosts` that its own is one of."""
        media.fetchable(self.channel(), self._refs())

    @check(media_in=True)
    def test_a_forged_file_reference_gets_no_credentials(self) -> None:
        """Build the address from the settings and a quoted id, or compare its host and path; else `PayloadError`."""
        media.forged_refs(self.channel(), self._refs(), self.secrets)
