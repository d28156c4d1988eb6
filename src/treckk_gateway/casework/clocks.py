"""The clocks of a case: a pure function of its history, the limits and the calendar, so that they can be shown anew.

Source: domain reference, section 12 (which clocks) and section 6 (`needs_info` pauses, a re-route keeps the clock).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache

import attrs

from treckk_gateway.model import (
    Case,
    CaseClock,
    ClockName,
    ClockState,
    EventKind,
    Instant,
    Role,
    State,
    Urgency,
)
from treckk_gateway.model.lifecycle import CORRECTIONS, FINAL, INITIAL_ACTION
from treckk_gateway.profile import Calendar, Duration, Limits, Unit
from treckk_gateway.store.rows import EventRow

STAFF = frozenset({Role.ADMIN, Role.LEADERSHIP, Role.TEAM, Role.HOLDER, Role.DUTY})
"""People of the unit: what one of them does was looked at by a person."""

_WAITING = frozenset({State.NEEDS_INFO})
_EARLY = frozenset({State.RECEIVED, State.NEEDS_INFO, State.UNDER_REVIEW})
_OUTCOMES = frozenset({State.RESOLVED, State.NOT_ACTIONABLE, State.ANSWERED, State.REFERRED})
_LOOKED_AT = frozenset({State.RECEIVED, State.REOPENED, State.UNDER_REVIEW})
_BY_SERVICE = frozenset({Unit.SERVICE, Unit.WORKING_DAYS})


@attrs.frozen(kw_only=True)
class Stay:
    """A case in one state; `until` is `None` for the one it is in."""

    state: State
    since: Instant
    until: Instant | None
    seq: int
    promised: Instant | None


@attrs.frozen(kw_only=True)
class Count:
    """How far a clock has come. `left` is what is left of the limit since it last began to run."""

    limit: Duration
    started: Instant
    seq: int
    due: Instant
    paused: Instant | None = None
    ended: Instant | None = None
    left: Duration


@attrs.frozen(kw_only=True)
class Clocks:
    """Counts by one unit's calendar and limits. `service` are the categories of complaints about the unit itself."""

    calendar: Calendar
    limits: Limits
    service: frozenset[str] = frozenset()

    def of(self, case: Case, events: Sequence[EventRow], now: Instant) -> tuple[CaseClock, ...]:
        """Every clock of the case that has begun, in the order of `ClockName`; a case reopened begins anew."""
        stays = _stays(case, events)
        begins = max((place for place, one in enumerate(stays) if one.state is State.REOPENED), default=0)
        turn = stays[begins:]
        recent = [one for one in events if one.seq >= turn[0].seq]
        found = {
            ClockName.LOOK: self._look(case, turn, recent),
            ClockName.INSTRUCT: self._instruct(case, turn),
            ClockName.CONFIRM: self._confirm(case, events),
            ClockName.COMPLETION: self._completion(case, turn, recent),
            ClockName.ANSWER: self._through(self.limits.answer, turn, {State.INFO_FORWARDED}),
            ClockName.ANSWER_CAP: self._answer_cap(turn, recent),
            ClockName.OBJECTION: self._promised(self._through(self.limits.objection, turn, _OUTCOMES), turn),
            ClockName.SERVICE_COMPLETE: self._service_complete(case, turn, recent),
            ClockName.SERVICE_DECIDE: self._service_decide(case, turn),
            ClockName.PERSONAL_DATA: self._personal_data(events),
        }
        return tuple(self._shown(name, count, now) for name, count in found.items() if count is not None)

    def is_service(self, case: Case) -> bool:
        """Whether the case is a complaint about the unit itself."""
        return case.category in self.service

    def _look(self, case: Case, turn: Sequence[Stay], recent: Sequence[EventRow]) -> Count | None:
        seen = next((one.at for one in recent if one.role in STAFF), None)
        return self._through(self.limits.look(case.urgency), turn, _LOOKED_AT, pauses=_waits(case), until=seen)

    def _instruct(self, case: Case, turn: Sequence[Stay]) -> Count | None:
        if self.is_service(case):
            return None
        return self._through(self.limits.instruct(case.urgency), turn, {State.UNDER_REVIEW}, pauses=_waits(case))

    def _confirm(self, case: Case, events: Sequence[EventRow]) -> Count | None:
        if INITIAL_ACTION not in case.flags:
            return None
        left = next((one for one in reversed(events) if one.target is State.EN_ROUTE and one.source in _EARLY), None)
        if left is None:
            return None
        later = [one for one in events if one.seq > left.seq]
        ended = next((one.at for one in later if _answers_action(one)), None)
        return self._begun(self.limits.confirm, left.at, left.seq, ended)

    def _completion(self, case: Case, turn: Sequence[Stay], recent: Sequence[EventRow]) -> Count | None:
        """From the last word on either side: whoever answers in part has the whole time again."""
        stay = next((one for one in reversed(turn) if one.state is State.NEEDS_INFO), None)
        if stay is None:
            return None
        within = [one for one in recent if one.seq > stay.seq and (stay.until is None or one.at <= stay.until)]
        spoken = [one.at for one in within if _speaks(one)]
        limit = self.limits.complete(service=self.is_service(case))
        count = self._begun(limit, max([stay.since, *spoken]), stay.seq, stay.until)
        return _no_earlier(count, stay.promised)

    def _answer_cap(self, turn: Sequence[Stay], recent: Sequence[EventRow]) -> Count | None:
        count = self._through(self.limits.answer_cap, turn, {State.INFO_FORWARDED})
        if count is None:
            return None
        extension = next((one for one in recent if one.kind is EventKind.EXTENDED and one.seq > count.seq), None)
        if extension is not None:
            count = _no_earlier(attrs.evolve(count, due=self.extended(count.due)), extension.promised)
        return self._promised(count, turn)

    def extended(self, due: Instant) -> Instant:
        """When an answer that was due then is due after the one extension."""
        whole = self.limits.answer_extension.unit.whole
        return self.calendar.add(due - 1 if whole else due, self.limits.answer_extension)

    def _service_complete(self, case: Case, turn: Sequence[Stay], recent: Sequence[EventRow]) -> Count | None:
        """A case of this kind goes to leadership by itself: only a person's step says that it is complete."""
        if not self.is_service(case):
            return None
        said = next((one.at for one in recent if one.kind is EventKind.TRANSITION and one.role in STAFF), None)
        return self._through(self.limits.service_complete, turn, _LOOKED_AT, until=said)

    def _service_decide(self, case: Case, turn: Sequence[Stay]) -> Count | None:
        if not self.is_service(case):
            return None
        runs = {State.UNDER_REVIEW, State.INSTRUCTED, State.EN_ROUTE}
        return self._through(self.limits.service_decide, turn, runs, pauses=_waits(case))

    def _personal_data(self, events: Sequence[EventRow]) -> Count | None:
        asked = next((one for one in reversed(events) if one.kind is EventKind.DATA_REQUEST), None)
        if asked is None:
            return None
        answered = (one.at for one in events if one.kind is EventKind.DATA_ANSWERED and one.seq > asked.seq)
        return self._begun(self.limits.personal_data, asked.at, asked.seq, next(answered, None))

    def _begun(self, limit: Duration, started: Instant, seq: int, ended: Instant | None) -> Count:
        due = self.calendar.add(started, limit)
        return Count(limit=limit, started=started, seq=seq, due=due, ended=ended, left=limit)

    def _through(
        self,
        limit: Duration,
        turn: Sequence[Stay],
        runs: Iterable[State],
        *,
        pauses: bool | None = None,
        until: Instant | None = None,
    ) -> Count | None:
        """A clock that begins with the first of these states and ends with another one, or `until`.

        While the reporter is asked it pauses, or runs on where `pauses` is false; where it is `None`, that ends it.
        """
        begins, count = frozenset(runs), None
        running = begins | _WAITING if pauses is False else begins
        for stay in turn:
            if count is None:
                count = self._begun(limit, stay.since, stay.seq, None) if stay.state in begins else None
            elif stay.state in running:
                count = self._resumed(count, stay.since)
            elif stay.state is State.NEEDS_INFO and pauses:
                count = self._halted(count, stay.since)
            else:
                return attrs.evolve(count, ended=stay.since)
            if count is not None and until is not None and (stay.until is None or until <= stay.until):
                return attrs.evolve(count, ended=max(until, count.started))
        return count

    def _halted(self, count: Count, at: Instant) -> Count:
        """What is overdue stays so: there is nothing left to pause."""
        if count.due <= at:
            return count
        return attrs.evolve(count, paused=at, left=self.calendar.left(count.due, at, count.limit.unit))

    def _resumed(self, count: Count, at: Instant) -> Count:
        if count.paused is None:
            return count
        return attrs.evolve(count, paused=None, due=self.calendar.add(at, count.left))

    def _promised(self, count: Count | None, turn: Sequence[Stay]) -> Count | None:
        """A day its reporter was told is never moved earlier (open311-and-sp4n reference, section 5, rule 6)."""
        if count is None:
            return None
        return _no_earlier(count, next((one.promised for one in turn if one.seq == count.seq), None))

    def _shown(self, name: ClockName, count: Count, now: Instant) -> CaseClock:
        """A count as people see it."""
        running = count.paused is None and count.ended is None
        warns = self._warns(count) if running else None
        return CaseClock(
            name=name,
            limit=str(count.limit),
            seq=count.seq,
            started=count.started,
            due=count.due if count.paused is None or count.ended is not None else None,
            warns=warns,
            paused=count.paused if count.ended is None else None,
            ended=count.ended,
            remaining=0 if count.ended is not None else self._remaining(count, now),
            state=_state(count, warns, now),
            provisional=running and count.limit.unit is not Unit.PLAIN and not self.calendar.is_checked(count.due),
        )

    def _warns(self, count: Count) -> Instant:
        rest = _rest(count.limit.amount, self.limits.warn)
        return max(count.started, self.calendar.warning(count.due, rest, count.limit.unit))

    def _remaining(self, count: Count, now: Instant) -> int:
        at = count.paused if count.paused is not None else now
        if count.limit.unit in _BY_SERVICE:
            return self.calendar.working_between(at, count.due)
        return max(0, count.due - at)


