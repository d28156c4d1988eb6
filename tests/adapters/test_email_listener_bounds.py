"""The mail listener encrypted, and what nobody can make it do: STARTTLS with a real certificate, lines, time."""

from __future__ import annotations

import asyncio
import ssl

import pytest
from certificates import certificate
from test_email_listener import Store, listening

from treckk_gateway.adapters.email import EmailChannel, listener
from treckk_gateway.errors import ChannelError


async def encrypted(peer, context):
    """Upgrade as a mail server does, and greet again."""
    assert (await peer.say("STARTTLS")).startswith("220")
    async with asyncio.timeout(60):
        await peer.writer.start_tls(context, server_hostname="localhost")
    return await peer.say("LHLO mx.example.org")


def keys(tmp_path):
    chain, private = certificate(tmp_path)
    given = {"listen_certificate": str(chain), "listen_key": str(private)}
    return given, ssl.create_default_context(cafile=str(chain))


async def test_a_mail_comes_over_an_encrypted_session(tmp_path):
    given, trusting = keys(tmp_path)
    store = Store()
    async with listening(store, **given, listen_starttls=True) as channel:
        peer = await channel.connect()
        assert "STARTTLS" in channel.greeting
        assert "STARTTLS" not in await encrypted(peer, trusting)
        assert peer.writer.get_extra_info("cipher")[1] in {"TLSv1.2", "TLSv1.3"}

        assert (await peer.mail()).startswith("250")
        assert (await peer.mail("Subject: dua\r\n\r\nLagi.\r\n")).startswith("250")

    assert [len(one.body) > 0 for one in store.requests] == [True, True]


@pytest.mark.parametrize("line", ["MAIL FROM:<budi@example.org>", "RCPT TO:<aduan@example.go.id>", "DATA"])
async def test_where_encryption_is_required_nothing_goes_without(tmp_path, line):
    given, _ = keys(tmp_path)
    store = Store()
    async with listening(store, **given, listen_starttls=True) as channel:
        peer = await channel.connect()
        assert (await peer.say(line)).startswith("530")
    assert store.requests == []


async def test_where_it_is_only_offered_a_mail_may_come_in_plain(tmp_path):
    given, _ = keys(tmp_path)
    store = Store()
    async with listening(store, **given) as channel:
        peer = await channel.connect()
        assert "STARTTLS" in channel.greeting
        assert (await peer.mail()).startswith("250")


async def test_without_a_certificate_it_is_not_offered():
    async with listening(Store()) as channel:
        peer = await channel.connect()
        assert "STARTTLS" not in channel.greeting
        assert (await peer.say("STARTTLS"))[0] in "45"


async def test_what_was_said_before_the_encryption_does_not_count_after_it(tmp_path):
    """A man in the middle could slip commands in behind STARTTLS (CVE-2011-0411)."""
    given, trusting = keys(tmp_path)
    store = Store()
    async with listening(store, **given) as channel:
        peer = await channel.connect()
        assert (await peer.envelope()).startswith("250")
        await encrypted(peer, trusting)
        assert (await peer.say("DATA")).startswith("503")
        slipped = await channel.connect()
        slipped.writer.write(b"STARTTLS\r\nMAIL FROM:<slipped@example.org>\r\n")
        assert (await slipped.hear()).startswith("220")
        async with asyncio.timeout(60):
            await slipped.writer.start_tls(trusting, server_hostname="localhost")
        assert (await slipped.say("LHLO mx.example.org")).startswith("250")
        assert (await slipped.say("RCPT TO:<aduan@example.go.id>")).startswith("503")
    assert store.requests == []


async def test_a_client_that_does_not_trust_us_is_left_and_others_are_served(tmp_path):
    given, trusting = keys(tmp_path)
    store = Store()
    async with listening(store, **given) as channel:
        doubting = await channel.connect()
        assert (await doubting.say("STARTTLS")).startswith("220")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            async with asyncio.timeout(60):
                await doubting.writer.start_tls(ssl.create_default_context(), server_hostname="localhost")
        peer = await channel.connect()
        await encrypted(peer, trusting)
        assert (await peer.mail()).startswith("250")


async def test_the_listener_ends_with_encrypted_peers_connected(tmp_path):
    given, trusting = keys(tmp_path)
    async with listening(Store(), **given) as channel:
        peer = await channel.connect()
        await encrypted(peer, trusting)
        async with asyncio.timeout(60):
            await channel.close()
    assert channel.listening is None


async def test_keys_that_do_not_fit_are_refused_by_name(tmp_path):
    given, _ = keys(tmp_path)
    (tmp_path / "server.key").write_text("no key", encoding="utf-8")
    with pytest.raises(ChannelError, match="listen_certificate"):
        async with listening(Store(), **given):
            pass


@pytest.mark.parametrize(
    ("given", "required"),
    [
        ({"listen": "lmtp://127.0.0.1:24"}, False),
        ({"listen": "lmtp://10.0.0.5:24"}, True),
        ({"listen": "lmtp://10.0.0.5:24", "listen_starttls": False}, False),
        ({"listen": "lmtp://127.0.0.1:24", "listen_starttls": True}, True),
    ],
)
def test_peers_on_other_machines_must_encrypt_unless_told_otherwise(given, required):
    more = {
        "listen_certificate": "a.pem",
        "listen_key": "a.key",
        "smtp": "smtp://127.0.0.1",
        "address": "a@example.go.id",
    }
    assert EmailChannel.Options(**given, **more).wants_starttls is required


# Lines and time


async def test_a_command_line_without_end_is_answered_and_not_kept():
    store = Store()
    async with listening(store) as channel:
        peer = await channel.connect()
        assert (await peer.say("NOOP " + "x" * 200_000)).startswith("5")
        assert (await peer.mail()).startswith("250")
    assert len(store.requests) == 1


async def test_a_text_that_drips_is_ended_and_the_peer_keeps_the_mail(monkeypatch):
    monkeypatch.setattr(listener, "SLOWEST", 0.2)
    store = Store()
    async with listening(store) as channel:
        peer = await channel.connect()
        await peer.envelope()
        assert (await peer.say("DATA")).startswith("354")
        peer.writer.write(b"Subject: slow\r\n")
        assert (await peer.hear()).startswith("421")
        assert await peer.hear() == ""
    assert store.requests == []


async def test_a_peer_that_says_nothing_is_sent_away(monkeypatch):
    monkeypatch.setattr(listener, "SILENCE", 0.2)
    async with listening(Store()) as channel:
        peer = await channel.connect(greet=False)
        assert (await peer.hear()).startswith("421") or await peer.hear() == ""
