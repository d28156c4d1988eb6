from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.adapters.email import EmailChannel, sending
from treckk_gateway.adapters.email.mail import open_mail
from treckk_gateway.adapters.email.mailbox import Mailbox
from treckk_gateway.adapters.email.writing import write_letter
from treckk_gateway.channel import ChannelContext
from treckk_gateway.errors import NotTaken, Rejected, Scope, SendError, Uncertain
from treckk_gateway.model import Address, DeliveryState, OutboundMessage, Secret, Thread
from treckk_gateway.testing import Fault
from treckk_gateway.testing.sandbox.mail import MailSandbox, Stage, Trouble

NOW = 1_795_500_000.0
BOX = Mailbox.of("aduan@example.go.id", "Pengaduan Satpol PP")
TOKEN = "k7q2m4x5z3a6b2c7d4e5f6g7h2"


def outbound(delivery_id="0123456789abcdef0123", to="budi@example.org", **more):
    return OutboundMessage(
        **{
            "delivery_id": delivery_id,
            "attempt_id": "a1",
            "recipient": Address("mailto", to),
            "text": "Laporan Bapak/Ibu telah kami terima.",
            "subject": "[TRK-2611-00042] Laporan Anda kami terima",
            **more,
        }
    )


def written(message):
    letter = write_letter(message, BOX, NOW)
    return letter, message_from_bytes(letter.content, policy=policy.default)


@asynccontextmanager
async def sending_to(relay, smtp=None, **more):
    options = EmailChannel.Options(
        listen="lmtp://127.0.0.1:0", smtp=smtp or relay.url, address=BOX.address, name=BOX.name, **more
    )
    context = ChannelContext(channel_id="mail", webhook_url="https://aduan.example.go.id", clock=lambda: NOW)
    channel = EmailChannel.from_settings(options, context)
    await channel.open()
    try:
        yield channel
    finally:
        await channel.close()


async def failing(channel, **message):
    with pytest.raises(SendError) as caught:
        await channel.send(outbound(timeout=message.pop("timeout", 5.0), **message))
    assert caught.value.__cause__ is None
    assert "example.org" not in str(caught.value)
    return caught.value


def plain(mail):
    return mail.get_body(("plain",)).get_content()


# Writing


def test_the_plain_text_comes_first_and_the_html_says_the_same():
    text = "Yth. <Budi> & keluarga,\n\nLihat https://aduan.example.go.id/lapor/x?a=1&b=2.\nSalam \u2013 Satpol PP"

    _, mail = written(outbound(text=text))

    assert mail.get_content_type() == "multipart/alternative"
    first, second = mail.iter_parts()
    assert (first.get_content_type(), second.get_content_type()) == ("text/plain", "text/html")
    assert first.get_content().splitlines() == text.splitlines()
    html = second.get_content()
    assert "Yth. &lt;Budi&gt; &amp; keluarga,<br>" in html
    link = "https://aduan.example.go.id/lapor/x?a=1&amp;b=2"
    assert f'Lihat <a href="{link}">{link}</a>.<br>' in html
    assert not re.search(r"<(?:img|script|style|link)", html)
    again = open_mail(written(outbound(text=text))[0].content)
    assert again.text == text


def test_a_reporters_hostile_words_are_only_words_in_the_html():
    _, mail = written(outbound(text='<img src=x onerror=alert(1)> https://x.example/"onmouseover="a'))

    html = mail.get_body(("html",)).get_content()
    assert "<img" not in html
    assert '"onmouseover' not in html


def test_a_notice_bears_what_threads_it_and_keeps_it_out_of_loops():
    thread = Thread(reply_token=TOKEN, last_id="<b@example.org>", earlier_ids=("<a@example.org>",))

    letter, mail = written(outbound(thread=thread))

    assert mail["From"] == "Pengaduan Satpol PP <aduan@example.go.id>"
    assert mail["To"] == "budi@example.org"
    assert mail["Subject"] == "[TRK-2611-00042] Laporan Anda kami terima"
    assert mail["Date"] == "Tue, 24 Nov 2026 06:00:00 +0000"
    assert mail["Message-ID"] == letter.message_id == "<0123456789abcdef0123@example.go.id>"
    assert mail["In-Reply-To"] == "<b@example.org>"
    assert mail["References"] == "<a@example.org> <b@example.org>"
    assert mail["Reply-To"] == f"aduan+{TOKEN}@example.go.id"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["X-Treckk-Gateway"] == "example.go.id"
    assert plain(mail).splitlines() == ["Laporan Bapak/Ibu telah kami terima."]
    assert letter.sender == f"aduan+{TOKEN}@example.go.id", "so that a bounce comes back with the token"


