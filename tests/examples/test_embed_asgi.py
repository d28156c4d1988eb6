"""examples/embed_asgi: the gateway behind the ASGI protocol, on a real socket."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager

import pytest
import structlog
from asgi_server import StartupFailedError, living, server
from places import CITIZEN, DESK, PUBLIC

from treckk_gateway import Gateway

MODES = {
    "alone": {},
    "below a prefix": {"root_path": "/aduan"},
    "below a prefix the proxy cut off": {"root_path": "/aduan", "root_in_path": False},
    "on a server without raw_path": {"raw": False},
}


@pytest.fixture
def open_town(example, serve, twilio):
    """The example, alive and served in one of the modes; a WhatsApp number leads to it."""

    @asynccontextmanager
    async def opened(config, **mode):
        gateways = []
        app = example("embed_asgi/app.py").Webhooks(
            lambda: gateways.append(Gateway.from_config(config)) or gateways[-1]
        )
        async with living(app):
            url = await serve(server(app, **mode))
            twilio.connect(DESK, webhook_url=f"{PUBLIC}/channels/whatsapp", post_to=f"{url}/channels/whatsapp")
            yield url, gateways[0]

    return opened


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES.keys())
async def test_a_signed_complaint_is_filed_and_answered_on_the_phone(open_town, configure, whatsapp, twilio, mode):
    async with open_town(configure({"whatsapp": whatsapp}), **mode) as (_url, _gateway), asyncio.timeout(20):
        answer = await twilio.write(CITIZEN, DESK, "Ada pedagang di trotoar depan pasar, jalan macet")
        [receipt] = await twilio.heard(CITIZEN)
        assert (answer.status, answer.content_type) == (200, "text/xml")
        assert re.search(r"TRK-\d{4}-\d{5}", receipt.body)


async def test_the_signed_query_of_a_receipt_reaches_the_gateway_as_it_was_called(
    open_town, configure, whatsapp, twilio
):
    async with open_town(configure({"whatsapp": whatsapp})) as (_url, gateway), asyncio.timeout(20):
        await twilio.write(CITIZEN, DESK, "Ada parkir liar di depan kantor camat")
        await twilio.heard(CITIZEN)
        await twilio.settled()
        assert await gateway.settled(10)
        assert (await gateway.counters())["refused"] == 0


async def test_what_is_refused_is_answered_as_the_gateway_says(open_town, configure, whatsapp, client):
    config = configure({"whatsapp": whatsapp}, max_body=1024)
    form = {"From": CITIZEN, "To": DESK, "Body": "palsu", "MessageSid": "SM" + "0" * 32}
    async with open_town(config) as (url, gateway):
        calls = {
            403: client.post(f"{url}/channels/whatsapp", data=form),
            404: client.post(f"{url}/channels/nobody", data=form),
            405: client.put(f"{url}/channels/whatsapp", data=form),
            413: client.post(f"{url}/channels/whatsapp", data=b"x" * 5000),
        }
        for status, call in calls.items():
            async with call as answer:
                assert answer.status == status
        async with client.post(f"{url}/elsewhere", data=form) as answer:
            assert answer.status == 404
        assert (await gateway.counters())["received"] == 0


async def test_repeated_headers_arrive_repeated_and_prove_nothing(open_town, configure, client):
    web = {"adapter": "web", "secret": "file:web.secret"}
    async with open_town(configure({"portal": web})) as (url, gateway):
        twice = [("webhook-id", "a"), ("webhook-id", "b"), ("webhook-timestamp", "1"), ("webhook-signature", "v1,x")]
        async with client.post(f"{url}/channels/portal", data=b"{}", headers=twice) as answer:
            assert answer.status == 403
        assert (await gateway.counters())["refused"] == 1


async def test_before_the_lifespan_it_takes_nothing(example, serve, client):
    app = example("embed_asgi/app.py").app
    url = await serve(server(app))
    async with client.post(f"{url}/channels/whatsapp", data=b"x") as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "30"


async def test_a_refused_configuration_is_told_to_the_server(example, configure):
    config = configure({"whatsapp": {"adapter": "twilio"}})
    app = example("embed_asgi/app.py").Webhooks(lambda: Gateway.from_config(config))
    with pytest.raises(StartupFailedError, match=r"channels\.whatsapp\.account_sid"):
        async with living(app):
            pytest.fail("it started")


async def test_the_configuration_is_named_by_the_environment(example, configure, monkeypatch, own_logging):
    monkeypatch.setenv("TRECKK_CONFIG", str(configure({})))
    async with living(example("embed_asgi/app.py").app):
        assert structlog.is_configured()


async def test_a_peer_that_hangs_up_leaves_nothing(example):
    module = example("embed_asgi/app.py")
    events = iter([{"type": "http.request", "body": b"half", "more_body": True}, {"type": "http.disconnect"}])

    async def receive():
        return next(events)

    assert await module.whole_body(receive, 1024) is None
