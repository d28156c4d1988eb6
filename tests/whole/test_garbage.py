"""Whatever bytes come in, by whomever signed: refused, filed or parked; never 5xx, and the books balance."""

from __future__ import annotations

import json

import pytest
from folk import BUDI, COMPLAINT, DESK, PUBLIC, number_in
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from treckk_gateway import WebhookRequest
from treckk_gateway.testing import tampering
from treckk_gateway.testing.sandbox.mail import Written

BOUNDED = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
ROUTES = ("whatsapp", "sms", "web", "lapor")
NAMES = (
    "MessageSid", "SmsSid", "AccountSid", "From", "To", "Body", "NumMedia", "MediaUrl0", "MediaContentType0", "x",
    "Latitude", "Longitude", "MessageStatus", "SmsStatus", "ErrorCode", "ProfileName", "ButtonText", "OptOutType",
    "MessageType", "OriginalRepliedMessageSid", "ExternalUserId", "FlowData",
)  # fmt: skip
VALUES = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    [
        "SM" + "1" * 32,
        "whatsapp:+6281200000001",
        "whatsapp:",
        ":",
        "delivered",
        "received",
        "nan",
        "1e999",
        "\x00",
        "9" * 400,
    ]
)
ODD_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
async def routes(make_town):
    return await make_town(channels=ROUTES)


def encoded(tree):
    """As the standard library writes it: NaN and lone surrogates too, which is wanted here."""
    return json.dumps(tree).encode()


def public(town, body):
    """A genuine webhook of the portal with these bytes."""
    signed = town.portal.signed(body)
    return WebhookRequest.of("POST", f"{PUBLIC}/channels/web", list(signed.headers.items()), body)


async def answered(town, request):
    status, _ = await town.post(request)
    assert status == 200 or 400 <= status < 500, status
    return status


async def balanced(town):
    """Nothing is left undone, nothing was lost, and the next citizen is served."""
    await town.settled()
    before = await town.books()
    assert before["new"] == 0
    assert await town.write("web", BUDI, COMPLAINT) == 200
    await town.settled()
    assert (await town.books())["filed"] == before["filed"] + 1


@BOUNDED
@given(
    channel=st.sampled_from(ROUTES), body=st.binary(max_size=400), query=st.sampled_from(["", "?delivery=x", "?%ff"])
)
async def test_unsigned_bytes_are_refused_on_every_route(routes, channel, body, query):
    before = routes.tables()
    request = WebhookRequest.of("POST", f"{PUBLIC}/channels/{channel}{query}", (), body)

    assert await answered(routes, request) == 403
    assert routes.tables() == before


@BOUNDED
@given(
    channel=st.sampled_from(["whatsapp", "sms"]),
    pairs=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=8),
    query=st.sampled_from(["", "?delivery=x", "?delivery=%ff", "?delivery=", "?delivery=a&delivery=b"]),
)
async def test_signed_nonsense_from_twilio_is_filed_or_parked(routes, channel, pairs, query):
    await answered(routes, routes.twilio_request(channel, pairs, query=query))

    await balanced(routes)


@BOUNDED
@given(
    body=st.binary(max_size=200)
    | st.fixed_dictionaries({"type": st.just("complaint.created"), "data": ODD_JSON}).map(encoded)
    | st.dictionaries(
        st.sampled_from(["id", "text", "conversation_id", "sender", "location", "attachments", "subject"]),
        ODD_JSON,
        max_size=5,
    ).map(lambda data: encoded({"type": "complaint.created", "data": data}))
)
async def test_signed_nonsense_from_a_portal_is_filed_or_parked(routes, body):
    assert await answered(routes, public(routes, body)) == 200

    await balanced(routes)


async def test_hostile_bodies_of_every_known_kind_are_survived(routes):
    whole = {"type": "complaint.created", "timestamp": 1, "data": {"id": "1", "conversation_id": "c", "text": "x"}}
    for _, body in tampering.hostile(encoded(whole)):
        await answered(routes, public(routes, body))

    await balanced(routes)


@settings(BOUNDED, max_examples=15)
@given(
    raw=st.binary(max_size=300)
    | st.tuples(
        st.sampled_from(
            [b"From", b"Subject", b"Content-Type", b"Message-ID", b"In-Reply-To", b"Content-Transfer-Encoding"]
        ),
        st.sampled_from(
            [b"multipart/mixed; boundary=", b"text/html; charset=x-none", b"=?utf-8?b?///?=", b"<>", b"base64"]
        ),
        st.binary(max_size=200),
    ).map(lambda parts: parts[0] + b": " + parts[1] + b"\r\n\r\n" + parts[2])
)
async def test_any_bytes_as_mail_are_kept(make_mail, raw):
    town = await make_mail()
    before = (await town.books())["received"]

    await town.mail.deliver(Written(sender=BUDI.mail, recipient=DESK, raw=raw, message_id="-"))

    await town.settled()
    books = await town.books()
    assert books["new"] == 0
    assert books["received"] in {before, before + 1}


@pytest.fixture
async def make_mail(make_town):
    """One town over all examples."""
    made = []

    async def make():
        made.append(made[0] if made else await make_town(channels=("email",)))
        return made[0]

    return make


async def test_the_good_mail_behind_a_broken_one_is_filed_and_the_broken_one_seen(make_town):
    town = await make_town(channels=("email",))
    await town.mail.deliver(
        Written(sender=BUDI.mail, recipient=DESK, raw=b"\xff\xfe\x00 no header at all", message_id="-")
    )
    await town.write("email", BUDI, COMPLAINT)
    [receipt] = await town.hears("email", BUDI)

    assert number_in(receipt) == (await town.only_case())["reference"]
    [parked] = (await town.get("/parked"))["items"]
    assert (parked["channel_id"], parked["kind"]) == ("email", "other")
    assert await town.api("POST", f"/parked/{parked['id']}/replay") == (200, {"replayed": True})
    await town.settled()
    assert (await town.books())["parked"] == 1


async def test_what_is_parked_can_be_seen_and_run_again_once_it_can_be_read(routes):
    assert await answered(routes, public(routes, b"[1, 2]")) == 200
    await routes.settled()
    [parked] = (await routes.get("/parked"))["items"]
    assert parked["reason"] == "the body is not a JSON object"
    assert (await routes.api("GET", "/parked", by="danru-paringin"))[0] == 403

    assert await routes.api("POST", f"/parked/{parked['id']}/replay") == (200, {"replayed": True})
    await routes.settled()
    assert [one["id"] for one in (await routes.get("/parked"))["items"]] == [parked["id"]]
    assert await routes.api("POST", "/parked/999/replay") == (200, {"replayed": False})


async def test_every_channel_that_is_configured_is_under_the_guard(town):
    before = town.tables()
    for name, channel in town.gateway.channels.items():
        for method in ("POST", "GET"):
            async with town.http.request(method, f"{town.url}/channels/{name}", data=b"{}") as answer:
                assert answer.status == (403 if channel.capabilities.webhook else 404), name

    assert town.tables() == before


async def test_odd_paths_are_no_routes(routes):
    before = routes.tables()
    for path in (
        "/channels/",
        "/channels/nowhere",
        "/channels/%00",
        "/channels/..",
        "/channels/whatsapp/x",
        "/channels",
    ):
        async with routes.http.post(URL(routes.url + path, encoded=True), data=b"x") as answer:
            assert answer.status == 404, path

    assert routes.tables() == before
