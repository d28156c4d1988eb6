"""Counts over cases, and the books."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from treckk_gateway.model import Instant
from treckk_gateway.store.orders import Span
from treckk_gateway.store.rows import CompletenessRow, Counters, ExportRow, StandingRow, TallyRow, WaitRow


class NumberStore(Protocol):
    """What is counted."""

    async def counters(self) -> Counters:
        """The books."""

    async def tally(self, span: Span) -> Sequence[TallyRow]:
        """Cases opened in the span, counted by all they may be told apart by."""

    async def waits(self, span: Span) -> Sequence[WaitRow]:
        """How long the steps of cases opened in the span took: everywhere, and in each district."""

    async def completeness(self, span: Span) -> CompletenessRow:
        """How complete cases opened in the span were when leadership first instructed."""

    async def standing(self, now: Instant, hide_categories: Sequence[str]) -> Sequence[StandingRow]:
        """All cases by their state now."""

    async def numbers_in(self, span: Span, categories: Sequence[str]) -> Sequence[str]:
        """The numbers of cases of these categories opened in the span, oldest first, at most 200."""

    async def export(self, span: Span, after: int, limit: int) -> Sequence[ExportRow]:
        """Cases opened in the span with an id above `after`, oldest first."""
