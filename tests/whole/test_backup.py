"""Backups taken, refused and restored, and the move to PostgreSQL: the same rows, or nothing and a reason."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from itertools import count

import attrs
import psycopg
import pytest
from folk import BUDI, COMPLAINT, SITI, Person
from test_files import photo

from treckk_gateway.errors import CopyRefused, SchemaTooNew, StoreLocked, StoreUnavailable
from treckk_gateway.model import Secret
from treckk_gateway.privacy import Keyring
from treckk_gateway.server.backups import back_up
from treckk_gateway.server.moving import move
from treckk_gateway.server.restoring import check, restore
from treckk_gateway.store.postgres import upgrade
from treckk_gateway.store.sqlite import newest_schema, transfer
from treckk_gateway.testing import Fault

pytestmark = pytest.mark.timeout(90)

WAYS = ("whatsapp", "web")


def quiet(_what, _done, _total):
    pass


def dumped(settings):
    """Every row of every table, however the database writes truth and bytes; what is each database's own left out."""
    if settings.database is None:
        with closing(sqlite3.connect(f"{(settings.data_dir / 'treckk.db').as_uri()}?mode=ro", uri=True)) as opened:
            return tables_of(opened, "SELECT name FROM sqlite_schema WHERE type = 'table'")
    with psycopg.connect(settings.database.reveal(), autocommit=True) as opened:
        return tables_of(opened, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")


def tables_of(opened, query):
    names = [name for (name,) in opened.execute(query) if name != "meta" and not name.startswith("procrastinate")]
    return {name: rows_of(opened, name) for name in names}


def rows_of(opened, name):
    cursor = opened.execute(f"SELECT * FROM {name}")
    columns = [one[0] for one in cursor.description]
    plain = [
        tuple(int(cell) if isinstance(cell, bool) else cell for _, cell in sorted(zip(columns, row, strict=True)))
        for row in cursor
    ]
    return sorted(plain, key=repr)


@pytest.fixture
def empty(cluster):
    uri = cluster.make(empty=True)
    yield uri
    cluster.drop(uri)


@pytest.fixture
async def lived(make_town, request):
    """A town in which something happened: its settings, when it is at rest and stopped."""

    async def live(database=None):
        town = await make_town(channels=WAYS, database=database)
        assert await town.write("whatsapp", BUDI, COMPLAINT, files=[("image/jpeg", photo())]) == 200
        assert await town.write("web", SITI, "Ada yang jualan miras dekat sekolah di Juai") == 200
        await town.settled()
        while await town.gateway._parts.collector.collect():
            pass
        await town.settled()
        await town.stop()
        return town

    return live


def elsewhere(settings, folder, database=None):
    return attrs.evolve(settings, data_dir=folder / "other", database=Secret(database) if database else None)


@pytest.mark.parametrize("ends", ["sqlite sqlite", "sqlite postgres", "postgres sqlite", "postgres postgres"])
async def test_what_is_restored_is_what_was_backed_up(lived, ends, tmp_path, request, empty):
    first, second = ends.split()
    town = await lived(request.getfixturevalue("database") if first == "postgres" else None)
    settings = town.settings()
    target = elsewhere(settings, tmp_path, empty if second == "postgres" else None)

    made = back_up(settings, tmp_path / "backup", quiet)
    restore(target, tmp_path / "backup", quiet)

    before, after = dumped(settings), dumped(target)
    assert {name: len(rows) for name, rows in after.items()} == {name: len(rows) for name, rows in before.items()}
    assert after == before
    assert len(after["cases"]) == 2
    assert made.rows == sum(map(len, before.values()))
    assert (made.files, made.missing) == (1, 0)
    files = [
        {
            path.relative_to(one.data_dir / "files"): path.read_bytes()
            for path in (one.data_dir / "files").rglob("?" * 32)
        }
        for one in (settings, target)
    ]
    assert files[0] == files[1] != {}
    assert sorted(one.name for one in target.data_dir.iterdir()) == (
        ["files", "treckk.db", "treckk.lock"] if second == "sqlite" else ["files", "treckk.lock"]
    )


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_backup_under_writes_is_of_one_moment(database, make_town, kind, tmp_path):
    town = await make_town(channels=WAYS, database=database if kind == "postgres" else None)
    people, over = map(Person.numbered, count(100)), asyncio.Event()

    async def writing():
        while not over.is_set():
            await asyncio.sleep(0.05)  # the backup needs its share of this machine
            assert await town.write("whatsapp", next(people), COMPLAINT) == 200

    assert await town.write("whatsapp", BUDI, COMPLAINT) == 200
    await town.settled()
    writers = [asyncio.create_task(writing()) for _ in range(2)]
    try:
        for number in range(2):
            await town.write("whatsapp", next(people), COMPLAINT)
            await asyncio.to_thread(back_up, town.settings(), tmp_path / f"backup{number}", quiet)
    finally:
        over.set()
        await asyncio.gather(*writers)
    await town.settled()

    for number in range(2):
        target = attrs.evolve(town.settings(), data_dir=tmp_path / f"other{number}", database=None)
        restore(target, tmp_path / f"backup{number}", quiet)
        with closing(sqlite3.connect(target.data_dir / "treckk.db")) as opened:
            states = dict(
                opened.execute("SELECT state, count(*) FROM inbox WHERE kind = 'message' GROUP BY 1").fetchall()
            )
            [(filed, cases, opens)] = opened.execute(
                "SELECT (SELECT count(DISTINCT inbox_id) FROM message WHERE inbox_id IS NOT NULL),"
                " (SELECT count(*) FROM cases), (SELECT count(DISTINCT case_id) FROM case_event WHERE seq = 1)"
            ).fetchall()
        assert set(states) <= {"new", "filed", "parked"}
        assert states["filed"] == filed == cases == opens
        assert sum(states.values()) >= number + 2


def changed_manifest(backup):
    path = backup / "manifest.json"
    told = json.loads(path.read_text())
    told["counts"]["cases"] += 1
    path.write_text(json.dumps(told))


def changed_file(backup):
    [one] = (backup / "files").rglob("?" * 32)
    one.write_bytes(one.read_bytes()[:-1] + b"x")


def changed_data(backup):
    with closing(sqlite3.connect(backup / "treckk.db", isolation_level=None)) as opened:
        opened.execute("DELETE FROM finding")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (changed_manifest, "was changed after the backup was made: use another"),
        (changed_file, "is missing or was changed after the backup was made: use another"),
        (changed_data, "is missing or was changed after the backup was made: use another"),
        (lambda backup: (backup / "manifest.json").write_text("{"), "changed or damaged: use another"),
        (lambda backup: (backup / "manifest.json").unlink(), "no backup, or one that was not finished"),
        (lambda backup: shutil.rmtree(backup / "files"), "is missing or was changed"),
    ],
    ids=["manifest", "file", "data", "broken manifest", "no manifest", "no files"],
)
async def test_a_harmed_backup_is_refused_and_nothing_is_restored(lived, harm, said, tmp_path):
    settings = (await lived()).settings()
    back_up(settings, tmp_path / "backup", quiet)
    harm(tmp_path / "backup")
    with pytest.raises(CopyRefused, match=said):
        restore(elsewhere(settings, tmp_path), tmp_path / "backup", quiet)
    assert not (tmp_path / "other").exists()


