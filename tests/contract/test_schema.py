"""One schema in two databases, and how PostgreSQL's comes about (reference, section 10, tests 23 and 41)."""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import version
from importlib.resources import files
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from backends import Embedded

from shared_postgres import FINGERPRINT, name_of
from treckk_gateway.errors import SchemaTooNew, SchemaTooOld, StoreUnavailable
from treckk_gateway.store.postgres import PostgresStore, examine, schema, upgrade
from treckk_gateway.store.sqlite import newest_schema

MIGRATE = """
import os, pathlib, sys
from treckk_gateway.store.sqlite import connection
opened = connection.open_writer(pathlib.Path(sys.argv[1]))
left = iter(range(int(sys.argv[2])))
opened.set_trace_callback(lambda _: next(left, None) is None and os.kill(os.getpid(), 9))
connection.migrate(opened)
"""
UPGRADE = "import sys; from treckk_gateway.store.postgres import upgrade; upgrade(sys.argv[1], 'f' * 16)"


@pytest.fixture
def empty(cluster):
    uri = cluster.make(empty=True)
    yield uri
    cluster.drop(uri)


def rows(uri, query):
    with psycopg.connect(uri, autocommit=True) as connection:
        cursor = connection.execute(query)
        return cursor.fetchall() if cursor.description else []


async def test_both_databases_have_the_same_steps_tables_and_columns(shared, tmp_path, clock, opening):
    embedded = Embedded(tmp_path, clock.now)
    await opening(embedded)
    assert shared.columns() == embedded.columns()
    steps = [
        {one.name for one in files(f"treckk_gateway.store.{name}").joinpath("migrations").iterdir()}
        for name in ("sqlite", "postgres")
    ]
    assert steps[0] == steps[1]


async def test_an_empty_database_is_refused_with_the_command_to_run(empty, clock):
    store = PostgresStore(empty, fingerprint=FINGERPRINT, clock=clock.now)
    with pytest.raises(SchemaTooOld, match="treckk db upgrade"):
        await store.open()
    await store.close()
    assert rows(empty, "SELECT to_regclass('meta')") == [(None,)], "looking changes nothing"


async def test_older_and_newer_schemas_are_refused(database, clock):
    for number, problem in ((0, SchemaTooOld), (99, SchemaTooNew)):
        rows(database, f"UPDATE meta SET value = '{number}' WHERE key = 'schema'")
        store = PostgresStore(database, fingerprint=FINGERPRINT, clock=clock.now)
        with pytest.raises(problem):
            await store.open()
        await store.close()
    with pytest.raises(SchemaTooNew):
        upgrade(database, FINGERPRINT)


async def test_another_version_of_the_engine_is_brought_up(database, clock):
    rows(database, "UPDATE meta SET value = '3.9.0' WHERE key = 'engine'")
    with pytest.raises(SchemaTooOld, match=r"procrastinate 3\.9\.0"):
        examine(database, FINGERPRINT)
    assert upgrade(database, FINGERPRINT) == [f"procrastinate {version('procrastinate')}"]
    assert examine(database, FINGERPRINT).engine == version("procrastinate")


async def test_a_newer_version_of_the_engine_is_refused_and_left_as_it_is(database, clock):
    rows(database, "UPDATE meta SET value = '3.999.0' WHERE key = 'engine'")
    rows(database, "UPDATE meta SET value = '0' WHERE key = 'schema'")
    for attempt in (examine, upgrade):
        with pytest.raises(SchemaTooNew, match=r"procrastinate==3\.999\.0"):
            attempt(database, FINGERPRINT)
    noted = dict(rows(database, "SELECT key, value FROM meta"))
    assert (noted["engine"], noted["schema"]) == ("3.999.0", "0")