def test_an_answer_leaves_with_the_null_sender_and_says_so():
    letter, mail = written(outbound(reply=True))

    assert letter.sender == ""
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["Reply-To"] is None


def test_a_repeat_of_one_delivery_is_the_same_mail():
    assert write_letter(outbound(), BOX, NOW) == write_letter(outbound(attempt_id="a2"), BOX, NOW)


def test_no_line_is_too_long_and_no_id_is_encoded():
    ids = tuple(f"<{'x' * 200}{n}@example.org>" for n in range(60))
    subject = "Laporan “Anda” kami terima " * 20

    letter, mail = written(
        outbound(text="kata " * 5000, subject=subject, thread=Thread(earlier_ids=ids, last_id=ids[-1]))
    )

    assert max(map(len, letter.content.split(b"\r\n"))) <= 998
    assert b"\n" not in letter.content.replace(b"\r\n", b"")
    assert b"=?" not in letter.content.partition(b"References:")[2].partition(b"Auto-Submitted")[0]
    assert mail["References"].split() == list(ids[-20:])
    assert mail["Subject"] == subject.strip()[:250].strip()
    assert plain(mail).strip() == ("kata " * 5000).strip()


@pytest.mark.parametrize("nasty", ["a\r\nBcc: x@example.org", "a\x00b", "a\nb", "\ud800", "", None])
def test_nothing_in_a_subject_or_text_becomes_a_header(nasty):
    _, mail = written(outbound(subject=nasty, text=nasty or "", reference="TRK-2611-00042"))

    assert mail["Bcc"] is None
    assert mail["Subject"]


@pytest.mark.parametrize("nasty", ["not an id", "<a b@x>", "<a@x>\r\nBcc: y", "<é@x>", ""])
def test_ids_that_are_none_are_left_out(nasty):
    _, mail = written(outbound(thread=Thread(last_id=nasty, earlier_ids=(nasty, "<a@example.org>"))))

    assert mail["In-Reply-To"] is None
    assert mail["References"] == "<a@example.org>"
    assert mail["Bcc"] is None


@pytest.mark.parametrize(
    "token", ["", "a b", "x" * 65, "x" * 60, "a@b", "ü"], ids=["empty", "space", "long", "no-room", "at", "umlaut"]
)
def test_a_token_that_fits_no_address_is_left_out(token):
    letter, mail = written(outbound(thread=Thread(reply_token=token)))

    assert mail["Reply-To"] is None
    assert letter.sender == "aduan@example.go.id"


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("budi@example.org", "budi@example.org"),
        ("Budi.S+x=y@Example.org", "Budi.S+x=y@Example.org"),
        ("a..b.@example.org", "a..b.@example.org"),
        ("o'brien@example.org", "o'brien@example.org"),
        ("budi@münchen.example.org", "budi@xn--mnchen-3ya.example.org"),
        ("séti@example.org", "séti@example.org"),
    ],
)
def test_an_address_is_sent_to_as_it_was_given(address, sent):
    letter, mail = written(outbound(to=address))

    assert letter.recipient == sent
    assert str(mail["To"]).replace('"', "") == sent
    assert letter.utf8 is not sent.isascii()


@pytest.mark.parametrize(
    "address",
    ["budi", "@example.org", "budi@", "a b@example.org", "<a@example.org>", "a@b,c@example.org", "a@[127.0.0.1]",
     "a@localhost", "a@example.org\r\nRCPT TO:<b@example.org>", "unknown@unknown.invalid", "a@" + "x" * 64 + ".org",
     "a@..org", "a@\u3002.org", '"a"@example.org'],
)  # fmt: skip
def test_what_is_no_address_is_rejected_for_good(address):
    with pytest.raises(Rejected) as caught:
        write_letter(outbound(to=address), BOX, NOW)

    assert caught.value.scope is Scope.ADDRESS


def test_another_kind_of_address_or_an_odd_id_is_rejected():
    with pytest.raises(Rejected):
        write_letter(outbound(recipient=Address("sms", "+6281200000000@example.org")), BOX, NOW)
    with pytest.raises(Rejected):
        write_letter(outbound("a>\r\nBcc: x"), BOX, NOW)


@given(text=st.text(max_size=200), subject=st.text(max_size=100), address=st.text(max_size=30))
def test_any_words_make_a_sound_mail_or_are_rejected(text, subject, address):
    message = outbound(text=text, subject=subject)
    mail = message_from_bytes(write_letter(message, BOX, NOW).content, policy=policy.default)
    assert mail["Bcc"] is None
    assert not mail.defects
    try:
        letter = write_letter(outbound(to=f"{address or 'x'}@example.org"), BOX, NOW)
    except Rejected:
        return
    assert b"\r\n\r\n" in letter.content


