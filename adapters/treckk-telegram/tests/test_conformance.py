"""The checks of the conformance kit, filled in for Telegram, and what is Telegram's own."""

from __future__ import annotations

import json

import attrs
import pytest
from provider import Telegram, refusal
from treckk_gateway.channel import Accepted, ChannelContext, WebhookRequest
from treckk_gateway.errors import OptedOut, PayloadError, Rejected, Scope
from treckk_gateway.model import Address, Choice, MediaKind, OutboundMessage, Secret
from treckk_gateway.testing.conformance import ChannelConformance, Refusal, Sample

from treckk_telegram import TelegramChannel
from treckk_telegram.channel import SECRET

TOKEN = "110201543:kit-token-made-up-0001"
WEBHOOK_SECRET = "kit-webhook-secret-0001"  # made up
URL = "https://gateway.example.org/channels/telegram"
CITIZEN = {"id": 700100200, "is_bot": False, "first_name": "Siti", "last_name": "Contoh"}  # invented
CHAT = {"id": 700100200, "type": "private", "first_name": "Siti"}


def make(url="http://127.0.0.1:9", secret=WEBHOOK_SECRET):
    """A channel that sends to `url`; nobody listens at the default."""
    options = TelegramChannel.Options(bot_token=Secret(TOKEN), webhook_secret=Secret(secret), api_base_url=url)
    return TelegramChannel.from_settings(options, ChannelContext(channel_id="telegram", webhook_url=URL))


def update(number, kind="message", chat=CHAT, **message):
    head = {"message_id": number, "from": CITIZEN, "chat": chat, "date": 1795500000}
    return {"update_id": 900000 + number, kind: head | message}


def post(body):
    return WebhookRequest.of("POST", URL, {SECRET: WEBHOOK_SECRET}, body)


def sample(name, said, *items):
    return Sample(name, post(json.dumps(said).encode()), *items)


class TestTelegram(ChannelConformance):
    secrets = (TOKEN, WEBHOOK_SECRET)
    signature_headers = (SECRET,)
    signs_url = False
    signs_body = False
    refusals = (
        Refusal("stopped", refusal(403, "Forbidden: bot was blocked by the user"), OptedOut),
        Refusal("no such chat", refusal(400, "Bad Request: chat not found"), Rejected, Scope.ADDRESS),
        Refusal("nothing said", refusal(400, "Bad Request: message text is empty"), Rejected, Scope.MESSAGE),
    )

    def channel(self, stand_in=None):
        return make(stand_in.url) if stand_in else make()

    def stranger(self):
        return make(secret="another-webhook-secret")

    def stand_in(self):
        return Telegram(TOKEN)

    def sign(self, body):
        return post(body)

    def samples(self):
        who = {"sender": Address("telegram", "700100200"), "sender_name": "Siti Contoh", "unsupported": None}
        yield sample(
            "a text",
            update(1, text="Lampu jalan padam"),
            who
            | {"dedupe_key": "900001", "message_id": "1", "text": "Lampu jalan padam", "claimed_at": 1795500000000000},
        )
        sizes = [{"file_id": "small", "width": 90, "height": 60}, {"file_id": "large", "file_size": 51200}]
        picture = {"attachments.0.kind": MediaKind.IMAGE, "attachments.0.ref": "large", "attachments.0.size": 51200}
        yield sample(
            "a photo", update(2, photo=sizes, caption="Pohon tumbang"), who | picture | {"text": "Pohon tumbang"}
        )
        place = {"location.lat": -2.33, "location.lng": 115.45}
        yield sample("a pin", update(3, location={"latitude": -2.33, "longitude": 115.45}), who | place)
        voice = {"file_id": "voice-1", "duration": 4, "mime_type": "audio/ogg", "file_size": 9000}
        heard = {"attachments.0.kind": MediaKind.AUDIO, "attachments.0.ref": "voice-1"}
        yield sample("a voice note", update(4, voice=voice), who | heard)
        card = {"phone_number": "6281200000009", "first_name": "Pak RT"}
        written = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Pak RT\r\nTEL:6281200000009\r\nEND:VCARD\r\n"
        yield sample("a contact", update(5, contact=card), who | {"attachments.0.content": written})
        answered = {"message_id": 3, "chat": CHAT, "date": 1795500000}
        yield sample("an answer", update(6, text="ya", reply_to_message=answered), {"text": "ya", "reply_ids": ("3",)})
        yield sample("an edit", update(7, "edited_message", text="Lampu nyala lagi"), {"text": "Lampu nyala lagi"})
        button = {"id": "4382", "from": CITIZEN, "message": answered, "data": "jawab:2"}
        tapped = who | {"dedupe_key": "900008", "text": "2", "reply_ids": ("3",)}
        yield sample("a tapped button", {"update_id": 900008, "callback_query": button}, tapped)
        elsewhere = {"message_id": 4, "chat": {"id": -100200, "type": "supergroup"}, "date": 1795500000}
        yield sample("tapped in a group", {"update_id": 900010, "callback_query": button | {"message": elsewhere}})
        yield sample("a button of others", {"update_id": 900011, "callback_query": button | {"data": "game"}})
        yield sample("in a group", update(8, chat={"id": -100200, "type": "supergroup"}, text="halo"))
        yield sample("another kind of update", {"update_id": 900009, "my_chat_member": {"chat": CHAT}})

    def unknown(self):
        yield sample("a new kind of message", update(20, hologram={"file_id": "x"}))


