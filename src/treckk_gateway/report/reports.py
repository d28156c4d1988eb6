"""Asks the store for aggregates and cuts them to what their reader may see."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from datetime import date
from zoneinfo import ZoneInfo

import attrs

from treckk_gateway.errors import Incomplete
from treckk_gateway.model import Instant, Role, State
from treckk_gateway.profile import Profile
from treckk_gateway.report import numbers
from treckk_gateway.report.layers import Layer, LayerRow, Month, incidents, keys_of
from treckk_gateway.report.numbers import Audience, CountRow, Numbers, Wait
from treckk_gateway.report.period import Period, day_of
from treckk_gateway.report.suppression import SMALL, Node, suppress
from treckk_gateway.store.operations.numbers import NumberStore
from treckk_gateway.store.orders import Span
from treckk_gateway.store.rows import ExportRow

_PAGE = 500


@attrs.frozen(kw_only=True)
class Reports:
    """Leadership's view of one unit. `clock` tells now."""

    store: NumberStore
    profile: Profile
    clock: Callable[[], Instant]

    @property
    def zone(self) -> ZoneInfo:
        """The unit's zone."""
        return ZoneInfo(self.profile.zone)

    def today(self) -> date:
        """The day it is at the unit."""
        return day_of(self.clock(), self.zone)

    def period(self, first: date | None = None, last: date | None = None) -> Period:
        """Those days; without them, this month up to today, or the month that ends with `last`.

        Raises `Incomplete` for days that make no period.
        """
        until = last or self.today()
        return Period.of(first or until.replace(day=1), until, self.zone)

    async def numbers(self, period: Period, audience: Audience) -> Numbers:
        """The period in numbers. For the public only ended whole months are counted, and small numbers left out.

        Raises `Incomplete` when no whole month of the period has ended.
        """
        if audience is Audience.PUBLIC:
            return await self._public(self._ended(period))
        span = self._span(period, audience)
        rows = await self.store.tally(span)
        filled = await self.store.completeness(span)
        waited = await self.store.waits(span)
        unfinished, overdue = numbers.running(await self.store.standing(self.clock(), ()))
        return Numbers(
            first=period.first,
            last=period.last,
            audience=audience,
            received=sum(one.count for one in rows),
            merged=sum(one.count for one in rows if one.state is State.DUPLICATE),
            spam=sum(one.count for one in rows if one.state is State.REJECTED_SPAM),
            counts=numbers.counts(rows, self.profile, ()),
            channels=numbers.summed(rows, lambda one: one.channel_id, ()),
            states=numbers.summed(rows, lambda one: one.state.value, State),
            waits=numbers.waits(waited, (one.code for one in self.profile.districts)),
            instructed=filled.instructed,
            complete=filled.complete / filled.instructed if filled.instructed else None,
            completeness=filled.mean,
            open=unfinished,
            overdue=overdue,
            about_unit=tuple(await self.store.numbers_in(span, tuple(self.profile.leadership_only))),
        )

    async def layer(self, period: Period, layer: Layer, audience: Audience) -> tuple[LayerRow, ...]:
        """One layer, month by month: for each key every district with zeros, then the villages that have any.

        Raises `Incomplete` for the public when no whole month of the period has ended.
        """
        if audience is Audience.PUBLIC:
            period = self._ended(period)
        keys = keys_of(layer, self.profile, self._hidden(audience))
        return tuple([row for month in await self._months(period, audience) for row in month.rows(keys)])

    async def ever(self, before: date) -> bool:
        """Whether any case was opened before that day."""
        span = Span(since=0, until=Period.of(before, before, self.zone).since)
        return bool(await self.store.export(span, 0, 1))

    async def page(self, period: Period, roles: Collection[Role], after: int, limit: int) -> Sequence[ExportRow]:
        """Cases opened in the period with an id above `after`, without any identity, oldest first.

        Complaints about the unit are among them for leadership only.
        """
        audience = Audience.LEADERSHIP if Role.LEADERSHIP in roles else Audience.PUBLIC
        return await self.store.export(self._span(period, audience), after, limit)

    async def cases(self, period: Period, roles: Collection[Role]) -> AsyncIterator[ExportRow]:
        """All of them."""
        after = 0
        while page := await self.page(period, roles, after, _PAGE):
            for one in page:
                yield one
            after = page[-1].id

    def _hidden(self, audience: Audience) -> tuple[str, ...]:
        return () if audience is Audience.LEADERSHIP else tuple(sorted(self.profile.leadership_only))

    def _span(self, period: Period, audience: Audience) -> Span:
        return Span(since=period.since, until=period.until, hide_categories=self._hidden(audience))

    def _ended(self, period: Period) -> Period:
        whole = period.whole_months(self.today())
        if whole is None:
            raise Incomplete("outside leadership only whole months that have ended are counted", ("period",))
        return whole

    async def _months(self, period: Period, audience: Audience) -> list[Month]:
        codes = [one.code for one in self.profile.districts]
        found = []
        for month in period.months():
            rows = await self.store.tally(self._span(month, audience))
            small_shown = audience is Audience.LEADERSHIP
            found.append(Month.of(month.first, incidents(rows), codes, small_shown=small_shown))
        return found

    async def _public(self, period: Period) -> Numbers:
        """Only what cannot be put together to point to one reporter: sums of what is shown month by month."""
        waited = [one for one in await self.store.waits(self._span(period, Audience.PUBLIC)) if one.district is None]
        received, channels = await self._public_channels(period)
        return Numbers(
            first=period.first,
            last=period.last,
            audience=Audience.PUBLIC,
            received=received,
            merged=None,
            spam=None,
            counts=await self._public_counts(period),
            channels=channels,
            states={},
            waits=tuple(_coarse(one) for one in numbers.waits(waited, ())),
            instructed=None,
            complete=None,
            completeness=None,
            open=None,
            overdue=None,
        )

    async def _public_counts(self, period: Period) -> tuple[CountRow, ...]:
        months = await self._months(period, Audience.PUBLIC)
        keys = keys_of(Layer.DISTURBANCE, self.profile, self._hidden(Audience.PUBLIC))
        found: dict[tuple[str, str], list[int | None]] = {}
        for row in (row for month in months for row in month.rows(keys) if row.village is None):
            found.setdefault((row.district, row.key), []).append(row.count)
        return tuple(
            CountRow(district=one[0], category=one[1], count=_known_sum(parts)) for one, parts in found.items()
        )

    async def _public_channels(self, period: Period) -> tuple[int | None, dict[str, int | None]]:
        whole: list[int | None] = []
        found: dict[str, list[int | None]] = {}
        for month in period.months():
            rows = await self.store.tally(self._span(month, Audience.PUBLIC))
            leaves = {name: Node(count) for name, count in numbers.summed(rows, lambda one: one.channel_id, ()).items()}
            root = Node.over(*leaves.values())
            suppress(root)
            whole.append(root.value)
            for name, node in leaves.items():
                found.setdefault(name, []).append(node.value)
        return _known_sum(whole), {name: _known_sum(parts) for name, parts in sorted(found.items())}


def _known_sum(parts: Iterable[int | None]) -> int | None:
    found = list(parts)
    return None if None in found else sum(one for one in found if one is not None)


def _coarse(wait: Wait) -> Wait:
    if wait.cases is not None and wait.cases >= SMALL:
        return attrs.evolve(wait, cases=None)
    return attrs.evolve(wait, cases=None, median=None, p90=None)