# Sending


async def test_a_mail_is_taken_with_its_envelope():
    async with MailSandbox() as relay, sending_to(relay) as channel:
        result = await channel.send(outbound(thread=Thread(reply_token=TOKEN)))
        await channel.send(outbound("b" * 20, reply=True))

        assert result.provider_message_id == "<0123456789abcdef0123@example.go.id>"
        assert result.state is DeliveryState.SENT
        notice, answer = relay.mailbox("budi@example.org")
        assert notice.sender == f"aduan+{TOKEN}@example.go.id"
        assert notice.text == "Laporan Bapak/Ibu telah kami terima."
        assert answer.sender == ""


async def test_an_address_beyond_ascii_goes_out_where_the_relay_takes_it():
    async with MailSandbox() as relay, sending_to(relay) as channel:
        await channel.send(outbound(to="séti@example.org"))

        [mail] = relay.mailbox("séti@example.org")
        assert mail.message["To"] == "séti@example.org"


@pytest.mark.parametrize(
    ("trouble", "kind", "code", "scope"),
    [
        (Trouble(stage=Stage.GREETING, answer=b"421 busy"), NotTaken, "smtp_421", None),
        (Trouble(stage=Stage.GREETING, answer=b"554 no"), Rejected, "smtp_554", Scope.CHANNEL),
        (Trouble(stage=Stage.GREETING), NotTaken, "unreachable", None),
        (Trouble(stage=Stage.GREETING, hang=True), NotTaken, "timeout", None),
        (Trouble(stage=Stage.MAIL, answer=b"451 4.3.0 later"), NotTaken, "4.3.0", None),
        (Trouble(stage=Stage.MAIL, answer=b"552 5.3.4 too big"), Rejected, "5.3.4", Scope.MESSAGE),
        (Trouble(stage=Stage.MAIL, answer=b"550 5.7.1 not you"), Rejected, "5.7.1", Scope.CHANNEL),
        (Trouble(stage=Stage.MAIL, answer=b"530 5.7.0 login"), Rejected, "5.7.0", Scope.CHANNEL),
        (Trouble(stage=Stage.MAIL, answer=b"\xff nonsense"), NotTaken, "nonsense", None),
        (Trouble(stage=Stage.MAIL), NotTaken, "unreachable", None),
        (Trouble(stage=Stage.RCPT, answer=b"450 4.2.0 grey"), NotTaken, "4.2.0", None),
        (Trouble(stage=Stage.RCPT, answer=b"550 5.1.1 <budi@example.org>"), Rejected, "5.1.1", Scope.ADDRESS),
        (Trouble(stage=Stage.RCPT, answer=b"550 no such user"), Rejected, "smtp_550", Scope.ADDRESS),
        (Trouble(stage=Stage.RCPT, answer=b"552 5.2.2 full"), NotTaken, "5.2.2", None),
        (Trouble(stage=Stage.RCPT, answer=b"550 5.7.1 policy"), Rejected, "5.7.1", Scope.MESSAGE),
        (Trouble(stage=Stage.RCPT, hang=True), NotTaken, "timeout", None),
        (Trouble(stage=Stage.DATA, answer=b"451 later"), NotTaken, "smtp_451", None),
        (Trouble(stage=Stage.DATA, answer=b"554 5.5.1 no"), Rejected, "5.5.1", Scope.MESSAGE),
        (Trouble(stage=Stage.DATA), Uncertain, "no_answer", None),
        (Trouble(stage=Stage.TEXT, answer=b"452 4.3.1 full"), NotTaken, "4.3.1", None),
        (Trouble(stage=Stage.TEXT, answer=b"550 5.7.1 spam"), Rejected, "5.7.1", Scope.MESSAGE),
        (Trouble(stage=Stage.TEXT), Uncertain, "no_answer", None),
        (Trouble(stage=Stage.TEXT, hang=True), Uncertain, "no_answer", None),
        (Trouble(stage=Stage.TEXT, answer=b"\xff nonsense"), Uncertain, "no_answer", None),
    ],
)
async def test_each_failure_carries_its_retry_decision(trouble, kind, code, scope):
    async with MailSandbox() as relay, sending_to(relay) as channel:
        await relay.play(trouble)
        error = await failing(channel, timeout=0.3 if trouble.hang else 5.0)

        assert type(error) is kind
        assert error.code == code
        assert getattr(error, "scope", None) is scope
        await relay.play(None)
        await channel.send(outbound("c" * 20))
        assert [one.message_id for one in relay.mails] == [f"<{'c' * 20}@example.go.id>"], "and the channel goes on"


