from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from treckk_gateway.adapters.twilio import TwilioChannel
from treckk_gateway.channel import ChannelContext, WebhookRequest
from treckk_gateway.errors import SignatureError
from treckk_gateway.model import Address, DeliveryState, InboundMessage, MediaKind, OutboundMessage, Secret
from treckk_gateway.testing import Fault
from treckk_gateway.testing.sandbox.twilio import Callbacks, TwilioSandbox, Twist, Window
from treckk_gateway.testing.sandbox.twilio_webhooks import Overrides

OURS = "whatsapp:+6281100000000"
CITIZEN = "whatsapp:+6281200000000"
PUBLIC = "https://aduan.example.go.id/channels/wa"


class Gateway:
    """A webhook receiver: keeps requests as the public address called, answers as told."""

    def __init__(self):
        self.requests = []
        self.answers = []
        self.arrived = asyncio.Condition()
        self.url = ""

    async def take(self, called):
        public = PUBLIC + called.raw_path.removeprefix("/local")
        request = WebhookRequest.of(called.method, public, called.headers.items(), await called.read())
        async with self.arrived:
            self.requests.append(request)
            self.arrived.notify_all()
        status, body = self.answers.pop(0) if self.answers else (200, "")
        if status is None:
            called.transport.abort()
            return web.Response()
        return web.Response(status=status, text=body, content_type="text/plain" if body else "text/xml")

    async def has(self, count):
        async with self.arrived:
            await asyncio.wait_for(self.arrived.wait_for(lambda: len(self.requests) >= count), 10)


