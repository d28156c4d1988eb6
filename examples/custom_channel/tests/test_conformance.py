"""The kit's checks, filled in for Merpati."""

from __future__ import annotations

import json

from treckk_gateway.channel import ChannelContext, WebhookRequest
from treckk_gateway.model import Address, Secret
from treckk_gateway.testing import HttpStandIn
from treckk_gateway.testing.conformance import ChannelConformance, Sample

from treckk_merpati import STATES, MerpatiChannel, signature

TOKEN = "merpati-token-0001"  # made up
URL = "https://gateway.example.org/channels/sms"


class TestMerpati(ChannelConformance):
    secrets = (TOKEN,)
    signature_headers = ("X-Merpati-Signature",)

    def channel(self, stand_in=None, token=TOKEN):
        url = stand_in.url if stand_in else "http://127.0.0.1:9"
        options = MerpatiChannel.Options(token=Secret(token), api_base_url=url)
        return MerpatiChannel.from_settings(options, ChannelContext(channel_id="sms", webhook_url=URL))

    def stranger(self):
        return self.channel(token="another-token")

    def sign(self, body):
        headers = {"X-Merpati-Signature": signature(Secret(TOKEN), URL, body).decode()}
        return WebhookRequest.of("POST", URL, headers, body)

    def event(self, **fields):
        return self.sign(json.dumps(fields).encode())

    def samples(self):
        said = {"id": "m-1", "from": "+6281200000001", "text": "Lampu jalan padam"}
        wanted = {"dedupe_key": "m-1", "sender": Address("sms", "+6281200000001"), "text": "Lampu jalan padam"}
        yield Sample("a message", self.event(**said), wanted)
        for word, state in STATES.items():
            yield Sample(word, self.event(id="r-1", ref="d-1", status=word), {"state": state, "delivery_id": "d-1"})

    def unknown(self):
        yield Sample("a new status", self.event(id="r-1", ref="d-1", status="resting"))

    def stand_in(self):
        return HttpStandIn()
