"""What comes in: stored once or refused; nothing in between, and never an answer of 5xx for what somebody sent."""

from __future__ import annotations

import asyncio
import json
import threading

import aiosmtplib
import attrs
import pytest
from folk import ARIF, BUDI, COMPLAINT, DESK, PUBLIC, SITI, number_in, until
from multidict import CIMultiDict
from stored import only_embedded
from yarl import URL

from treckk_gateway.testing import tampering
from treckk_gateway.testing.stand_in import Fault

SID = "SM" + "1" * 32
SIGNED_BY = {"whatsapp": ["X-Twilio-Signature"], "web": ["webhook-id", "webhook-timestamp", "webhook-signature"]}


def genuine(town, way, text=COMPLAINT, sid=SID):
    """A signed webhook, not yet sent."""
    if way == "web":
        data = {"id": sid, "conversation_id": "c-1", "text": text}
        body = json.dumps({"type": "complaint.created", "timestamp": "2026-11-24T06:00:00Z", "data": data})
        return as_public(town, town.portal.signed(body.encode()))
    return town.twilio_request("whatsapp", town.message_pairs(sid, BUDI, text))


def as_public(town, request):
    """The request as the provider addressed it."""
    return type(request).of(request.method, f"{PUBLIC}/channels/web", list(request.headers.items()), request.body)


async def status_of(town, request):
    return (await town.post(request))[0]


@pytest.mark.parametrize("way", ["whatsapp", "web"])
async def test_five_copies_at_once_are_one_message_and_five_times_2xx(phones, way):
    request = genuine(phones, way)

    answers = await asyncio.gather(*(status_of(phones, request) for _ in range(5)))
    await phones.settled()

    assert answers == [200] * 5
    assert phones.rows("SELECT count(*) FROM inbox WHERE kind = 'message'") == [(1,)]
    assert phones.rows("SELECT count(*) FROM message") == [(1,)]
    assert len(await phones.cases()) == 1
    assert phones.rows("SELECT count(*) FROM outbox WHERE template = 'receipt'") == [(1,)]


async def test_twenty_copies_and_later_ones_too_are_one_message(phones):
    request = genuine(phones, "whatsapp")

    answers = await asyncio.gather(*(status_of(phones, request) for _ in range(20)))
    await phones.settled()
    before = phones.tables()
    answers.append(await status_of(phones, request))
    await phones.settled()

    assert answers == [200] * 21
    assert phones.tables() == before
    await phones.hears("whatsapp", BUDI, 1)


async def test_five_copies_of_a_callback_are_one_fact(phones):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    await phones.hears("whatsapp", BUDI, 1)
    [receipt] = phones.twilio.phone(f"whatsapp:{BUDI.number}")
    before = phones.tables()["receipt"]

    answers = await asyncio.gather(*(phones.twilio.report(receipt.sid, "a-new-word") for _ in range(5)))
    await phones.settled()

    assert [one.status for one in answers] == [200] * 5
    assert phones.tables()["receipt"] == before + 1


async def test_five_copies_of_a_mail_at_once_are_one_message_and_five_times_250(town):
    written = await town.mail.write(BUDI.mail, DESK, COMPLAINT, subject="Laporan")
    traced = [b"Received: by mx%d.example.org; now\r\n" % hop + written.raw for hop in range(5)]

    await asyncio.gather(*(town.mail.deliver(attrs.evolve(written, raw=one)) for one in traced))

    await town.hears("email", BUDI, 1)
    assert town.rows("SELECT count(*) FROM message") == [(1,)]
    assert (await town.books())["received"] == 1


async def test_the_same_id_on_two_channels_is_two_messages(phones):
    one = phones.twilio_request("whatsapp", phones.message_pairs(SID, BUDI, COMPLAINT))
    other = phones.twilio_request("sms", phones.message_pairs(SID, SITI, COMPLAINT, way="sms"))

    assert [await status_of(phones, one), await status_of(phones, other)] == [200, 200]
    await phones.settled()
    assert len(await phones.cases()) == 2


