"""Making a backup beside a running server: the rows as of one moment, then the files those rows speak of."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import attrs

from treckk_gateway.errors import CopyRefused, StoreUnavailable
from treckk_gateway.privacy import Keyring
from treckk_gateway.server import manifest
from treckk_gateway.server.manifest import Entry, Manifest
from treckk_gateway.settings import Settings
from treckk_gateway.store.copying import Source, Told, copy
from treckk_gateway.store.sqlite import FILE_NAME, newest_schema, transfer


@attrs.frozen(kw_only=True)
class Made:
    """A backup: how many rows and files it holds, and how many files were not there to be copied."""

    rows: int
    files: int
    missing: int


def back_up(settings: Settings, target: Path, told: Told) -> Made:
    """Write a backup into a new folder, whole or not at all; the server may run.

    Raises `CopyRefused` when the folder is there already or the data is another key's, `StoreUnavailable` when the
    data cannot be read, `OSError` when the folder cannot be written.
    """
    if target.exists():
        raise CopyRefused(f"{target} is there already; nothing was written. Name a new folder for each backup")
    keyring = Keyring(settings.master_key())
    target.parent.mkdir(parents=True, exist_ok=True)
    half = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    try:
        made = _fill(half, settings, keyring, told)
        synced(half)
        half.rename(target)
        sync(target.parent)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise
    return made


def _fill(folder: Path, settings: Settings, keyring: Keyring, told: Told) -> Made:
    schema, counts = _rows(folder / manifest.DATA, settings, keyring.fingerprint(), told)
    with transfer.reading_still(folder / manifest.DATA) as copied:
        names = tuple(copied.file_names())
    files, missing = _files(names, settings.data_dir / "files", folder / manifest.FILES, told)
    written = Manifest(
        form=manifest.FORM,
        version=version("treckk-gateway"),
        schema=schema,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        database="sqlite" if settings.database is None else "postgresql",
        key=keyring.fingerprint(),
        counts=dict(counts),
        files={manifest.DATA: manifest.entry(folder / manifest.DATA), **files},
        missing=missing,
    )
    manifest.write(folder, written, keyring)
    return Made(rows=sum(counts.values()), files=len(files), missing=len(missing))


def _rows(path: Path, settings: Settings, fingerprint: str, told: Told) -> tuple[int, Mapping[str, int]]:
    """Copy all rows; the number of their schema, and the counts."""
    with _source(settings, fingerprint) as (source, schema):
        with transfer.writing(path, schema=schema, fingerprint=fingerprint) as target:
            counts = copy(source, target, told)
        return schema, counts


def _source(settings: Settings, fingerprint: str) -> AbstractContextManager[tuple[Source, int]]:
    if settings.database is None:
        return embedded(settings.data_dir / FILE_NAME, fingerprint)
    return _shared(settings.database.reveal(), fingerprint)


@contextmanager
def embedded(path: Path, fingerprint: str) -> Iterator[tuple[Source, int]]:
    """The embedded database as of one moment, and its schema. Raises `StoreUnavailable` when it is another key's."""
    with transfer.reading(path) as source:
        if source.key != fingerprint:
            raise StoreUnavailable(
                f"this data was sealed with another secret_key (fingerprint {source.key}, yours is {fingerprint}):"
                " configure that one"
            )
        yield source, source.schema


@contextmanager
def _shared(conninfo: str, fingerprint: str) -> Iterator[tuple[Source, int]]:
    from treckk_gateway.store.postgres.transfer import reading  # noqa: PLC0415 the extra may be absent

    with reading(conninfo, fingerprint) as source:
        yield source, newest_schema()


def _files(names: Sequence[str], source: Path, target: Path, told: Told) -> tuple[dict[str, Entry], tuple[str, ...]]:
    """Copy files by name; one whose reporter was erased meanwhile is gone, and named as missing."""
    target.mkdir(mode=0o700)
    done: dict[str, Entry] = {}
    missing = []
    for count, name in enumerate(names, 1):
        place = f"{name[:2]}/{name}"
        try:
            copied_file(source / place, target / place)
        except FileNotFoundError:
            missing.append(name)
        else:
            done[f"{manifest.FILES}/{place}"] = manifest.entry(target / place)
        told("files", count, len(names))
    return done, tuple(missing)


def copied_file(source: Path, target: Path) -> None:
    """Copy one file, readable for its owner only. Raises `FileNotFoundError` when it is not there."""
    with source.open("rb") as given:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as taken:
            shutil.copyfileobj(given, taken, 1 << 20)


def synced(folder: Path) -> None:
    """Have all of a folder on the disk."""
    for path in (*folder.rglob("*"), folder):
        sync(path)


def sync(path: Path) -> None:
    """Have a file or a folder's list of names on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