async def test_another_key_and_a_newer_schema_are_refused(lived, tmp_path, monkeypatch):
    settings = (await lived()).settings()
    back_up(settings, tmp_path / "backup", quiet)
    with pytest.raises(CopyRefused, match=r"another secret_key.*configure the one that was kept apart"):
        check(tmp_path / "backup", Keyring(b"k" * 32), quiet)
    monkeypatch.setattr("treckk_gateway.server.restoring.newest_schema", lambda: 1)
    with pytest.raises(SchemaTooNew, match="install version"):
        check(tmp_path / "backup", Keyring(bytes(range(32))), quiet)


async def test_nothing_is_overwritten_and_a_running_server_is_left_alone(make_town, tmp_path, database):
    town = await make_town(channels=WAYS)
    await town.write("whatsapp", BUDI, COMPLAINT)
    await town.settled()
    settings = town.settings()
    back_up(settings, tmp_path / "backup", quiet)
    with pytest.raises(CopyRefused, match="is there already"):
        back_up(settings, tmp_path / "backup", quiet)
    for doing in (
        lambda: restore(settings, tmp_path / "backup", quiet),
        lambda: move(settings, Secret(database), quiet),
    ):
        with pytest.raises(StoreLocked, match="stop it first"):
            doing()
    await town.stop()
    with pytest.raises(CopyRefused, match=r"there is data already: .*Move it away"):
        restore(settings, tmp_path / "backup", quiet)
    assert [one.name for one in tmp_path.iterdir() if one.name.endswith(".part")] == []