async def test_the_same_id_with_other_words_keeps_the_first(phones):
    await status_of(phones, genuine(phones, "whatsapp"))
    await status_of(phones, genuine(phones, "whatsapp", text="Kata-kata lain"))
    await phones.settled()

    texts = [one["text"] for one in (await phones.only_case())["messages"] if one["direction"] == "in"]
    assert texts == [COMPLAINT]


async def test_messages_without_an_id_are_told_apart_by_their_content(phones):
    for text in ("Ada sapi lepas di Desa Layap", "Ada sapi lepas di Desa Layap lagi"):
        pairs = [pair for pair in phones.message_pairs("", BUDI, text) if pair[0] != "MessageSid"]
        assert await status_of(phones, phones.twilio_request("whatsapp", pairs)) == 200
    await phones.settled()

    assert phones.rows("SELECT count(*) FROM message") == [(2,)]


@pytest.mark.parametrize("way", ["whatsapp", "web"])
async def test_a_forged_request_is_refused_and_leaves_no_row(phones, way):
    request, other = genuine(phones, way), genuine(phones, way, text="Lain", sid="SM" + "2" * 32)
    await phones.write(way, ARIF, COMPLAINT)
    await phones.settled()
    before, refused = phones.tables(), (await phones.books())["refused"]
    told = set()
    count = 0
    for what, forged in tampering.forged(request, other, signature_headers=SIGNED_BY[way], signs_url=way == "whatsapp"):
        if not forged.url.isascii():
            continue  # no client writes such a path; the front's own test does, byte for byte
        status = await status_of(phones, forged)
        told.add(status)
        count += status == 403
        assert status == (404 if what == "path changed" else 403), what

    assert phones.tables() == before
    assert (await phones.books())["refused"] == refused + count
    assert count >= 15
    assert await status_of(phones, request) == 200


async def test_a_signature_for_another_channel_or_address_is_refused(phones):
    whatsapp = genuine(phones, "whatsapp")
    web = genuine(phones, "web")
    before = phones.tables()
    elsewhere = [
        type(whatsapp).of("POST", f"{PUBLIC}/channels/sms", whatsapp.headers.items(), whatsapp.body),
        type(whatsapp).of("POST", f"{PUBLIC}/channels/whatsapp?delivery=1", whatsapp.headers.items(), whatsapp.body),
        type(whatsapp).of("POST", f"{PUBLIC}/channels/whats%61pp", whatsapp.headers.items(), whatsapp.body),
        type(whatsapp).of("POST", f"{PUBLIC}/channels/web", whatsapp.headers.items(), whatsapp.body),
        type(web).of("POST", f"{PUBLIC}/channels/web?x=1", web.headers.items(), web.body),
        type(web).of("POST", f"{PUBLIC}/channels/whatsapp", web.headers.items(), web.body),
    ]

    assert [await status_of(phones, one) for one in elsewhere] == [403] * 6
    assert phones.tables() == before


@pytest.mark.parametrize(("seconds", "status"), [(290, 200), (310, 403), (-290, 200), (-310, 403)])
async def test_a_web_timestamp_outside_the_tolerance_is_refused(phones, seconds, status):
    request = genuine(phones, "web")
    before = phones.tables()
    phones.clock.advance(seconds)

    assert await status_of(phones, request) == status
    assert (phones.tables() == before) is (status == 403)


async def test_headers_that_claim_another_address_change_nothing(phones):
    lies = {"Host": "evil.example.org", "X-Forwarded-Host": "evil.example.org", "X-Forwarded-Proto": "http"}
    request = phones.twilio_request("whatsapp", phones.message_pairs(SID, BUDI, COMPLAINT), extra=lies)

    assert await status_of(phones, request) == 200


