"""Asking headquarters for people, and answering, from the phone."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.menus import reply
from treckk_gateway.casework.personnel import Personnel
from treckk_gateway.dispatch.questions import StaffQuestions
from treckk_gateway.dispatch.telling import Reply, StaffAnswers
from treckk_gateway.errors import NotFoundError
from treckk_gateway.model import Act, Actor, Case


@attrs.frozen
class Requests:
    """One person's requests and answers."""

    casework: Casework
    actor: Actor

    async def ask(self, case: Case | None, given: Mapping[str, str]) -> Reply:
        """A request, or the question for what it lacks. Raises what `Personnel.asking` raises."""
        words = self.casework.profile.staff
        if not (given.get("number") and given.get("note")):
            if case is None:
                return Reply(update=reply(words.questions["number"], ""))
            lacking = "note" if given.get("number") else "number"
            return StaffQuestions(self.casework).lacking(case, Act.PERSONNEL, given, lacking)
        filing, number = await Personnel(self.casework).asking(
            self.actor, int(given["number"]), given["note"], None, case
        )
        text = words.say("personnel_asked", permintaan=number)
        return Reply(update=reply(text, "", number=case.reference if case else ""), filing=filing)

    async def answer(self, act: Act, number: str | None, note: str) -> Reply:
        """Yes or no to a request; without a number to the only one that waits."""
        personnel, answers = Personnel(self.casework), StaffAnswers(self.casework)
        if not personnel.answers(self.actor):
            return answers.plain("personnel_by_center")
        try:
            row = await personnel.waiting(number)
        except NotFoundError:
            return answers.plain("personnel_unknown")
        if row.granted is not None:
            return answers.plain("personnel_answered", permintaan=f"P{row.id}")
        granted, said = act is Act.GRANT, note.strip(" ,.:")
        filing = await personnel.answering(self.actor, row, granted=granted, note=said)
        name = "personnel_yes" if granted else "personnel_no"
        text = self.casework.profile.staff.say(name, permintaan=f"P{row.id}", alasan=said)
        return Reply(update=reply(text.strip(), ""), filing=filing)
