from __future__ import annotations

import asyncio
import json
import time
import traceback
from urllib.parse import parse_qsl

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.adapters.twilio import TwilioChannel
from treckk_gateway.adapters.twilio.content import Offering
from treckk_gateway.adapters.twilio.sending import form
from treckk_gateway.channel import ChannelContext, WebhookResponse
from treckk_gateway.errors import NotTaken, OptedOut, Rejected, Scope, SendError, Uncertain, WindowClosed
from treckk_gateway.model import Address, Choice, DeliveryState, OutboundMessage, Secret, SendResult, Template
from treckk_gateway.testing import Fault, HttpStandIn
from treckk_gateway.testing.sandbox.twilio import Callbacks, TwilioSandbox, Twist, Window

WHATSAPP = "whatsapp:+6281100000000"
SMS = "+14155550100"
CITIZEN = Address("whatsapp", "+6281200000000")
PHONE = Address("sms", "+6281200000000")
PUBLIC = "https://aduan.example.go.id/channels/wa"


@pytest.fixture
async def twilio():
    async with TwilioSandbox(callbacks=Callbacks.NONE) as sandbox:
        yield sandbox


@pytest.fixture
async def channel(twilio):
    built = make(twilio)
    await built.open()
    yield built
    await built.close()


def make(twilio, sender=WHATSAPP, *, url=PUBLIC, **options):
    settings = TwilioChannel.Options(
        account_sid=twilio.account_sid,
        auth_token=Secret(twilio.auth_token),
        sender=sender,
        **{"api_base_url": twilio.url, **options},
    )
    return TwilioChannel.from_settings(settings, ChannelContext(channel_id="wa", webhook_url=url))


def message(text="Laporan TRK-2611-00001 diterima", *, to=CITIZEN, delivery_id="d-1", timeout=10.0):
    return OutboundMessage(
        delivery_id=delivery_id, attempt_id=f"{delivery_id}-a", recipient=to, text=text, timeout=timeout
    )


async def test_a_text_is_created_with_our_delivery_id_in_the_callback(twilio, channel):
    result = await channel.send(message("Laporan diterima 🙏\nTerima kasih\x00", delivery_id="d/1 &x"))

    [made] = twilio.messages
    assert result == SendResult(provider_message_id=made.sid, state=DeliveryState.ACCEPTED, parts=1)
    assert (made.sender, made.recipient) == (WHATSAPP, "whatsapp:+6281200000000")
    assert made.body == "Laporan diterima 🙏\nTerima kasih"
    assert made.status_callback == f"{PUBLIC}?delivery=d%2F1%20%26x"


async def test_a_callback_address_with_a_query_keeps_it(twilio):
    channel = make(twilio, url=f"{PUBLIC}?x=1")
    await channel.open()
    await channel.send(message())
    await channel.close()

    assert twilio.messages[0].status_callback == f"{PUBLIC}?x=1&delivery=d-1"


async def test_a_user_without_a_number_is_written_to_by_their_id(twilio, channel):
    await channel.send(message(to=Address("whatsapp", "ID.4566546130240823")))

    assert twilio.messages[0].recipient == "whatsapp:ID.4566546130240823"


@pytest.mark.parametrize(
    ("text", "sent", "parts"), [("\u201cSiap\u201d \u2013 pak", '"Siap" - pak', 1), ("a" * 161, "a" * 161, 2)]
)
async def test_sms_is_made_plain_and_counted_in_parts(twilio, text, sent, parts):
    channel = make(twilio, SMS)
    await channel.open()
    result = await channel.send(message(text, to=PHONE))
    await channel.close()

    assert (twilio.messages[0].body, twilio.messages[0].recipient) == (sent, "+6281200000000")
    assert result.parts == parts


@pytest.mark.parametrize(
    ("outgoing", "code"),
    [
        (message("a" * 1601), "text_too_long"),
        (message(" \n\x00"), "empty_text"),
        (message(to=PHONE), "address_scheme"),
        (message(to=Address("mailto", "warga@example.org")), "address_scheme"),
    ],
)
async def test_what_cannot_be_said_is_rejected_without_asking_twilio(twilio, channel, outgoing, code):
    with pytest.raises(Rejected) as caught:
        await channel.send(outgoing)

    assert (caught.value.code, caught.value.scope) == (code, Scope.MESSAGE)
    assert not twilio.messages


