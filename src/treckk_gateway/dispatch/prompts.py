"""What the clocks of a case still have done for it, each at its moment, if nothing else happens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.model import Actor, Case, CaseClock, ClockName, EventKind, Instant, Role, Urgency
from treckk_gateway.profile import Duration
from treckk_gateway.store.rows import EventRow


@attrs.frozen
class Rung:
    """One on the way up: a role, and where: at the `post` of the case, at headquarters (`central`), or anywhere."""

    role: Role
    where: str = ""


ADMIN, LEADERSHIP, _HOLDER = Rung(Role.ADMIN), Rung(Role.LEADERSHIP), Rung(Role.HOLDER)
_DUTY, _MAKO = Rung(Role.DUTY, "post"), Rung(Role.DUTY, "central")
_ABOVE = (LEADERSHIP, LEADERSHIP)
"""Nobody is named above leadership: it hears again."""

_WAYS_UP = {
    ClockName.LOOK: (ADMIN, LEADERSHIP),
    ClockName.INSTRUCT: _ABOVE,
    ClockName.CONFIRM: _ABOVE,
    ClockName.ANSWER: (_HOLDER, ADMIN),
    ClockName.ANSWER_CAP: (ADMIN, LEADERSHIP),
    ClockName.SERVICE_COMPLETE: _ABOVE,
    ClockName.SERVICE_DECIDE: _ABOVE,
    ClockName.PERSONAL_DATA: (ADMIN, LEADERSHIP),
}
"""Who must act, and who hears next when the time is over."""


@attrs.frozen(kw_only=True)
class Prompt:
    """Something to be done for a case at a moment. `level` counts the roles up from the one that must act.

    Where a time is over or nearly so, the first of `rungs` on which somebody stands hears of it.
    """

    at: Instant
    kind: EventKind
    clock: CaseClock
    level: int = 0
    rungs: tuple[Rung, ...] = ()

    @property
    def key(self) -> tuple[ClockName, EventKind]:
        """What tells it from the others of its case."""
        return self.clock.name, self.kind

    @property
    def actor(self) -> Actor:
        """Who does it, as the history shows it."""
        return Actor.system(_name(self.clock.name))


@attrs.frozen
class Prompts:
    """Plans them; a clock that did something once does not do it again."""

    casework: Casework

    def of(self, case: Case, events: Sequence[EventRow], clocks: Iterable[CaseClock], now: Instant) -> Iterator[Prompt]:
        """Everything still to be done for a case if nothing else happens, each with its moment."""
        for clock in clocks:
            if not clock.running or clock.due is None:
                continue
            did = [one for one in events if one.seq > clock.seq and one.actor == _name(clock.name)]
            if clock.name is ClockName.COMPLETION:
                yield from self._unanswered(case, clock, did)
            elif clock.name is ClockName.OBJECTION:
                yield Prompt(at=clock.due, kind=EventKind.TRANSITION, clock=clock)
            else:
                yield from self._upwards(case, clock, did, now)

    def _upwards(self, case: Case, clock: CaseClock, did: Sequence[EventRow], now: Instant) -> Iterator[Prompt]:
        """Remind whoever must act, then tell one role after the other, each a limit after the one before it."""
        due, way = clock.due or 0, self._way(case, clock.name)
        level = 1 + sum(one.kind is EventKind.ESCALATED for one in did)
        if not did and now < due and clock.warns is not None:
            yield Prompt(at=self._awake(case, clock.warns), kind=EventKind.REMINDED, clock=clock, rungs=way)
        if level < len(way):
            at, limit = due, Duration.parse(clock.limit)
            for _ in range(1, level):
                at = self.casework.clocks.calendar.add(at, limit)
            yield Prompt(
                at=self._awake(case, at), kind=EventKind.ESCALATED, clock=clock, level=level, rungs=way[level:]
            )

    def _unanswered(self, case: Case, clock: CaseClock, did: Sequence[EventRow]) -> Iterator[Prompt]:
        """One reminder to the reporter, unless a person of the desk speaks with them; then a proposal, or the step."""
        calendar, limits = self.casework.clocks.calendar, self.casework.clocks.limits
        kinds = {one.kind for one in did}
        reminder = calendar.quiet_until(calendar.add(clock.started, limits.remind_reporter))
        if EventKind.REMINDED not in kinds and case.taken is None and reminder < (clock.due or 0):
            yield Prompt(at=reminder, kind=EventKind.REMINDED, clock=clock)
        if EventKind.PROPOSED not in kinds:
            yield Prompt(at=calendar.next_opening(clock.due or 0), kind=EventKind.PROPOSED, clock=clock)

    def _awake(self, case: Case, at: Instant) -> Instant:
        """Nobody is written to at midnight, unless there is danger."""
        return at if case.urgency is Urgency.EMERGENCY else self.casework.clocks.calendar.next_opening(at)

    def _way(self, case: Case, name: ClockName) -> tuple[Rung, ...]:
        if self.casework.clocks.is_service(case):
            return _ABOVE
        if name is ClockName.LOOK and case.urgency is Urgency.EMERGENCY:
            here = case.post == self.casework.profile.central_post.post_id
            return (_MAKO, LEADERSHIP) if here else (_DUTY, _MAKO, LEADERSHIP)
        return _WAYS_UP[name]


def _name(clock: ClockName) -> str:
    return f"clock.{clock}"
