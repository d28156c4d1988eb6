from __future__ import annotations

import re
import time

from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from treckk_gateway.server import subapp

MARK = "Rahasia6281299990000"


async def read(client, url):
    async with client.get(url) as answer:
        return answer, await answer.text()


async def test_alive_and_ready_are_two_things(listener, start, client):
    base = str((await start(subapp(listener))).make_url("")).rstrip("/")

    assert (await read(client, f"{base}/healthz"))[0].status == 200
    answer, _ = await read(client, f"{base}/readyz")
    assert (answer.status, (await answer.json())["channels"][0]["last_inbound_at"]) == (200, "1970-01-01T00:00:01Z")
    listener.ready = False
    assert (await read(client, f"{base}/healthz"))[0].status == 200
    answer, text = await read(client, f"{base}/readyz")
    assert answer.status == 503
    assert "the store cannot be written" in text


async def test_metrics_are_prometheus_text_labelled_by_channel_only(listener, start, client):
    base = str((await start(subapp(listener))).make_url("")).rstrip("/")
    async with client.post(f"{base}/channels/whatsapp"):
        pass
    answer, text = await read(client, f"{base}/metrics")

    assert answer.content_type == "text/plain"
    families = {one.name: one for one in text_string_to_metric_families(text)}
    value = {sample.name: sample.value for one in families.values() for sample in one.samples}
    assert value["treckk_received"] == value["treckk_filed"] + value["treckk_parked"] + value["treckk_new"]
    assert value["treckk_refused_total"] == 6
    assert value["treckk_http_2xx_total"] == 1
    assert value["treckk_paused"] == 1
    assert value["treckk_inbound_age_seconds"] > 1e9
    assert value["treckk_due_age_seconds"] > 1e9
    assert {label for one in families.values() for sample in one.samples for label in sample.labels} == {"channel_id"}
    assert not any(one.name.startswith("treckk") for one in REGISTRY.collect())


async def test_metrics_hold_no_word_of_a_reporter(gateway, served, client, bearing, signed):
    body = (
        f'{{"type": "complaint.created", "data": {{"id": "{MARK}", "conversation_id": "{MARK}", "text": "{MARK} lapor",'
        f' "sender": {{"name": "{MARK}", "address": "+6281299990000"}}}}}}'
    ).encode()
    async with client.post(f"{served}/channels/portal", data=body, headers=signed("m-1", time.time(), body)) as answer:
        assert answer.status == 200
    async with client.post(f"{served}/channels/portal?{MARK}", data=body) as answer:
        assert answer.status == 403
    async with client.get(f"{served}/api/v1/cases?q={MARK}", headers=bearing("admin")) as answer:
        assert answer.status == 200
    async with client.get(f"{served}/s/{MARK}") as answer:
        assert answer.status == 404
    assert await gateway.settled(10)

    for path in ("/metrics", "/readyz", "/healthz"):
        answer, text = await read(client, served + path)
        assert answer.status == 200
        assert MARK.lower() not in text.lower()
        assert "81299990000" not in text
        assert not re.search(r"token|Petugas", text)
    _, text = await read(client, f"{served}/metrics")
    assert 'treckk_refused_total{channel_id="portal"} 1.0' in text


async def test_metrics_tell_that_the_store_is_down(listener, start, client):
    listener.ready = False
    base = str((await start(subapp(listener))).make_url("")).rstrip("/")
    answer, text = await read(client, f"{base}/metrics")
    assert answer.status == 200
    assert "treckk_ready 0.0" in text
    assert "treckk_received" not in text
