"""What `treckk doctor` finds: each fault brought about, named with what to do, and fatal only where nothing could run."""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
import time
from email.utils import formatdate

import aiohttp
import attrs
import pytest
from aiohttp import web
from folk import COMPLAINT, SITI, free_port
from stored import SHARED

from treckk_gateway.model import Secret
from treckk_gateway.server.cli import run
from treckk_gateway.server.control import control
from treckk_gateway.server.doctor import database as data
from treckk_gateway.server.doctor import examine, host, network, running
from treckk_gateway.settings import Listen, from_mapping, load
from treckk_gateway.store.sqlite import newest_schema

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
OTHER_KEY = Secret("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")
only_sqlite = pytest.mark.skipif(SHARED, reason="looks at SQLite's file")


@pytest.fixture
async def phones(make_town):
    """A town whose clock is right: the doctor looks at the machine's."""
    return await make_town(channels=("whatsapp", "sms", "web"), today=True)


def of(found, what):
    """The one line about something."""
    [one] = [one for one in found if one.what == what]
    return one


async def examined(settings, what):
    return of(await examine(settings, reach=False), what)


def said(one):
    return f"{one.found} {one.problem.summary} {one.problem.remedy}" if one.problem else one.found


async def test_a_running_gateway_in_good_health(phones):
    await phones.write("whatsapp", SITI, COMPLAINT)
    await phones.hears("whatsapp", SITI, 1)
    async with control(phones.gateway, phones.settings().data_dir):
        found = await examine(phones.settings(), reach=False)
    assert of(found, "key and data").found == "they belong together"
    assert of(found, "work").state == "ok"
    assert (of(found, "running server").state, of(found, "running server").found) == ("ok", "takes messages")
    assert "not since the start" not in of(found, "sending over whatsapp").found
    assert [one.what for one in found if one.state == "fatal"] == []
    assert "62812" not in json.dumps([one.shown() for one in found])


async def test_a_paused_channel_and_refused_requests_are_told_by_the_running_server(phones):
    phones.gateway._parts.sender.breakers.failed("whatsapp", "20003", at_once=True)
    phones.gateway._parts.receiver.traffic.refused["sms"] += 3
    async with control(phones.gateway, phones.settings().data_dir):
        found = await examine(phones.settings(), reach=False)
    one = of(found, "sending over whatsapp")
    assert (one.state, "20003" in said(one)) == ("mend", True)
    assert "3 refused" in said(of(found, "requests of sms"))
    assert of(found, "sending over sms").state == "ok"


async def test_a_server_that_does_not_answer_on_its_socket_is_told(phones, monkeypatch):
    monkeypatch.setattr(running, "_PATIENCE", 0.2)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(phones.settings().data_dir / "control.sock"))
        listener.listen()
        one = await examined(phones.settings(), "running server")
    assert (one.state, "does not answer" in said(one)) == ("mend", True)


async def test_another_key_than_the_datas_is_fatal(phones):
    settings = attrs.evolve(phones.settings(), secret_key=OTHER_KEY)
    found = [one for one in await examine(settings, reach=False) if one.what in {"key and data", "PostgreSQL"}]
    assert found[-1].state == "fatal"
    assert "fingerprint" in said(found[-1])


@only_sqlite
@pytest.mark.parametrize(
    ("change", "state", "words"), [(1, "fatal", "install the newer version"), (-1, "ok", "brings it to")]
)
async def test_a_schema_of_another_version(phones, change, state, words):
    await phones.stop()
    settings = phones.settings()
    with sqlite3.connect(settings.data_dir / "treckk.db") as opened:
        opened.execute(f"PRAGMA user_version={newest_schema() + change}")
    opened.close()
    one = await examined(settings, "database")
    assert (one.state, words in said(one)) == (state, True)


@only_sqlite
async def test_a_file_that_is_no_database_is_fatal(tmp_path, phones):
    settings = attrs.evolve(phones.settings(), data_dir=tmp_path / "other")
    settings.data_dir.mkdir()
    (settings.data_dir / "treckk.db").write_bytes(b"not a database" * 100)
    one = await examined(settings, "database")
    assert (one.state, "restore" in said(one)) == ("fatal", True)


@only_sqlite
async def test_work_that_nobody_does_is_told_with_its_age(phones):
    await phones.write("whatsapp", SITI, COMPLAINT)
    await phones.hears("whatsapp", SITI, 1)
    await phones.stop()
    settings = phones.settings()
    with sqlite3.connect(settings.data_dir / "treckk.db") as opened:
        opened.execute("UPDATE inbox SET state = 'new', due = ?", (int((time.time() - 3 * 3600) * 1e6),))
    opened.close()
    one = await examined(settings, "work")
    assert (one.state, "3 hours" in said(one), "start treckk serve" in said(one)) == ("mend", True, True)


async def test_what_waits_in_the_spool_and_what_was_set_aside(phones, tmp_path):
    settings = attrs.evolve(phones.settings(), spool_dir=tmp_path / "spool", spool_size=10.0)
    assert (await examined(settings, "spool")).found.endswith("empty")
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "1-a.spool").write_bytes(bytes(2_000_000))
    one = await examined(settings, "spool")
    assert (one.state, "1 files with 2.0 MB wait" in said(one)) == ("mend", True)
    (tmp_path / "spool" / "1-a.spool").rename(tmp_path / "spool" / "1-a.aside")
    one = await examined(settings, "spool")
    assert (one.state, "could not be replayed" in said(one)) == ("mend", True)
    one = of(list(host.spool(attrs.evolve(settings, spool_dir=tmp_path / "more", spool_size=1e9))), "spool")
    assert "MB are free" in said(one)