def message(timeout=5.0):
    recipient = Address("telegram", "700100200")
    return OutboundMessage(
        delivery_id="d-1", attempt_id="a-1", recipient=recipient, text="Petugas menuju lokasi", timeout=timeout
    )


async def test_what_is_posted_and_what_is_kept_of_the_answer():
    async with Telegram(TOKEN) as telegram:
        channel = make(telegram.url)
        await channel.open()
        sent = await channel.send(message())
        await channel.close()

    assert sent.provider_message_id == "1"
    assert json.loads(telegram.requests[0].body) == {"chat_id": "700100200", "text": "Petugas menuju lokasi"}


async def test_choices_are_buttons_and_a_tap_is_answered_with_the_webhook():
    offered = (Choice(answer="1", label="Juai"), Choice(answer="2", label="Paringin Selatan"))
    async with Telegram(TOKEN) as telegram:
        channel = make(telegram.url)
        await channel.open()
        await channel.send(attrs.evolve(message(), choices=offered))
        await channel.send(attrs.evolve(message(), choices=(Choice(answer="x" * 60, label="Panjang"),)))
        await channel.close()
    rows = [[{"text": "Juai", "callback_data": "jawab:1"}], [{"text": "Paringin Selatan", "callback_data": "jawab:2"}]]
    assert json.loads(telegram.requests[0].body)["reply_markup"] == {"inline_keyboard": rows}
    assert "reply_markup" not in json.loads(telegram.requests[1].body), "the words name them too"

    tap = post(json.dumps({"update_id": 1, "callback_query": {"id": "4382", "data": "jawab:2"}}).encode())
    heard = channel.acknowledge(tap, Accepted(new=1))
    assert json.loads(heard.body) == {"method": "answerCallbackQuery", "callback_query_id": "4382"}
    assert channel.acknowledge(post(b"{}"), Accepted()).body == b""


@pytest.mark.parametrize(
    ("refuses", "error", "scope"),
    [
        ((403, "Forbidden: bot was blocked by the user"), OptedOut, Scope.ADDRESS),
        ((400, "Bad Request: chat not found"), Rejected, Scope.ADDRESS),
        ((400, "Bad Request: message text is empty"), Rejected, Scope.MESSAGE),
        ((401, "Unauthorized"), Rejected, Scope.CHANNEL),
    ],
)
async def test_a_refusal_holds_for_what_telegram_says(refuses, error, scope):
    async with Telegram(TOKEN, refuses=refuses) as telegram:
        channel = make(telegram.url)
        await channel.open()
        with pytest.raises(error) as caught:
            await channel.send(message())
        await channel.close()

    assert caught.value.scope is scope


def test_a_file_is_asked_for_in_two_steps():
    source = make("https://api.example.org").media_source("a/b?c")
    assert source.url == f"https://api.example.org/bot{TOKEN}/getFile?file_id=a%2Fb%3Fc"
    assert (source.hosts, source.headers) == (("api.example.org",), {})

    found = source.then(json.dumps({"ok": True, "result": {"file_path": "photos/file 1.jpg"}}).encode())

    assert found.url == f"https://api.example.org/file/bot{TOKEN}/photos/file%201.jpg"
    assert TOKEN not in repr(source) + repr(found)
    for odd in (b"", b"{}", b'{"result": {"file_path": "../x"}}'):
        with pytest.raises(PayloadError):
            source.then(odd)


async def test_the_doctor_is_told_of_a_wrong_token_and_of_another_webhook():
    async with Telegram(TOKEN, webhook_url=URL) as telegram:
        assert await make(telegram.url).check() == []
    async with Telegram("another", webhook_url=URL) as telegram:
        [problem] = await make(telegram.url).check()
        assert problem.fatal
    async with Telegram(TOKEN, webhook_url="https://elsewhere.example.org") as telegram:
        [problem] = await make(telegram.url).check()
        assert "setWebhook" in problem.remedy


@pytest.mark.parametrize("secret", ["short", "has spaces in it, and commas", ""])
def test_a_secret_that_telegram_would_not_take_is_refused(secret):
    with pytest.raises(ValueError, match="16 to 256"):
        make(secret=secret)