@asynccontextmanager
async def serving(gateway):
    app = web.Application()
    app.router.add_route("*", "/local{tail:.*}", gateway.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    gateway.url = f"http://127.0.0.1:{runner.addresses[0][1]}/local"
    try:
        yield gateway
    finally:
        await runner.cleanup()


@pytest.fixture
async def gateway():
    async with serving(Gateway()) as served:
        yield served


@pytest.fixture
async def twilio(gateway):
    async with TwilioSandbox() as sandbox:
        sandbox.connect(OURS, webhook_url=PUBLIC, post_to=gateway.url)
        yield sandbox


@pytest.fixture
async def channel(twilio):
    options = TwilioChannel.Options(
        account_sid=twilio.account_sid, auth_token=Secret(twilio.auth_token), sender=OURS, api_base_url=twilio.url
    )
    built = TwilioChannel.from_settings(options, ChannelContext(channel_id="wa", webhook_url=PUBLIC))
    await built.open()
    yield built
    await built.close()


def message(text="Laporan diterima", delivery_id="d-1", to=CITIZEN):
    return OutboundMessage(delivery_id=delivery_id, attempt_id="a", recipient=Address.parse(to), text=text, timeout=5.0)


def states(channel, gateway):
    for request in gateway.requests:
        channel.verify(request)
    return [channel.parse(request)[0].state.value for request in gateway.requests]


async def test_what_a_person_writes_arrives_signed_at_the_local_address(twilio, channel, gateway):
    answer = await twilio.write(
        CITIZEN,
        OURS,
        "Ada parkir liar 🙏",
        name="Siti Aminah",
        location=(-2.33, 115.45),
        place="Pasar Contoh",
        user_id="ID.123",
        files=[("image/jpeg", b"jpeg")],
    )

    assert (answer.status, answer.attempts, answer.fallback) == (200, 1, False)
    [request] = gateway.requests
    channel.verify(request)
    [item] = channel.parse(request)
    assert isinstance(item, InboundMessage)
    assert (item.sender.text, item.text, item.sender_name) == (CITIZEN, "Ada parkir liar 🙏", "Siti Aminah")
    assert (item.location.lat, item.location.text) == (-2.33, "Pasar Contoh")
    assert item.aliases == (Address("whatsapp", "ID.123"),)
    assert item.attachments[0].kind is MediaKind.IMAGE
    assert item.message_id == answer.sid == twilio.messages[0].sid


async def test_a_file_is_fetched_with_the_login_and_lies_elsewhere(twilio, channel, gateway):
    await twilio.write(CITIZEN, OURS, files=[("image/jpeg", b"jpeg bytes")])
    source = channel.media_source(channel.parse(gateway.requests[0])[0].attachments[0].ref)

    async with aiohttp.ClientSession() as http:
        async with http.get(source.url, allow_redirects=False) as refused:
            assert refused.status == 401
        async with http.get(source.url, headers=source.headers, allow_redirects=False) as moved:
            assert moved.status == 307
        async with http.get(moved.headers["Location"]) as file:
            assert (await file.read(), file.content_type) == (b"jpeg bytes", "image/jpeg")
        async with http.delete(source.url, headers=source.headers) as deleted:
            assert deleted.status == 204
        async with http.get(source.url, headers=source.headers, allow_redirects=False) as gone:
            assert gone.status == 404


async def test_the_same_message_can_be_posted_again(twilio, channel, gateway):
    first = await twilio.write(CITIZEN, OURS, "halo")
    again = await twilio.write(CITIZEN, OURS, sid=first.sid)

    assert again.sid == first.sid
    assert len({channel.parse(one)[0].dedupe_key for one in gateway.requests}) == 1
    assert len(twilio.messages) == 1


async def test_a_person_without_a_number_taps_a_button(twilio, channel, gateway):
    sent = await channel.send(message())
    await twilio.settled()
    gateway.requests.clear()
    await twilio.write("whatsapp:ID.77", OURS, button="SELESAI", answers=sent.provider_message_id)

    [item] = channel.parse(gateway.requests[0])
    assert (item.sender.value, item.text, item.reply_ids) == ("ID.77", "SELESAI", (sent.provider_message_id,))


async def test_a_message_arrives_at_the_phone_and_is_reported_in_order(twilio, channel, gateway):
    await channel.send(message("Laporan diterima"))

    [arrived] = await asyncio.wait_for(twilio.heard(CITIZEN), 5)
    assert (arrived.body, arrived.sender) == ("Laporan diterima", OURS)
    await twilio.settled()
    assert states(channel, gateway) == ["sent", "delivered", "read"]
    assert {channel.parse(one)[0].delivery_id for one in gateway.requests} == {"d-1"}
    assert arrived.status == "read"


async def test_who_watches_sees_each_message_arrive(gateway):
    seen = []

    async def watch(arrived):
        seen.append((arrived.recipient, arrived.body))

    async with TwilioSandbox(watch=watch, callbacks=Callbacks.NONE) as twilio:
        for number in range(3):
            assert await create(twilio, {"From": OURS, "To": CITIZEN, "Body": f"nomor {number}"}) == (201, None)
            await twilio.settled()

    assert seen == [(CITIZEN, f"nomor {number}") for number in range(3)]


def create_url(twilio):
    return f"{twilio.url}/2010-04-01/Accounts/{twilio.account_sid}/Messages.json"


def login(twilio):
    return {"Authorization": aiohttp.encode_basic_auth(twilio.account_sid, twilio.auth_token)}


async def create(twilio, fields):
    call = aiohttp.ClientSession(headers=login(twilio))
    async with call as http, http.post(create_url(twilio), data=fields) as answer:
        return answer.status, (await answer.json()).get("code")


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        (Callbacks.DOUBLED, ["sent", "sent", "delivered", "delivered", "read", "read"]),
        (Callbacks.NONE, []),
        (Callbacks.EARLY, ["sent", "delivered", "read"]),
    ],
)
async def test_callbacks_come_as_scripted(twilio, channel, gateway, order, wanted):
    twilio.callbacks = order
    await channel.send(message())
    early = len(gateway.requests)
    await twilio.settled()

    assert states(channel, gateway) == wanted
    assert order is not Callbacks.EARLY or early == 3


async def test_shuffled_callbacks_are_the_same_ones_in_another_order(twilio, channel, gateway):
    twilio.callbacks = Callbacks.SHUFFLED
    orders = set()
    for number in range(6):
        await channel.send(message(delivery_id=f"d-{number}"))
        await twilio.settled()
        found = states(channel, gateway)
        assert sorted(found) == ["delivered", "read", "sent"]
        orders.add(tuple(found))
        gateway.requests.clear()

    assert len(orders) > 1


async def test_a_status_can_be_reported_by_hand(twilio, channel, gateway):
    twilio.callbacks = Callbacks.NONE
    sent = await channel.send(message())
    await twilio.report(sent.provider_message_id, "undelivered", 30003)

    [receipt] = channel.parse(gateway.requests[0])
    assert (receipt.state, receipt.code) == (DeliveryState.FAILED, "30003")


