"""The whole town, ready to be written to, and what its gateway logs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import structlog
from folk import PERSONAL
from stored import SHARED
from town import Town

from treckk_gateway.privacy.redaction import redact


class Log:
    """Every line the gateway logged, as the server would have written it. `allow` names faults a test brings about."""

    FAULTS = frozenset(
        {
            "message.filing_failed", "message.send_failed", "request.parse_failed", "settling.failed",
            "wakeups.handler_failed", "wakeups.store_failed", "store.batch_failed", "store.writer_died",
            "webhook.failed", "call.failed", "channel.close_failed", "mail.refused",
        }
    )  # fmt: skip

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self._allowed: set[str] = set()

    def __call__(self, _logger: object, _method: str, line: dict[str, Any]) -> dict[str, Any]:
        self.lines.append(dict(line))
        raise structlog.DropEvent

    def allow(self, *events: str) -> None:
        self._allowed.update(events)

    def faults(self) -> list[dict[str, Any]]:
        return [one for one in self.lines if one["event"] in self.FAULTS - self._allowed]

    def said(self, event: str) -> list[dict[str, Any]]:
        return [one for one in self.lines if one["event"] == event]


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> Iterator[Log]:
    """Fails a test in which the gateway noticed a fault of its own, or a task died unseen."""
    before, kept = structlog.get_config(), Log()
    structlog.configure(processors=[redact, kept], cache_logger_on_first_use=False)
    yield kept
    structlog.configure(**before)
    assert kept.faults() == []
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []
    told = f"{kept.lines} {[one.getMessage() for one in caplog.records]}"
    assert PERSONAL.findall(told) == []


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that could not go on is looked at again soon: tests have no time for the pause that spares a server."""
    monkeypatch.setattr("treckk_gateway.store.sqlite.wakeups._COOLING", 0.05)


@pytest.fixture
def store_uri(request: pytest.FixtureRequest) -> str | None:
    """The database that towns use: `STORE=postgres` runs them all over PostgreSQL, by default they run over SQLite."""
    return request.getfixturevalue("database") if SHARED else None


@pytest.fixture
async def make_town(tmp_path, store_uri):
    """Towns with settings of their own: `await make_town(channels=("whatsapp",), delivery={"timeout": 0.5})`."""
    async with AsyncExitStack() as stack:

        async def make(**tables) -> Town:
            return await stack.enter_async_context(Town(tmp_path, **{"database": store_uri} | tables))

        yield make


@pytest.fixture
async def town(make_town: Callable[..., Town]) -> Town:
    """The whole town: WhatsApp, SMS, email and the web."""
    return await make_town()


@pytest.fixture
async def phones(make_town: Callable[..., Town]) -> Town:
    """WhatsApp, SMS and the web: quicker to start, for what mail adds nothing to."""
    return await make_town(channels=("whatsapp", "sms", "web"))
