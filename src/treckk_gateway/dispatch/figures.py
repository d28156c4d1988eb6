"""Figures that somebody of the unit answers with: lines of a menu they were sent, or numbers of cases."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from treckk_gateway.casework.menus import Menu
from treckk_gateway.dispatch.about import About
from treckk_gateway.dispatch.questions import StaffQuestions
from treckk_gateway.dispatch.reading import Said
from treckk_gateway.dispatch.remark import Remark
from treckk_gateway.dispatch.shown import CLOSE, Shown
from treckk_gateway.dispatch.telling import Reply
from treckk_gateway.dispatch.waiting import Waiting
from treckk_gateway.model import Case


@attrs.frozen
class Figures:
    """What a figure stands for."""

    about: About

    async def line(self, cases: Sequence[Case], said: Said, figure: int, remark: Remark) -> Reply:
        """A line of one case's menu, tapped or written out: of the notice it answers, else of the latest about it."""
        if len(cases) != 1:
            return await self.about.on_one_of(cases, said)
        menu = self.quoted(remark)
        if menu is None or menu.case_id != cases[0].case_id:
            menu = await self.about.shown.about(cases[0])
        return await self.about.pick(menu, figure, "", cases[0])

    async def bare(self, figure: int, remark: Remark, beside: Waiting | None = None) -> Reply:
        """A bare figure: a line of the notice it answers, else of the latest menu, else a case's number."""
        if (menu := self.quoted(remark)) is not None:
            return await self.about.pick(menu, figure, "")
        shown = await self.about.shown.latest()
        if not shown or not 1 <= figure <= len(shown[0].menu.options):
            found = await self.about.search.numbered(Said(number=figure))
            if found:
                return await self.about.on_one_of(found, Said(number=figure))
            return self.about.answers.plain("no_choice" if shown else "not_found")
        meant = self._may_mean(shown, figure, beside)
        if len(meant) > 1:
            cases = [await self.about.case(one) for one in meant]
            return StaffQuestions(self.about.casework).which(cases, str(figure), text="which_menu", step=beside)
        return await self.about.pick(shown[0].menu, figure, "")

    def quoted(self, remark: Remark) -> Menu | None:
        """The menu of the notice that is answered."""
        return self.about.shown.of(remark.quoted) if remark.quoted is not None else None

    def _may_mean(self, shown: Sequence[Shown], figure: int, beside: Waiting | None) -> tuple[int, ...]:
        """Cases a bare figure may be about: menus sent shortly after one another, and a question of ours."""
        latest = shown[0]
        if latest.menu.case_id is None:
            return ()
        near = [one.menu for one in shown if latest.at - one.at <= CLOSE and figure <= len(one.menu.options)]
        ids = [one.case_id for one in near] + ([beside.case_id] if beside is not None else [])
        return tuple(dict.fromkeys(one for one in ids if one is not None))
