from __future__ import annotations

import asyncio
import base64
import json

import attrs
import pytest

from treckk_gateway.adapters.web import WebChannel
from treckk_gateway.channel import (
    Accepted,
    ChannelContext,
    MediaSource,
    WebhookRequest,
    WebhookResponse,
    standard_webhooks,
)
from treckk_gateway.channel.options import read_options
from treckk_gateway.errors import ConfigError, NotTaken, Rejected, Scope, SignatureError, Uncertain
from treckk_gateway.model import Address, OutboundMessage, Secret
from treckk_gateway.testing import RETRY_AFTER, Fault, HttpStandIn
from treckk_gateway.testing.sandbox.portal import PortalSandbox

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OLD = "whsec_" + base64.b64encode(bytes(range(24))).decode()
URL = "https://gateway.example.go.id/channels/web"
NOW = 1_795_500_000
BODY = b'{"type":"complaint.created","data":{"id":"lapor-1","text":"halo"}}'


def web_channel(callback_url=None, *, secrets=(SECRET,), clock=lambda: NOW, **options):
    settings = WebChannel.Options(secret=tuple(map(Secret, secrets)), callback_url=callback_url, **options)
    return WebChannel.from_settings(settings, ChannelContext(channel_id="web", webhook_url=URL, clock=clock))


def webhook(body=BODY, *, secret=SECRET, at=NOW, url=URL):
    signed = standard_webhooks.sign([standard_webhooks.key(secret)], "msg_1", at, body)
    return WebhookRequest.of("POST", url, signed, body)


def outbound(**changes):
    message = OutboundMessage(
        delivery_id="dlv-0001",
        attempt_id="att-0001",
        recipient=Address("web", "warga-71"),
        text="Laporan Anda kami terima.",
        reference="TRK-2611-00123",
        state="received",
        version=3,
        timeout=5.0,
    )
    return attrs.evolve(message, **changes)


# In


@pytest.mark.parametrize("tolerance", [10, 300])
def test_the_tolerance_is_a_setting_and_holds_both_ways(tolerance):
    channel = web_channel(tolerance=tolerance)

    for seconds in (-tolerance, tolerance):
        channel.verify(webhook(at=NOW + seconds))
    for seconds in (-tolerance - 1, tolerance + 1):
        with pytest.raises(SignatureError, match="tolerance"):
            channel.verify(webhook(at=NOW + seconds))


@pytest.mark.parametrize(
    "url",
    [
        f"{URL}?a=1",
        f"{URL}x",
        f"{URL}%20",
        URL.replace("/web", "/sms"),
        URL.replace("/web", "/"),
        "https://portal.example.go.id/aduan/channels/sms",
        "https://portal.example.go.id/hooks?channel=web",
    ],
)
def test_a_query_and_another_channels_address_are_refused(url):
    with pytest.raises(SignatureError, match="address"):
        web_channel().verify(webhook(url=url))


@pytest.mark.parametrize(
    "url",
    [f"{URL}?", "https://portal.example.go.id/aduan/channels/web", "https://portal.example.go.id/hooks/complaints"],
)
def test_a_portal_may_take_webhooks_at_a_path_of_its_own(url):
    assert web_channel().verify(webhook(url=url)) is None


@pytest.mark.parametrize("accepted", [Accepted(new=1), Accepted(duplicate=1), Accepted()])
def test_a_duplicate_is_answered_like_the_first(accepted):
    answer = web_channel().acknowledge(webhook(), accepted)

    assert answer == WebhookResponse(200, b'{"status":"accepted"}', "application/json")


def test_a_parked_webhook_is_told_why():
    answer = web_channel().acknowledge(webhook(), Accepted(parked="the body is not JSON"))

    assert answer.status == 200
    assert json.loads(answer.body) == {"status": "parked", "reason": "the body is not JSON"}


def test_a_linked_file_is_fetched_without_credentials():
    assert web_channel().media_source("https://portal.example.org/1") == MediaSource(url="https://portal.example.org/1")


# Out


