"""What triage is shown beside a case: running cases that may be the same incident, and its reporter's earlier ones.

Nothing here has anybody's identity or words: codes, numbers and outcomes only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import attrs

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.errors import NotFoundError
from treckk_gateway.model import Finding, Instant, OpenCase, PriorCase, Reason, Subject
from treckk_gateway.model import subject as judged
from treckk_gateway.store.orders import Nearby
from treckk_gateway.store.rows import OutcomeRow

_HOUR = 3_600_000_000
_MOST = 20
_EARLIER = 20

Beside = Callable[[Sequence[Finding]], Awaitable[tuple[OpenCase, ...]]]


class Recognise(Protocol):
    """Triage over a message; `beside` looks up the cases beside it by what was found so far."""

    async def __call__(self, subject: Subject, beside: Beside | None = None) -> Sequence[Finding]:
        """What was found."""


@attrs.frozen
class Surroundings:
    """Look-ups of one read each, bounded."""

    casework: Casework

    async def look(self, subject: Subject, reporter_id: int | None, recognise: Recognise) -> Sequence[Finding]:
        """What triage finds about a report, shown its reporter's earlier ones and the cases beside it.

        Which cases are beside it is known only from what it finds, so it asks for them itself.
        """
        now = subject.case.opened_at if subject.case else self.casework.clock()
        but = subject.case.case_id if subject.case else 0
        subject = attrs.evolve(subject, history=await self.history(reporter_id, but))

        async def beside(findings: Sequence[Finding]) -> tuple[OpenCase, ...]:
            return await self.nearby(findings, now, but)

        return await recognise(subject, beside)

    async def nearby(self, findings: Sequence[Finding], now: Instant, but: int) -> tuple[OpenCase, ...]:
        """Running cases of the category and place found, within the hours of the profile, newest first."""
        district, category = judged.best(findings, "district"), judged.best(findings, "category")
        if district is None or category is None:
            return ()
        village = judged.best(findings, "village")
        also = (one.value for one in findings if one.field == "also")
        found = await self.casework.store.nearby(
            Nearby(
                district=district.value,
                village=village.value if village is not None else None,
                categories=tuple(dict.fromkeys((category.value, *also))),
                since=now - round(self.casework.profile.duplicates_hours * _HOUR),
                but=but,
                limit=_MOST,
            )
        )
        return tuple(
            OpenCase(
                reference=one.reference,
                category=one.category,
                district=one.district,
                village=one.village,
                at=one.opened_at,
            )
            for one in found
        )

    async def history(self, reporter_id: int | None, but: int) -> tuple[PriorCase, ...]:
        """What became of a reporter's earlier cases, newest first, without one of them."""
        if reporter_id is None:
            return ()
        found = await self.casework.store.outcomes(reporter_id, but, _EARLIER)
        return tuple([await self._prior(one) for one in found])

    async def _prior(self, row: OutcomeRow) -> PriorCase:
        case = row.case
        return PriorCase(
            state=row.outcome or case.state,
            reason=await self._reason(row),
            category=case.category,
            district=case.district,
            village=case.village,
            at=case.opened_at,
        )

    async def _reason(self, row: OutcomeRow) -> Reason | None:
        """Why nothing could be done; `None` where something could, and where it can no longer be read."""
        if row.data is None or row.outcome != "not_actionable":
            return None
        try:
            box = await self.casework.people.box(row.case.reporter_id)
        except NotFoundError:
            return None
        said = box.open_value(Purpose.EVENT, row.data, dict[str, str]).get("reason")
        return Reason(said) if said in set(Reason) else None
