from __future__ import annotations

import asyncio

import aiosmtplib
import pytest

from treckk_gateway.adapters.email import EmailChannel
from treckk_gateway.channel import ChannelContext, WebhookResponse
from treckk_gateway.errors import StoreBusy
from treckk_gateway.model import Address, OutboundMessage, Thread
from treckk_gateway.testing import Fault
from treckk_gateway.testing.sandbox.mail import MailSandbox, Stage, Trouble

CITIZEN = "siti@example.org"
OFFICE = "aduan@example.go.id"
TOKEN = "k7q2m4x5z3a6b2c7d4e5f6g7h2"
CONTEXT = ChannelContext(channel_id="mail", webhook_url="https://aduan.example.go.id/channels/mail")


class Gate:
    """The email channel between the sandbox's two sides, as the gateway holds it."""

    def __init__(self, mail, scheme="lmtp"):
        self.items = []
        self.answer = WebhookResponse()
        self.channel = EmailChannel.from_settings(
            EmailChannel.Options(listen=f"{scheme}://127.0.0.1:0", smtp=mail.url, address=OFFICE), CONTEXT
        )
        self.mail, self.scheme = mail, scheme

    async def __aenter__(self):
        await self.channel.open()
        await self.channel.listen(self.deliver)
        self.mail.listener = "{}://{}:{}".format(self.scheme, *self.channel.listening)
        return self

    async def __aexit__(self, *_):
        await self.channel.close()

    async def deliver(self, request):
        self.channel.verify(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        self.items.append(self.channel.parse(request)[0])
        return self.answer

    async def send(self, delivery_id="0123456789abcdef0123", **more):
        message = OutboundMessage(
            delivery_id=delivery_id,
            attempt_id="a1",
            recipient=Address("mailto", CITIZEN),
            text="Terima kasih.\nMohon sebutkan lokasinya.",
            subject="[TRK-2611-00042] Mohon lengkapi",
            **more,
        )
        return await self.channel.send(message)


@pytest.mark.parametrize("scheme", ["lmtp", "smtp"])
async def test_a_citizen_writes_is_answered_and_replies_in_the_thread(scheme):
    ids = iter(range(100))
    async with MailSandbox(new_id=lambda: f"m{next(ids)}") as mail, Gate(mail, scheme) as gate:
        first = await mail.write(
            CITIZEN, OFFICE, "Ada parkir liar \u2013 tolong.", subject="Laporan", name="Siti, RT 05"
        )
        thread = Thread(reply_token=TOKEN, last_id=first.message_id)
        result = await gate.send(reply=True, thread=thread)
        [answer] = await asyncio.wait_for(mail.heard(CITIZEN), 10)
        await mail.reply(answer, "Di depan pasar.\nSejak pagi.")

        complaint, reply = gate.items
        assert first.message_id == "<m0@example.org>"
        assert (complaint.text, complaint.subject) == ("Ada parkir liar \u2013 tolong.", "Laporan")
        assert (complaint.sender.value, complaint.sender_name) == (CITIZEN, "Siti, RT 05")
        assert answer.header("In-Reply-To") == first.message_id
        assert reply.text == "Di depan pasar.\nSejak pagi.", "what was quoted is cut"
        assert reply.subject == "Re: [TRK-2611-00042] Mohon lengkapi"
        assert reply.reply_token == TOKEN
        assert reply.reply_ids == (result.provider_message_id, first.message_id)
        assert not reply.automatic
        [full] = reply.attachments
        assert b"> Mohon sebutkan lokasinya." in full.content


async def test_files_html_headers_and_the_null_sender_arrive():
    async with MailSandbox() as mail, Gate(mail) as gate:
        await mail.write(
            CITIZEN,
            OFFICE,
            "Lihat foto.",
            html="<p>Lihat <b>foto</b>.</p>",
            files=[("image/jpeg", "foto.jpg", b"\xff\xd8\xff")],
        )
        await mail.write(CITIZEN, OFFICE, "Cuti.", headers={"Auto-Submitted": "auto-replied"})
        await mail.write("mailer-daemon@example.org", OFFICE, "Gagal.", envelope_from="")
        await mail.write("séti@example.org", OFFICE, "Halo.")

        photo, holiday, bounce, foreign = gate.items
        assert photo.text == "Lihat foto."
        assert [(one.filename, one.content) for one in photo.attachments] == [("foto.jpg", b"\xff\xd8\xff")]
        assert (photo.automatic, holiday.automatic, bounce.automatic) == (False, True, True)
        assert foreign.sender.value == "séti@example.org"


async def test_the_same_mail_can_be_delivered_again():
    async with MailSandbox() as mail, Gate(mail) as gate:
        written = await mail.write(CITIZEN, OFFICE, "Sekali.")
        await mail.deliver(written)

        first, again = gate.items
        assert first.dedupe_key == again.dedupe_key


async def test_what_the_listener_refuses_is_raised_with_its_code():
    async with MailSandbox() as mail, Gate(mail) as gate:
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as unknown:
            await mail.write(CITIZEN, "other@example.go.id", "Halo.")
        gate.answer = StoreBusy("full")
        with pytest.raises(aiosmtplib.SMTPDataError) as busy:
            await mail.write(CITIZEN, OFFICE, "Halo.")

        assert unknown.value.recipients[0].code == 550
        assert busy.value.code == 451


async def test_mailboxes_keep_apart_what_arrives_and_somebody_may_watch():
    seen = []

    async def watch(one):
        seen.append(one.recipient)

    async with MailSandbox(watch=watch) as mail:
        for to in ("a@example.org", "b@example.org", "A@example.org"):
            await aiosmtplib.send(
                b"Subject: =?utf-8?q?caf=C3=A9?=\r\n\r\nHalo",
                sender="x@example.org",
                recipients=[to],
                hostname="127.0.0.1",
                port=int(mail.url.rpartition(":")[2]),
                local_hostname="x.example.org",
            )

        assert len(await asyncio.wait_for(mail.heard("a@example.org", 2), 10)) == 2
        assert mail.mailbox("b@example.org")[0].subject == "café"
        assert mail.mailbox("b@example.org")[0].reply_to == ""
        assert mail.mailbox("c@example.org") == []
        assert seen == ["a@example.org", "b@example.org", "A@example.org"]
        assert mail.saw("Halo") == 3


async def test_waiting_for_a_mail_ends_when_it_arrives():
    async with MailSandbox() as mail, Gate(mail) as gate:
        waiting = asyncio.create_task(mail.heard(CITIZEN, 2))
        await gate.send()
        done, _ = await asyncio.wait({waiting}, timeout=0.05)
        assert not done

        await gate.send("b" * 20)

        assert len(await asyncio.wait_for(waiting, 10)) == 2


async def test_trouble_happens_as_often_as_told():
    async with MailSandbox() as mail, Gate(mail) as gate:
        await mail.play(Trouble(stage=Stage.TEXT, answer=b"451 4.3.0 later", times=2))
        for _ in range(2):
            with pytest.raises(ConnectionError, match=r"4\.3\.0"):
                await gate.send()
        await gate.send()

        assert len(mail.mailbox(CITIZEN)) == 1
        assert mail.saw("0123456789abcdef0123") == 3, "read three times, taken once"


async def test_reached_is_about_mails_read_since_the_last_play():
    async with MailSandbox() as mail, Gate(mail) as gate:
        await gate.send()
        await asyncio.wait_for(mail.reached(), 10)
        await mail.play(Fault.BROKEN)
        waiting = asyncio.create_task(mail.reached())
        done, _ = await asyncio.wait({waiting}, timeout=0.05)
        assert not done

        with pytest.raises(ConnectionError):
            await gate.send()
        await asyncio.wait_for(waiting, 10)


async def test_a_refused_connection_keeps_its_port():
    async with MailSandbox() as mail, Gate(mail) as gate:
        url = mail.url
        await mail.play(Fault.REFUSED)
        with pytest.raises(ConnectionError, match="unreachable"):
            await gate.send()
        await mail.play(None)

        assert mail.url == url
        await gate.send()
        assert len(mail.mails) == 1
