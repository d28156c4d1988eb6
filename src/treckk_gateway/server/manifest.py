"""What a backup is made of, written beside it and sealed by the gateway's key: a changed one is noticed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from treckk_gateway.errors import CopyRefused
from treckk_gateway.privacy import Keyring

NAME = "manifest.json"
DATA = "treckk.db"
FILES = "files"
FORM = 1

_PURPOSE = "backup"
_PIECE = 1 << 20
_PLACE = re.compile(rf"{re.escape(DATA)}|{FILES}/[0-9a-f]{{2}}/[0-9a-f]{{32}}")


class Entry(Struct, frozen=True, kw_only=True):
    """A file of the backup: its size in bytes and its SHA-256 in hex."""

    size: int
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True):
    """Numbers, names and hashes only. `missing` are files that rows speak of and that were not in the data folder."""

    form: int
    version: str
    schema: int
    made_at: str
    database: str
    key: str
    counts: dict[str, int]
    files: dict[str, Entry]
    missing: tuple[str, ...] = ()
    seal: str = ""


def write(folder: Path, manifest: Manifest, keyring: Keyring) -> None:
    """Seal it and write it into a backup that is whole but for it."""
    sealed = msgspec.structs.replace(manifest, seal=_seal(manifest, keyring))
    (folder / NAME).write_bytes(msgspec.json.format(msgspec.json.encode(sealed), indent=1))


def read(folder: Path, keyring: Keyring) -> Manifest:
    """The manifest of a backup. Raises `CopyRefused` when there is none, or it is another key's, or was changed."""
    path = folder / NAME
    if not path.is_file():
        raise CopyRefused(f"{folder} has no {NAME}: it is no backup, or one that was not finished; use another one")
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.MsgspecError:
        raise CopyRefused(f"{path} was changed or damaged: use another backup") from None
    if found.form != FORM:
        raise CopyRefused(
            f"{path} has the form {found.form}, this version knows {FORM}: restore with version {found.version}"
        )
    if found.key != keyring.fingerprint():
        raise CopyRefused(
            f"the backup was sealed with another secret_key (fingerprint {found.key}, yours is"
            f" {keyring.fingerprint()}): configure the one that was kept apart for it"
        )
    if found.seal != _seal(found, keyring) or not all(_PLACE.fullmatch(name) for name in found.files):
        raise CopyRefused(f"{path} was changed after the backup was made: use another backup")
    return found


def entry(path: Path) -> Entry:
    """A file's size and hash."""
    hashing, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            hashing.update(piece)
            size += len(piece)
    return Entry(size=size, sha256=hashing.hexdigest())


def same_counts(wanted: Mapping[str, int], found: Mapping[str, int]) -> None:
    """Raises `CopyRefused` with the tables whose counts differ."""
    other = sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
    if other:
        raise CopyRefused(f"other rows than the manifest says, in {', '.join(other)}: use another backup")


def _seal(manifest: Manifest, keyring: Keyring) -> str:
    bare = msgspec.structs.replace(manifest, seal="")
    return keyring.digest(_PURPOSE, msgspec.json.encode(bare, order="deterministic").decode()).hex()
