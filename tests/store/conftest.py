from __future__ import annotations

import pytest

from treckk_gateway.store.sqlite import SQLiteStore

FINGERPRINT = "f" * 16


@pytest.fixture
async def store(tmp_path):
    opened = SQLiteStore(tmp_path, fingerprint=FINGERPRINT)
    await opened.open()
    yield opened
    await opened.close()
