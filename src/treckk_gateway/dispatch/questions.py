"""StaffQuestions we ask somebody of the unit, with what is kept so that the answer is understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.menus import reply
from treckk_gateway.dispatch.needs import Needs
from treckk_gateway.dispatch.telling import Reply, StaffAnswers
from treckk_gateway.dispatch.waiting import Waiting, seal_waiting
from treckk_gateway.model import Act, Case

LINES = 9
"""Cases a question shows at most: one figure chooses."""


@attrs.frozen
class StaffQuestions:
    """What an act lacks, and which case was meant."""

    casework: Casework

    def lacking(self, case: Case, act: Act, given: Mapping[str, str], field: str, *, again: bool = False) -> Reply:
        """Ask for what an act lacks; `again` after an answer that was none."""
        needs = Needs(self.casework.profile)
        choices = needs.choices(field, case)
        waiting = Waiting(
            since=self.casework.clock(),
            case_id=case.case_id,
            act=act,
            given=dict(given),
            field=field,
            choices=tuple(choices),
        )
        text = f"{case.reference}: {needs.question(field, act)}"
        if again:
            text = f"{self.casework.profile.staff.say('not_understood')} {text}"
        update = reply(text, "", lines=tuple(choices.values()), number=case.reference)
        return Reply(update=update, waiting=seal_waiting(self.casework, waiting))

    def which(
        self,
        cases: Sequence[Case],
        said: str,
        *,
        text: str = "which",
        step: Waiting | None = None,
        evidence: bool = False,
    ) -> Reply:
        """Ask which case `said` was about, of the first `LINES`; `text` may tell how many there are.

        `step` is what else is waited for; the answer may be meant for that.
        """
        count, cases = str(len(cases)), cases[:LINES]
        waiting = Waiting(since=self.casework.clock()) if step is None else step
        ids = tuple(one.case_id for one in cases)
        waiting = attrs.evolve(waiting, cases=ids, text=said, evidence=evidence)
        lines = [StaffAnswers(self.casework).line(one) for one in cases]
        update = reply(self.casework.profile.staff.say(text, jumlah=count), "", lines=lines)
        return Reply(update=update, waiting=seal_waiting(self.casework, waiting))
