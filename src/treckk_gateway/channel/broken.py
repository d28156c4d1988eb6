"""What stands where a channel is configured whose adapter is installed and cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from treckk_gateway.channel.capabilities import Capabilities
from treckk_gateway.channel.contract import Channel, Problem
from treckk_gateway.channel.webhook import WebhookRequest
from treckk_gateway.errors import AdapterError, Rejected, Scope
from treckk_gateway.model import OutboundMessage

CODE = "adapter_broken"


class BrokenChannel(Channel):
    """Keeps the place until the adapter is mended: the other channels run, and nothing of this one is lost.

    The receiver answers its webhooks with 503, so that the provider comes again; what waits to be sent goes on waiting.
    """

    kind = "broken"

    def __init__(self, channel_id: str, reason: str) -> None:
        self.channel_id = channel_id
        self.capabilities = Capabilities(schemes=frozenset())
        self.reason = reason

    def verify(self, request: WebhookRequest) -> NoReturn:  # noqa: ARG002 the contract's signature
        """Nothing can be shown to be genuine."""
        raise AdapterError(self.reason)

    def parse(self, request: WebhookRequest) -> NoReturn:  # noqa: ARG002 the contract's signature
        """Nothing can be read; what was stored before is parked after some tries, and can be run again."""
        raise AdapterError(self.reason)

    async def send(self, message: OutboundMessage) -> NoReturn:  # noqa: ARG002 the contract's signature
        """Pauses the channel, so that messages wait."""
        raise Rejected(CODE, "its adapter cannot be used", scope=Scope.CHANNEL)

    async def check(self) -> Sequence[Problem]:
        """The reason, for the doctor."""
        remedy = "install a version of that package that fits, or remove the channel; then start again"
        return [Problem(summary=self.reason, remedy=remedy, fatal=True)]
