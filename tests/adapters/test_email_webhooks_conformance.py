from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import attrs
import mail_services as services

from treckk_gateway.adapters import email
from treckk_gateway.errors import NotTaken, Rejected, Uncertain
from treckk_gateway.model import Address
from treckk_gateway.testing import Fault
from treckk_gateway.testing.conformance import ChannelConformance, Sample
from treckk_gateway.testing.sandbox.mail import MailSandbox

BUDI = Address("mailto", "budi@example.org")
OURS = {"delivery_id": "0123456789abcdef0123"}


class MailService(ChannelConformance):
    """What all services share: what is sent leaves by SMTP."""

    quality = Path(email.__file__).with_name("webhooks") / "quality.toml"
    secrets = (services.LOGIN, services.BASIC, services.MAILGUN_KEY)
    signs_url = False
    signature_headers = ("Authorization",)
    outcomes: ClassVar = {
        **ChannelConformance.outcomes,
        Fault.BROKEN: (NotTaken,),  # a refusal after the text proves that it was not taken
        Fault.GARBAGE: (Uncertain,),
        Fault.MOVED: (Rejected,),
    }
    retry_after = None

    def stand_in(self):
        return MailSandbox()

    def smtp(self, stand_in):
        return stand_in.url if stand_in else "smtp://127.0.0.1:9"

    def recipient(self):
        return BUDI


class TestMailgun(MailService):
    signs_body = False  # its signature covers a timestamp and a token; what is done about that: test_email_webhooks
    nonsense = (b"", b"\xff\xfe\x00")

    def channel(self, stand_in=None):
        return self.configured(services.MAILGUN_KEY, services.LOGIN, stand_in)

    def stranger(self):
        return self.configured("another-key", services.OTHER_LOGIN)

    def configured(self, key, login, stand_in=None):
        secret = (services.Secret(key),)
        login = services.login(login)
        return services.channel("mailgun", webhook_secret=secret, webhook_login=login, smtp=self.smtp(stand_in))

    def sign(self, body):
        made, kind = services.form([("junk", body), *services.mailgun_proof(once=f"t{len(body)}")])
        headers = {"Content-Type": kind, "Authorization": services.BASIC}
        return services.WebhookRequest.of("POST", services.URL, headers, made)

    def samples(self):
        raw = services.eml("plain_id")
        yield Sample("raw", services.mailgun_mail(raw), {"sender": BUDI, "automatic": False})
        yield Sample("fields", fields(), {"subject": "Parkir liar", "attachments.0.filename": "parkir.jpg"})
        failed = services.mailgun_event(services.mailgun_proof(once="e1"))
        yield Sample("failed", failed, {**OURS, "state": "failed", "code": "5.1.1", "scope": "address"})
        for number, (word, state) in enumerate((("accepted", "accepted"), ("delivered", "delivered"))):
            proof = services.mailgun_proof(once=f"e2{number}")
            yield Sample(word, services.mailgun_event(proof, event=word, id=word), {**OURS, "state": state})
        tried = services.mailgun_event(services.mailgun_proof(once="e3"), severity="temporary", id="later")
        yield Sample("tried again", tried, {**OURS, "state": "sending"})

    def unknown(self):
        yield Sample("a new event", services.mailgun_event(event="teleported", id="new"), {"state": "unknown"})


def fields():
    headers = [["From", "Budi <budi@example.org>"], ["Subject", "Parkir liar"], ["Message-Id", "<m1@example.org>"]]
    posted = [
        ("recipient", services.OFFICE),
        ("sender", "budi@example.org"),
        ("message-headers", json.dumps(headers)),
        ("body-plain", "Ada parkir liar di depan pasar."),
        ("body-html", "<p>Ada parkir liar di depan pasar.</p>"),
        ("attachment-count", "1"),
        *services.mailgun_proof(once="fields"),
    ]
    body, kind = services.form(posted, [("attachment-1", "parkir.jpg", "image/jpeg", b"\xff\xd8\xff\xe0 picture")])
    headers = {"Content-Type": kind, "Authorization": services.BASIC}
    return services.WebhookRequest.of("POST", services.URL, headers, body)


class TestPostmark(MailService):
    signs_body = False  # it signs nothing: a login in the URL is all there is

    def channel(self, stand_in=None):
        return services.channel("postmark", webhook_login=services.login(), smtp=self.smtp(stand_in))

    def stranger(self):
        return services.channel("postmark", webhook_login=services.login(services.OTHER_LOGIN))

    def sign(self, body):
        return services.postmark(body)

    def samples(self):
        tree = services.sample("postmark_inbound.json")
        wanted = {"sender": BUDI, "subject": "Bangunan di trotoar \u2013 Paringin", "reply_token": "k7q2"}
        yield Sample("fields", services.postmark(tree), wanted | {"attachments.0.filename": "trotoar.jpg"})
        raw = services.eml("plain_id").decode()
        yield Sample(
            "raw", services.postmark(tree | {"RawEmail": raw, "TextBody": "raw"}), {"sender": BUDI, "automatic": False}
        )
        bounce = services.sample("postmark_bounce.json")
        yield Sample("bounce", services.postmark(bounce), {**OURS, "state": "failed", "scope": "address"})
        later = bounce | {"ID": 2, "Type": "Transient"}
        yield Sample("tried again", services.postmark(later), {**OURS, "state": "sending"})
        delivered = {"RecordType": "Delivery", "MessageID": "x", "Metadata": bounce["Metadata"]}
        yield Sample("delivered", services.postmark(delivered), {**OURS, "state": "delivered"})

    def unknown(self):
        record = services.sample("postmark_bounce.json") | {"RecordType": "Teleported"}
        yield Sample("a new record", services.postmark(record), {"state": "unknown"})


