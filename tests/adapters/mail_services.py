"""Mail services as they post to us: genuine requests of each, signed as its documentation says, with keys made here."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509.oid import NameOID

from treckk_gateway.adapters.email import EmailChannel
from treckk_gateway.channel import ChannelContext, WebhookRequest
from treckk_gateway.errors import MediaRefused
from treckk_gateway.model import Secret

SAMPLES = Path(__file__).parents[1] / "samples"
URL = "https://aduan.example.go.id/channels/mail"
NOW = 1_700_000_000
OFFICE = "aduan@example.go.id"
LOGIN = "penyedia:conformance-login-0001"
BASIC = "Basic " + base64.b64encode(LOGIN.encode()).decode()
OTHER_LOGIN = "penyedia:conformance-login-0002"
MAILGUN_KEY = "conformance-mailgun-key"
TOPIC = "arn:aws:sns:ap-southeast-3:123456789012:surat-masuk"
PEM_URL = "https://sns.ap-southeast-3.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"


def sample(name):
    return json.loads((SAMPLES / "mail_services" / name).read_text(encoding="utf-8"))


def eml(name):
    return (SAMPLES / "email" / f"{name}.eml").read_bytes()


def channel(webhook, *, smtp="smtp://127.0.0.1:9", fetch=None, now=NOW, **more):
    options = EmailChannel.Options(webhook=webhook, smtp=smtp, address=OFFICE, **more)
    fetching = {"fetch": fetch} if fetch else {}
    context = ChannelContext(channel_id="mail", webhook_url=URL, clock=lambda: now, **fetching)
    return EmailChannel.from_settings(options, context)


def login(*logins):
    return tuple(map(Secret, logins or (LOGIN,)))


def form(fields, files=(), boundary="grens-0001"):
    """A posted form: fields are name and value, files name, file name, content type and bytes."""
    parts = [
        (
            f'Content-Disposition: form-data; name="{name}"\r\n\r\n',
            value if isinstance(value, bytes) else value.encode(),
        )
        for name, value in fields
    ]
    parts += [
        (
            f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {kind}\r\n\r\n',
            content,
        )
        for name, filename, kind, content in files
    ]
    body = b"".join(f"--{boundary}\r\n{head}".encode() + value + b"\r\n" for head, value in parts)
    return body + f"--{boundary}--\r\n".encode(), f'multipart/form-data; boundary="{boundary}"'


# Mailgun


def mailgun_proof(timestamp=NOW, once="tok-0001", key=MAILGUN_KEY):
    signed = hmac.new(key.encode(), f"{timestamp}{once}".encode(), hashlib.sha256).hexdigest()
    return [("timestamp", str(timestamp)), ("token", once), ("signature", signed)]


def mailgun_mail(raw, *, proof=None, headers=(), **envelope):
    envelope = {"recipient": OFFICE, "sender": "budi@example.org", **envelope}
    body, kind = form([*envelope.items(), ("body-mime", raw), *(proof or mailgun_proof())])
    return WebhookRequest.of("POST", URL, [("Content-Type", kind), ("Authorization", BASIC), *headers], body)


def mailgun_event(proof=None, **changes):
    tree = sample("mailgun_event.json")
    tree["signature"] = dict(proof or mailgun_proof())
    tree["event-data"].update(changes)
    headers = {"Content-Type": "application/json", "Authorization": BASIC}
    return WebhookRequest.of("POST", URL, headers, json.dumps(tree).encode())


# Postmark


def postmark(tree, authorization=BASIC):
    headers = {"Content-Type": "application/json; charset=utf-8", "Authorization": authorization}
    body = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    return WebhookRequest.of("POST", URL, headers, body)


# SendGrid


@cache
def sendgrid_key(name="ours"):
    return ec.generate_private_key(ec.SECP256R1())


def sendgrid_public(name="ours"):
    der = (
        sendgrid_key(name)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return Secret(base64.b64encode(der).decode())


def sendgrid(body, kind="application/json", *, timestamp=NOW, key="ours"):
    signature = sendgrid_key(key).sign(str(timestamp).encode() + body, ec.ECDSA(SHA256()))
    headers = {
        "Content-Type": kind,
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": str(timestamp),
    }
    return WebhookRequest.of("POST", URL, headers, body)


def sendgrid_mail(raw, **more):
    envelope = json.dumps({"to": [OFFICE], "from": "budi@example.org"})
    body, kind = form([("email", raw), ("envelope", envelope), ("subject", "x"), ("spam_score", "0.1")])
    return sendgrid(body, kind, **more)


# SES and SNS


@cache
def sns_key(name="ours"):
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def sns_certificate(name="ours", begins=NOW - 1000, ends=NOW + 10_000_000):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(sns_key(name).public_key())
        .serial_number(7)
        .not_valid_before(dt.datetime.fromtimestamp(begins, dt.UTC))
        .not_valid_after(dt.datetime.fromtimestamp(ends, dt.UTC))
        .sign(sns_key(name), SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


class Amazon:
    """What can be fetched from Amazon, and what was asked for."""

    def __init__(self, **files):
        self.files = {PEM_URL: sns_certificate(), **files}
        self.asked = []

    async def fetch(self, source, most):
        self.asked.append(source)
        found = self.files.get(source.url)
        if found is None:
            raise MediaRefused("its host answered 403")
        if isinstance(found, Exception):
            raise found
        assert len(found) <= most
        return found


def sns(message, *, kind="Notification", version="2", key="ours", header=None, **fields):
    """A note, signed over the fields that its type signs, in SNS's order."""
    note = {
        "Type": kind,
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": message,
        "Timestamp": dt.datetime.fromtimestamp(NOW, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "SignatureVersion": version,
        "SigningCertURL": PEM_URL,
        **fields,
    }
    signed = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if kind != "Notification":
        signed = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{note[name]}\n" for name in signed if name in note)
    sign_with = SHA256() if version == "2" else SHA1()  # noqa: S303 the version that SNS began with
    signature = sns_key(key).sign(text.encode(), padding.PKCS1v15(), sign_with)
    note["Signature"] = base64.b64encode(signature).decode()
    headers = {"Content-Type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": header or kind}
    return WebhookRequest.of("POST", URL, headers, json.dumps(note).encode())


def ses_mail(raw, **more):
    tree = sample("ses_received.json")
    tree["content"] = base64.b64encode(raw).decode()
    return sns(json.dumps(tree), **more)


def ses_notice(word, **changes):
    tree = sample("ses_bounce.json") | {"notificationType": word} | changes
    return sns(json.dumps(tree), MessageId=f"id-{word}")
