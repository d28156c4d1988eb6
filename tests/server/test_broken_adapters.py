"""An adapter that is installed and cannot be used: named, and no trouble for the others."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys

import pytest

from treckk_gateway import Gateway
from treckk_gateway.channel import WebhookRequest, standard_webhooks
from treckk_gateway.channel.broken import BrokenChannel
from treckk_gateway.errors import AdapterError, ConfigError, Rejected, Scope
from treckk_gateway.model import Address, OutboundMessage
from treckk_gateway.settings import from_mapping

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
KEY = base64.b64encode(bytes(32)).decode()
CONFIG = """
[gateway]
public_url = "https://aduan.example.go.id"
secret_key = "env:T_KEY"
data_dir = "data"
listen = "127.0.0.1:0"

[channels.portal]
adapter = "web"
secret = "env:T_WEB"

[channels.pigeons]
adapter = "pigeon"
loft = "north"
"""
BROKEN = {
    "an import that fails": ("raise RuntimeError('half installed')\n", "half installed"),
    "no channel": ("PigeonChannel = object\n", "is not a treckk_gateway.channel.Channel"),
}


def install(folder, name, code):
    """What installing a package would leave behind: a module, and the metadata that names it."""
    (folder / f"treckk_{name}.py").write_text(code)
    info = folder / f"treckk_{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: treckk-{name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[treckk_gateway.adapters]\n{name} = treckk_{name}:{name.title()}Channel\n")


@pytest.fixture(params=BROKEN)
def broken(request, tmp_path, monkeypatch):
    """A folder with the configuration, and a broken adapter in force; what its refusal says."""
    code, said = BROKEN[request.param]
    site = tmp_path / "site"
    site.mkdir()
    install(site, "pigeon", code)
    monkeypatch.syspath_prepend(site)
    monkeypatch.delitem(sys.modules, "treckk_pigeon", raising=False)
    monkeypatch.setenv("T_KEY", KEY)
    monkeypatch.setenv("T_WEB", SECRET)
    (tmp_path / "treckk.toml").write_text(CONFIG)
    yield tmp_path, said
    sys.modules.pop("treckk_pigeon", None)


def complaint():
    return json.dumps({"type": "complaint.created", "data": {"id": "p-1", "text": "Pohon tumbang"}}).encode()


async def test_the_other_channels_run_and_its_own_webhooks_are_told_to_come_again(broken):
    folder, _said = broken
    async with Gateway.from_config(folder / "treckk.toml") as gateway:
        body = complaint()
        signed = standard_webhooks.sign(
            [standard_webhooks.key(SECRET)], "msg_0001", gateway._clock() // 1_000_000, body
        )
        taken = await gateway.receive("portal", WebhookRequest.of("POST", gateway.webhook_url("portal"), signed, body))
        later = await gateway.receive("pigeons", WebhookRequest.of("POST", gateway.webhook_url("pigeons"), (), b"{}"))
        health = await gateway.health()

    assert taken.status == 200
    assert (later.status, later.headers["Retry-After"]) == (503, "30")
    assert health.ready
    assert [one for one in health.problems if "pigeons" in one] == ["pigeons does not send: adapter_broken"]


def test_the_doctor_names_it_its_package_and_the_channel(broken):
    folder, said = broken
    command = [sys.executable, "-c", "from treckk_gateway.server.cli import main; main()", "doctor"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(folder / "site"), "COLUMNS": "200"},
    )  # fmt: skip

    assert done.returncode == 1, done.stdout + done.stderr
    assert "ok    adapters: email, twilio, web" in done.stdout
    assert "mend  adapter pigeon: cannot be used" in done.stdout
    assert "FATAL channel pigeons: broken" in done.stdout
    assert "channel portal: web" in done.stdout
    assert "of the package treckk-pigeon" in done.stdout
    assert said in done.stdout


async def test_what_it_would_send_waits():
    channel = BrokenChannel("pigeons", "half installed")
    message = OutboundMessage(
        delivery_id="d-1", attempt_id="a-1", recipient=Address("sms", "+6281200000001"), text="kabar", timeout=1.0
    )

    with pytest.raises(Rejected) as caught:
        await channel.send(message)
    assert (caught.value.code, caught.value.scope) == ("adapter_broken", Scope.CHANNEL)
    request = WebhookRequest.of("POST", "https://aduan.example.go.id/channels/pigeons", (), b"{}")
    for asked in (channel.verify, channel.parse):
        with pytest.raises(AdapterError, match="half installed"):
            asked(request)


async def test_one_that_fails_to_make_its_channel_is_broken_too(tmp_path, monkeypatch):
    site = tmp_path / "site"
    site.mkdir()
    install(
        site,
        "heron",
        "from treckk_gateway.testing import MemoryChannel\n\n\n"
        "class HeronChannel(MemoryChannel):\n"
        "    @classmethod\n"
        "    def from_settings(cls, options, context):\n"
        "        raise TypeError('a password')\n",
    )
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("T_KEY", KEY)
    monkeypatch.setenv("T_WEB", SECRET)
    table = {
        "gateway": {"public_url": "https://aduan.example.go.id", "secret_key": "env:T_KEY", "data_dir": "data"},
        "channels": {"herons": {"adapter": "heron", "secret": "env:T_WEB"}},
    }

    gateway = Gateway(from_mapping(table, base=tmp_path))

    [(channel_id, problem)] = await gateway.check()
    assert (channel_id, problem.summary) == ("herons", "adapter 'heron' cannot make the channel: TypeError")


def test_a_name_that_nobody_installed_is_still_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("T_KEY", KEY)
    table = {
        "gateway": {"public_url": "https://aduan.example.go.id", "secret_key": "env:T_KEY", "data_dir": "data"},
        "channels": {"pigeons": {"adapter": "pidgeon"}},
    }

    with pytest.raises(ConfigError, match="no adapter 'pidgeon' is installed"):
        from_mapping(table, base=tmp_path)