async def test_1600_characters_are_one_message(twilio, channel):
    await channel.send(message("a" * 1600))

    assert len(twilio.messages[0].body) == 1600


TWISTS = [
    (Twist(status=429, code=20429, retry_after=5), NotTaken, "20429", {"after": 5.0}),
    (Twist(status=429), NotTaken, "http_429", {"after": None}),
    (Twist(status=400, code=63018, retry_after=9), NotTaken, "63018", {"after": 9.0}),
    (Twist(status=400, code=63016), WindowClosed, "63016", {}),
    (Twist(status=400, code=21610), OptedOut, "21610", {"scope": Scope.ADDRESS}),
    (Twist(status=400, code=21211), Rejected, "21211", {"scope": Scope.ADDRESS}),
    (Twist(status=401, code=20003), Rejected, "20003", {"scope": Scope.CHANNEL}),
    (Twist(status=403), Rejected, "http_403", {"scope": Scope.CHANNEL}),
    (Twist(status=500, code=20500), Uncertain, "20500", {}),
    (Twist(status=503), Uncertain, "http_503", {}),
    (Twist(status=302), Rejected, "http_302", {}),
    (Twist(status=200, garbage=True), Uncertain, "twilio_answer", {}),
    (Twist(status=201, garbage=True), Uncertain, "twilio_answer", {}),
    (Twist(silent=True), Uncertain, "timeout", {}),
    (Twist(silent=True, taken=True), Uncertain, "timeout", {}),
    (Twist(cut=True), Uncertain, "connection_lost", {}),
    (Twist(cut=True, taken=True), Uncertain, "connection_lost", {}),
]


@pytest.mark.parametrize("row", TWISTS)
async def test_every_trouble_is_typed_and_tried_once(twilio, channel, row):
    twist, kind, code, more = row
    twilio.script(twist)
    began = time.monotonic()

    with pytest.raises(SendError) as caught:
        await channel.send(message(timeout=0.4))

    assert time.monotonic() - began < 2.0
    assert type(caught.value) is kind
    assert caught.value.code == code
    assert {name: getattr(caught.value, name) for name in more} == more
    assert twilio.saw("delivery%3Dd-1") == 1
    assert len(twilio.messages) == twist.taken
    told = "".join(traceback.format_exception(caught.value))
    assert not any(word in told for word in ("6281200000000", twilio.auth_token, "TRK-2611"))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"sid": "SM" + 32 * "1", "status": "queued"}),
        (201, {"sid": "PM" + 32 * "1"}),
        (201, {"sid": 5}),
        (201, []),
        (201, None),
        (204, {}),
    ],
)
async def test_only_a_created_message_counts_as_taken(status, body):
    answer = WebhookResponse(status, b"" if status == 204 else json.dumps(body).encode(), "application/json")
    async with HttpStandIn(lambda _: answer) as server, TwilioSandbox() as twilio:
        channel = make(twilio, api_base_url=server.url)
        await channel.open()
        with pytest.raises(Uncertain) as caught:
            await channel.send(message())
        await channel.close()

    assert caught.value.code == "twilio_answer"
    assert len(server.requests) == 1


async def test_nobody_there_is_not_taken(twilio, channel):
    await twilio.play(Fault.REFUSED)

    with pytest.raises(NotTaken) as caught:
        await channel.send(message())

    assert caught.value.code == "connect_failed"


async def test_a_name_that_cannot_be_resolved_is_not_taken(twilio, monkeypatch):
    async def nowhere(*_, **__):
        raise OSError(-2, "Name or service not known")

    monkeypatch.setattr("aiohttp.resolver.DefaultResolver.resolve", nowhere)
    channel = make(twilio, api_base_url="http://api.example.org")
    await channel.open()
    with pytest.raises(NotTaken) as caught:
        await channel.send(message())
    await channel.close()

    assert caught.value.code == "connect_failed"


async def test_no_time_to_connect_is_not_taken(twilio, channel, monkeypatch):
    async def never(*_, **__):
        await asyncio.Event().wait()

    monkeypatch.setattr("aiohttp.TCPConnector._create_direct_connection", never)

    with pytest.raises(NotTaken) as caught:
        await channel.send(message(timeout=0.1))

    assert caught.value.code == "connect_timeout"


