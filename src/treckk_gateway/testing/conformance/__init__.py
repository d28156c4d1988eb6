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

A check that does not apply is skipped and says why; one that fails says what to do; a missing hook fails.
"""

from __future__ import annotations

from treckk_gateway.testing.conformance.claims import Claims
from treckk_gateway.testing.conformance.discretion import Discretion
from treckk_gateway.testing.conformance.door import Door
from treckk_gateway.testing.conformance.parsing import Parsing
from treckk_gateway.testing.conformance.sending import Sending
from treckk_gateway.testing.judging.samples import Refusal, Sample

__all__ = ["ChannelConformance", "Refusal", "Sample"]


class ChannelConformance(Claims, Door, Parsing, Sending, Discretion):
    """All checks; what an author fills in stands in `Hooks`, each check in the module of its concern."""