async def test_a_message_may_fail_after_a_good_answer(twilio, channel, gateway):
    twilio.script(Twist(fails=30005))
    await channel.send(message())
    await twilio.settled()

    assert states(channel, gateway) == ["sent", "failed"]
    assert channel.parse(gateway.requests[1])[0].code == "30005"
    assert not twilio.phone(CITIZEN)


async def test_the_window_opens_with_a_message_and_closes_after_a_day(gateway, clock):
    async with TwilioSandbox(window=Window.FAILS, clock=clock.seconds) as twilio:
        twilio.connect(OURS, webhook_url=PUBLIC, post_to=gateway.url)
        fate = []
        for hours in (None, 23.9, 0.2):
            if hours is None:
                await twilio.write(CITIZEN, OURS, "halo")
            clock.advance(hours=hours or 0)
            form = {"From": OURS, "To": CITIZEN, "Body": "kabar"}
            fate.append(await create(twilio, form))
            await twilio.settled()
            fate.append(twilio.messages[-1].error_code)
        twilio.window = Window.REFUSES
        fate.append(await create(twilio, form))

    assert fate == [(201, None), None, (201, None), None, (201, None), 63016, (400, 63016)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"To": ""}, 21604),
        ({"Body": ""}, 21602),
        ({"To": "whatsapp:0812"}, 21211),
        ({"Body": "a" * 1601}, 21617),
        ({"From": "whatsapp:+6281900000000"}, 21606),
        ({"StatusCallback": "https://a_b.example.org/"}, 21609),
        ({"StatusCallback": "nowhere"}, 21609),
    ],
)
async def test_bad_calls_are_refused_with_twilios_code(twilio, change, code):
    form = {"From": OURS, "To": CITIZEN, "Body": "kabar", **change}

    async with (
        aiohttp.ClientSession() as http,
        http.post(create_url(twilio), data=form, headers=login(twilio)) as answer,
    ):
        assert (answer.status, (await answer.json())["code"]) == (400, code)
    assert not twilio.messages


async def test_rest_calls_need_the_login_and_our_account(twilio):
    other = create_url(twilio).replace(twilio.account_sid, "AC" + 32 * "0")
    async with aiohttp.ClientSession() as http:
        async with http.get(create_url(twilio)) as refused:
            assert (refused.status, (await refused.json())["code"]) == (401, 20003)
        async with http.get(other, headers=login(twilio)) as unknown:
            assert unknown.status == 404
        async with http.get(f"{twilio.url}/elsewhere", headers=login(twilio)) as missing:
            assert missing.status == 404


async def test_messages_are_listed_newest_first_in_pages_and_fetched(twilio, channel):
    sent = [await channel.send(message(f"nomor {number}")) for number in range(3)]
    async with aiohttp.ClientSession(headers=login(twilio)) as http:
        async with http.get(create_url(twilio), params={"To": CITIZEN, "PageSize": "2"}) as answer:
            page = await answer.json()
        async with http.get(twilio.url + page["next_page_uri"]) as answer:
            rest = await answer.json()
        async with http.get(f"{create_url(twilio)[:-5]}/{sent[0].provider_message_id}.json") as answer:
            one = await answer.json()

    assert [found["body"] for found in page["messages"] + rest["messages"]] == ["nomor 2", "nomor 1", "nomor 0"]
    assert rest["next_page_uri"] is None
    assert one["body"] == "nomor 0"
    await twilio.settled()


async def test_sms_words_are_obeyed_as_twilio_does(gateway):
    async with TwilioSandbox() as twilio:
        twilio.connect("+14155550100", webhook_url=PUBLIC, post_to=gateway.url)
        form, codes = {"From": "+14155550100", "To": "+6281200000000", "Body": "kabar"}, []
        for word in ("stop", "terima kasih", "START"):
            await twilio.write("+6281200000000", "+14155550100", word)
            codes.append((await create(twilio, form))[1])

    assert codes == [21610, 21610, None]
    assert len(gateway.requests) == 3


RETRIES = [
    ("", [(500, "")], 500, 1),
    ("", [(None, "")], None, 1),
    ("#rc=3&rp=all", [(500, ""), (503, ""), (200, "")], 200, 3),
    ("#rc=3&rp=5xx", [(404, "")], 404, 1),
    ("#rc=2&rp=4xx,5xx", [(404, ""), (500, ""), (404, "")], 404, 3),
    ("#rc=1&rp=rt", [(None, ""), (200, "")], 200, 2),
    ("#rc=9&rp=all", [(500, "")] * 7, 500, 6),
    ("#rc=x&rp=5xx", [(500, ""), (500, "")], 500, 2),
]