class TestSendGrid(MailService):
    signature_headers = ("X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp")
    nonsense = (b"", b"\xff\xfe\x00", b"{}")

    def channel(self, stand_in=None):
        key = (services.sendgrid_public(),)
        return services.channel("sendgrid", webhook_secret=key, smtp=self.smtp(stand_in))

    def stranger(self):
        return services.channel("sendgrid", webhook_secret=(services.sendgrid_public("other"),))

    def sign(self, body):
        return services.sendgrid(body)

    def samples(self):
        wanted = {"sender": BUDI, "automatic": False}
        yield Sample("raw", services.sendgrid_mail(services.eml("plain_id")), wanted)
        yield Sample("fields", sendgrid_fields(), {"text": "Warung buka 24 jam \u2013 terus.", "subject": "Warung"})
        bounced = {"delivery_id": "1123456789abcdef0123", "state": "failed", "code": "5.1.1", "scope": "address"}
        expected = [*({**OURS, "state": state} for state in ("accepted", "sending", "delivered")), bounced]
        for event, said in zip(services.sample("sendgrid_events.json"), expected, strict=True):
            yield Sample(event["event"], services.sendgrid(json.dumps([event]).encode()), said)

    def unknown(self):
        event = services.sample("sendgrid_events.json")[0] | {"event": "teleported"}
        yield Sample("a new event", services.sendgrid(json.dumps([event]).encode()), {"state": "unknown"})


def sendgrid_fields():
    posted = [
        ("headers", "From: Budi <budi@example.org>\nSubject: Warung\nTo: aduan@example.go.id\nX-Long: a\n b\n"),
        ("text", "Warung buka 24 jam \u2013 terus.".encode("cp1252")),
        ("charsets", json.dumps({"text": "windows-1252"})),
        ("envelope", json.dumps({"to": [services.OFFICE], "from": "budi@example.org"})),
        ("attachment-info", json.dumps({"attachment1": {"filename": "warung.png", "type": "image/png"}})),
        ("attachments", "1"),
    ]
    body, kind = services.form(posted, [("attachment1", "warung.png", "image/png", b"\x89PNG picture")])
    return services.sendgrid(body, kind)


class TestSes(MailService):
    signature_headers = ("x-amz-sns-message-type",)

    def channel(self, stand_in=None):
        fetch = services.Amazon().fetch
        return services.channel("ses", topics=(services.TOPIC,), fetch=fetch, smtp=self.smtp(stand_in))

    def stranger(self):
        return services.channel("ses", topics=(services.TOPIC + "2",), fetch=services.Amazon().fetch)

    def sign(self, body):
        return services.sns(body.decode("latin-1"))

    def _forged(self, request):
        """As the kit does, but for the signature of another request, which SNS puts into the body."""
        other = self.sign(b"kit=another&request=1")
        for what, forgery in super()._forged(request):
            if what == "signature of another request":
                note = json.loads(request.body) | {"Signature": json.loads(other.body)["Signature"]}
                yield what, attrs.evolve(request, body=json.dumps(note).encode())
            else:
                yield what, forgery

    def samples(self):
        wanted = {"sender": BUDI, "automatic": False, "reply_token": "k7q2"}
        yield Sample("raw", services.ses_mail(services.eml("plain_id")), wanted)
        picture = services.ses_mail(services.eml("photo"), MessageId="2")
        yield Sample("with a file", picture, {"attachments.0.filename": "bangunan.jpg"})
        ours = {"provider_message_id": "<0123456789abcdef0123@example.go.id>"}
        yield Sample(
            "bounce", services.ses_notice("Bounce"), {**ours, "state": "failed", "code": "5.1.1", "scope": "address"}
        )
        states = (("Send", "accepted"), ("DeliveryDelay", "sending"), ("Delivery", "delivered"))
        for word, state in states:
            yield Sample(word, services.ses_notice(word, bounce={}), {**ours, "state": state})

    def test_an_invented_status_moves_nothing(self):
        """The kit finds no status to replace: SNS carries SES's words as a text."""
        [receipt] = self.channel().parse(services.ses_notice("kit-never-heard-of"))
        assert receipt.state == "unknown"

    def unknown(self):
        yield Sample("a new event", services.ses_notice("Teleported"), {"state": "unknown"})
