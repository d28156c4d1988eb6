"""Traces: spans over every stage, joined by ids, without anything of a person; off, they are not even loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest
from aiohttp import web
from folk import ADMIN, BUDI, COMPLAINT, PERSONAL, until
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from process import toml

from treckk_gateway import errors
from treckk_gateway.errors import ConfigError
from treckk_gateway.gateway import tracing
from treckk_gateway.outbound.sending import Sender
from treckk_gateway.settings import from_mapping

WORDS = ("trotoar", "Iyan", "Masih ramai", "RAHASIA", "warga1", ADMIN[1:])


@pytest.fixture
def spans(monkeypatch):
    """What was exported so far."""
    kept = InMemorySpanExporter()
    own = TracerProvider()
    own.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(tracing, "provider", lambda *_: (own, own.shutdown))
    return kept.get_finished_spans


@pytest.fixture
async def traced(spans, make_town):
    return await make_town(channels=("whatsapp", "sms", "email", "web"), telemetry={"traces": "host"})


def named(spans, name):
    return [one for one in spans() if one.name == f"treckk.{name}"]


def innocent(spans):
    """Nothing of a person in names, attributes, events, statuses and links."""
    shown = "".join(one.to_json() for one in spans())
    assert PERSONAL.findall(shown) == []
    assert [word for word in WORDS if word in shown] == []
    assert all(not one.events for one in spans())


async def test_a_complaint_can_be_followed_through_every_stage_by_ids(traced, spans):
    await traced.write("whatsapp", BUDI, COMPLAINT)
    await traced.hears("whatsapp", BUDI, 1)
    await traced.settled()

    [intake] = [one for one in named(spans, "intake") if one.attributes["treckk.kind"] == "message"]
    [received] = [
        one
        for one in named(spans, "receive")
        if one.attributes["treckk.message"] == intake.attributes["treckk.message"]
    ]
    assert received.attributes["treckk.channel_id"] == "whatsapp"
    assert received.attributes["http.response.status_code"] == 200
    assert (intake.attributes["treckk.state"], intake.attributes["treckk.attempts"]) == ("filed", 0)
    case = intake.attributes["treckk.case_id"]
    [triage] = [one for one in named(spans, "triage") if one.parent and one.parent.span_id == intake.context.span_id]
    assert triage.attributes["treckk.findings"] > 0
    for stage in ("dispatch", "send"):
        assert case in {one.attributes.get("treckk.case_id") for one in named(spans, stage)}, stage
    receipts = [one for one in named(spans, "send") if one.attributes["treckk.template"] == "receipt"]
    assert [one.attributes["treckk.state"] for one in receipts] == ["sent"]
    innocent(spans)


@pytest.mark.parametrize("way", ["sms", "email", "web"])
async def test_nothing_of_a_person_is_in_a_span_whatever_the_channel(traced, spans, way):
    await traced.write(way, BUDI, COMPLAINT)
    await traced.hears(way, BUDI, 1)
    await traced.settled()
    assert named(spans, "receive")
    innocent(spans)


async def test_a_failure_appears_by_its_class(traced, spans, log, monkeypatch):
    async def failing(self, outbox_id):
        raise RuntimeError("RAHASIA +6281234567890")

    log.allow("wakeups.handler_failed")
    monkeypatch.setattr(Sender, "handle", failing)
    await traced.write("whatsapp", BUDI, COMPLAINT)
    await until(lambda: named(spans, "send"))
    assert named(spans, "send")[0].status.description == "RuntimeError"
    innocent(spans)


async def test_a_channel_that_is_none_is_not_named(traced, spans):
    async with traced.http.post(f"{traced.url}/channels/RAHASIA-6281234567890", data=b"x") as answer:
        assert answer.status == 404
    innocent(spans)


async def test_a_collector_gets_them_before_the_gateway_has_ended(make_town):
    bodies = []

    async def take(request):
        bodies.append((request.path, await request.read()))
        return web.Response(body=b"", content_type="application/x-protobuf")

    app = web.Application()
    app.router.add_post("/{rest:.*}", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/traces"
    town = await make_town(channels=("whatsapp",), telemetry={"traces": "otlp", "endpoint": endpoint})
    await town.write("whatsapp", BUDI, COMPLAINT)
    await town.hears("whatsapp", BUDI, 1)
    await town.stop()
    await runner.cleanup()
    assert {path for path, _ in bodies} == {"/v1/traces"}
    sent = b"".join(body for _, body in bodies)
    assert b"treckk.receive" in sent
    assert b"treckk.send" in sent
    assert PERSONAL.findall(sent.decode("latin-1")) == []


def table(tmp_path, **telemetry):
    (tmp_path / "key").write_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    gateway = {"public_url": "http://127.0.0.1:1", "secret_key": "file:key"}
    return {"gateway": gateway, "telemetry": telemetry}


@pytest.mark.parametrize(
    ("telemetry", "key"),
    [
        ({"traces": "on"}, "telemetry.traces"),
        ({"endpoint": "127.0.0.1:4318"}, "telemetry.endpoint"),
        ({"endpoint": "http://user:password@collector/v1/traces"}, "telemetry.endpoint"),
        ({"ratio": 1.5}, "telemetry.ratio"),
        ({"trace": "otlp"}, "telemetry.trace"),
    ],
)
def test_bad_settings_are_refused(tmp_path, telemetry, key):
    with pytest.raises(ConfigError) as refused:
        from_mapping(table(tmp_path, **telemetry), base=tmp_path)
    assert refused.value.key.startswith("telemetry")
    assert errors.ConfigError is type(refused.value)
    assert key.partition(".")[0] in str(refused.value)


def test_off_nothing_of_it_is_loaded(tmp_path):
    given = table(tmp_path)
    (tmp_path / "treckk.toml").write_text(toml({**given, "channels": {}, "staff": []}), encoding="utf-8")
    code = (
        "import sys; from treckk_gateway import Gateway; Gateway.from_config(sys.argv[1]);"
        "print([one for one in sys.modules if one.startswith('opentelemetry')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "treckk.toml")], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_without_the_extra_it_is_refused_with_the_command(tmp_path, monkeypatch):
    from treckk_gateway import Gateway  # noqa: PLC0415 beside the other refusals

    monkeypatch.setattr("treckk_gateway.gateway.telemetry.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="pip install"):
        Gateway(from_mapping(table(tmp_path, traces="otlp"), base=tmp_path))