async def test_the_settings_limit_the_time_too(twilio):
    channel = make(twilio, timeout=0.2)
    await channel.open()
    await channel.send(message())
    await twilio.play(Fault.SILENT)
    began = time.monotonic()
    with pytest.raises(Uncertain):
        await channel.send(message(timeout=60.0))
    await channel.close()

    assert time.monotonic() - began < 2


async def test_a_closed_channel_sends_nothing(twilio, channel):
    await channel.close()

    with pytest.raises(NotTaken) as caught:
        await channel.send(message())

    assert caught.value.code == "closed"
    assert not twilio.messages


async def test_the_window_and_the_opt_out_are_twilios_to_know(twilio, channel):
    twilio.window = Window.REFUSES
    with pytest.raises(WindowClosed):
        await channel.send(message())

    twilio.window = Window.OPEN
    twilio.block(WHATSAPP, "whatsapp:+6281200000000")
    with pytest.raises(OptedOut):
        await channel.send(message())


REVIEW = "HX" + "a" * 32


def approved(*parameters, sid=REVIEW, **more):
    made = message(**more)
    return attrs.evolve(made, template=Template(name=sid, language="id", parameters=parameters))


async def test_an_approved_content_leaves_without_a_body_and_passes_a_closed_window(twilio, channel):
    twilio.window = Window.REFUSES
    twilio.approve(REVIEW, "Laporan {{1}}: {{2}}.")

    result = await channel.send(approved("TRK-2611-00001", "selesai"))

    [made] = twilio.messages
    assert (made.sid, made.content_sid, made.body) == (
        result.provider_message_id, REVIEW, "Laporan TRK-2611-00001: selesai.",
    )  # fmt: skip
    assert twilio.saw("Body=") == 0


@pytest.mark.parametrize(
    ("sid", "parameters", "code"),
    [("HX" + "b" * 32, (), "21655"), (REVIEW, ("satu",), "21656"), (REVIEW, ("satu", "dua", "tiga"), "21656")],
)
async def test_a_content_twilio_does_not_know_or_cannot_fill_is_rejected(twilio, channel, sid, parameters, code):
    twilio.approve(REVIEW, "Laporan {{1}}: {{2}}.")
    with pytest.raises(Rejected) as caught:
        await channel.send(approved(*parameters, sid=sid))
    assert (caught.value.code, caught.value.scope) == (code, Scope.MESSAGE)


async def test_an_approved_content_of_uncertain_fate_is_found_by_its_variables(twilio, channel):
    twilio.approve(REVIEW, "Laporan {{1}}: {{2}}.")
    began = int(time.time() * 1_000_000)
    twilio.script(Twist(status=500, taken=True))
    with pytest.raises(Uncertain):
        await channel.send(approved("TRK-2611-00001", "selesai"))

    found = await channel.lookup(approved("TRK-2611-00001", "selesai"), began)
    assert found is not None
    assert found.provider_message_id == twilio.messages[0].sid
    assert await channel.lookup(approved("TRK-2611-00002", "selesai"), began) is None
    assert await channel.lookup(approved("TRK-2611-00001", "selesai"), began + 60_000_000) is None


async def test_64_at_once_each_get_their_own_answer(twilio, channel):
    async def send(number):
        to = Address("whatsapp", f"+62812{number:08}")
        return number, await channel.send(message(f"Laporan {number}", to=to, delivery_id=f"d-{number}"))

    for _ in range(5):
        done = await asyncio.gather(*map(send, range(64)))
        texts = {one.sid: one.body for one in twilio.messages}
        assert [texts[result.provider_message_id] for _, result in done] == [f"Laporan {n}" for n, _ in done]

    assert len(twilio.messages) == 5 * 64


async def test_failures_among_many_stay_with_their_message(twilio, channel):
    twilio.script(*(Twist(status=429, code=20429, retry_after=number) for number in range(1, 11)))

    found = await asyncio.gather(
        *(channel.send(message(delivery_id=f"d-{n}")) for n in range(30)), return_exceptions=True
    )

    assert sorted(one.after for one in found if isinstance(one, NotTaken)) == list(range(1, 11))
    taken = [one.provider_message_id for one in found if isinstance(one, SendResult)]
    assert sorted(taken) == sorted(one.sid for one in twilio.messages)


