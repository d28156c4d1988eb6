"""From the embedded database to PostgreSQL, once one process is no longer enough."""

from __future__ import annotations

import os
from collections.abc import Mapping

from treckk_gateway.errors import CopyRefused
from treckk_gateway.model import Secret
from treckk_gateway.privacy import Keyring
from treckk_gateway.server.backups import embedded
from treckk_gateway.settings import Settings
from treckk_gateway.store.copying import Told, copy
from treckk_gateway.store.sqlite import FILE_NAME, LOCK_NAME, newest_schema, take_lock


def move(settings: Settings, address: Secret, told: Told) -> Mapping[str, int]:
    """Copy every row into an empty PostgreSQL, whose tables are made; the SQLite file stays as it is. Counts by table.

    Raises `CopyRefused` when that database is not empty or the data is of an older version, `StoreLocked` when a
    server runs, `StoreUnavailable` when either cannot be used. Nothing is kept over there then.
    """
    from treckk_gateway.store.postgres import upgrade  # noqa: PLC0415 the extra may be absent
    from treckk_gateway.store.postgres.transfer import writing  # noqa: PLC0415 as above

    fingerprint = Keyring(settings.master_key()).fingerprint()
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = take_lock(settings.data_dir / LOCK_NAME)
    try:
        with embedded(settings.data_dir / FILE_NAME, fingerprint) as (source, schema):
            if schema != newest_schema():
                raise CopyRefused("the data is not of this version: start and stop treckk serve once, then move it")
            upgrade(address.reveal(), fingerprint)
            with writing(address.reveal(), fingerprint) as target:
                return copy(source, target, told)
    finally:
        os.close(lock)
