"""The two ports behind which a database hides. Each operation is one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from treckk_gateway.store.operations.cases import CaseStore
from treckk_gateway.store.operations.due import DueStore
from treckk_gateway.store.operations.numbers import NumberStore
from treckk_gateway.store.operations.people import PeopleStore
from treckk_gateway.store.operations.receiving import InboxStore
from treckk_gateway.store.operations.sending import OutboxStore
from treckk_gateway.store.operations.staff import UnitStore
from treckk_gateway.store.rows import Wake


class Store(InboxStore, PeopleStore, CaseStore, UnitStore, OutboxStore, NumberStore, DueStore, Protocol):
    """Every operation is atomic, and durable when it returns.

    Raises `StoreBusy` past its bounds and `StoreUnavailable` when it is closed, full or broken; then nothing of the
    operation was stored.
    """

    @property
    def alive(self) -> bool:
        """Whether writes can be taken."""

    async def open(self) -> None:
        """Lock, migrate, start."""

    async def close(self) -> None:
        """Finish what is queued, then let go of everything."""


class Wakeups(Protocol):
    """The whole surface of an engine: rows are the truth, a wake-up is a hint."""

    @property
    def busy(self) -> bool:
        """Whether any handler runs here."""

    def hint(self) -> None:
        """Something may be due now."""

    async def run(self, handler: Callable[[Wake], Awaitable[None]]) -> None:
        """Call `handler` for due rows, one at a time per lane, until stopped."""

    async def stop(self, grace: float) -> None:
        """Start nothing new, wait up to `grace` seconds, then cancel."""
