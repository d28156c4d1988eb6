from __future__ import annotations

import json
import re

import yaml
from places import EXAMPLES
from prometheus_client import CollectorRegistry, generate_latest

from treckk_gateway.gateway import ChannelHealth, Health
from treckk_gateway.inbound.spool import SpoolState
from treckk_gateway.server.metrics import Snapshot
from treckk_gateway.store.rows import Counters

FOLDER = EXAMPLES / "monitoring"
NAME = re.compile(r"treckk_[a-z0-9_]+")


def exported():
    channel = ChannelHealth(
        channel_id="wa", adapter="twilio", last_inbound_at=1, last_outbound_at=1, refused=0, paused=None, looked_at=1
    )
    counters = dict.fromkeys(Counters.__struct_fields__, 0) | {"refused": 0}
    answers = dict.fromkeys(("2xx", "3xx", "4xx", "5xx"), 0)
    spool = SpoolState(holding=False, waiting=0, bytes=0, limit=1, oldest_at=None, full=False, spooled=0, aside=0)
    health = Health(ready=True, problems=(), channels=(channel,), spool=spool)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Snapshot(counters=counters, health=health, answers=answers, now=2.0))
    lines = generate_latest(registry).decode().splitlines()
    return {re.split(r"[ {]", line)[0] for line in lines if not line.startswith("#")}


def test_the_alerts_and_the_dashboard_ask_for_what_is_exported():
    for name in ("alerts.yml", "grafana.json"):
        text = (FOLDER / name).read_text(encoding="utf-8")
        asked = {one for one in NAME.findall(text) if one != "treckk_gateway"}
        assert asked
        assert asked - exported() == set(), name


def test_the_reference_tells_of_every_metric_and_of_no_other():
    told = set(NAME.findall((EXAMPLES.parent / "docs/reference/http-api.md").read_text(encoding="utf-8")))
    assert {one for one in told if one != "treckk_gateway"} == exported() - {
        "treckk_http_3xx_total",
        "treckk_http_4xx_total",
    }


def test_each_alert_says_what_to_do():
    [group] = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    names = [one["alert"] for one in group["rules"]]

    assert len(names) == len(set(names)) >= 10
    for one in group["rules"]:
        assert one["expr"]
        assert one["annotations"]["summary"]
        assert one["annotations"]["action"]
        assert one["labels"]["severity"] in {"page", "ticket"}


def test_the_dashboard_can_be_imported():
    board = json.loads((FOLDER / "grafana.json").read_text(encoding="utf-8"))

    assert board["title"] == "treckk_gateway"
    assert len({one["id"] for one in board["panels"]}) == len(board["panels"])
    assert all(one["targets"] for one in board["panels"])
