"""Whatever the host's logging is, structlog's own included: no body, address or key in it."""

from __future__ import annotations

import base64
import time

import pytest
import structlog

from treckk_gateway import Gateway, WebhookRequest
from treckk_gateway.channel import standard_webhooks
from treckk_gateway.settings import from_mapping

SECRET = "whsec_" + base64.b64encode(b"kunci-rahasia-yang-panjang-sekali").decode()
URL = "https://aduan.example.go.id/channels/portal"
BODY = b'{"type": "complaint.created", "data": "isi rahasia"}'


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("T_KEY", base64.b64encode(bytes(32)).decode())
    monkeypatch.setenv("T_WEB", SECRET)
    gateway = {"public_url": "https://aduan.example.go.id", "secret_key": "env:T_KEY", "data_dir": "data"}
    channels = {"portal": {"adapter": "web", "secret": "env:T_WEB"}}
    return from_mapping({"gateway": gateway, "channels": channels}, base=tmp_path)


def broken(_request):
    text = "isi rahasia"
    raise RuntimeError(text)


async def test_structlog_as_it_comes_shows_neither_bodies_nor_keys(settings, monkeypatch, capfd):
    structlog.reset_defaults()
    genuine = standard_webhooks.sign((standard_webhooks.key(SECRET),), "msg_1", int(time.time()), BODY)
    async with Gateway.from_config(settings) as gateway:
        forged = genuine | {"webhook-signature": "v1,x"}
        assert (await gateway.receive("portal", WebhookRequest.of("POST", URL, forged, BODY))).status == 403
        monkeypatch.setattr(gateway.channels["portal"], "parse", broken)
        assert (await gateway.receive("portal", WebhookRequest.of("POST", URL, genuine, BODY))).status == 200
    said = capfd.readouterr().out
    assert "request.refused" in said
    assert "request.parse_failed" in said
    for secret in ("isi rahasia", "complaint.created", "kunci-rahasia"):
        assert secret not in said
