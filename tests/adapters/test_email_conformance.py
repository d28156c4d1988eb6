from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from treckk_gateway.adapters import email
from treckk_gateway.adapters.email import EmailChannel
from treckk_gateway.channel import ChannelContext, WebhookRequest
from treckk_gateway.errors import NotTaken, Rejected, Uncertain
from treckk_gateway.model import Address, Secret
from treckk_gateway.testing import Fault
from treckk_gateway.testing.conformance import ChannelConformance, Sample
from treckk_gateway.testing.sandbox.mail import MailSandbox

SAMPLES = Path(__file__).parents[1] / "samples" / "email"
URL = "https://aduan.example.go.id/channels/mail"
LISTEN = "lmtp://127.0.0.1:8024"
PASSWORD = "conformance-password-1"
IMAP_PASSWORD = "conformance-password-2"
FILES = {
    "plain_id": {"sender": Address("mailto", "budi@example.org"), "automatic": False},
    "photo": {"attachments.0.filename": "bangunan.jpg", "attachments.0.size": 10},
    "html_only": {"subject": "Warung 24 jam"},
    "gmail_reply_id": {"text": "Lokasinya di Jl. Ahmad Yani, samping masjid \u2013 sejak kemarin."},
    "encrypted": {"unsupported": "encrypted"},
    "auto_submitted": {"automatic": True},
}


class TestEmail(ChannelConformance):
    quality = Path(email.__file__).with_name("quality.toml")
    secrets = (PASSWORD,)
    signs_url = True
    outcomes: ClassVar = {
        **ChannelConformance.outcomes,
        Fault.BROKEN: (NotTaken,),  # a refusal after the text proves that it was not taken
        Fault.GARBAGE: (Uncertain,),
        Fault.MOVED: (Rejected,),
    }
    retry_after = None

    def channel(self, stand_in=None):
        relay = stand_in.url if stand_in else "smtp://127.0.0.1:9"
        options = EmailChannel.Options(
            listen=LISTEN,
            smtp=relay.replace("://", "://office@"),
            password=Secret(PASSWORD),
            address="aduan@example.go.id",
            name="Pengaduan Satpol PP",
        )
        return EmailChannel.from_settings(options, ChannelContext(channel_id="mail", webhook_url=URL))

    def sign(self, body):
        return self.delivered(body, "x@example.org", "aduan@example.go.id")

    def delivered(self, body, sender, recipient):
        return WebhookRequest.of("LMTP", LISTEN, {"x-envelope-from": sender, "x-envelope-to": recipient}, body)

    def samples(self):
        for name, expected in FILES.items():
            raw = (SAMPLES / f"{name}.eml").read_bytes()
            yield Sample(name, self.delivered(raw, "x@example.org", "aduan+k7q2@example.go.id"), expected)
        bounce = (SAMPLES / "dsn_no_such_user.eml").read_bytes()
        receipt = {"state": "failed", "delivery_id": "0123456789abcdef0123", "scope": "address", "code": "5.1.1"}
        yield Sample("bounce", self.delivered(bounce, "", "aduan@example.go.id"), {"automatic": True}, receipt)

    def stand_in(self):
        return MailSandbox(login=("office", PASSWORD))


class TestEmailByImap(TestEmail):
    """The same mail, from a folder instead of a listener."""

    secrets = (PASSWORD, IMAP_PASSWORD)

    def channel(self, stand_in=None):
        relay = stand_in.url if stand_in else "smtp://127.0.0.1:9"
        options = EmailChannel.Options(
            imap="imap://office@127.0.0.1:9",
            imap_password=Secret(IMAP_PASSWORD),
            smtp=relay.replace("://", "://office@"),
            password=Secret(PASSWORD),
            address="aduan@example.go.id",
        )
        return EmailChannel.from_settings(options, ChannelContext(channel_id="mail", webhook_url=URL))

    def delivered(self, body, sender, recipient):
        return WebhookRequest.of("IMAP", "imap://127.0.0.1:9", (), body)
