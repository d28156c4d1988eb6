"""What this person may do on this case now, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.initial_action import unconfirmed
from treckk_gateway.casework.menus import Option
from treckk_gateway.casework.proposals import Proposals
from treckk_gateway.model import Act, Actor, Case, Intent, Role, State, Urgency, lifecycle
from treckk_gateway.model.act import STEPS
from treckk_gateway.model.lifecycle import ABOUT_LEADERSHIP, FINAL, PIN_RELEASED

MOST = 7
_ORDER = (
    Act.INSTRUCT, Act.DEPART, Act.RESOLVE, Act.REVIEW, Act.FORWARD, Act.ANSWER, Act.CLOSE, Act.ASK, Act.REFUSE,
    Act.REFER, Act.REOPEN,
)  # fmt: skip
_ACT_OF = {state: act for act, state in STEPS.items()}
_READING = frozenset({Role.ADMIN, Role.LEADERSHIP, Role.HOLDER})
_FIELD = frozenset({Role.TEAM, Role.DUTY})
_PROPOSED_IN = frozenset({State.UNDER_REVIEW, State.NEEDS_INFO, State.EN_ROUTE})
_AT_WORK = frozenset({State.INSTRUCTED, State.EN_ROUTE})


@attrs.frozen
class Choices:
    """Menus from the lifecycle's table and what else the case offers."""

    casework: Casework

    async def of(self, case: Case, actor: Actor, *, proposed: bool = False) -> tuple[Option, ...]:
        """The menu, at most `MOST` lines; empty when there is nothing to do.

        `proposed`: something is being proposed just now, and stands in no history yet.
        """
        if not self.casework.visible(case, actor):
            return ()
        found = [
            *await self._pressing(case, actor, proposed=proposed),
            *self._steps(case, actor),
            *self._further(case, actor),
        ]
        return tuple(found[:MOST])

    async def _pressing(self, case: Case, actor: Actor, *, proposed: bool) -> list[Option]:
        """What waits for this person's word."""
        if Role.LEADERSHIP not in actor.roles:
            return []
        found = []
        if unconfirmed(case):
            found.append(self._option(Act.CONFIRM))
        if proposed or (case.state in _PROPOSED_IN and await Proposals(self.casework).standing(case)):
            found += [self._option(Act.AGREE), self._option(Act.DECLINE)]
        if ABOUT_LEADERSHIP in case.flags and actor.oversees:
            found.append(self._option(Act.HAND_DOWN))
        return found

    def _steps(self, case: Case, actor: Actor) -> Iterable[Option]:
        targets = {one.target: one for one in lifecycle.targets(case.state, actor.roles)}
        acts = [_ACT_OF[target] for target in targets if target in _ACT_OF]
        for act in sorted(acts, key=_ORDER.index):
            if act is Act.INSTRUCT:
                yield from self._posts(case)
            elif act in self._fitting(case, actor):
                yield self._option(act)

    def _fitting(self, case: Case, actor: Actor) -> frozenset[Act]:
        """Steps worth a line: not every one the table allows suits every kind of case."""
        asks = case.intent is Intent.INFO_REQUEST
        unit = case.category in self.casework.profile.leadership_only
        wanted = {Act.CLOSE, Act.ASK, Act.REFUSE, Act.REFER, Act.REVIEW}
        if asks:
            wanted |= {Act.FORWARD}
        if case.state is State.INFO_FORWARDED:
            wanted |= {Act.ANSWER}
        if case.state is State.EN_ROUTE or (unit and Role.LEADERSHIP in actor.roles):
            wanted |= {Act.RESOLVE}
        if case.state is State.INSTRUCTED or case.urgency is Urgency.EMERGENCY:
            wanted |= {Act.DEPART}
        return frozenset(wanted if not asks else wanted - {Act.REVIEW})

    def _posts(self, case: Case) -> Iterable[Option]:
        """A line for the case's own post, and one for headquarters where that is another."""
        if case.category in self.casework.profile.leadership_only:
            return
        profile = self.casework.profile
        center = profile.central_post.post_id
        for post in dict.fromkeys((case.post or center, center)):
            if case.state in _AT_WORK and post == case.post:
                continue
            yield self._option(Act.INSTRUCT, {"post": post}, pos=profile.post_name(post))

    def _further(self, case: Case, actor: Actor) -> Iterable[Option]:
        """What is no step: reading, proposing, more time, the point on the map, people, the place."""
        roles = actor.roles
        if case.state in FINAL:
            return
        if case.state is State.INFO_FORWARDED and roles & {Role.HOLDER, Role.ADMIN}:
            yield self._option(Act.EXTEND)
        if roles & _READING:
            yield self._option(Act.READ)
        if (
            Role.LEADERSHIP in roles
            and case.state in {State.UNDER_REVIEW, *_AT_WORK}
            and PIN_RELEASED not in case.flags
        ):
            yield self._option(Act.RELEASE_PIN)
        if Role.ADMIN in roles and Role.LEADERSHIP not in roles and case.state is State.UNDER_REVIEW:
            yield self._option(Act.PROPOSE, {"proposal": State.NOT_ACTIONABLE})
        if roles & _FIELD and case.state in _AT_WORK:
            yield self._option(Act.PERSONNEL)
        if case.district is None and roles & {Role.ADMIN, *_FIELD} and case.state not in lifecycle.SETTLED:
            yield self._option(Act.LOCATE)

    def answers(self, text: str) -> tuple[Option, ...]:
        """Approved answers that may suit a question, for a person to send."""
        found = self.casework.profile.information.answers_to(text)
        return tuple(self._option(Act.FAQ, {"faq": one.code}, jawaban=one.answer) for one in found)

    def topics(self, text: str) -> tuple[Option, ...]:
        """Topics a question may belong to, for a person to forward it under."""
        found = self.casework.profile.information.topics_in(text)[:3]
        return tuple(self._option(Act.FORWARD, {"topic": one.code}, topik=one.name) for one in found)

    def _option(self, act: Act, given: dict[str, str] | None = None, **named: str) -> Option:
        words = self.casework.profile.staff.acts[act]
        label = words.choice if named or given else words.label
        for name, value in named.items():
            label = label.replace(f"{{{name}}}", value)
        return Option(act=act, label=label, given=dict(given or {}))