async def test_a_backup_that_cannot_be_finished_leaves_nothing(lived, tmp_path):
    settings = (await lived()).settings()

    def interrupted(what, _done, _total):
        if what == "message":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(settings, tmp_path / "backups" / "one", interrupted)
    assert list((tmp_path / "backups").iterdir()) == []
    with pytest.raises(StoreUnavailable, match="there is no database"):
        back_up(elsewhere(settings, tmp_path), tmp_path / "backups" / "two", quiet)


async def test_an_older_backup_is_brought_up_to_date(make_town, tmp_path):
    town = await make_town(channels=("web",))
    await town.stop()
    settings, old = town.settings(), elsewhere(town.settings(), tmp_path)
    old.data_dir.mkdir()
    with transfer.writing(old.data_dir / "treckk.db", schema=4, fingerprint=Keyring(old.master_key()).fingerprint()):
        pass
    back_up(old, tmp_path / "backup", quiet)
    assert json.loads((tmp_path / "backup" / "manifest.json").read_text())["schema"] == 4
    restored = attrs.evolve(settings, data_dir=tmp_path / "restored")
    restore(restored, tmp_path / "backup", quiet)
    with closing(sqlite3.connect(restored.data_dir / "treckk.db")) as opened:
        assert opened.execute("PRAGMA user_version").fetchone()[0] == newest_schema()
    assert dumped(restored).keys() == dumped(settings).keys()


async def test_the_manifest_tells_nothing_of_people_or_secrets(lived, tmp_path):
    settings = (await lived()).settings()
    back_up(settings, tmp_path / "backup", quiet)
    told = (tmp_path / "backup" / "manifest.json").read_text()
    assert set(json.loads(told)) == {
        "form",
        "version",
        "schema",
        "made_at",
        "database",
        "key",
        "counts",
        "files",
        "missing",
        "seal",
    }
    assert settings.secret_key.reveal() not in told
    assert BUDI.number not in told


async def test_after_the_move_the_gateway_goes_on(empty, make_town):
    town = await make_town(channels=WAYS)
    await town.twilio.play(Fault.BUSY)
    assert await town.write("whatsapp", BUDI, COMPLAINT) == 200
    assert await town.write("web", SITI, "Ada yang jualan miras dekat sekolah di Juai") == 200
    await town.gateway.settled(20)
    assert town.heard("whatsapp", BUDI) == []
    await town.stop()
    settings = town.settings()
    before = dumped(settings)

    counts = move(settings, Secret(empty), quiet)
    assert counts == {name: len(rows) for name, rows in before.items()}
    moved = attrs.evolve(settings, database=Secret(empty))
    assert dumped(moved) == before == dumped(settings)
    with pytest.raises(CopyRefused, match="has rows already"):
        move(settings, Secret(empty), quiet)

    town.database = empty
    await town.twilio.play(None)
    await town.start()
    town.clock.advance(seconds=1800)
    town.wake()
    await town.settled()
    [receipt] = town.heard("whatsapp", BUDI)
    assert "TRECKK" in receipt or "laporan" in receipt.lower()
    assert await town.write("whatsapp", BUDI, "Masih ramai di sana") == 200
    await town.settled()
    assert len(await town.cases()) == 2


async def test_a_busy_database_is_not_moved_into(lived, tmp_path, database, make_town):
    settings = (await lived()).settings()
    with psycopg.connect(database, application_name="treckk"), pytest.raises(CopyRefused, match="stop them first"):
        upgrade(database, Keyring(settings.master_key()).fingerprint())
        move(settings, Secret(database), quiet)
