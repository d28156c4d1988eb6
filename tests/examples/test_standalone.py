"""examples/standalone: what an operator copies must be accepted by what reads it."""

from __future__ import annotations

import base64
import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import EXAMPLES, WEB_SECRET

from treckk_gateway.profile import load as load_profile
from treckk_gateway.settings import check_posts, load

FOLDER = EXAMPLES / "standalone"
UNIT = (FOLDER / "treckk.service").read_text(encoding="utf-8")
PROXY = (FOLDER / "nginx.conf").read_text(encoding="utf-8")
ANALYZE = shutil.which("systemd-analyze")


@pytest.fixture
def settings(tmp_path):
    """The example's TOML with secrets beside it, as README.md says to put them."""
    (tmp_path / "secrets").mkdir()
    for name, text in (
        ("gateway.key", base64.b64encode(bytes(range(32))).decode()),
        ("web.secret", WEB_SECRET),
        ("twilio.token", "0123456789abcdef0123456789abcdef"),
    ):
        (tmp_path / "secrets" / name).write_text(f"{text}\n", encoding="utf-8")
    shutil.copy(FOLDER / "treckk.toml", tmp_path)
    return load(tmp_path / "treckk.toml")


def test_the_configuration_is_accepted(settings):
    assert {one.channel_id: one.adapter for one in settings.channels} == {
        "lapor": "web",
        "whatsapp": "twilio",
        "email": "email",
    }
    assert settings.data_dir == Path("/var/lib/treckk")
    check_posts(settings, load_profile(settings.profile))


def test_somebody_may_take_every_step(settings):
    assert {"admin", "leadership", "team", "duty"} <= {one.role for one in settings.staff}


def sections():
    """The unit's settings; systemd lets a key stand several times, of which the last would count here."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read_string(UNIT)
    return parser


def test_the_unit_runs_the_configuration_as_its_own_user_and_can_write_its_data_only(settings):
    service = sections()["Service"]
    assert service["ExecStart"].endswith("treckk serve --config /etc/treckk/treckk.toml")
    assert service["User"] not in {"root", "nobody"}
    assert service["ProtectSystem"] == "strict"
    assert Path("/var/lib") / service["StateDirectory"] == settings.data_dir
    assert "ReadWritePaths" not in service


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed here; the unit was only parsed")
def test_systemd_accepts_the_unit(tmp_path):
    unit = tmp_path / "treckk.service"
    unit.write_text(UNIT.replace("/opt/treckk/bin/treckk", sys.executable), encoding="utf-8")
    verified = subprocess.run(
        [ANALYZE, "verify", "--man=no", unit], capture_output=True, text=True, timeout=60, check=False
    )
    complaints = [line for line in verified.stderr.splitlines() if "treckk" in line]
    assert (verified.returncode, complaints) == (0, [])


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed here; the unit was only parsed")
def test_systemd_finds_little_that_the_service_could_reach():
    command = [ANALYZE, "security", "--offline=true", FOLDER / "treckk.service"]
    judged = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "unrecognized option" in judged.stderr:
        pytest.skip("this systemd-analyze is too old to judge a file (before version 250)")
    exposure = re.search(r"exposure level for treckk.service: ([0-9.]+)", judged.stdout)
    assert exposure is not None, judged.stderr
    assert float(exposure[1]) <= 2.0


def directives(name):
    return re.findall(rf"^\s*{name}\s+([^;]+);", PROXY, re.MULTILINE)


def test_the_proxy_passes_paths_on_unchanged_and_larger_bodies_than_the_gateway_takes(settings):
    assert set(directives("proxy_pass")) == {f"http://{settings.listen}"}
    [size] = directives("client_max_body_size")
    assert int(size.removesuffix("m")) * 2**20 > settings.max_body
    [name] = directives("server_name")
    assert settings.public_url == f"https://{name}"
    assert PROXY.count("{") == PROXY.count("}")


def test_the_proxy_is_believed_about_visitors(settings):
    assert any(network.is_loopback for network in settings.trusted_proxies)
    assert directives("proxy_set_header X-Forwarded-For") == ["$remote_addr"]
