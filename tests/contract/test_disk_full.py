"""A PostgreSQL whose disk is really full: a tablespace on a file system of a few megabytes.

Making one takes the right to mount; where that is missing this is skipped, and `test_engine` shows the same with the
database's own error for it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import msgspec
import psycopg
import pytest
from backends import Shared, real_time
from deeds import request_of

from shared_postgres import named
from treckk_gateway.errors import StoreUnavailable

_ROOM = 400_000


@pytest.fixture
def small(cluster):
    """A file system of 48 MB, the database server's own."""
    folder = Path(tempfile.mkdtemp(prefix="treckk-small-"))
    [(data,)] = cluster.run("SHOW data_directory")
    owner = Path(data).stat()
    options = f"size=48m,uid={owner.st_uid},gid={owner.st_gid},mode=0700"
    mount, umount = shutil.which("mount"), shutil.which("umount")
    command = [mount, "-t", "tmpfs", "-o", options, "none", folder]
    if not (mount and umount) or subprocess.run(command, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run([umount, "-l", folder], check=True)
    folder.rmdir()


@pytest.fixture
def cramped(cluster, small):
    """A database on it."""
    folder = small / "space"
    folder.mkdir()
    os.chown(folder, small.stat().st_uid, small.stat().st_gid)
    name = f"cramped_{os.getpid()}"
    cluster.run(f"CREATE TABLESPACE {name} LOCATION '{folder}'")
    cluster.run(f"CREATE DATABASE {name} TEMPLATE {cluster.template} TABLESPACE {name}")
    yield named(cluster.admin, name)
    cluster.run(f"DROP DATABASE {name} WITH (FORCE)")
    cluster.run(f"DROP TABLESPACE {name}")


async def test_nobody_is_told_yes_for_what_did_not_fit_and_it_goes_on_when_there_is_room(cramped, small, opening):
    shared = Shared(cramped, real_time)
    store = await opening(shared)
    assert await store.accept(request_of("SM0")) == (True,)
    looking = psycopg.connect(cramped, autocommit=True)  # now: without room the server lets in nobody new
    free = os.statvfs(small)
    (small / "ballast").write_bytes(bytes(free.f_bavail * free.f_frsize - _ROOM))

    requests = [msgspec.structs.replace(request_of(f"SM{n}"), raw=os.urandom(20_000)) for n in range(1, 200)]
    outcomes = await asyncio.gather(*[store.accept(one) for one in requests], return_exceptions=True)
    good = {"SM0", *(one.items[0].dedupe_key for one, told in zip(requests, outcomes, strict=True) if told == (True,))}
    refused = [one for one in outcomes if isinstance(one, BaseException)]
    assert refused
    assert {type(one) for one in refused} == {StoreUnavailable}
    assert any("DiskFull" in str(one) for one in refused)
    with looking:
        assert {key for (key,) in looking.execute("SELECT dedupe_key FROM inbox")} == good

    (small / "ballast").unlink()
    again = await asyncio.gather(*[store.accept(one) for one in requests])
    assert sum(one == (True,) for one in again) == len(refused)
