"""What only a database in one file knows: its lock, its version, its key."""

from __future__ import annotations

import sqlite3

import pytest

from treckk_gateway.errors import SchemaTooNew, StoreLocked
from treckk_gateway.store.sqlite import FILE_NAME, SQLiteStore


async def test_a_second_process_on_the_folder_is_refused_and_free_afterwards(store, tmp_path):
    second = SQLiteStore(tmp_path, fingerprint="f" * 16)
    with pytest.raises(StoreLocked, match="another process"):
        await second.open()
    await store.close()
    await second.open()
    await second.close()


async def test_data_of_a_newer_version_is_refused(tmp_path):
    first = SQLiteStore(tmp_path, fingerprint="a" * 16)
    await first.open()
    await first.close()
    raw = sqlite3.connect(tmp_path / FILE_NAME)
    raw.execute("PRAGMA user_version=99")
    raw.close()
    with pytest.raises(SchemaTooNew, match="99"):
        await SQLiteStore(tmp_path, fingerprint="a" * 16).open()
