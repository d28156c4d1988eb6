"""Every kind of message that WhatsApp brings over Twilio, and every sender without a number: filed, answered or quiet."""

from __future__ import annotations

import pytest
from folk import BUDI, COMPLAINT, SITI, SMS, WHATSAPP, number_in

VOICE = [("audio/ogg", b"OggS" + bytes(60))]
STICKER = [("image/webp", b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(24))]
VIDEO = [("video/mp4", b"\x00\x00\x00\x18ftypmp42" + bytes(60))]
LETTER = [("application/pdf", b"%PDF-1.4\n" + bytes(60))]
CARD = [("text/vcard", b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Pak RT\r\nEND:VCARD\r\n")]
LATER = {
    "pin": {"location": (-2.33, 115.45), "place": "Pasar Paringin"},
    "voice note": {"files": VOICE},
    "sticker": {"files": STICKER},
    "video": {"files": VIDEO},
    "document": {"files": LETTER, "text": "surat RT"},
    "contact card": {"files": CARD},
    "tapped button of others": {"button": "Lihat katalog"},
    "list entry of others": {"extra": {"ListId": "7", "ListTitle": "Lainnya"}},
    "form": {"extra": {"FlowData": '{"a": 1}'}},
    "interactive": {"extra": {"InteractiveData": "{}", "MessageType": "interactive"}},
    "unknown kind": {"extra": {"MessageType": "hologram", "HologramData": "x"}},
    "forwarded": {"text": "diteruskan dari grup", "extra": {"Forwarded": "true", "FrequentlyForwarded": "true"}},
    "advert": {"text": "dari iklan", "extra": {"ReferralSourceUrl": "https://fb.example/1", "ReferralNumMedia": "0"}},
    "nothing at all": {},
}


async def test_whatever_comes_after_a_complaint_is_kept_with_it_and_nothing_is_parked(phones):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    await phones.settled()
    for count, (kind, more) in enumerate(LATER.items(), 2):
        phones.clock.advance(120)  # nobody floods
        text = more.get("text", "")
        rest = {name: one for name, one in more.items() if name != "text"}
        assert await phones.write("whatsapp", BUDI, text, **rest) == 200, kind
        await phones.settled()
        assert phones.rows("SELECT count(*) FROM message") == [(count,)], kind
        assert (await phones.books())["parked"] == 0, kind

    case = await phones.only_case()
    said = [one for one in case["messages"] if one["direction"] == "in"]
    assert len(said) == 1 + len(LATER)
    kinds = [one["unsupported"] for one in said if one["unsupported"]]
    assert kinds == ["form", "interactive", "hologram", "text"]
    assert sum(len(one["attachments"]) for one in said) == 5


async def test_a_reaction_and_a_sticker_alone_open_nothing_and_change_nothing(phones):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    [receipt] = await phones.hears("whatsapp", BUDI)
    sid = phones.twilio.phone(f"whatsapp:{BUDI.number}")[-1].sid
    state = (await phones.only_case())["state"]

    await phones.write("whatsapp", BUDI, "\N{THUMBS UP SIGN}", answers=sid, extra={"MessageType": "reaction"})
    await phones.settled()

    assert (await phones.only_case())["state"] == state
    assert phones.heard("whatsapp", BUDI)[:1] == [receipt]
    assert "reopened" not in str(await phones.only_case())


@pytest.mark.parametrize("sender", ["ID.4566546130240823", "ID.ENT.45aB", "US.9"])
async def test_who_has_no_number_is_answered_by_id_and_their_next_message_is_theirs(phones, sender):
    address = f"whatsapp:{sender}"
    await phones.twilio.write(address, WHATSAPP, COMPLAINT, name="Budi")
    await phones.settled()
    [receipt] = phones.twilio.phone(address)
    reference = (await phones.only_case())["reference"]
    assert number_in(receipt.body) == reference

    await phones.move(reference, "under_review", by="rini")
    await phones.twilio.write(address, WHATSAPP, f"STATUS {reference}")
    await phones.settled()

    assert [reference in one.body for one in phones.twilio.phone(address)] == [True] * 3
    assert all("ID" not in str(one["to"]) for one in (await phones.case(reference))["deliveries"]), "a pseudonym"


async def test_a_machine_without_a_number_is_filed_and_never_answered(phones):
    senders = ("3636", "TELKOMSEL", "BANK-X", "Info Promo")
    for sender in senders:
        text = "Selamat! Anda mendapat kuota. Lapor ke 123 bila ada kebakaran"
        assert (await phones.twilio.write(sender, SMS, text)).status == 200
    await phones.settled()

    assert (await phones.books())["filed"] == len(senders)
    assert await phones.cases() == []
    assert [one for one in phones.twilio.messages if one.direction != "inbound"] == []


async def test_another_channel_of_twilios_is_filed_though_this_sender_cannot_answer(phones):
    await phones.twilio.write("messenger:1234567890123456", WHATSAPP, COMPLAINT)
    await phones.settled()

    case = await phones.only_case()
    assert [one["text"] for one in case["messages"] if one["direction"] == "in"] == [COMPLAINT]
    [receipt] = [one for one in case["deliveries"] if one["template"] == "receipt"]
    assert (receipt["state"], receipt["reason"]) == ("dead", "address_scheme")
    assert await phones.write("whatsapp", SITI, COMPLAINT) == 200
    await phones.hears("whatsapp", SITI, 1)


@pytest.mark.parametrize("word", ["STOP", "HELP", "START"])
async def test_a_word_that_twilio_answered_is_recorded_and_not_answered_again(phones, word):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])
    if word == "START":
        await phones.write("whatsapp", BUDI, "STOP", extra={"OptOutType": "STOP"})

    await phones.write("whatsapp", BUDI, "kata dari pengaturan Twilio", extra={"OptOutType": word})
    await phones.hears("whatsapp", BUDI, 1)

    silent = phones.rows("SELECT count(*) FROM conversation WHERE opted_out_at IS NOT NULL")
    assert silent == [(1 if word == "STOP" else 0,)]
    await phones.move(reference, "under_review", by="rini")
    await phones.hears("whatsapp", BUDI, 1 if word == "STOP" else 2)


@pytest.mark.parametrize(("stop", "back"), [("STOP", "START"), ("CANCEL", "YES"), ("QUIT", "UNSTOP")])
async def test_over_sms_twilio_blocks_by_itself_and_its_own_words_lead_back(phones, stop, back):
    """Without Advanced Opt-Out nothing says that Twilio answered: our farewell is refused, 21610, and is no dead letter."""
    await phones.write("sms", BUDI, COMPLAINT)
    reference = number_in((await phones.hears("sms", BUDI))[0])
    await phones.write("sms", BUDI, stop)
    await phones.hears("sms", BUDI, 1)
    assert phones.rows("SELECT state, reason FROM outbox WHERE template = 'opt_out'") == [("cancelled", "opted_out")]
    await phones.move(reference, "under_review", by="rini")
    await phones.hears("sms", BUDI, 1)
    assert (await phones.books())["dead"] == 0

    await phones.write("sms", BUDI, back)
    await phones.settled()
    assert "aktif kembali" in phones.heard("sms", BUDI)[-1]
    await phones.move(reference, "instructed", by="pak-kasat", post="paringin")
    await phones.hears("sms", BUDI, 3)