@pytest.mark.parametrize(
    "twist", [Twist(silent=True, taken=True), Twist(cut=True, taken=True), Twist(status=500, taken=True)]
)
async def test_an_uncertain_send_that_was_taken_is_found(twilio, channel, twist):
    began = int(time.time() * 1_000_000)
    outgoing = message("Laporan  diterima \n🙏", timeout=0.5)
    await channel.send(message("Laporan lain"))
    twilio.script(twist)
    with pytest.raises(Uncertain):
        await channel.send(outgoing)

    found = await channel.lookup(outgoing, began)

    assert found is not None
    assert found.provider_message_id == twilio.messages[1].sid


async def test_an_uncertain_send_that_was_not_taken_is_not_found(twilio, channel):
    began = int(time.time() * 1_000_000)
    await channel.send(message("Laporan diterima", to=Address("whatsapp", "+6281200000099")))
    twilio.connect(WHATSAPP, webhook_url="http://127.0.0.1:9/")
    await twilio.write("whatsapp:+6281200000000", WHATSAPP, "Laporan diterima")
    twilio.script(Twist(cut=True))
    with pytest.raises(Uncertain):
        await channel.send(message("Laporan diterima"))

    assert await channel.lookup(message("Laporan diterima"), began) is None


async def test_the_same_words_sent_earlier_are_another_message(twilio, channel):
    await channel.send(message())
    twilio.messages[0].made -= 3600
    now = int(time.time() * 1_000_000)

    assert await channel.lookup(message(), now) is None
    assert await channel.lookup(message(), now - 3_600_000_000) is not None


@pytest.mark.parametrize(
    "fault", [Fault.BUSY, Fault.BROKEN, Fault.SILENT, Fault.DROPPED, Fault.DENIED, Fault.GARBAGE, Fault.REFUSED]
)
async def test_a_look_up_that_fails_never_says_not_found(twilio, channel, fault):
    await twilio.play(fault)

    with pytest.raises(SendError):
        await channel.lookup(message(timeout=0.5), 0)


async def test_cancelling_a_send_cancels_it(twilio, channel):
    await channel.send(message())
    await twilio.play(Fault.SILENT)
    task = asyncio.create_task(channel.send(message(delivery_id="d-2")))
    await asyncio.wait_for(twilio.reached(), 5)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    await twilio.play(None)
    assert (await channel.send(message(delivery_id="d-3"))).provider_message_id == twilio.messages[-1].sid


async def test_nothing_personal_is_logged(twilio, channel, caplog):
    caplog.set_level(0)
    twilio.script(Twist(status=400, code=21211), Twist(cut=True))
    for number in range(3):
        try:
            await channel.send(message(delivery_id=f"d-{number}"))
        except SendError:
            continue
    await channel.lookup(message(), 0)

    assert not any(word in caplog.text for word in ("6281200000000", "TRK-2611", twilio.auth_token, "Basic "))


async def test_the_environment_does_not_move_our_calls(twilio, channel, monkeypatch):
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")

    await channel.send(message())

    assert len(twilio.messages) == 1


@given(st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=5))
def test_a_form_is_read_as_it_was_written(pairs):
    fields = dict(pairs)
    assert parse_qsl(form(fields).decode("ascii"), keep_blank_values=True) == list(fields.items())


def test_each_value_of_a_list_is_a_field():
    assert form({"MediaUrl": ["https://a/?x=1&y=2", "b c"], "Flag": True}) == (
        b"MediaUrl=https://a/?x%3D1%26y%3D2&MediaUrl=b+c&Flag=True"
    )


# Choices

CONTENTS = {
    "choices": {
        "buttons": {str(count): f"HX{count:032x}" for count in (1, 2, 3)},
        "lists": {str(count): f"HX{count + 16:032x}" for count in (2, 4, 10)},
    }
}


@pytest.fixture
async def offering(twilio):
    for count, sid in CONTENTS["choices"]["buttons"].items():
        twilio.offer(sid, buttons=int(count))
    for count, sid in CONTENTS["choices"]["lists"].items():
        twilio.offer(sid, lines=int(count))
    built = make(twilio, choices=Offering(**CONTENTS["choices"]))
    await built.open()
    yield built
    await built.close()


