"""Why something was not done, in the unit's own words: never an exception's text."""

from __future__ import annotations

import attrs

from treckk_gateway.errors import CaseworkError, Incomplete, NotAllowed, NotFoundError
from treckk_gateway.model import Act, Case, Role
from treckk_gateway.model.act import STEPS
from treckk_gateway.model.lifecycle import TRANSITIONS
from treckk_gateway.profile import Profile

_BY_MISSING = {
    "told": "untold",
    "confirmation": "unconfirmed",
    "proposal": "nothing_proposed",
    "address": "nobody_reached",
    "topic_of_another": "not_your_topic",
    "answered": "personnel_answered",
    "extended": "extended_once",
    "pin": "no_pin",
}
WHO: dict[Act, tuple[Role, ...]] = {
    Act.CONFIRM: (Role.LEADERSHIP,),
    Act.AGREE: (Role.LEADERSHIP,),
    Act.DECLINE: (Role.LEADERSHIP,),
    Act.RELEASE_PIN: (Role.LEADERSHIP,),
    Act.HAND_DOWN: (Role.LEADERSHIP,),
    Act.PROPOSE: (Role.ADMIN,),
    Act.EXTEND: (Role.ADMIN, Role.HOLDER),
    Act.FAQ: (Role.ADMIN, Role.HOLDER),
    Act.READ: (Role.ADMIN, Role.LEADERSHIP, Role.HOLDER),
    Act.LOCATE: (Role.ADMIN, Role.LEADERSHIP, Role.TEAM, Role.DUTY),
    Act.PERSONNEL: (Role.TEAM, Role.DUTY, Role.ADMIN, Role.LEADERSHIP),
}


class Refused(Exception):
    """An act is refused; `name` is a text of the profile, `values` fill it."""

    def __init__(self, name: str, **values: str) -> None:
        super().__init__(name)
        self.name = name
        self.values = values


@attrs.frozen
class Refusals:
    """Explains refusals."""

    profile: Profile

    def explain(self, problem: Exception, act: Act | None, case: Case | None) -> str:
        """The reason for a person of the unit."""
        words = self.profile.staff
        named = self._named(act, case)
        if isinstance(problem, Refused):
            return words.say(problem.name, **(named | problem.values))
        if isinstance(problem, NotFoundError):
            return words.say("not_found")
        if isinstance(problem, NotAllowed):
            return words.say("not_allowed", peran=self._allowed(act, case), **named)
        missing = problem.missing if isinstance(problem, Incomplete) else ()
        known = next((_BY_MISSING[one] for one in missing if one in _BY_MISSING), None)
        return words.say(known or "not_now", **named)

    def _allowed(self, act: Act | None, case: Case | None) -> str:
        roles: tuple[Role, ...] = WHO.get(act, ()) if act else ()
        target = STEPS.get(act) if act else None
        if target is not None and case is not None:
            found = [one.roles for one in TRANSITIONS if one.source is case.state and one.target is target]
            roles = tuple(sorted({role for one in found for role in one} - {Role.SYSTEM, Role.REPORTER}))
        return " / ".join(self.profile.staff.roles[one] for one in roles) or "-"

    def _named(self, act: Act | None, case: Case | None) -> dict[str, str]:
        label = self.profile.staff.acts[act].label if act else "-"
        if case is None:
            return {"nomor": "-", "status": "-", "kegiatan": label}
        status = self.profile.state_word(case.state, self.profile.languages[0])
        return {"nomor": case.reference, "status": status, "kegiatan": label}


EXPECTED = (CaseworkError, NotFoundError, Refused)
"""What is answered with a reason; anything else is a fault of ours."""