async def test_a_port_that_a_channel_listens_at_may_be_taken(tmp_path):
    (tmp_path / "key").write_text(KEY)
    number = free_port()
    mail = {"adapter": "email", "listen": f"lmtp://127.0.0.1:{number}", "smtp": "smtp://127.0.0.1:9"}
    gateway = {"public_url": "http://127.0.0.1:1", "secret_key": "file:key", "listen": "127.0.0.1:0"}
    table = {"gateway": gateway, "channels": {"mail": mail | {"address": "aduan@example.go.id"}}}
    settings = from_mapping(table, base=tmp_path)
    assert [one.state for one in host.listeners(settings, running=False)] == ["ok"]
    with socket.create_server(("127.0.0.1", number)):
        [one] = host.listeners(settings, running=False)
        assert (one.state, "channels.mail.listen" in said(one)) == ("fatal", True)
        assert [one.state for one in host.listeners(settings, running=True)] == ["ok"]


async def test_the_public_address_and_a_providers_clock():
    shown = {
        "/healthz": {"body": b'{"status":"ok"}'},
        "/else/healthz": {"text": "<html>"},
        "/right": {"status": 401, "headers": {"Date": formatdate(time.time(), usegmt=True)}},
        "/wrong": {"status": 401, "headers": {"Date": formatdate(time.time() + 3600, usegmt=True)}},
    }

    async def answer(request):
        return web.Response(**shown[request.path])

    app = web.Application()
    app.router.add_get("/{any:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with aiohttp.ClientSession() as session:
            assert (await network._public(session, base)).state == "ok"
            one = await network._public(session, f"{base}/else")
            assert (one.state, "answered 200" in said(one)) == ("mend", True)
            one = await network._public(session, f"http://127.0.0.1:{free_port()}")
            assert (one.state, "did not answer" in said(one)) == ("mend", True)
            assert (await network._clock(session, "wa", f"{base}/right")).state == "ok"
            one = await network._clock(session, "wa", f"{base}/wrong")
            assert (one.state, "ahead of" in said(one)) == ("mend", True)
            one = await network._clock(session, "wa", f"http://127.0.0.1:{free_port()}")
            assert (one.state, "not to be had" in said(one)) == ("mend", True)
    finally:
        await runner.cleanup()


@pytest.fixture
def over(tmp_path):
    """Settings over a database of its own, without a gateway."""
    (tmp_path / "key").write_text(KEY)

    def over(uri):
        (tmp_path / "database").write_text(uri)
        gateway = {"public_url": "http://127.0.0.1:1", "secret_key": "file:key", "listen": "127.0.0.1:0"}
        return from_mapping({"gateway": gateway | {"database": "file:database"}}, base=tmp_path)

    return over


async def test_a_shared_database_at_which_nobody_works(over, database):
    found = await examine(over(database), reach=False)
    assert "schema" in of(found, "PostgreSQL").found
    assert [of(found, what).state for what in ("PostgreSQL", "database's clock", "connections", "work")] == ["ok"] * 4
    assert (of(found, "workers").state, "treckk worker" in said(of(found, "workers"))) == ("mend", True)


async def test_a_server_whose_socket_another_over_the_same_folder_had_is_asked_at_its_port(over, database, phones):
    """Of several servers one has the folder's socket; when that one ends the others are running all the same."""
    listen = Listen.written(phones.url.removeprefix("http://"))
    settings = attrs.evolve(over(database), listen=listen)
    found = await asyncio.to_thread(lambda: asyncio.run(examine(settings, reach=False)))
    assert (of(found, "HTTP port").state, "server runs" in of(found, "HTTP port").found) == ("ok", True)
    assert of(found, "running server").found == "takes messages"


def test_a_secret_that_others_on_the_machine_can_read(tmp_path):
    config = tmp_path / "treckk.toml"
    config.write_text(f'[gateway]\npublic_url = "http://127.0.0.1:1"\nsecret_key = "file:{tmp_path}/key"\n')
    (tmp_path / "key").write_text(KEY)
    for mode, told in ((0o644, 1), (0o640, 0)):
        (tmp_path / "key").chmod(mode)
        found = [said(one) for one in host.secret_files(load(config))]
        assert [f"chmod o= {tmp_path}/key" in one for one in found] == [True] * told


async def test_a_shared_database_without_tables_and_one_that_is_away(over, cluster):
    empty = cluster.make(empty=True)
    try:
        one = await examined(over(empty), "PostgreSQL")
        assert (one.state, "treckk db upgrade" in said(one)) == ("fatal", True)
    finally:
        cluster.drop(empty)
    one = await examined(over(f"postgresql://nobody@127.0.0.1:{free_port()}/none"), "PostgreSQL")
    assert (one.state, "start the database" in said(one)) == ("fatal", True)


async def test_a_shared_database_with_another_clock(over, database, monkeypatch):
    real = time.time
    monkeypatch.setattr(data.time, "time", lambda: real() - 90)
    one = of(list(data.examined(over(database), served=False)), "database's clock")
    assert (one.state, "9" in one.found, "chrony" in said(one)) == ("mend", True, True)


def test_for_programs_it_is_json(tmp_path, capsys):
    (tmp_path / "key").write_text(KEY)
    config = tmp_path / "treckk.toml"
    config.write_text('[gateway]\npublic_url = "http://127.0.0.1:1"\nsecret_key = "file:key"\nlisten = "127.0.0.1:0"\n')
    assert run(["doctor", "--json", "--offline", "--config", str(config)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert {one["state"] for one in shown} <= {"ok", "mend"}
    assert all(set(one) == {"what", "state", "found", "summary", "remedy"} for one in shown)
    assert all(one["remedy"] for one in shown if one["state"] != "ok")
