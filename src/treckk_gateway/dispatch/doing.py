"""One act of one person on one case: asked about, done, or refused with the reason."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from msgspec.structs import replace

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.marks import Marks
from treckk_gateway.casework.menus import Menu, menu_of, reply
from treckk_gateway.dispatch.choices import Choices
from treckk_gateway.dispatch.needs import EARLY, Needs
from treckk_gateway.dispatch.performing import Performing
from treckk_gateway.dispatch.questions import StaffQuestions
from treckk_gateway.dispatch.reading import Reader, Said
from treckk_gateway.dispatch.refusals import EXPECTED, WHO, Refused
from treckk_gateway.dispatch.requests import Requests
from treckk_gateway.dispatch.telling import Reply, StaffAnswers
from treckk_gateway.errors import NotAllowed
from treckk_gateway.model import Act, Actor, Case, Role, lifecycle
from treckk_gateway.model.act import STEPS
from treckk_gateway.store.orders import Change, Filing


@attrs.frozen
class Doing:
    """Whatever is done, the answer shows what can be done next."""

    casework: Casework
    actor: Actor

    async def menu(self, case: Case, before: str | None = None) -> Reply:
        """What this person may do on the case now, with a text of the profile before it."""
        options = await Choices(self.casework).of(case, self.actor)
        text = StaffAnswers(self.casework).text("choose" if options else "nothing", case, None)
        if before:
            text = f"{self.casework.profile.staff.say(before)} {text}"
        return Reply(update=reply(text, "", Menu(case_id=case.case_id, options=options), number=case.reference))

    async def beside(self, case: Case, act: Act, rest: str, given: Mapping[str, str] | None = None) -> Reply:
        """An act with what was written behind its word; what a menu gave already stays."""
        reader = Reader(self.casework.profile.staff, self.casework.profile.reference_prefix)
        said = Needs(self.casework.profile).beside(act, rest, case, reader)
        return await self.act(case, act, {**said, **(given or {})})

    async def act(self, case: Case, act: Act, given: Mapping[str, str]) -> Reply:
        """Do it, ask for what is lacking, or say why not."""
        try:
            match act:
                case Act.MENU | Act.EVIDENCE:
                    return await self.menu(case)
                case Act.READ:
                    return await StaffAnswers(self.casework).words_of(case, self.actor)
                case Act.PERSONNEL:
                    return await Requests(self.casework, self.actor).ask(case, given)
            self._may(case, act)
            lacking = Needs(self.casework.profile).lacking(act, case, self.actor, given)
            if lacking is not None:
                return StaffQuestions(self.casework).lacking(case, act, given, lacking)
            change = await Performing(self.casework).change(act, case, self.actor, given)
        except EXPECTED as problem:
            return StaffAnswers(self.casework).refused(problem, act, case)
        return await self._done(case, act, change)

    async def evidence(self, case: Case, said: Said, files: int, *, pin: bool, earlier: tuple[int, ...] = ()) -> Reply:
        """Photos and a pin, with the words beside them; `earlier` are the messages they came with."""
        note = said.rest if said.names_case else said.whole
        change = await Marks(self.casework).evidence(case, self.actor, files, pin=pin, note=note)
        done = await self._done(case, Act.EVIDENCE, change)
        text = self.casework.profile.staff.say("evidence", nomor=case.reference, jumlah=str(max(files, 1)))
        menu = menu_of(done.update.values) if done.update else None
        filing = replace(done.filing, earlier=earlier) if done.filing else None
        return Reply(update=reply(text, "", menu, number=case.reference), filing=filing)

    def _may(self, case: Case, act: Act) -> None:
        """Refuse before asking for what goes with it."""
        if act is Act.DEPART and case.state in EARLY and Role.DUTY not in self.actor.roles:
            raise Refused("emergency_only")
        if act in STEPS:
            lifecycle.step(case.state, STEPS[act], self.actor.roles)
        elif act in WHO and not set(WHO[act]) & self.actor.roles:
            raise NotAllowed("not for this role")

    async def _done(self, case: Case, act: Act, change: Change) -> Reply:
        fields = change.fields
        after = attrs.evolve(
            case,
            state=fields.state or case.state,
            post=fields.post or case.post,
            flags=fields.flags if fields.flags is not None else case.flags,
            district=fields.district or case.district,
        )
        menu = Menu(case_id=case.case_id, options=await Choices(self.casework).of(after, self.actor))
        text = StaffAnswers(self.casework).text("done" if fields.state else "noted", after, act)
        filing = Filing(
            inbox_id=None,
            now=change.now,
            case_id=case.case_id,
            version=change.version,
            fields=fields,
            event=change.event,
            findings=change.findings,
            drafts=change.drafts,
            timers=change.timers,
            values=change.values,
        )
        return Reply(update=reply(text, "", menu, number=case.reference), filing=filing)
