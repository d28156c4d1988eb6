"""The fence around the network, clocks and ids that only move when told, and Hypothesis's profile."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "house",
    max_examples=60,
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("house")

# Tests start some hundred processes. Where the environment forbids to keep what was compiled, as containers do, each
# would compile the whole package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


class ForeignAddressError(RuntimeError):
    """A test reached for an address outside this machine."""


class Fence:
    """Refuses every connection and look-up beyond loopback, in this process, and remembers the attempt.

    An audit hook sees the socket module's calls whoever makes them (asyncio, aiohttp, smtplib, a thread). It cannot
    be taken out again, which is what a fence is for. uvloop does not pass here: tests run on the standard loop.
    """

    def __init__(self) -> None:
        self.attempts: list[str] = []

    def watch(self, event: str, args: tuple[object, ...]) -> None:
        if event == "socket.getaddrinfo":
            self._judge(event, args[0], ("", None, "localhost", "0.0.0.0", "::"))  # noqa: S104 looked up to listen
        elif event in {"socket.connect", "socket.sendto"} and isinstance(args[1], tuple):
            self._judge(event, args[1][0], ("localhost",))

    def _judge(self, event: str, host: object, known: tuple[object, ...]) -> None:
        name = host.decode() if isinstance(host, bytes) else host
        if name in known or (isinstance(name, str) and _loopback(name)):
            return
        self.attempts.append(f"{event} {name}")
        msg = f"tests stay on this machine: {event} {name}"
        raise ForeignAddressError(msg)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


_FENCE = Fence()
sys.addaudithook(_FENCE.watch)


@pytest.fixture(autouse=True)
def fence() -> Iterator[Fence]:
    """Fails a test that tried to leave this machine, even when the code under test swallowed the refusal."""
    _FENCE.attempts.clear()
    yield _FENCE
    if _FENCE.attempts:
        pytest.fail(f"tests stay on this machine: {', '.join(_FENCE.attempts)}")


class Clock:
    """Time that stands still until `advance`: `now()` in microseconds, `seconds()` since the epoch."""

    START = 1_795_500_000_000_000  # 2026-11-24T06:00:00Z

    def __init__(self, start: int = START) -> None:
        self._now = start

    def now(self) -> int:
        return self._now

    def seconds(self) -> float:
        return self._now / 1_000_000

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> int:
        self._now += round((seconds + 60 * (minutes + 60 * (hours + 24 * days))) * 1_000_000)
        return self._now


class Ids:
    """Ids in the order they were asked for: `ids("a")` is `a-0001`, then `a-0002`."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, prefix: str = "id") -> str:
        self._count += 1
        return f"{prefix}-{self._count:04}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ids() -> Ids:
    return Ids()


@pytest.fixture
def random_bytes() -> Callable[[int], bytes]:
    """Bytes that look random, never repeat within a test, and are the same in every run."""
    count = iter(range(1_000_000))

    def take(size: int) -> bytes:
        return hashlib.shake_128(f"treckk {next(count)}".encode()).digest(size)

    return take


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """The run's PostgreSQL; its first use takes about two seconds."""
    from shared_postgres import cluster  # noqa: PLC0415 what does without a database need not load one

    with cluster() as found:
        yield found


@pytest.fixture
def database(cluster: Any) -> Iterator[str]:
    """A database with our tables, for this test alone: its connection string."""
    uri = cluster.make()
    yield uri
    cluster.drop(uri)