async def test_mail_cannot_be_posted_over_http_nor_to_somebody_else(town):
    before = town.tables()
    for body in (b"From: a@example.org\r\n\r\nhalo", b""):
        headers = {"x-envelope-from": "a@example.org", "x-envelope-to": DESK}
        async with town.http.post(f"{town.url}/channels/email", data=body, headers=headers) as answer:
            assert answer.status == 404
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await town.mail.write(BUDI.mail, "lain@satpolpp.example.go.id", "halo")

    assert town.tables() == before


async def test_a_body_over_the_limit_is_413_and_a_full_one_is_taken(make_town):
    town = await make_town(channels=("whatsapp", "web"), gateway={"max_body": 4096})
    before = town.tables()
    big = genuine(town, "web", text="x" * 5000)

    assert await status_of(town, big) == 413
    assert town.tables() == before
    fits = genuine(town, "web", text="x" * (4096 - len(genuine(town, "web", text="").body)))
    assert len(fits.body) == 4096
    assert await status_of(town, fits) == 200


async def test_a_mail_over_the_limit_is_refused_for_good(make_town):
    town = await make_town(channels=("email",))
    town.gateway.channels["email"]._listener.max_size = 20_000
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await town.mail.write(BUDI.mail, DESK, "x\n" * 20_000)

    assert refused.value.code == 552
    assert (await town.books())["received"] == 0


@pytest.mark.parametrize(
    ("way", "method", "status"),
    [
        ("whatsapp", "GET", 403),
        ("whatsapp", "HEAD", 403),
        ("whatsapp", "PUT", 405),
        ("whatsapp", "OPTIONS", 405),
        ("web", "GET", 403),
        ("web", "HEAD", 403),
        ("web", "DELETE", 405),
        ("web", "PATCH", 405),
    ],
)
async def test_other_methods_store_nothing(phones, way, method, status):
    request = genuine(phones, way)
    before = phones.tables()
    url = URL(f"{phones.url}/channels/{way}")
    async with phones.http.request(method, url, data=request.body, headers=CIMultiDict(request.headers)) as answer:
        assert answer.status == status
        assert await answer.read() == b""

    assert phones.tables() == before


@only_embedded
async def test_a_store_that_is_behind_says_come_again_and_nothing_is_lost(town):
    await town.write("whatsapp", ARIF, "halo")  # the day's key is known from now on
    await town.settled()
    writer = town.gateway._parts.store._writer
    running, gate = threading.Event(), threading.Event()
    blocked = asyncio.ensure_future(writer.run(lambda _: (running.set(), gate.wait(10))))
    await until(running.is_set)
    writer._limit, limit = 0, writer._limit
    try:
        request = genuine(town, "whatsapp")
        status, headers = await town.post(request)
        with pytest.raises(aiosmtplib.SMTPResponseException) as deferred:
            await town.mail.write(SITI.mail, DESK, COMPLAINT, subject="Laporan")
        ready = (await town.http.get(f"{town.url}/healthz")).status
    finally:
        writer._limit = limit
        gate.set()
        await blocked

    assert (status, headers["Retry-After"].isdigit(), deferred.value.code, ready) == (503, True, 451, 200)
    assert await status_of(town, request) == 200
    await town.mail.write(SITI.mail, DESK, COMPLAINT, subject="Laporan")
    assert number_in((await town.hears("whatsapp", BUDI))[0]) != number_in((await town.hears("email", SITI))[0])


async def test_a_closed_gateway_says_come_again(phones):
    request = genuine(phones, "whatsapp")
    gateway = phones.gateway
    await gateway.__aexit__(None, None, None)

    answer = await gateway.receive("whatsapp", request)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    await phones.stop()
    await phones.start()
    assert await status_of(phones, request) == 200


async def test_silence_of_a_provider_holds_up_no_intake(phones):
    await phones.twilio.play(Fault.SILENT)
    await phones.write("whatsapp", BUDI, COMPLAINT)
    await phones.twilio.reached()

    assert await phones.write("whatsapp", BUDI, "Lagi") == 200
    await until(lambda: phones.rows("SELECT count(*) FROM message") == [(2,)])
    await phones.twilio.play(None)