def test_a_user_without_the_rights_is_told_what_is_missing(empty, cluster):
    role = f"guest_{name_of(empty)}"
    cluster.run(f"CREATE ROLE {role} LOGIN PASSWORD 'guest'")
    try:
        parts = urlsplit(empty)
        guest = urlunsplit(parts._replace(netloc=f"{role}:guest@{parts.netloc.rpartition('@')[2]}"))
        rows(empty, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        with pytest.raises(StoreUnavailable, match="must own the database"):
            upgrade(guest, FINGERPRINT)
        upgrade(empty, FINGERPRINT)
        with pytest.raises(StoreUnavailable, match="cannot be read: InsufficientPrivilege"):
            examine(guest, FINGERPRINT)
    finally:
        cluster.run(f"DROP ROLE {role}")


def test_upgrading_says_what_it_did_and_is_done_once(empty):
    done = upgrade(empty, FINGERPRINT)
    assert done[0] == "schema 1: first"
    assert done[-1] == f"procrastinate {version('procrastinate')}"
    assert upgrade(empty, FINGERPRINT) == []
    with pytest.raises(StoreUnavailable, match="another secret_key"):
        upgrade(empty, "b" * 16)


async def test_upgraded_by_several_at_once_it_is_upgraded_once(empty):
    done = await asyncio.gather(*[asyncio.to_thread(upgrade, empty, FINGERPRINT) for _ in range(4)])
    assert sorted(len(one) for one in done)[:3] == [0, 0, 0]


async def test_killed_in_the_middle_it_goes_on_where_it_was(empty, cluster):
    """The process is held inside a step by a lock of ours, killed there, and begun again."""
    rows(empty, "CREATE TABLE procrastinate_events (x int)")  # the engine's schema cannot be made beside it
    with pytest.raises(StoreUnavailable):
        upgrade(empty, FINGERPRINT)
    rows(empty, "DROP TABLE procrastinate_events")
    assert upgrade(empty, FINGERPRINT) == [f"procrastinate {version('procrastinate')}"]

    killed = cluster.make(empty=True)
    with psycopg.connect(killed, autocommit=True) as blocking:
        blocking.execute("SELECT pg_advisory_lock(%s)", (schema.LOCK,))
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", UPGRADE, killed)
        async with asyncio.timeout(20):
            while not cluster.run("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory'"):
                await asyncio.sleep(0.02)
        process.kill()
        await process.wait()
    assert upgrade(killed, FINGERPRINT)[0] == "schema 1: first"
    cluster.drop(killed)


async def test_killed_inside_a_step_nothing_of_it_is_there_and_it_is_made_anew(empty, cluster):
    """Another transaction holds the name of a table of the first step, so that the step waits in its middle."""
    killed = cluster.make(empty=True)
    with psycopg.connect(killed) as blocking:
        blocking.execute("CREATE TABLE timer (x int)")
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", UPGRADE, killed)
        waiting = f"SELECT 1 FROM pg_stat_activity WHERE wait_event = 'transactionid' AND datname = '{name_of(killed)}'"
        async with asyncio.timeout(60):
            while not cluster.run(waiting):
                await asyncio.sleep(0.02)
        process.kill()
        await process.wait()
        blocking.rollback()
    async with asyncio.timeout(60):
        while cluster.run(f"SELECT 1 FROM pg_stat_activity WHERE datname = '{name_of(killed)}'"):
            await asyncio.sleep(0.02)
    assert rows(killed, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")[0][0] in {0, 1}
    assert upgrade(killed, FINGERPRINT)[0] == "schema 1: first"
    assert examine(killed, FINGERPRINT).schema > 1
    cluster.drop(killed)


@pytest.mark.parametrize("statements", [3, 15, 40, 60])
async def test_sqlite_killed_inside_a_step_goes_on_where_it_was(tmp_path, clock, opening, statements):
    """A process ends itself after so many statements, at whatever point of the steps that is."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", MIGRATE, str(tmp_path / "treckk.db"), str(statements)), stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert (process.returncode, said) == (-9, b"")
    store = await opening(Embedded(tmp_path, clock.now))
    assert (await store.counters()).received == 0
    reached = Embedded(tmp_path, clock.now).rows("PRAGMA user_version")
    assert reached == [(newest_schema(),)]


async def test_a_database_that_is_not_there_is_told_without_the_password(clock):
    uri = "postgresql://treckk:hush@127.0.0.1:1/x?connect_timeout=2"
    store = PostgresStore(uri, fingerprint=FINGERPRINT, clock=clock.now)
    with pytest.raises(StoreUnavailable, match="cannot be reached") as told:
        await store.open()
    assert "hush" not in str(told.value)
    await store.close()
