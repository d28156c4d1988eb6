from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tomllib
import urllib.request
from importlib.metadata import version

import pytest

from treckk_gateway.server.cli import run
from treckk_gateway.settings import load

TRECKK = (sys.executable, "-c", "from treckk_gateway.server.cli import main; main()")


def process(*arguments, cwd=None):
    """For what a process of its own is about; `treckk` does the same in this one, and saves its start."""
    return subprocess.run(
        [*TRECKK, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False, cwd=cwd,
        env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip


def one_line(text):
    return text.startswith("treckk: ") and text.count("\n") == 1


@pytest.fixture
def begun(tmp_path, treckk):
    """A fresh configuration on a free port; its token."""
    done = treckk("init", "--dir", tmp_path)
    assert done.returncode == 0, done.stderr
    config = tmp_path / "treckk.toml"
    config.write_text(config.read_text().replace('listen = "127.0.0.1:8080"', 'listen = "127.0.0.1:0"'))
    token = re.search(r"shown only now: (\S+)", done.stdout)[1]
    return config, token


@contextlib.contextmanager
def serving(config):
    server = subprocess.Popen(
        [*TRECKK, "serve", "--config", str(config)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        started = json.loads(server.stdout.readline())
        assert started["event"] == "server.started"
        yield server, f"http://127.0.0.1:{started['port']}"
    finally:
        if server.poll() is None:
            server.kill()
        server.communicate(timeout=20)


def get(url, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 our own server
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 our own server
        return answer.status, answer.read()


def test_the_version_is_that_of_the_package():
    done = process("--version")
    assert (done.returncode, done.stdout.strip()) == (0, f"treckk {version('treckk-gateway')}")


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["serve"],
        ["init"],
        ["doctor"],
        ["demo"],
        ["replay"],
        ["case"],
        ["case", "move"],
        ["report"],
        ["backup"],
        ["restore"],
        ["db", "move"],
    ],
)
def test_every_command_explains_itself(command, capsys):
    assert run([*command, "--help"]) == 0
    assert len(capsys.readouterr().out) > 200


def test_init_writes_what_is_valid_and_keeps_secrets_to_their_owner(tmp_path):
    done = process("init", "--dir", tmp_path / "new", "--public-url", "https://aduan.example.go.id")

    settings = load(tmp_path / "new" / "treckk.toml")
    token = re.search(r"shown only now: (\S+)", done.stdout)[1]
    assert settings.public_url == "https://aduan.example.go.id"
    assert settings.staff[0].token_sha256 == hashlib.sha256(token.encode()).hexdigest()
    assert len(settings.master_key()) == 32
    for name in ("treckk.toml", "secrets/gateway.key", "secrets/web.secret"):
        assert stat.S_IMODE((tmp_path / "new" / name).stat().st_mode) == 0o600
    assert token not in (tmp_path / "new" / "treckk.toml").read_text()


@pytest.mark.parametrize("there", ["treckk.toml", "secrets/gateway.key", "secrets/web.secret"])
def test_init_overwrites_nothing(tmp_path, there, capsys):
    (tmp_path / "secrets").mkdir()
    (tmp_path / there).write_text("precious")

    assert run(["init", "--dir", str(tmp_path)]) == 2

    assert one_line(capsys.readouterr().err)
    assert (tmp_path / there).read_text() == "precious"
    assert [one.name for one in tmp_path.rglob("*") if one.is_file()] == [there.rpartition("/")[2]]


def test_a_refused_setting_is_one_line_and_exit_code_2(begun, treckk):
    config, _ = begun
    config.write_text(config.read_text().replace("[gateway]", "[gateway]\nlisen = 1", 1))
    for begin, command in ((process, ["serve"]), (treckk, ["doctor"]), (process, ["case", "list"])):
        done = begin(*command, "--config", config)
        assert done.returncode == 2
        assert one_line(done.stderr)
        assert "gateway.lisen" in done.stderr
        assert done.stdout == ""


def test_a_missing_file_is_one_line_and_exit_code_2(tmp_path):
    done = process("serve", cwd=tmp_path)
    assert done.returncode == 2
    assert one_line(done.stderr)
    assert "treckk init" in done.stderr


def test_the_doctor_finds_a_fresh_set_up_fit_to_run(begun, treckk):
    config, _ = begun
    done = treckk("doctor", "--config", config)
    assert done.returncode == 0, done.stdout + done.stderr
    for word in (
        "fingerprint",
        "GiB free",
        "SQLite",
        "no provider can reach",
        "nobody can instruct a team",
        "channel lapor: web, webhooks at",
    ):
        assert word in done.stdout
    assert tomllib.loads(config.read_text())["staff"][0]["token_sha256"] not in done.stdout


def test_the_doctor_finds_people_whom_nothing_reaches(begun, treckk):
    config, _ = begun
    entries = (
        ("Ketua", 'role = "leadership"\naddresses = ["whatsapp:+6281200000001", "sms:+6281200000001"]'),
        ("Regu", 'role = "team"\npost = "paringin"'),
        ("Piket", f'role = "duty"\npost = "mako"\ntoken_sha256 = "{"1" * 64}"'),
    )
    config.write_text(config.read_text() + "".join(f'\n[[staff]]\nname = "{name}"\n{rest}\n' for name, rest in entries))

    told = treckk("doctor", "--config", config).stdout

    assert "mend  staff entry Ketua: no channel speaks sms or whatsapp, and no token" in told
    assert "mend  staff entry Regu: no address, and no token" in told
    assert "staff entry Piket" not in told
    assert "staff entry admin" not in told


@pytest.mark.parametrize("offline", [[], ["--offline"]])
@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ('profile = "balangan"', 'profile = "nowhere"', "no profile 'nowhere' ships"),
        ('role = "admin"', 'role = "admin"\npost = "mars"', "staff[1].post"),
    ],
)
def test_the_doctor_refuses_what_the_server_refuses(begun, treckk, offline, written, instead, told):
    config, _ = begun
    config.write_text(config.read_text().replace(written, instead, 1))

    for command in (["doctor", *offline], ["serve"]):
        done = (process if command == ["serve"] else treckk)(*command, "--config", config)
        assert (done.returncode, one_line(done.stderr), told in done.stderr) == (2, True, True), command


def test_the_doctor_says_what_is_fatal(begun, treckk):
    config, _ = begun
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(config.read_text().replace('"127.0.0.1:0"', f'"127.0.0.1:{port}"'))
        done = treckk("doctor", "--config", config)
        started = process("serve", "--config", config)
    assert done.returncode == 1
    assert "FATAL" in done.stdout
    assert "cannot listen there" in done.stdout
    assert started.returncode == 2
    assert one_line(started.stderr)
    assert "gateway.listen" in started.stderr


def test_from_init_to_an_orderly_end(begun, treckk):
    config, token = begun
    sock = config.parent / "data" / "control.sock"
    with serving(config) as (server, base):
        assert get(f"{base}/healthz")[0] == 200
        assert stat.S_IMODE(sock.stat().st_mode) == 0o600
        request = urllib.request.Request(  # noqa: S310 our own server
            f"{base}/api/v1/cases", data=b'{"text": "Pohon tumbang menutup jalan desa"}',
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 our own server
            reference = json.loads(answer.read())["reference"]

        listed = treckk("case", "list", "--config", config)
        assert reference in listed.stdout
        moved = treckk("case", "move", reference, "under_review", "--config", config)
        assert moved.stdout == f"{reference}: under_review\n"
        refused = treckk("case", "move", reference, "instructed", "--post", "paringin", "--config", config)
        assert (refused.returncode, one_line(refused.stderr)) == (1, True)
        assert treckk("case", "note", reference, "sudah ditelepon", "--config", config).returncode == 0
        shown = treckk("case", "show", reference, "--config", config)
        assert "Pohon tumbang" in shown.stdout
        assert "sudah ditelepon" in shown.stdout
        assert "server runs" in treckk("doctor", "--config", config).stdout
        second = process("serve", "--config", config)
        assert (second.returncode, one_line(second.stderr)) == (1, True)

        server.send_signal(signal.SIGTERM)
        out, err = server.communicate(timeout=20)
        assert server.returncode == 0
        assert err == ""
        said = [json.loads(line) for line in out.splitlines()]
        assert said[-1]["event"] == "server.stopped"
        assert not any("Pohon" in json.dumps(one) or token in json.dumps(one) for one in said)
    assert not sock.exists()

    offline = treckk("case", "list", "--config", config, "--json")
    assert [one["reference"] for one in json.loads(offline.stdout)["items"]] == [reference]


def test_a_socket_left_behind_by_a_killed_server_is_replaced(begun, treckk):
    config, _ = begun
    with serving(config) as (server, _base):
        server.kill()
        server.wait(10)
    assert (config.parent / "data" / "control.sock").exists()

    assert treckk("case", "list", "--config", config).returncode == 0
    with serving(config):
        assert treckk("case", "list", "--config", config).returncode == 0


def test_replay_wants_one_kind_and_either_names_or_all(begun, treckk):
    config, _ = begun
    for arguments in ([], ["--dead", "--parked", "--all"], ["--dead", "--all", "1"], ["1"]):
        assert treckk("replay", "--config", config, *arguments).returncode == 2
    assert treckk("replay", "--config", config, "--parked").stdout == "nothing is parked\n"
    assert treckk("replay", "--config", config, "--dead", "--all").stdout == "0 of 0 run again\n"
    named = treckk("replay", "--config", config, "--parked", "77")
    assert (named.returncode, named.stdout, named.stderr) == (0, "0 of 1 run again\n", "77: nothing to do\n")


def test_a_deep_data_folder_still_has_its_socket(begun, treckk):
    config, _ = begun
    deep = "/".join(["d" * 40] * 4)
    config.write_text(config.read_text().replace('data_dir = "data"', f'data_dir = "{deep}"'))
    with serving(config):
        assert treckk("case", "list", "--config", config).returncode == 0


def test_a_report_is_printed_from_the_data_in_every_form(begun, treckk):
    config, _ = begun
    plain = treckk("report", "--config", config)
    assert plain.returncode == 0, plain.stderr
    assert "received 0" in plain.stdout
    assert "63.11.08" in plain.stdout, "zeros are shown"
    found = json.loads(treckk("report", "--format", "json", "--config", config).stdout)
    assert (found["audience"], found["received"], len(found["counts"])) == ("leadership", 0, 9 * 21)
    table = treckk("report", "--format", "csv", "--config", config).stdout.splitlines()
    assert table[0] == "district,district_name,category,category_name,cases"
    shown = treckk("report", "--layer", "perda", "--format", "geojson", "--config", config)
    assert json.loads(shown.stdout)["type"] == "FeatureCollection"
    assert treckk("report", "--cases", "--config", config).stdout.startswith("reference,opened_at,")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--format", "geojson"], "add --layer"),
        (["--from", "2026-02-02", "--to", "2026-02-01"], "the last day comes before the first"),
        (["--for", "public", "--from", "2026-02-02", "--to", "2026-02-03"], "whole months"),
        (["--layer", "disturbance", "--cases"], "either --cases or --layer"),
    ],
)
def test_a_report_that_makes_no_sense_is_refused_with_the_reason(begun, options, reason, treckk):
    done = treckk("report", *options, "--config", begun[0])
    assert done.returncode in {1, 2}
    assert reason in done.stderr
    assert done.stdout == ""


def test_serving_loads_no_tools_for_terminals():
    code = """
import sys, treckk_gateway.server.cli, treckk_gateway.server.running
print([one for one in ("typer", "click", "jinja2", "prometheus_client", "twilio.rest", "treckk_gateway.testing")
       if one in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_holidays_of_a_country_are_written_as_a_profiles_file(treckk):
    told = treckk("holidays", "ID", "2027", "2026", "2026")
    lines = told.stdout.splitlines()
    assert (told.returncode, lines[:2]) == (0, ["date,name", "2026-01-01,Tahun Baru Masehi"])
    assert len(lines) == len(set(lines))
    assert "2027-12-25,Hari Raya Natal" in lines
    unknown = treckk("holidays", "XX", "2026")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "no holidays are known of XX" in unknown.stderr
