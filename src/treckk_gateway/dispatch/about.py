"""What somebody of the unit says about one case: done, asked about, or one of several to choose from."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.menus import Menu
from treckk_gateway.dispatch.doing import Doing
from treckk_gateway.dispatch.needs import people_of
from treckk_gateway.dispatch.questions import StaffQuestions
from treckk_gateway.dispatch.reading import Said
from treckk_gateway.dispatch.requests import Requests
from treckk_gateway.dispatch.search import CaseSearch
from treckk_gateway.dispatch.shown import ShownMenus
from treckk_gateway.dispatch.telling import Reply, StaffAnswers
from treckk_gateway.errors import NotFoundError
from treckk_gateway.model import Act, Actor, Case
from treckk_gateway.store.rows import ConversationRow

ANSWERING = frozenset({Act.GRANT, Act.DENY})
"""Acts on requests for people, not on cases."""


@attrs.frozen
class About:
    """One person, in one conversation of ours, about cases."""

    casework: Casework
    actor: Actor
    conversation: ConversationRow

    async def on(self, case: Case, said: Said) -> Reply:
        """What was said about this case."""
        if not said.acts:
            if said.choice is not None:
                return await self.pick(await self.shown.about(case), said.choice, said.rest, case)
            return await self.doing.menu(case, before="not_understood" if said.rest else None)
        acts = [one for one in said.acts if self.search.can(case, one)] or list(said.acts)
        act = next((one for one in acts if one not in ANSWERING), None)
        if act is None:
            return await Requests(self.casework, self.actor).answer(acts[0], None, said.rest)
        return await self.doing.beside(case, act, said.rest)

    async def on_one_of(self, cases: Sequence[Case], said: Said) -> Reply:
        """One case: what was said about it. Several: which? None: help, or that there is none."""
        if len(cases) == 1:
            return await self.on(cases[0], said)
        if cases:
            return StaffQuestions(self.casework).which(cases, _without_number(said))
        if said.names_case:
            return self.answers.plain("not_found")
        if said.acts == (Act.PERSONNEL,):
            return await Requests(self.casework, self.actor).ask(None, people_of(said.rest))
        if said.acts and said.acts != (Act.MENU,):
            return self.answers.plain("list_empty")
        return self.answers.plain("help", before=None if said.acts else "not_understood")

    async def pick(self, menu: Menu | None, figure: int, rest: str, case: Case | None = None) -> Reply:
        """One line of a menu, with what was written behind the figure."""
        if menu is None or not 1 <= figure <= len(menu.options):
            return await self.doing.menu(case) if case is not None else self.answers.plain("no_choice")
        option = menu.options[figure - 1]
        if option.act in ANSWERING:
            return await Requests(self.casework, self.actor).answer(option.act, option.given.get("request"), rest)
        if case is None and menu.case_id is None:
            return self.answers.plain("not_found")
        known = case or await self.case(menu.case_id or 0)
        return await self.doing.beside(known, option.act, rest, option.given)

    async def case(self, case_id: int) -> Case:
        """A case they may see. Raises `NotFoundError`."""
        found = await self.casework.store.case(case_id=case_id)
        if found is None or not self.casework.visible(found, self.actor):
            raise NotFoundError("no case has that number")
        return found

    @property
    def search(self) -> CaseSearch:
        """Cases they may see."""
        return CaseSearch(self.casework, self.actor)

    @property
    def shown(self) -> ShownMenus:
        """Menus they were sent."""
        return ShownMenus(self.casework, self.conversation)

    @property
    def doing(self) -> Doing:
        """What they do."""
        return Doing(self.casework, self.actor)

    @property
    def answers(self) -> StaffAnswers:
        """What they are answered."""
        return StaffAnswers(self.casework)


def _without_number(said: Said) -> str:
    """The message as it was, but for a number that several cases bear."""
    return said.whole if said.number is None else said.whole.replace(str(said.number), "", 1).strip(" 0#")
