"""A reporter is forgotten: on request, or when retention ends. What stays is a stub that says nothing of anybody.

Source: lessons, P6 and G7; domain reference, section 12 (UU PDP 27/2022, art. 42 to 44).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import attrs
import structlog

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.views import ExpiringView
from treckk_gateway.errors import CaseworkError, Incomplete, NotAllowed, NotFoundError, Stale
from treckk_gateway.model import Actor, Case, EventKind, Role, State
from treckk_gateway.model.lifecycle import FINAL, LEGAL_HOLD
from treckk_gateway.store.orders import ErasedCase, Erasure, Rules

Remove = Callable[[Sequence[str]], Awaitable[None]]

_TRIES = 5
_DAY = 86_400_000_000
_TOGETHER = 100

log = structlog.get_logger(__name__)


async def keep_files(_names: Sequence[str]) -> None:
    """Files stay where they lie: without the key nobody opens them."""


@attrs.frozen(kw_only=True)
class Erasing:
    """Erases reporters. `remove` takes away the files of that name, `keep_days` says how long each outcome is kept.

    `keep_days` names outcomes, and `no_case` for who never had a case; what is not named is kept for ever. `warn_days`
    before the end a reporter is listed.
    """

    casework: Casework
    remove: Remove = keep_files
    keep_days: Mapping[str, int] = attrs.field(factory=dict)
    warn_days: int = 14

    async def erase(self, case: Case, actor: Actor, reason: str, pseudonym: str | None = None) -> str:
        """Forget the case's reporter, or the one of that pseudonym who takes part in it; returns the pseudonym.

        Raises `NotAllowed` for anybody but leadership and the operator, `Incomplete` without a reason, without a
        reporter or under a legal hold, `Stale`.
        """
        if Role.LEADERSHIP not in actor.roles and not actor.operator:
            raise NotAllowed("only leadership has a reporter erased")
        if not reason.strip():
            raise Incomplete("say why", ("reason",))
        reporter_id = await self._whom(case, pseudonym)
        return await self._erased(reporter_id, actor, reason)

    async def expire(self) -> int:
        """Erase whose retention has ended; how many."""
        actor, count = Actor.system("retention"), 0
        for one in await self.casework.store.expiring(self._rules(), self.casework.clock(), _TOGETHER):
            try:
                await self._erased(one.reporter_id, actor, "retention ended")
            except CaseworkError:  # somebody just wrote, or a hold was put on it: next time will tell
                continue
            count += 1
        if count:
            log.info("reporters.expired", count=count)
        return count

    async def expiring(self) -> tuple[ExpiringView, ...]:
        """Whose retention ends within `warn_days`, the earliest first."""
        before = self.casework.clock() + self.warn_days * _DAY
        rows = await self.casework.store.expiring(self._rules(), before, _TOGETHER)
        return tuple(ExpiringView(pseudonym=one.pseudonym, references=one.references, ends=one.ends) for one in rows)

    def _rules(self) -> Rules:
        days = {State(name): days * _DAY for name, days in self.keep_days.items() if days and name != "no_case"}
        alone = self.keep_days.get("no_case")
        return Rules(outcomes=days, without_case=alone * _DAY if alone else None)

    async def _whom(self, case: Case, pseudonym: str | None) -> int:
        if pseudonym is None and case.reporter_id is not None:
            return case.reporter_id
        for one in await self.casework.store.parties(case.case_id):
            named = await self.casework.people.pseudonym(one.reporter_id)
            if one.reporter_id is not None and named == pseudonym:
                return one.reporter_id
        raise Incomplete("the case has no such reporter, or they were erased already", ("reporter",))

    async def _erased(self, reporter_id: int, actor: Actor, reason: str) -> str:
        casework = self.casework
        pseudonym = await casework.people.pseudonym(reporter_id)
        for _ in range(_TRIES):
            own = await casework.store.cases_of(reporter_id)
            await self._unheld(own)
            cases = tuple([await self._emptied(one, actor, reason) for one in own])
            names = await casework.store.erase(Erasure(reporter_id=reporter_id, now=casework.clock(), cases=cases))
            if names is not None:
                casework.people.forget(reporter_id)
                await self.remove(names)
                casework.hint()
                return pseudonym
        raise Stale("a case keeps changing, or its reporter was erased already")

    async def _unheld(self, own: Sequence[Case]) -> None:
        roots = [await self.casework.store.root(one.case_id) for one in own]
        for one in (*own, *roots):
            if one is not None and LEGAL_HOLD in one.flags:
                raise Incomplete(f"{one.reference} is under a legal hold: release it first", ("release",))

    async def _emptied(self, case: Case, actor: Actor, reason: str) -> ErasedCase:
        """A case that runs keeps what its history says, sealed for the unit; of an ended one only the steps stay."""
        unit = self.casework.keyring.unit
        events: list[tuple[int, bytes]] = []
        rows = await self.casework.store.case_file(case.case_id) if case.state not in FINAL else None
        if rows is not None:
            try:
                box = await self.casework.people.box(case.reporter_id)
            except NotFoundError:
                raise Stale("the reporter was erased already") from None
            events = [
                (one.seq, unit.seal(Purpose.EVENT, box.open(Purpose.EVENT, one.data)))
                for one in rows.events
                if one.data
            ]
        return ErasedCase(
            case_id=case.case_id,
            version=case.version,
            event=self.casework.event(unit, actor, EventKind.ERASED, {}),
            reason=unit.seal(Purpose.REASON, reason.encode()),
            events=tuple(events),
        )
