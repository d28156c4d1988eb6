from __future__ import annotations

import asyncio
import base64
import json

import aiohttp
import attrs
import pytest
from standardwebhooks.webhooks import Webhook

from treckk_gateway.adapters.web import WebChannel
from treckk_gateway.channel import ChannelContext, WebhookRequest, WebhookResponse, standard_webhooks
from treckk_gateway.model import Secret
from treckk_gateway.testing import Fault, HttpStandIn
from treckk_gateway.testing.sandbox.portal import PortalSandbox

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
NOW = 1_795_500_000


def portal_at(url="", **more):
    ids = iter(f"id-{number}" for number in range(1000))
    return PortalSandbox(SECRET, url, clock=lambda: NOW, new_id=lambda: next(ids), **more)


def callback(secret=SECRET, *, webhook_id="dlv-1", at=NOW, kind="case.updated", **data):
    fields = {"conversation_id": "c-1", "delivery_id": "dlv-1", "text": "diterima", "state": "received", **data}
    body = json.dumps({"type": kind, "timestamp": "x", "data": fields}).encode()
    return body, standard_webhooks.sign([standard_webhooks.key(secret)], webhook_id, at, body)


async def call(portal, body, headers):
    async with aiohttp.ClientSession() as session, session.post(portal.callback_url, data=body, headers=headers) as got:
        return got.status


async def test_what_it_submits_is_what_a_web_channel_takes():
    answer = WebhookResponse(200, b'{"status":"accepted"}', "application/json")
    async with HttpStandIn(lambda _: answer) as gateway, portal_at() as portal:
        portal.webhook_url = f"{gateway.url}/channels/web"
        got = await portal.submit("jalan rusak", conversation_id="c-1", sender={"name": "Siti"}, subject=None)
        [request] = gateway.requests
        context = ChannelContext(channel_id="web", webhook_url=portal.webhook_url, clock=lambda: NOW)
        channel = WebChannel.from_settings(WebChannel.Options(secret=(Secret(SECRET),)), context)
        channel.verify(request)
        [message] = channel.parse(request)

    assert (got.status, got.body) == (200, b'{"status":"accepted"}')
    assert (message.sender.value, message.text, message.sender_name) == ("c-1", "jalan rusak", "Siti")
    assert message.dedupe_key == "id-0"
    assert message.claimed_at == NOW * 1_000_000


async def test_each_submission_is_new_unless_its_id_is_given():
    async with HttpStandIn() as gateway, portal_at() as portal:
        portal.webhook_url = gateway.url
        for more in ({}, {}, {"id": "same"}, {"id": "same"}):
            await portal.submit("halo", conversation_id="c-1", **more)
        ids = [json.loads(request.body)["data"]["id"] for request in gateway.requests]

    assert len(set(ids[:2])) == 2
    assert ids[2:] == ["same", "same"]


async def test_its_signature_satisfies_the_reference_library():
    portal = PortalSandbox(SECRET, "https://gateway.example.org/channels/web")
    request = portal.signed(b'{"a":1}')

    assert Webhook(SECRET).verify(request.body, dict(request.headers)) == {"a": 1}


async def test_a_forged_request_can_be_delivered_as_it_is():
    async with HttpStandIn() as gateway, portal_at() as portal:
        portal.webhook_url = gateway.url
        forged = attrs.evolve(portal.signed(b"{}"), body=b"[]")
        await portal.deliver(forged)
        [request] = gateway.requests

    assert request.body == b"[]"


async def test_a_genuine_callback_is_shown_and_watched():
    seen = []
    async with portal_at(watch=seen.append) as portal:
        waiting = asyncio.create_task(portal.heard("c-1"))
        body, headers = callback(reference="TRK-2611-00001", version=2, extra="ignored")
        status = await call(portal, body, headers)
        [update] = await asyncio.wait_for(waiting, 5)

    assert status == 200
    assert (update.reference, update.state, update.version, update.text) == (
        "TRK-2611-00001",
        "received",
        2,
        "diterima",
    )
    assert seen == portal.updates == [update]
    assert "diterima" not in repr(update)


async def test_updates_are_kept_by_conversation():
    async with portal_at() as portal:
        for number, conversation in enumerate(("c-1", "c-2", "c-1")):
            await call(portal, *callback(webhook_id=f"dlv-{number}", conversation_id=conversation))
        found = await asyncio.wait_for(portal.heard("c-1", 2), 5)

    assert [one.webhook_id for one in found] == ["dlv-0", "dlv-2"]


async def test_a_repeated_callback_is_answered_well_and_taken_once():
    async with portal_at() as portal:
        assert [await call(portal, *callback()) for _ in range(3)] == [200, 200, 200]

    assert (len(portal.updates), portal.repeats) == (1, 2)


@pytest.mark.parametrize(
    ("request_of", "status"),
    [
        (lambda: callback(OTHER), 401),
        (lambda: callback(at=NOW - 301), 401),
        (lambda: callback(at=NOW + 301), 401),
        (lambda: (callback()[0] + b" ", callback()[1]), 401),
        (lambda: (callback()[0], {}), 401),
        (lambda: callback(kind="case.closed"), 400),
        (lambda: callback(text=None), 400),
    ],
)
async def test_a_callback_that_is_not_right_is_refused_and_counted(request_of, status):
    async with portal_at() as portal:
        assert await call(portal, *request_of()) == status

    assert (portal.updates, portal.refused) == ([], 1)


@pytest.mark.parametrize(("fault", "status"), [(Fault.BROKEN, 500), (Fault.BUSY, 429), (Fault.GONE, 410)])
async def test_it_misbehaves_as_told_and_recovers(fault, status):
    async with portal_at() as portal:
        await portal.play(fault)
        assert await call(portal, *callback()) == status
        await portal.play(None)
        assert await call(portal, *callback()) == 200

    assert portal.saw("dlv-1") == 2
    assert len(portal.updates) == 1


async def test_it_is_used_inside_its_block():
    with pytest.raises(RuntimeError):
        await PortalSandbox(SECRET).deliver(WebhookRequest.of("POST", "http://127.0.0.1:9/"))