async def test_a_callback_is_signed_thin_and_under_our_id():
    async with HttpStandIn() as provider:
        channel = web_channel(f"{provider.url}/updates?county=1", secrets=(SECRET, OLD))
        await channel.open()
        await channel.send(outbound())
        await channel.close()
        [request] = provider.requests

    assert (request.method, request.url) == ("POST", f"{provider.url}/updates?county=1")
    assert request.header("content-type") == "application/json"
    assert request.header("cookie") is None
    assert json.loads(request.body) == {
        "type": "case.updated",
        "timestamp": "2026-11-24T06:00:00Z",
        "data": {
            "reference": "TRK-2611-00123",
            "state": "received",
            "text": "Laporan Anda kami terima.",
            "conversation_id": "warga-71",
            "delivery_id": "dlv-0001",
            "version": 3,
        },
    }
    for secret in (SECRET, OLD):
        key = standard_webhooks.key(secret)
        assert standard_webhooks.verify([key], request, now=NOW) == "dlv-0001"


async def test_attempts_differ_in_time_and_not_in_id():
    times = iter([NOW, NOW + 5])
    async with HttpStandIn() as provider:
        channel = web_channel(provider.url, clock=lambda: next(times))
        await channel.open()
        await channel.send(outbound())
        await channel.send(outbound(attempt_id="att-0002"))
        await channel.close()
        first, second = provider.requests

    assert first.header("webhook-id") == second.header("webhook-id")
    assert first.header("webhook-timestamp") != second.header("webhook-timestamp")


async def test_an_id_that_is_not_safe_in_a_header_is_hashed_and_stays_the_same():
    async with HttpStandIn() as provider:
        channel = web_channel(provider.url)
        await channel.open()
        for _ in range(2):
            await channel.send(outbound(delivery_id="dlv.0001 \u00fc"))
        await channel.close()
        ids = {request.header("webhook-id") for request in provider.requests}

    assert len(ids) == 1
    assert all(map(standard_webhooks.is_safe_id, ids))


async def test_a_portal_takes_a_repeated_delivery_once():
    async with PortalSandbox(SECRET, clock=lambda: NOW) as portal:
        channel = web_channel(portal.callback_url)
        await channel.open()
        await channel.send(outbound())
        await channel.send(outbound(attempt_id="att-0002"))
        await channel.close()

    assert [one.delivery_id for one in portal.conversation("warga-71")] == ["dlv-0001"]
    assert portal.repeats == 1


@pytest.mark.parametrize(
    ("fault", "error", "code", "scope"),
    [
        (Fault.BUSY, NotTaken, "http_429", None),
        (Fault.REFUSED, NotTaken, "not_connected", None),
        (Fault.BROKEN, Uncertain, "http_500", None),
        (Fault.SILENT, Uncertain, "no_answer", None),
        (Fault.DROPPED, Uncertain, "cut_off", None),
        (Fault.REJECTED, Rejected, "http_400", Scope.MESSAGE),
        (Fault.DENIED, Rejected, "http_401", Scope.CHANNEL),
        (Fault.GONE, Rejected, "http_410", Scope.CHANNEL),
        (Fault.MOVED, Rejected, "http_302", Scope.MESSAGE),
    ],
)
async def test_each_way_to_fail_is_told_apart(fault, error, code, scope):
    async with HttpStandIn() as provider:
        channel = web_channel(provider.url)
        await channel.open()
        await provider.play(fault)
        with pytest.raises(error) as caught:
            await channel.send(outbound(timeout=0.5))
        await channel.close()

    assert type(caught.value) is error
    assert caught.value.code == code
    assert getattr(caught.value, "scope", None) == scope
    assert getattr(caught.value, "after", None) == (RETRY_AFTER if fault is Fault.BUSY else None)
    assert [request.url for request in provider.requests if request.url.endswith("/moved")] == []


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_every_2xx_is_success_whatever_its_body(status):
    async with HttpStandIn(lambda _: WebhookResponse(status, b"" if status == 204 else b"x" * 100_000)) as provider:
        channel = web_channel(provider.url)
        await channel.open()
        result = await channel.send(outbound())
        await channel.close()

    assert (result.provider_message_id, result.parts) == (None, 1)


async def test_the_channels_own_time_limit_holds_too():
    async with HttpStandIn() as provider:
        channel = web_channel(provider.url, timeout=0.2)
        await channel.open()
        await provider.play(Fault.SILENT)
        with pytest.raises(Uncertain):
            await asyncio.wait_for(channel.send(outbound(timeout=60.0)), 5)
        await channel.close()


@pytest.mark.parametrize("seconds", [0.0, -1.0])
async def test_no_time_left_is_not_all_the_time_there_is(seconds):
    async with HttpStandIn() as provider:
        channel = web_channel(provider.url)
        await channel.open()
        await provider.play(Fault.SILENT)
        with pytest.raises((Uncertain, NotTaken)):
            await asyncio.wait_for(channel.send(outbound(timeout=seconds)), 5)
        await channel.close()


