"""Checking a backup, and putting its data where none is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from treckk_gateway.errors import CopyRefused, SchemaTooNew
from treckk_gateway.privacy import Keyring
from treckk_gateway.server import manifest
from treckk_gateway.server.backups import copied_file, sync, synced
from treckk_gateway.server.manifest import Manifest, same_counts
from treckk_gateway.settings import Settings
from treckk_gateway.store.copying import Told, copy
from treckk_gateway.store.sqlite import FILE_NAME, LOCK_NAME, newest_schema, take_lock, transfer

_HALF_DATA = "restore.part.db"
_HALF_FILES = "files.part"


def check(backup: Path, keyring: Keyring, told: Told) -> Manifest:
    """Whether a backup is whole, unchanged, this key's and known to this version; its manifest.

    Raises `CopyRefused` with what to do, or `SchemaTooNew`.
    """
    found = manifest.read(backup, keyring)
    if found.schema > newest_schema():
        raise SchemaTooNew(
            f"the backup has schema {found.schema}, this version knows {newest_schema()}: install version"
            f" {found.version} or a newer one"
        )
    for count, (name, wanted) in enumerate(found.files.items(), 1):
        path = backup / name
        if not path.is_file() or manifest.entry(path) != wanted:
            raise CopyRefused(f"{path} is missing or was changed after the backup was made: use another backup")
        told("check", count, len(found.files))
    if manifest.DATA not in found.files:
        raise CopyRefused(f"{backup} holds no data: use another backup")
    _sound(backup / manifest.DATA, found)
    return found


def _sound(path: Path, found: Manifest) -> None:
    with transfer.reading_still(path) as data:
        damage = data.damage()
        if damage:
            raise CopyRefused(f"{path}: {damage}: use another backup")
        if (data.schema, data.key) != (found.schema, found.key):
            raise CopyRefused(f"{path} is not what the manifest says: use another backup")
        same_counts(found.counts, {name: data.count(name) for name in data.tables()})


def restore(settings: Settings, backup: Path, told: Told) -> Manifest:
    """Check a backup and put its data where this configuration has none; its manifest.

    Raises what `check` raises, `StoreLocked` when a server runs on the data folder, and `CopyRefused` when there is
    data already or servers are connected to the database; nothing is changed then.
    """
    keyring = Keyring(settings.master_key())
    found = check(backup, keyring, told)
    folder = settings.data_dir
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = take_lock(folder / LOCK_NAME)
    half = folder / _HALF_DATA
    try:
        _nothing_there(folder)
        half.unlink(missing_ok=True)
        copied_file(backup / manifest.DATA, half)
        transfer.bring_up(half)
        with _files_placed(backup, found, folder, told):
            if settings.database is None:
                sync(half)
                half.rename(folder / FILE_NAME)
                sync(folder)
            else:
                _into_shared(settings.database.reveal(), keyring.fingerprint(), half, told)
    finally:
        half.unlink(missing_ok=True)
        os.close(lock)
    return found


def _nothing_there(folder: Path) -> None:
    files = folder / "files"
    for path in (folder / FILE_NAME, folder / f"{FILE_NAME}-wal", files):
        if path.exists() and (path != files or any(path.iterdir())):
            raise CopyRefused(f"there is data already: {path}. Move it away, or name another gateway.data_dir")


def _into_shared(conninfo: str, fingerprint: str, data: Path, told: Told) -> None:
    from treckk_gateway.store.postgres import upgrade  # noqa: PLC0415 the extra may be absent
    from treckk_gateway.store.postgres.transfer import writing  # noqa: PLC0415 as above

    upgrade(conninfo, fingerprint)
    with transfer.reading_still(data) as source, writing(conninfo, fingerprint) as target:
        copy(source, target, told)


@contextmanager
def _files_placed(backup: Path, found: Manifest, folder: Path, told: Told) -> Iterator[None]:
    """Have the files there while the data follows; if it does not, they go again."""
    half, files = folder / _HALF_FILES, folder / "files"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    names = [name for name in found.files if name != manifest.DATA]
    for count, name in enumerate(names, 1):
        copied_file(backup / name, half / Path(name).relative_to(manifest.FILES))
        told("files", count, len(names))
    synced(half)
    if files.exists():
        files.rmdir()  # it is empty
    half.rename(files)
    try:
        yield
    except BaseException:
        shutil.rmtree(files, ignore_errors=True)
        raise
