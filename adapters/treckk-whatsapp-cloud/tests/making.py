"""A channel and what Meta posts to it, for the tests."""

from __future__ import annotations

from meta import NUMBER_ID, SECRET, TOKEN, VERIFY, signed
from treckk_gateway.channel import ChannelContext, WebhookRequest
from treckk_gateway.model import Address, OutboundMessage, Secret

from treckk_whatsapp_cloud import WhatsAppCloudChannel

URL = "https://gateway.example.org/channels/whatsapp"
CITIZEN = "6281200000001"  # invented
USER = "ID.4566546130240823"


def make(url="http://127.0.0.1:9", secrets=(SECRET,), webhook_url=URL, **more):
    """A channel that sends to `url`; nobody listens at the default."""
    given = {"verify_token": Secret(VERIFY), "access_token": Secret(TOKEN), "phone_number_id": NUMBER_ID} | more
    options = WhatsAppCloudChannel.Options(app_secret=tuple(map(Secret, secrets)), api_base_url=url, **given)
    return WhatsAppCloudChannel.from_settings(options, ChannelContext(channel_id="whatsapp", webhook_url=webhook_url))


def post(body, secret=SECRET):
    return WebhookRequest.of("POST", URL, signed(body, secret), body)


def said(**message):
    """A message; its type is the field that holds what it says."""
    head = {"from": CITIZEN, "timestamp": "1795500000"}
    kinds = [
        name for name in message if name not in {"id", "from", "from_user_id", "context", "group_id", "type", "errors"}
    ]
    found = head | {"type": kinds[0] if kinds else "text"} | message
    return {name: one for name, one in found.items() if one is not None}


def status(word, **more):
    head = {"id": "wamid.our1", "status": word, "timestamp": "1795500060", "recipient_id": CITIZEN}
    return head | {"biz_opaque_callback_data": "d-1"} | more


def message(text="Petugas menuju lokasi", to=f"+{CITIZEN}", **more):
    recipient = Address("whatsapp", to)
    return OutboundMessage(delivery_id="d-1", attempt_id="a-1", recipient=recipient, text=text, timeout=5.0, **more)