async def test_a_relay_that_is_down_is_tried_later():
    async with MailSandbox() as relay, sending_to(relay) as channel:
        await relay.play(Fault.REFUSED)
        assert (await failing(channel)).code == "unreachable"
        await relay.play(None)
        await channel.send(outbound())


async def test_a_login_is_made_or_the_channel_stops():
    async with MailSandbox(login=("office@example.go.id", "right-password")) as relay:
        smtp = relay.url.replace("://", "://office%40example.go.id@")
        async with sending_to(relay, smtp, password=Secret("right-password")) as channel:
            await channel.send(outbound())
        async with sending_to(relay, smtp, password=Secret("wrong-password")) as channel:
            error = await failing(channel)
        async with sending_to(relay) as channel:
            unknown = await failing(channel)

    assert isinstance(error, Rejected)
    assert (error.scope, unknown.scope) == (Scope.CHANNEL, Scope.CHANNEL)
    assert "password" not in str(error)
    assert len(relay.mails) == 1


async def test_nothing_is_sent_where_the_wanted_encryption_is_not_offered():
    async with MailSandbox() as relay, sending_to(relay, starttls=True) as channel:
        error = await failing(channel)

        assert isinstance(error, Rejected)
        assert (error.code, error.scope) == ("setup", Scope.CHANNEL)
        assert not relay.mails


async def test_connections_are_kept_and_only_so_many():
    async with MailSandbox() as relay, sending_to(relay, connections=3) as channel:
        seen = set()
        most = 0

        async def watch(_):
            nonlocal most
            seen.update(relay._relay.sessions)
            most = max(most, len(relay._relay.sessions))

        relay._watch = watch
        await asyncio.gather(*(channel.send(outbound(f"{n:020x}")) for n in range(40)))
        await channel.send(outbound("d" * 20))

        assert len(relay.mails) == 41
        assert {one.message_id for one in relay.mails} == {
            *(f"<{n:020x}@example.go.id>" for n in range(40)), f"<{'d' * 20}@example.go.id>",
        }  # fmt: skip
        assert most == len(seen) == 3


@pytest.mark.parametrize(("idled", "probed"), [(0.0, 0), (5.0, 1), (1000.0, 0)])
async def test_an_idle_connection_is_asked_before_it_is_used(monkeypatch, idled, probed):
    async with MailSandbox() as relay, sending_to(relay) as channel:
        await channel.send(outbound())
        [(client, since)] = channel._sender._idle
        probes = []
        noop = client.noop
        monkeypatch.setattr(client, "noop", lambda **more: (probes.append(1), noop(**more))[1])
        channel._sender._idle[0] = (client, since - idled)

        await channel.send(outbound("e" * 20))

        assert len(probes) == probed
        assert (channel._sender._idle[0][0] is client) == (idled < sending.DROP_AFTER)
        assert len(relay.mails) == 2


async def test_a_connection_the_relay_dropped_meanwhile_is_replaced():
    async with MailSandbox() as relay, sending_to(relay) as channel:
        await channel.send(outbound())
        gone = [session._handler_coroutine for session in relay._relay.sessions]
        relay._relay.hang_up()
        await asyncio.wait(gone, timeout=10)

        await channel.send(outbound("f" * 20))

        assert len(relay.mails) == 2


async def test_waiting_for_a_free_connection_counts_as_not_taken():
    async with MailSandbox() as relay, sending_to(relay, connections=1) as channel:
        await relay.play(Fault.SILENT)
        first = asyncio.create_task(channel.send(outbound(timeout=60.0)))
        await asyncio.wait_for(relay.reached(), 10)

        error = await failing(channel, delivery_id="0" * 20, timeout=0.2)

        assert isinstance(error, NotTaken)
        await relay.play(None)
        with pytest.raises(Uncertain):
            await asyncio.wait_for(first, 10)


async def test_the_relay_is_checked_without_sending_a_mail():
    async with MailSandbox() as relay, sending_to(relay) as channel:
        assert await channel.check() == []
        await relay.play(Trouble(stage=Stage.GREETING, answer=b"554 no"))
        [refused] = await channel.check()
        await relay.play(Fault.REFUSED)
        [down] = await channel.check()

        assert refused.fatal
        assert not down.fatal
        assert "unreachable" in down.summary
        assert not relay.mails


async def test_a_listener_open_to_everybody_is_a_problem():
    options = EmailChannel.Options(listen="smtp://0.0.0.0:25", smtp="smtp://127.0.0.1:9", address=BOX.address)
    channel = EmailChannel.from_settings(options, ChannelContext(channel_id="mail", webhook_url=""))

    assert "everybody" in (await channel.check())[0].summary