@lru_cache(maxsize=64)
def _rest(amount: int, warn: float) -> int:
    """What is left of a limit when it warns: exact, since a share such as 0.8 has no exact float."""
    return int(amount * (1 - Fraction(str(warn))))


def _waits(case: Case) -> bool:
    """Whether its clocks pause while its reporter is asked; danger waits for nobody's answer."""
    return case.urgency is not Urgency.EMERGENCY


def _stays(case: Case, events: Sequence[EventRow]) -> tuple[Stay, ...]:
    """The states the case went through. A clock that was set back makes no stay end before it began."""
    stays = [Stay(state=State.RECEIVED, since=case.opened_at, until=None, seq=0, promised=None)]
    for one in events:
        if one.target is None:
            continue
        since = max(one.at, stays[-1].since)
        if len(stays) > 1 and stays[-1].state is State.DUPLICATE and one.target is stays[-2].state:
            stays[-2:] = [attrs.evolve(stays[-2], until=None)]  # the merge was undone: it never left that state
            continue
        stays[-1] = attrs.evolve(stays[-1], until=since)
        stays.append(Stay(state=one.target, since=since, until=None, seq=one.seq, promised=one.promised))
    return tuple(stays)


def _answers_action(event: EventRow) -> bool:
    """Whether leadership confirmed or corrected what the duty post began, or it no longer matters."""
    corrected = event.source is State.EN_ROUTE and event.target in CORRECTIONS
    return event.kind is EventKind.CONFIRMED or corrected or event.target in FINAL


def _speaks(event: EventRow) -> bool:
    """Whether reporter or desk said something that gives the reporter time anew."""
    return event.kind is EventKind.ASKED or (event.kind is EventKind.MESSAGE and event.role is Role.REPORTER)


def _no_earlier(count: Count, promised: Instant | None) -> Count:
    return count if promised is None else attrs.evolve(count, due=max(count.due, promised))


def _state(count: Count, warns: Instant | None, now: Instant) -> ClockState:
    reached = count.ended if count.ended is not None else count.paused if count.paused is not None else now
    if reached > count.due or (count.ended is None and reached >= count.due):
        return ClockState.OVERDUE
    return ClockState.DUE_SOON if warns is not None and now >= warns else ClockState.OK