@pytest.mark.parametrize("row", RETRIES)
async def test_a_webhook_is_repeated_by_twilios_rules(twilio, channel, gateway, row):
    overrides, answers, status, attempts = row
    twilio.connect(OURS, webhook_url=PUBLIC + overrides, post_to=gateway.url)
    gateway.answers = list(answers)

    answer = await twilio.write(CITIZEN, OURS, "halo")

    assert (answer.status, answer.attempts) == (status, attempts)
    assert len(gateway.requests) == attempts
    assert len({one.header("I-Twilio-Idempotency-Token") for one in gateway.requests}) == 1
    for request in gateway.requests:
        channel.verify(request)


async def test_a_connection_that_fails_is_tried_twice(twilio):
    twilio.connect(OURS, webhook_url=PUBLIC, post_to="http://127.0.0.1:9/")

    answer = await twilio.write(CITIZEN, OURS, "halo")

    assert (answer.status, answer.attempts) == (None, 2)


async def test_the_fallback_address_is_called_once_with_the_error(twilio, channel, gateway):
    twilio.connect(OURS, webhook_url=PUBLIC, post_to=gateway.url, fallback_url=f"{PUBLIC}?fallback=1")
    gateway.answers = [(500, ""), (200, "")]

    answer = await twilio.write(CITIZEN, OURS, "halo")

    assert (answer.status, answer.attempts, answer.fallback) == (200, 2, True)
    assert b"ErrorCode=11200" in gateway.requests[1].body
    channel.verify(gateway.requests[1])
    first, second = (channel.parse(one)[0] for one in gateway.requests)
    assert first == second


def test_overrides_are_read_from_the_fragment():
    assert Overrides.of("https://a.example.org/#ct=1000&rt=2000&tt=3000&rc=2&rp=ct,5xx") == Overrides(
        connect=1.0, read=2.0, total=3.0, repeats=2, after=frozenset({"ct", "5xx"})
    )


async def test_text_in_the_answer_reaches_the_phone_as_twilio_would_send_it(twilio, gateway):
    gateway.answers = [(200, "Internal note")]

    await twilio.write(CITIZEN, OURS, "halo")

    assert [one.body for one in twilio.phone(CITIZEN)] == ["Internal note"]


async def test_a_shared_key_signs_instead_of_the_token(twilio, channel, gateway):
    twilio.use_shared_key("webhooks_sharedkey_1", "c2VjcmV0")
    await twilio.write(CITIZEN, OURS, "halo")
    options = TwilioChannel.Options(
        account_sid=twilio.account_sid,
        auth_token=Secret("another"),
        sender=OURS,
        shared_keys=Secret("webhooks_sharedkey_1=c2VjcmV0"),
        shared_keys_only=True,
    )
    sharing = TwilioChannel.from_settings(options, ChannelContext(channel_id="wa", webhook_url=PUBLIC))

    sharing.verify(gateway.requests[0])
    with pytest.raises(SignatureError):
        channel.verify(gateway.requests[0])


@pytest.mark.parametrize(
    "fault", [Fault.BUSY, Fault.BROKEN, Fault.REJECTED, Fault.DENIED, Fault.GONE, Fault.MOVED, Fault.GARBAGE]
)
async def test_a_fault_stays_until_the_next(twilio, fault):
    async with aiohttp.ClientSession(headers=login(twilio)) as http:
        await twilio.play(fault)
        for _ in range(2):
            async with http.get(create_url(twilio), allow_redirects=False) as answer:
                assert answer.status == {"busy": 429, "broken": 500, "rejected": 400, "denied": 401, "gone": 410}.get(
                    fault.value, answer.status
                )
                with pytest.raises((ValueError, aiohttp.ContentTypeError, KeyError)):
                    (await answer.json())["messages"]
        await twilio.play(None)
        async with http.get(create_url(twilio)) as answer:
            assert (await answer.json())["messages"] == []


async def test_a_number_must_be_connected_and_the_sandbox_entered():
    sandbox = TwilioSandbox()
    with pytest.raises(LookupError):
        await sandbox.write(CITIZEN, OURS, "halo")
    with pytest.raises(RuntimeError):
        sandbox.use_shared_key("a", "b")
    with pytest.raises(LookupError):
        await sandbox.report("SM", "sent")
