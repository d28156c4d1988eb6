"""Both stores, each test once on either."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from backends import Embedded, Shared, real_time


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, clock: Any) -> Embedded | Shared:
    if request.param == "sqlite":
        return Embedded(tmp_path, clock.now)
    return Shared(request.getfixturevalue("database"), clock.now)


@pytest.fixture(params=["sqlite", "postgres"])
def lively(request: pytest.FixtureRequest, tmp_path: Path) -> Embedded | Shared:
    """A backend whose clock runs, for what wakes up by itself."""
    if request.param == "sqlite":
        return Embedded(tmp_path, real_time)
    return Shared(request.getfixturevalue("database"), real_time)


@pytest.fixture
def shared(database: str, clock: Any) -> Shared:
    """PostgreSQL alone, for what only a shared database knows."""
    return Shared(database, clock.now)


@pytest.fixture
def living(database: str) -> Shared:
    """PostgreSQL alone, with a clock that runs."""
    return Shared(database, real_time)


@pytest.fixture
async def working() -> AsyncIterator[Callable[..., Any]]:
    """`working(wakeups, handler)`: run until the test ends."""
    running: list[tuple[Any, asyncio.Task[None]]] = []

    def work(wakeups: Any, handler: Callable[..., Any]) -> Any:
        running.append((wakeups, asyncio.create_task(wakeups.run(handler))))
        return wakeups

    yield work
    for wakeups, task in running:
        await wakeups.stop(2.0)
        await task


@pytest.fixture
async def opening() -> AsyncIterator[Callable[..., Any]]:
    """`await opening(backend)`: an open store, closed after the test."""
    async with AsyncExitStack() as stack:

        async def open_one(backend: Embedded | Shared, **more: Any) -> Any:
            store = backend.store(**more)
            await store.open()
            stack.push_async_callback(store.close)
            return store

        yield open_one


@pytest.fixture
async def store(backend: Embedded | Shared, opening: Callable[..., Any]) -> Any:
    return await opening(backend)


@pytest.fixture
async def others(backend: Embedded | Shared, store: Any, opening: Callable[..., Any]) -> list[Any]:
    """Three stores over the same data, as three processes have them; of SQLite, where one process is the rule, one."""
    return [store, await opening(backend), await opening(backend)] if backend.many else [store] * 3
