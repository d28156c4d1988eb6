"""Leadership's digest: a day or a week in numbers, by chat and by mail, without anybody in it. Sent once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta

import attrs
import structlog
from msgspec.structs import replace

from treckk_gateway.casework.casework import Casework
from treckk_gateway.errors import described
from treckk_gateway.model import CaseUpdate, Role, Staff, State
from treckk_gateway.profile import Profile
from treckk_gateway.report import Audience, Numbers, Period, Reports
from treckk_gateway.store.orders import Draft, Filing

_PAUSE = 60.0
_DAY = timedelta(days=1)
_WEEK = 7
_LASTS = {"daily": 1, "weekly": 3}
"""Days after which a digest that could not leave is old news."""

_LONGEST_BACK = 31
_MOST_LISTED = 10
_HOUR = 3600
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

log = structlog.get_logger(__name__)


@attrs.frozen
class Edition:
    """One digest: `kind` is daily or weekly, `until` the day before whose beginning it ends."""

    kind: str
    first: date
    until: date

    @property
    def key(self) -> str:
        """What makes it one, in any process and after any restart."""
        return f"digest:{self.kind}:{self.until.isoformat()}"


@attrs.define(kw_only=True)
class Digest:
    """Sends what is due from `hour` (0 to 23, the unit's time) on days that are worked.

    A day without service has no digest; the next one covers it too, so that the days follow each other without gap.
    `weekly` is the weekday its week begins with, or `never`. `works` says whether a day is worked.
    """

    casework: Casework
    reports: Reports
    hour: int = 7
    daily: bool = True
    weekly: str = "monday"
    works: Callable[[date], bool] = lambda _day: True
    _done: set[str] = attrs.field(factory=set, init=False)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self.send()
            except Exception as problem:  # noqa: BLE001 told in the log; the next round tries again
                log.error("digest.failed", **described(problem))
            await asyncio.sleep(_PAUSE)

    async def send(self) -> int:
        """One round; how many editions were put into the outbox. One that lies there already stays one."""
        sent = 0
        for one in [one for one in self.due() if one.key not in self._done]:
            if not await self.reports.ever(one.until):  # nothing to tell of a unit that just began
                continue
            period = Period.of(one.first, one.until - _DAY, self.reports.zone)
            found = await self.reports.numbers(period, Audience.LEADERSHIP)
            drafts = await self._drafts(one, found)
            await self.casework.store.file(Filing(inbox_id=None, now=self.casework.clock(), drafts=drafts))
            self._done.add(one.key)
            self.casework.hint()
            sent += 1
        return sent

    def due(self) -> Iterator[Edition]:
        """The editions of today, once their hour has come."""
        local = datetime.fromtimestamp(self.casework.clock() / 1e6, self.reports.zone)
        today = local.date()
        if local.hour < self.hour or not self.works(today):
            return
        if self.daily:
            yield Edition("daily", self._last_worked(today), today)
        if self.weekly in _WEEKDAYS:
            begins = today - timedelta(days=(today.weekday() - _WEEKDAYS.index(self.weekly)) % _WEEK)
            if not any(self.works(begins + count * _DAY) for count in range((today - begins).days)):
                yield Edition("weekly", begins - _WEEK * _DAY, begins)

    def _last_worked(self, today: date) -> date:
        for back in range(1, _LONGEST_BACK):
            if self.works(today - back * _DAY):
                return today - back * _DAY
        return today - _DAY

    async def _drafts(self, edition: Edition, found: Numbers) -> tuple[Draft, ...]:
        update = CaseUpdate(template="digest", values=digest_values(found, self.casework.profile))
        expires = self.casework.clock() + _LASTS[edition.kind] * 24 * _HOUR * 1_000_000
        drafts = await self.casework.tell_staff(_ways(self.casework.roster.told([Role.LEADERSHIP])), update)
        return tuple(replace(one, once=edition.key, expires_at=expires) for one in drafts)


def digest_values(found: Numbers, profile: Profile) -> dict[str, str]:
    """The digest's words: numbers, names of places and categories, and numbers of cases."""
    language = profile.languages[0]
    districts = [(one.name, _of(found, district=one.code)) for one in profile.districts]
    categories = [
        (profile.category_name(one.code, language), _of(found, category=one.code)) for one in profile.categories
    ]
    most = sorted((one for one in categories if one[1]), key=lambda one: -one[1])[:3]
    wait = next(one for one in found.waits if (one.step, one.district) == ("instruct", None))
    return {
        "rentang": _days(found.first, found.last),
        "masuk": _text(found.received),
        "terbuka": _text(found.open),
        "terlambat": _text(found.overdue),
        "selesai": _text((found.states[State.RESOLVED] or 0) + (found.states[State.CLOSED] or 0)),
        "belum": _text(found.states[State.NOT_ACTIONABLE]),
        "per_kecamatan": "\n".join(f"- {name}: {count}" for name, count in districts),
        "per_kecamatan_singkat": ", ".join(f"{name} {count}" for name, count in districts if count) or "0",
        "kategori_utama": ", ".join(f"{name} {count}" for name, count in most) or "-",
        "tanggap": "-" if wait.median is None else f"{wait.median / _HOUR:.1f}",
        "tentang_satuan": ", ".join(found.about_unit[:_MOST_LISTED]) or "-",
    }


def _ways(leaders: Iterable[Staff]) -> Iterator[Staff]:
    """Each of them by chat and by mail, as far as they have both."""
    for one in leaders:
        mail = tuple(address for address in one.addresses if address.scheme == "mailto")
        chat = tuple(address for address in one.addresses if address.scheme != "mailto")
        for addresses in (chat, mail):
            if addresses:
                yield attrs.evolve(one, addresses=addresses)


def _of(found: Numbers, *, district: str | None = None, category: str | None = None) -> int:
    return sum(
        one.count or 0
        for one in found.counts
        if (district is None or one.district == district) and (category is None or one.category == category)
    )


def _days(first: date, last: date) -> str:
    return f"{first:%d/%m}" if first == last else f"{first:%d/%m}-{last:%d/%m}"


def _text(count: int | None) -> str:
    return "-" if count is None else str(count)