async def test_a_name_nobody_knows_was_certainly_not_taken(monkeypatch):
    async def unknown(*_, **__):
        raise OSError("unknown name")

    channel = web_channel("https://portal.example.invalid/updates")
    await channel.open()
    monkeypatch.setattr(channel._session.connector, "_resolve_host", unknown)
    with pytest.raises(NotTaken, match="not_connected"):
        await channel.send(outbound())
    await channel.close()


async def test_a_channel_that_is_not_open_takes_nothing():
    with pytest.raises(NotTaken, match="not_open"):
        await web_channel("http://127.0.0.1:9/").send(outbound())


async def test_without_a_callback_url_nothing_goes_out_and_the_claims_say_so():
    channel = web_channel()

    assert not channel.capabilities.outbound
    with pytest.raises(Rejected) as caught:
        await channel.send(outbound())
    assert caught.value.scope is Scope.CHANNEL


# Settings and set-up


def read(table, tmp_path):
    return read_options(WebChannel.Options, table, where="treckk.toml", prefix="channels.web", base=tmp_path)


def test_settings_are_read_with_one_secret_or_several(monkeypatch, tmp_path):
    monkeypatch.setenv("WEB_SECRET", SECRET)
    (tmp_path / "old").write_text(f"{OLD}\n")

    one = read({"secret": "env:WEB_SECRET"}, tmp_path)
    two = read(
        {"secret": ["env:WEB_SECRET", "file:old"], "callback_url": "http://10.0.0.7/u", "tolerance": 60}, tmp_path
    )

    assert [secret.reveal() for secret in one.secret] == [SECRET]
    assert [secret.reveal() for secret in two.secret] == [SECRET, OLD]
    assert (one.callback_url, two.callback_url, two.tolerance) == (None, "http://10.0.0.7/u", 60.0)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({}, "channels.web.secret"),
        ({"secret": SECRET}, "channels.web.secret"),
        ({"secret": "env:WEB_WEAK"}, "channels.web"),
        ({"secret": []}, "channels.web"),
        ({"secret": "env:WEB_SECRET", "callback": "http://x.example"}, "channels.web.callback"),
        ({"secret": "env:WEB_SECRET", "callback_url": "portal.example.org"}, "channels.web"),
        ({"secret": "env:WEB_SECRET", "callback_url": "ftp://portal.example.org"}, "channels.web"),
        ({"secret": "env:WEB_SECRET", "callback_url": "https://u:p@portal.example.org"}, "channels.web"),
        ({"secret": "env:WEB_SECRET", "callback_url": "https://[::1"}, "channels.web"),
        ({"secret": "env:WEB_SECRET", "callback_url": "https://portal.example.org:99999/"}, "channels.web"),
        ({"secret": "env:WEB_SECRET", "tolerance": 0}, "channels.web"),
        ({"secret": "env:WEB_SECRET", "timeout": -1}, "channels.web"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_starts(monkeypatch, tmp_path, table, key):
    monkeypatch.setenv("WEB_SECRET", SECRET)
    monkeypatch.setenv("WEB_WEAK", "whsec_c2hvcnQ=")

    with pytest.raises(ConfigError) as caught:
        read(table, tmp_path)

    assert caught.value.key == key
    assert SECRET not in str(caught.value)
    assert "c2hvcnQ" not in str(caught.value)


async def test_a_portal_that_answers_has_no_problems():
    async with HttpStandIn() as provider:
        assert await web_channel(provider.url).check() == []
        assert provider.requests == []


async def test_a_portal_that_does_not_answer_is_a_problem():
    async with HttpStandIn() as provider:
        await provider.play(Fault.REFUSED)
        [problem] = await web_channel(provider.url).check()

    assert "cannot be reached" in problem.summary
    assert not problem.fatal


async def test_a_channel_without_a_way_back_is_a_problem():
    [problem] = await web_channel().check()

    assert "callback_url" in problem.summary


async def test_an_address_in_plain_is_a_problem(monkeypatch):
    async def refused(*_, **__):
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio, "open_connection", refused)
    summaries = [one.summary for one in await web_channel("http://portal.example.org/u").check()]

    assert summaries == ["callback_url is not encrypted", "callback_url cannot be reached"]