def asking(*labels, text="Yang mana?", answers=None):
    answers = answers or [str(count) for count in range(1, len(labels) + 1)]
    offered = tuple(Choice(label=label, answer=answer) for label, answer in zip(labels, answers, strict=True))
    return attrs.evolve(message(text), choices=offered)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (asking("Ya"), "buttons"),
        (asking("Ya", "Tidak", "Nanti"), "buttons"),
        (asking("Ya", "x" * 20), "buttons"),
        (asking("Ya", "x" * 21), "list"),
        (asking("Sama", "Sama"), "list"),
        (asking("Juai", "Awayan", "Halong", "Desa yang namanya panjang sekali betul"), "list"),
        (asking(*(f"Pilihan {count}" for count in range(10))), "list"),
        (asking(*(f"Pilihan {count}" for count in range(5))), None),  # no content for five
        (asking("Ya", "Tidak", answers=["sama", "sama"]), None),
        (asking("Ya", answers=["x" * 200]), None),
        (asking("Ya", text="x" * 1024), "buttons"),
        (asking("Ya", text="x" * 1025), None),
        (message(), None),
    ],
)
async def test_choices_leave_as_buttons_or_a_list_where_a_content_has_room_for_them(twilio, offering, sent, shown):
    await offering.send(sent)

    [heard] = twilio.messages
    assert (heard.body, bool(heard.choices), heard.listed) == (sent.text, shown is not None, shown == "list")
    if shown:
        assert [name for _, name in heard.choices] == [f"jawab:{one.answer}" for one in sent.choices]
        cut = [label.rstrip("\N{HORIZONTAL ELLIPSIS}") for label, _ in heard.choices]
        assert all(one.label.startswith(label) for one, label in zip(sent.choices, cut, strict=True))


async def test_lines_and_breaks_of_the_text_stay_as_they_are(twilio, offering):
    await offering.send(asking("Ya", text="Di mana?\n1. Juai\n2. Halong"))

    assert twilio.messages[0].body == "Di mana?\n1. Juai\n2. Halong"


@pytest.mark.parametrize("code", [21655, 21656, 63013])
async def test_a_content_that_is_refused_costs_its_buttons_and_not_the_message(twilio, offering, code):
    twilio.script(Twist(status=400, code=code))

    await offering.send(asking("Ya"))

    [heard] = twilio.messages
    assert (heard.body, heard.content_sid) == ("Yang mana?", None)


@pytest.mark.parametrize(
    ("code", "error"), [(63016, WindowClosed), (21610, OptedOut), (63007, Rejected), (21211, Rejected)]
)
async def test_what_no_words_would_pass_either_is_not_tried_twice(twilio, offering, code, error):
    twilio.script(Twist(status=400, code=code))

    with pytest.raises(error):
        await offering.send(asking("Ya"))

    assert twilio.messages == []


async def test_an_uncertain_send_with_choices_is_found_by_its_words_and_not_repeated_in_the_attempt(twilio, offering):
    twilio.script(Twist(taken=True, cut=True))
    with pytest.raises(Uncertain):
        await offering.send(asking("Ya"))

    found = await offering.lookup(asking("Ya"), 0)

    assert len(twilio.messages) == 1
    assert found is not None
    assert found.provider_message_id == twilio.messages[0].sid


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        ({"buttons": {"4": "HX" + 32 * "0"}}, "from 1 to 3"),
        ({"lists": {"11": "HX" + 32 * "0"}}, "from 1 to 10"),
        ({"lists": {"two": "HX" + 32 * "0"}}, "from 1 to 10"),
        ({"buttons": {"1": "treckk_buttons_1"}}, "ContentSid"),
    ],
)
def test_a_content_nobody_could_send_is_refused(choices, reason):
    options = {"account_sid": "AC" + 32 * "0", "auth_token": Secret("x" * 16), "choices": Offering(**choices)}

    with pytest.raises(ValueError, match=reason):
        TwilioChannel.Options(sender=WHATSAPP, **options)
    with pytest.raises(ValueError, match="nothing to tap"):
        TwilioChannel.Options(sender=SMS, **options)
