"""What clocks bring about: reminders, escalation to the next role, a proposal, a quiet close. They decide nothing.

A case has one timer for all its clocks. It is due whenever they may have moved, and sets itself to the next moment
something is to be done. What was done stands in the case's history, so that nothing is done twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs
import structlog

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.information import Information
from treckk_gateway.casework.menus import Menu, menu_values
from treckk_gateway.casework.views import Given
from treckk_gateway.dispatch.choices import Choices
from treckk_gateway.errors import CaseworkError, NotFoundError
from treckk_gateway.model import (
    Actor,
    Case,
    CaseClock,
    CaseUpdate,
    ClockName,
    EventKind,
    Instant,
    Reason,
    Role,
    Staff,
    State,
    Urgency,
    lifecycle,
)
from treckk_gateway.privacy import Box
from treckk_gateway.profile import Duration
from treckk_gateway.store.orders import CaseFields, Change, ClocksSet, Draft, FirstClocks
from treckk_gateway.store.rows import EventRow, TimerRow

_SECOND = 1_000_000
_MOST = 20
"""Acts of one case in one go; there are never so many."""

log = structlog.get_logger(__name__)


@attrs.frozen
class Rung:
    """One on the way up: a role, and where: at the `post` of the case, at headquarters (`central`), or anywhere."""

    role: Role
    where: str = ""


_ADMIN, _LEADERSHIP, _HOLDER = Rung(Role.ADMIN), Rung(Role.LEADERSHIP), Rung(Role.HOLDER)
_DUTY, _MAKO = Rung(Role.DUTY, "post"), Rung(Role.DUTY, "central")
_ABOVE = (_LEADERSHIP, _LEADERSHIP)
"""Nobody is named above leadership: it hears again."""

_WAYS_UP = {
    ClockName.LOOK: (_ADMIN, _LEADERSHIP),
    ClockName.INSTRUCT: _ABOVE,
    ClockName.CONFIRM: _ABOVE,
    ClockName.ANSWER: (_HOLDER, _ADMIN),
    ClockName.ANSWER_CAP: (_ADMIN, _LEADERSHIP),
    ClockName.SERVICE_COMPLETE: _ABOVE,
    ClockName.SERVICE_DECIDE: _ABOVE,
    ClockName.PERSONAL_DATA: (_ADMIN, _LEADERSHIP),
}
"""Who must act, and who hears next when the time is over."""


@attrs.frozen(kw_only=True)
class Act:
    """Something to be done for a case at a moment. `level` counts the roles up from the one that must act."""

    at: Instant
    kind: EventKind
    clock: CaseClock
    level: int = 0

    @property
    def key(self) -> tuple[ClockName, EventKind]:
        """What tells it from the others of its case."""
        return self.clock.name, self.kind


@attrs.frozen(kw_only=True)
class Watch:
    """Handles `clock` timers. What cannot be done yet is tried again after `patience` seconds."""

    casework: Casework
    patience: float = 900.0

    async def recount(self) -> None:
        """Have all clocks looked at when calendar or limits changed since they were set.

        The year's holidays are loaded for it. Raises `ProfileError` when the country of the profile is none.
        """
        clocks = self.casework.clocks
        clocks.calendar.is_open(self.casework.clock())
        closed = [sorted(map(str, one)) for one in (clocks.calendar.closed, clocks.calendar.opened)]
        rules = f"{clocks.calendar.zone}{clocks.calendar.hours}{closed}{clocks.limits}{sorted(clocks.service)}"
        count = await self.casework.store.recount(hashlib.sha256(rules.encode()).hexdigest(), self.casework.clock())
        if count:
            log.info("clocks.recounted", count=count)

    async def handle(self, timer: TimerRow) -> None:
        """Do what is due, each once, then sleep until there is more to do."""
        put_off: set[tuple[ClockName, EventKind]] = set()
        for _ in range(_MOST):
            case = await self.casework.store.case(case_id=timer.case_id)
            if case is None:
                await self.casework.store.finish_timer(timer.id)
                return
            events = await self.casework.store.history(case.case_id)
            now = self.casework.clock()
            clocks = self.casework.clocks.of(case, events, now)
            planned = sorted(self.acts(case, events, clocks, now), key=lambda one: one.at)
            act = next((one for one in planned if one.at <= now and one.key not in put_off), None)
            if act is None:
                if await self._sleep(timer.id, case, events, clocks, planned, now):
                    return
            elif not await self._done(case, act):
                put_off.add(act.key)

    def first(self, case: Case, now: Instant) -> FirstClocks | None:
        """The clocks of a case that opens now; `None` where one of them has something to do at once, or there is none.

        What a look at them right after the opening would find: nothing but the opening has happened.
        """
        clocks = self.casework.clocks.of(case, (), now)
        wake = min((one.at for one in self.acts(case, (), clocks, now)), default=None)
        if wake is None or wake <= now:
            return None
        return FirstClocks(due=_earliest(clocks), wake=wake)

    async def _sleep(
        self,
        timer_id: int,
        case: Case,
        events: Sequence[EventRow],
        clocks: Iterable[CaseClock],
        planned: Iterable[Act],
        now: Instant,
    ) -> bool:
        """Set the timer to the next moment; false when the case moved on meanwhile."""
        later = now + int(self.patience * _SECOND)
        found = ClocksSet(
            timer_id=timer_id,
            case_id=case.case_id,
            version=case.version,
            seq=events[-1].seq if events else 0,
            due=_earliest(clocks),
            wake=min((one.at if one.at > now else later for one in planned), default=None),
        )
        return await self.casework.store.set_clocks(found)

    def acts(self, case: Case, events: Sequence[EventRow], clocks: Iterable[CaseClock], now: Instant) -> Iterator[Act]:
        """Everything still to be done for a case if nothing else happens, each with its moment."""
        for clock in clocks:
            if not clock.running or clock.due is None:
                continue
            did = [one for one in events if one.seq > clock.seq and one.actor == _name(clock.name)]
            if clock.name is ClockName.COMPLETION:
                yield from self._unanswered(case, clock, did)
            elif clock.name is ClockName.OBJECTION:
                yield Act(at=clock.due, kind=EventKind.TRANSITION, clock=clock)
            else:
                yield from self._upwards(case, clock, did, now)

    def _upwards(self, case: Case, clock: CaseClock, did: Sequence[EventRow], now: Instant) -> Iterator[Act]:
        """Remind whoever must act, then tell one role after the other, each a limit after the one before it."""
        due, way = clock.due or 0, self._way(case, clock.name)
        escalated = sum(one.kind is EventKind.ESCALATED for one in did)
        if not did and now < due and clock.warns is not None:
            yield Act(at=self._awake(case, clock.warns), kind=EventKind.REMINDED, clock=clock)
        if escalated + 1 < len(way):
            at, limit = due, Duration.parse(clock.limit)
            for _ in range(escalated):
                at = self.casework.clocks.calendar.add(at, limit)
            yield Act(at=self._awake(case, at), kind=EventKind.ESCALATED, clock=clock, level=escalated + 1)

    def _unanswered(self, case: Case, clock: CaseClock, did: Sequence[EventRow]) -> Iterator[Act]:
        """One reminder to the reporter, unless a person of the desk speaks with them; then a proposal, or the step."""
        calendar, limits = self.casework.clocks.calendar, self.casework.clocks.limits
        kinds = {one.kind for one in did}
        reminder = calendar.quiet_until(calendar.add(clock.started, limits.remind_reporter))
        if EventKind.REMINDED not in kinds and case.taken is None and reminder < (clock.due or 0):
            yield Act(at=reminder, kind=EventKind.REMINDED, clock=clock)
        if EventKind.PROPOSED not in kinds:
            yield Act(at=calendar.next_opening(clock.due or 0), kind=EventKind.PROPOSED, clock=clock)

    def _awake(self, case: Case, at: Instant) -> Instant:
        """Nobody is written to at midnight, unless there is danger."""
        return at if case.urgency is Urgency.EMERGENCY else self.casework.clocks.calendar.next_opening(at)

    def _way(self, case: Case, name: ClockName) -> tuple[Rung, ...]:
        if self.casework.clocks.is_service(case):
            return _ABOVE
        if name is ClockName.LOOK and case.urgency is Urgency.EMERGENCY:
            here = case.post == self.casework.profile.central_post.post_id
            return (_MAKO, _LEADERSHIP) if here else (_DUTY, _MAKO, _LEADERSHIP)
        return _WAYS_UP[name]

    async def _done(self, case: Case, act: Act) -> bool:
        """Do it, on the case as it was read; false when it has to wait."""
        try:
            if act.kind is EventKind.TRANSITION:
                await self._move(case, State.CLOSED, act, Given())
            elif act.clock.name is ClockName.COMPLETION:
                await self._about_answer(case, act)
            else:
                await self._tell_staff(case, act)
        except (CaseworkError, NotFoundError) as problem:
            log.info("clock.waits", case_id=case.case_id, clock=act.clock.name, reason=type(problem).__name__)
            return False
        return True

    async def _move(self, case: Case, to: State, act: Act, given: Given) -> None:
        actor = _actor(act.clock.name)
        step = lifecycle.step(case.state, to, actor.roles)
        await self.casework.guard(case, step, given)
        await self.casework.store.change(await self.casework.step(case, step, actor, given))
        self.casework.hint()

    async def _about_answer(self, case: Case, act: Act) -> None:
        if act.kind is EventKind.REMINDED:
            await self._record(case, act, await self._remind(case, act.clock))
        elif self.casework.clocks.limits.refuse_unanswered:
            await self._move(case, State.NOT_ACTIONABLE, act, Given(reason=Reason.NO_RESPONSE))
        else:
            rungs = [_LEADERSHIP] if self.casework.clocks.is_service(case) else [_ADMIN, _LEADERSHIP]
            staff = [one for rung in rungs for one in await self._people(case, rung)]
            proposed = {"to": State.NOT_ACTIONABLE.value, "reason": Reason.NO_RESPONSE.value}
            await self._record(case, act, await self._notice(case, act, staff, "staff_proposal"), proposed)

    async def _remind(self, case: Case, clock: CaseClock) -> tuple[Draft, ...]:
        wording = self.casework.wording
        values = wording.missing(case, case.questions.pending or case.missing)
        values |= {"batas": wording.last_day(clock.due or 0)} | wording.standing(case, case.state, case.version)
        return await self.casework.tell_parties(case, CaseUpdate(template="need_info_reminder", values=values))

    async def _tell_staff(self, case: Case, act: Act) -> None:
        way = self._way(case, act.clock.name)
        staff: Sequence[Staff] = ()
        for rung in way[act.level :]:
            staff = staff or await self._people(case, rung)
        template = "staff_reminder" if act.kind is EventKind.REMINDED else "staff_escalation"
        await self._record(case, act, await self._notice(case, act, staff, template))

    async def _people(self, case: Case, rung: Rung) -> Sequence[Staff]:
        central = self.casework.profile.central_post.post_id
        roster = self.casework.roster
        told = roster.told([rung.role], {"post": case.post, "central": central}.get(rung.where))
        if rung.role is Role.HOLDER:
            information = Information(self.casework)
            holders = information.holders(await information.topic(case))
            told = [one for one in told if one in holders]
        return [one for one in told if self.casework.may_hear(case, roster.actor(one))]

    async def _notice(self, case: Case, act: Act, staff: Iterable[Staff], template: str) -> tuple[Draft, ...]:
        """A notice built from an allow-list of fields: never a reporter's."""
        profile, wording = self.casework.profile, self.casework.wording
        language = profile.languages[0]
        values = {
            "kategori": profile.category_name(case.category, language),
            "lokasi": wording.place(case),
            "urgensi": profile.urgency_word(case.urgency, language),
            "pos": profile.post_name(case.post),
            "status": profile.state_word(case.state, language),
            "tugas": profile.clock_word(act.clock.name, language),
            "batas": wording.deadline(act.clock.due or 0, Duration.parse(act.clock.limit).unit),
        }
        words = profile.staff
        drafts: list[Draft] = []
        for one in staff:
            options = await Choices(self.casework).of(
                case, self.casework.roster.actor(one), proposed=act.kind is EventKind.PROPOSED
            )
            menu = menu_values(
                Menu(case_id=case.case_id, options=options),
                words.say("choose", nomor=case.reference, status=values["status"]),
                words.say("choose_short", nomor=case.reference, status=values["status"]),
            )
            update = CaseUpdate(template=template, values=values | menu, urgent=case.urgency is Urgency.EMERGENCY)
            drafts += await self.casework.tell_staff([one], update)
        return tuple(drafts)

    async def _record(self, case: Case, act: Act, drafts: Sequence[Draft], more: Mapping[str, str] = {}) -> None:
        """Write down what is done and have it sent, in one; nothing when the case moved on since it was read."""
        data = {"clock": act.clock.name.value, "level": str(act.level), **more}
        change = Change(
            case_id=case.case_id,
            version=case.version,
            now=self.casework.clock(),
            fields=CaseFields(),
            event=self.casework.event(await self._box(case), _actor(act.clock.name), act.kind, data),
            drafts=tuple(drafts),
        )
        await self.casework.store.change(change)
        self.casework.hint()

    async def _box(self, case: Case) -> Box:
        try:
            return await self.casework.people.box(case.reporter_id)
        except NotFoundError:  # erased: nobody opens these entries any more
            return self.casework.keyring.unit


def _earliest(clocks: Iterable[CaseClock]) -> Instant | None:
    """When the first clock that runs is due."""
    return min((one.due for one in clocks if one.running and one.due is not None), default=None)


def _name(clock: ClockName) -> str:
    """Who acted, as the history shows it."""
    return f"clock.{clock}"


def _actor(clock: ClockName) -> Actor:
    return Actor.system(_name(clock))
