"""Who is told what when a case opens or moves. A notice is a field order and a menu, made for each person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from treckk_gateway.casework.bodies import MessageBody, Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.findings import opened
from treckk_gateway.casework.information import Information
from treckk_gateway.casework.menus import Menu, Option, menu_values, reply
from treckk_gateway.casework.proposals import Proposals
from treckk_gateway.casework.views import Given
from treckk_gateway.dispatch.choices import Choices
from treckk_gateway.dispatch.floods import Floods
from treckk_gateway.dispatch.order import Orders
from treckk_gateway.errors import CaseworkError
from treckk_gateway.model import Act, Actor, Case, CaseUpdate, Intent, Role, Staff, State, Urgency
from treckk_gateway.model.lifecycle import ABOUT_LEADERSHIP, INITIAL_ACTION, SETTLED
from treckk_gateway.store.orders import Draft
from treckk_gateway.store.rows import TimerRow

_DESK = (Role.ADMIN,)
_ABOVE = (Role.LEADERSHIP,)
_FIELD = (Role.TEAM, Role.DUTY)

_TOLD: dict[str, tuple[Role, ...]] = {
    State.UNDER_REVIEW: _ABOVE,
    State.INSTRUCTED: _FIELD,
    State.RESOLVED: (*_DESK, *_ABOVE),
    State.NOT_ACTIONABLE: _DESK,
    State.REOPENED: (*_DESK, *_ABOVE),
    State.WITHDRAWN: _DESK,
    State.INFO_FORWARDED: (Role.HOLDER,),
    State.ANSWERED: _DESK,
    "proposed": _ABOVE,
    "declined": _DESK,
    "moved": (*_DESK, *_ABOVE),
    "handed_down": _ABOVE,
}


@attrs.frozen
class Notices:
    """Handles `dispatch` timers: the durable hand-over from intake, triage and every transition."""

    casework: Casework

    async def handle(self, timer: TimerRow) -> None:
        """Tell whom the event concerns, once."""
        store = self.casework.store
        case = await store.case(case_id=timer.case_id)
        if case is None:
            await store.finish_timer(timer.id)
            return
        what, _, _rest = timer.instance.partition(":")
        if what == "opened" and self._only_leadership(case):
            await self._to_leadership(case, timer.id)
            return
        drafts = await self._drafts(case, what, timer.id)
        if drafts is not None:
            await self.casework.tell(case, drafts, finishes=timer.id)

    def _only_leadership(self, case: Case) -> bool:
        return case.category in self.casework.profile.leadership_only

    async def _to_leadership(self, case: Case, timer_id: int) -> None:
        """A complaint about the unit skips everyone else (domain reference, rule g)."""
        try:
            await self.casework.move(
                case.case_id, State.UNDER_REVIEW, Actor.system("dispatch"), Given(), finishes=timer_id
            )
        except CaseworkError:
            await self.casework.store.finish_timer(timer_id)

    async def _drafts(self, case: Case, what: str, timer_id: int) -> Sequence[Draft] | None:
        """What leaves now; `None` when the timer was set for later."""
        floods = Floods(self.casework)
        if what == "flood":
            return await floods.summary(case, self._people(case, _DESK))
        people = self._people(case, self._roles(case, what))
        if what == "opened" and case.urgency is not Urgency.EMERGENCY and await floods.postponed(case, timer_id):
            return None
        if what.startswith("relieved@"):
            return await self._relieved(case, what.removeprefix("relieved@"))
        if what == State.INFO_FORWARDED:
            topic = await Information(self.casework).topic(case)
            people = [one for one in Information(self.casework).holders(topic) if one.standby and one.addresses]
        elif what == State.INSTRUCTED:
            people = self._sent(case)
        return [draft for one in people for draft in await self._notice(case, one, what)]

    def _roles(self, case: Case, what: str) -> tuple[Role, ...]:
        if what == "opened":
            if case.urgency is Urgency.EMERGENCY:
                return (*_DESK, Role.DUTY, *_ABOVE)
            return (*_DESK, *_ABOVE) if case.intent is Intent.SECURITY_REQUEST else _DESK
        if what == "message":
            return _DESK if case.state in {State.NEEDS_INFO, *SETTLED} else ()
        if what == State.EN_ROUTE:
            return _ABOVE if INITIAL_ACTION in case.flags else ()
        return _TOLD.get(what, ())

    def _people(self, case: Case, roles: Iterable[Role]) -> list[Staff]:
        """Who is told: only leadership of a complaint about the unit, only who oversees it of one about leadership."""
        roster = self.casework.roster
        wanted = [one for one in roles if not self._only_leadership(case) or one is Role.LEADERSHIP]
        field = [one for one in wanted if one in _FIELD]
        found = [*roster.told([one for one in wanted if one not in field]), *roster.told(field, case.post)]
        if ABOUT_LEADERSHIP in case.flags and roster.overseen:
            return [one for one in roster.entries if one.oversees and one.standby and one.addresses]
        return [one for one in found if self.casework.visible(case, roster.actor(one))]

    def _sent(self, case: Case) -> list[Staff]:
        """The post that was instructed, and headquarters' watch, so that the two can help each other (R20)."""
        if self._only_leadership(case):
            return self._people(case, _ABOVE)
        center = self.casework.profile.central_post.post_id
        watch = [one for one in self.casework.roster.told([Role.DUTY], center) if one.post == center]
        return list(dict.fromkeys((*self._people(case, _FIELD), *watch)))

    async def _notice(self, case: Case, staff: Staff, what: str) -> tuple[Draft, ...]:
        actor = self.casework.roster.actor(staff)
        words = self.casework.profile.staff
        options = await self._options(case, actor, what)
        if what in {"proposed", "declined", "moved"}:
            text = await self._words(case, what)
            menu = Menu(case_id=case.case_id, options=options)
            return await self.casework.tell_staff([staff], reply(text, f"{what}:{case.version}", menu))
        order = await Orders(self.casework).of(case)
        values = order.values() | menu_values(
            Menu(case_id=case.case_id, options=options),
            words.say("choose", **self._named(case)),
            words.say("choose_short", **self._named(case)),
        )
        template = "staff_instructed" if what == State.INSTRUCTED else "staff_new_case"
        if case.intent is Intent.SECURITY_REQUEST and what in {"opened", State.UNDER_REVIEW}:
            template, values = "staff_security", values | await self._event_facts(case)
        if what == "opened":
            values |= {"pos": await self._posts(case, values["pos"])}
        update = CaseUpdate(template=template, values=values, urgent=case.urgency is Urgency.EMERGENCY)
        return await self.casework.tell_staff([staff], update)

    async def _options(self, case: Case, actor: Actor, what: str) -> tuple[Option, ...]:
        choices = Choices(self.casework)
        found = await choices.of(case, actor)
        if what != "opened" or case.intent is not Intent.INFO_REQUEST or Role.ADMIN not in actor.roles:
            return found
        text = await self._first_words(case)
        rest = [one for one in found if one.act is not Act.FORWARD]
        topics = choices.topics(text) or tuple(one for one in found if one.act is Act.FORWARD)
        return (*choices.answers(text), *topics, *rest)[:7]

    async def _first_words(self, case: Case) -> str:
        """What was asked: looked through for topics, never shown."""
        rows = await self.casework.store.case_file(case.case_id)
        if rows is None or not rows.messages:
            return ""
        box = await self.casework.people.box(rows.messages[0].reporter_id)
        return box.open_value(Purpose.MESSAGE, rows.messages[0].body, MessageBody).text

    async def _words(self, case: Case, what: str) -> str:
        """The words of a notice that is no order."""
        profile, words = self.casework.profile, self.casework.profile.staff
        if what == "moved":
            post = profile.post_name(profile.post_of(case.district).post_id)
            return words.say("moved", nomor=case.reference, lokasi=self.casework.wording.place(case), pos=post)
        if what == "declined":
            return words.say("declined", nomor=case.reference)
        standing = await Proposals(self.casework).standing(case)
        if standing is None:
            return words.say("nothing_proposed", nomor=case.reference)
        given, language = standing.given, profile.languages[0]
        if standing.to is State.INSTRUCTED:
            what = words.acts[Act.INSTRUCT].choice.replace("{pos}", profile.post_name(given.post))
        else:
            what = words.acts[Act.REFUSE].label
        reason = profile.reason_text(given.reason, language).long if given.reason else ""  # type: ignore[arg-type]
        why = ". ".join(one for one in (reason, given.note) if one)
        return words.say("proposed", nomor=case.reference, usul=what, alasan=why).strip()

    async def _relieved(self, case: Case, post: str) -> list[Draft]:
        """The post that was sent before is told that another one goes."""
        if post == case.post or self._only_leadership(case):
            return []
        words, profile = self.casework.profile.staff, self.casework.profile
        text = words.say("relieved", nomor=case.reference, pos=profile.post_name(case.post))
        people = [one for one in self.casework.roster.told(_FIELD, post) if one.post == post]
        return list(await self.casework.tell_staff(people, reply(text, f"relieved:{case.version}")))

    async def _posts(self, case: Case, post: str) -> str:
        """Both posts where the place may be in either district."""
        rows = await self.casework.store.case_file(case.case_id)
        if rows is None or case.district is not None:
            return post
        from_findings = await self._found(case, "district_candidate")
        names = dict.fromkeys(self.casework.profile.post_of(code).name for code in from_findings)
        return self.casework.profile.staff.say("both_posts", daftar=", ".join(names)) if len(names) > 1 else post

    async def _event_facts(self, case: Case) -> dict[str, str]:
        """When an event is, how many are expected, and what of R19 (domain reference) was not said."""
        profile, words = self.casework.profile, self.casework.profile.staff
        told = {name: (await self._found(case, name))[-1:] for name in ("event_date", "event_crowd")}
        lacks = [words.say(name) for name, found in told.items() if not found]
        fields = profile.vocabularies[profile.languages[0]].fields
        lacks += [fields[one] for one in ("location", "contact") if one in case.missing and one in fields]
        return {
            "tanggal": (told["event_date"] or ["-"])[0],
            "massa": (told["event_crowd"] or ["-"])[0],
            "kurang": words.say("event_lacks", daftar=", ".join(lacks)) if lacks else "",
        }

    async def _found(self, case: Case, field: str) -> list[str]:
        rows = await self.casework.store.case_file(case.case_id)
        if rows is None:
            return []
        box = await self.casework.people.box(case.reporter_id)
        return [one.value for one in opened(rows.findings, box) if one.field == field]

    def _named(self, case: Case) -> dict[str, str]:
        profile = self.casework.profile
        return {"nomor": case.reference, "status": profile.state_word(case.state, profile.languages[0])}
