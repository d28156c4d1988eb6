from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import ClassVar

from treckk_gateway.adapters import web
from treckk_gateway.adapters.web import WebChannel
from treckk_gateway.channel import ChannelContext, WebhookRequest, standard_webhooks
from treckk_gateway.errors import Rejected
from treckk_gateway.model import Address, MediaKind, Secret
from treckk_gateway.testing import Fault
from treckk_gateway.testing.conformance import ChannelConformance, Sample
from treckk_gateway.testing.sandbox.portal import PortalSandbox

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OLD = "whsec_" + base64.b64encode(bytes(range(24))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
URL = "https://gateway.example.go.id/channels/web"
NOW = 1_795_500_000


def web_channel(*secrets, callback_url="http://127.0.0.1:9/updates"):
    options = WebChannel.Options(secret=tuple(map(Secret, secrets)), callback_url=callback_url)
    context = ChannelContext(channel_id="web", webhook_url=URL, clock=lambda: NOW)
    return WebChannel.from_settings(options, context)


def webhook(kind, **data):
    return json.dumps({"type": kind, "timestamp": "2026-11-24T06:00:00Z", "data": data}).encode()


class TestWebConformance(ChannelConformance):
    quality = Path(web.__file__).with_name("quality.toml")
    secrets = (SECRET, SECRET.removeprefix("whsec_"), OLD)
    signature_headers = standard_webhooks.HEADERS
    outcomes: ClassVar = {**ChannelConformance.outcomes, Fault.MOVED: (Rejected,)}

    def channel(self, stand_in=None):
        return web_channel(SECRET, OLD, callback_url=stand_in.callback_url if stand_in else "http://127.0.0.1:9/")

    def stranger(self):
        return web_channel(OTHER)

    def sign(self, body):
        key = standard_webhooks.key(SECRET)
        return WebhookRequest.of("POST", URL, standard_webhooks.sign([key], "msg_kit_0001", NOW, body), body)

    def samples(self):
        body = webhook(
            "complaint.created",
            id="lapor-1",
            conversation_id="warga-71",
            text="Pohon tumbang menutup jalan desa",
            subject="Pohon tumbang",
            sender={"id": "akun-5", "name": "Siti Contoh", "address": "whatsapp:+6281200000071"},
            location={"lat": -2.33, "lng": 115.45, "text": "depan pasar"},
            attachments=[
                {"content_base64": "R0lGODlh", "content_type": "image/gif", "filename": "pohon.gif"},
                {"url": "https://portal.example.go.id/f/2", "content_type": "application/pdf"},
            ],
        )
        full = {
            "dedupe_key": "lapor-1",
            "sender": Address("web", "warga-71"),
            "sender_name": "Siti Contoh",
            "text": "Pohon tumbang menutup jalan desa",
            "subject": "Pohon tumbang",
            "aliases": (Address("whatsapp", "+6281200000071"),),
            "location.lat": -2.33,
            "location.text": "depan pasar",
            "attachments.0.content": b"GIF89a",
            "attachments.0.kind": MediaKind.IMAGE,
            "attachments.1.ref": "https://portal.example.go.id/f/2",
            "claimed_at": NOW * 1_000_000,
            "unsupported": None,
        }
        yield Sample("everything", self.sign(body), full)
        least = self.sign(webhook("complaint.created", id="lapor-2", text="jalan rusak"))
        yield Sample("the least", least, {"dedupe_key": "lapor-2", "sender.value": "lapor-2", "text": "jalan rusak"})
        pin = webhook("complaint.created", id=3, sender={"id": "akun-6"}, location={"lat": "-2.3", "lng": "115.4"})
        yield Sample("a pin", self.sign(pin), {"dedupe_key": "3", "sender.value": "akun-6", "location.lng": 115.4})

    def unknown(self):
        yield Sample("another type", self.sign(webhook("complaint.rated", id="lapor-4", stars=2)))

    def stand_in(self):
        return PortalSandbox(SECRET, clock=lambda: NOW)


async def test_while_secrets_are_changed_either_one_is_taken():
    body = webhook("complaint.created", id="lapor-1", text="halo")
    for secret in (SECRET, OLD):
        signed = standard_webhooks.sign([standard_webhooks.key(secret)], "msg_1", NOW, body)
        assert web_channel(SECRET, OLD).verify(WebhookRequest.of("POST", URL, signed, body)) is None


class TestWebWithoutCallback(TestWebConformance):
    quality = None
    """A portal that only hands in: what it claims changes with the settings."""

    def channel(self, _stand_in=None):
        return web_channel(SECRET, OLD, callback_url=None)
