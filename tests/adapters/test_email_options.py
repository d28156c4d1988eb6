from __future__ import annotations

import json
import pickle
import subprocess
import sys

import pytest

from treckk_gateway.adapters.email import EmailChannel
from treckk_gateway.adapters.email.mailbox import Mailbox
from treckk_gateway.channel import ChannelContext, WebhookRequest
from treckk_gateway.channel.options import read_options
from treckk_gateway.errors import ChannelError, ConfigError, NotTaken, SignatureError
from treckk_gateway.model import Address, OutboundMessage

TABLE = {"listen": "lmtp://127.0.0.1:8024", "smtp": "smtp://127.0.0.1:8025", "address": "aduan@example.go.id"}
CONTEXT = ChannelContext(channel_id="mail", webhook_url="https://aduan.example.go.id/channels/mail")


def options(tmp_path, **more):
    return read_options(
        EmailChannel.Options, {**TABLE, **more}, where="treckk.toml", prefix="channels.mail", base=tmp_path
    )


def test_the_three_settings_suffice(tmp_path):
    read = options(tmp_path)

    assert read.entrance.url == "lmtp://127.0.0.1:8024"
    assert read.max_size == 25 * 1024 * 1024
    assert not read.tls, "plain to this machine"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"listen": "http://127.0.0.1:8024"}, "listen: must begin with lmtp:// or smtp://"),
        ({"listen": "lmtp://127.0.0.1"}, "listen: names no port"),
        ({"listen": "lmtp://:8024"}, "listen: names no host"),
        ({"listen": "lmtp://127.0.0.1:99999"}, "listen: is no address"),
        ({"listen": "lmtp://me@127.0.0.1:8024"}, "listen: takes no user"),
        ({"listen": "lmtp://127.0.0.1:8024/x"}, "listen: takes nothing after the port"),
        ({"listen": "lmtp://a b:1"}, "listen: names no host"),
        ({"smtp": "smtp://u:topsecret@127.0.0.1:25"}, "smtp: holds a password"),
        ({"smtp": "lmtp://127.0.0.1:25"}, "smtp: must begin with smtp:// or smtps://"),
        ({"smtp": "smtp://u@127.0.0.1:25"}, "password: belongs to a user"),
        ({"smtp": "smtps://mail.example.go.id", "starttls": True}, "starttls: smtps is encrypted"),
        ({"address": "aduan"}, "address: is no plain address"),
        ({"address": "aduan+x@example.go.id"}, "address: is no plain address"),
        ({"address": "a b@example.go.id"}, "address: is no plain address"),
        ({"address": f"{'a' * 40}@example.go.id"}, "address: what stands before the @ is too long"),
        ({"name": "a\nb"}, "name: takes"),
        ({"name": ""}, "name: takes"),
        ({"max_size": 1}, "max_size: must lie between 65536 and"),
        ({"connections": 0}, "connections: must lie between 1 and 32"),
        ({"timeout": 0.5}, "timeout: must lie between 1 and 300 seconds"),
        ({"timeout": "x"}, "float"),
        ({"password": "topsecret"}, "never in plain"),
        ({"imap": "x"}, "must begin with imap"),
        ({"pop3": "x"}, "unknown key"),
    ],
)
def test_a_bad_value_is_refused_with_its_key_and_a_reason(tmp_path, more, reason):
    with pytest.raises(ConfigError) as caught:
        options(tmp_path, **more)

    assert reason in str(caught.value)
    assert "topsecret" not in str(caught.value)


def test_a_password_is_never_sent_in_plain_to_another_machine(tmp_path):
    (tmp_path / "password").write_text("topsecret")
    login = {"smtp": "smtp://office%40example.go.id@mail.example.go.id:587", "password": "file:password"}

    with pytest.raises(ConfigError, match="starttls"):
        options(tmp_path, **login, starttls=False)
    read = options(tmp_path, **login)
    assert read.upgrade, "required of another machine by default"
    assert read.relay.user == "office@example.go.id"
    assert "topsecret" not in repr(read)


def test_unencrypted_mail_to_another_machine_must_be_asked_for(tmp_path):
    assert options(tmp_path, smtp="smtp://mail.example.go.id:25").upgrade
    assert not options(tmp_path, smtp="smtp://mail.example.go.id:25", starttls=False).tls
    assert options(tmp_path, smtp="smtps://mail.example.go.id").relay.port == 465


@pytest.mark.parametrize(
    ("address", "owned", "token"),
    [
        ("aduan@example.go.id", True, None),
        ("ADUAN@Example.GO.id", True, None),
        ("aduan+Tok-1@example.go.id", True, "tok-1"),
        ("aduan+@example.go.id", True, None),
        ("aduan+a+b@example.go.id", True, None),
        ("aduanx@example.go.id", False, None),
        ("aduan@example.go.id.evil.example", False, None),
        ("aduan@evil@example.go.id", False, None),
        ("aduan", False, None),
        ("", False, None),
    ],
)
def test_our_address_is_known_with_and_without_a_token(address, owned, token):
    box = Mailbox.of("aduan@example.go.id")

    assert box.owns(address) is owned
    assert box.token(address) == token


def request(method="LMTP", url=TABLE["listen"], to="aduan+tok@example.go.id", **more):
    headers = {"x-envelope-from": "budi@example.org", "x-envelope-to": to, **more}
    return WebhookRequest.of(method, url, {k: v for k, v in headers.items() if v is not None}, b"Subject: x\r\n\r\nx")


@pytest.mark.parametrize(
    "forged",
    [
        request(method="POST"),
        request(method="SMTP"),
        request(url="https://aduan.example.go.id/channels/mail"),
        request(url="lmtp://127.0.0.1:8025"),
        request(to="other@example.go.id"),
        request(to=None),
        request(**{"x-envelope-from": None}),
    ],
)
def test_only_our_listeners_requests_verify(tmp_path, forged):
    channel = EmailChannel.from_settings(options(tmp_path), CONTEXT)

    channel.verify(request())
    with pytest.raises(SignatureError):
        channel.verify(forged)


def test_the_envelope_tells_key_and_claimed_sender_without_parsing(tmp_path):
    channel = EmailChannel.from_settings(options(tmp_path), CONTEXT)

    envelope = channel.envelope(request())

    assert envelope.sender == Address("mailto", "budi@example.org")
    assert envelope.dedupe_key == channel.parse(request())[0].dedupe_key
    assert channel.envelope(request(**{"x-envelope-from": ""})).sender is None


async def test_a_pickled_copy_parses_but_neither_sends_nor_listens_and_holds_no_password(tmp_path):
    (tmp_path / "password").write_text("topsecret")
    read = options(tmp_path, smtp="smtp://office@127.0.0.1:25", password="file:password")
    channel = EmailChannel.from_settings(read, ChannelContext(channel_id="mail", webhook_url="", clock=lambda: 1.0))

    pickled = pickle.dumps(channel)
    copy = pickle.loads(pickled)  # noqa: S301 our own bytes

    assert b"topsecret" not in pickled
    assert copy.parse(request()) == channel.parse(request())
    copy.verify(request())
    with pytest.raises(ChannelError):
        await copy.open()
    message = OutboundMessage(delivery_id="d", attempt_id="a", recipient=Address("mailto", "b@example.org"), text="t")
    with pytest.raises(NotTaken):
        await copy.send(message)


def test_parsing_loads_neither_mail_library():
    code = (
        "import json, sys; from treckk_gateway.adapters.email import EmailChannel;"
        "json.dump([name for name in ('aiosmtpd', 'aiosmtplib') if name in sys.modules], sys.stdout)"
    )

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert json.loads(run.stdout) == []
