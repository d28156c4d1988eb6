"""Several reports of one incident become one case: each reporter keeps a number, and none learns of another.

Source: domain reference, section 6 (`duplicate`), and lessons, C4 and C5.
"""

from __future__ import annotations

import attrs
from msgspec.structs import replace

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.views import Given
from treckk_gateway.errors import Incomplete, NotFoundError, Stale
from treckk_gateway.model import Actor, Case, CaseUpdate, EventKind, State, lifecycle
from treckk_gateway.model.lifecycle import FINAL, MERGED, SETTLED
from treckk_gateway.store.orders import Draft, Merge, NewParty

_TRIES = 5


@attrs.frozen
class Merging:
    """Merges one case into another. Only people do: a likeness that triage saw is a proposal."""

    casework: Casework

    async def merge(self, case_id: int, actor: Actor, given: Given) -> Case:
        """The case becomes part of the one numbered `given.parent`, or of what that one was merged into.

        Its reporters are told by the table, and from then on what the other's reporters are told. Raises
        `IllegalTransition`, `NotAllowed`, `NotFoundError`, `Stale`, or `Incomplete` with what forbids it.
        """
        for _ in range(_TRIES):
            case = await self._case(case_id)
            step = lifecycle.step(case.state, State.DUPLICATE, actor.roles)
            lifecycle.require(step, given.names())
            await self.casework.guard(case, step, given)
            parent = await self._parent(case, actor, given.parent or "")
            order = await self._order(case, parent, actor)
            change = await self.casework.step(
                case, step, actor, attrs.evolve(given, parent=parent.reference), merge=order
            )
            late = await self._outcome(case, parent)
            done = await self.casework.store.change(replace(change, drafts=(*change.drafts, *late)))
            if done is not None:
                self.casework.hint()
                return done
        raise Stale("the case keeps changing: read it again")

    async def _case(self, case_id: int) -> Case:
        found = await self.casework.store.case(case_id=case_id)
        if found is None:
            raise NotFoundError("no such case")
        return found

    async def _parent(self, case: Case, actor: Actor, reference: str) -> Case:
        named = await self.casework.by_reference(reference)
        parent = await self.casework.store.root(named.case_id)
        if parent is None or not (self.casework.visible(named, actor) and self.casework.visible(parent, actor)):
            raise NotFoundError("no case has that number")
        if parent.case_id == case.case_id:
            raise Incomplete("a case cannot be a duplicate of itself", ("parent",))
        if parent.state in FINAL:
            raise Incomplete(f"{parent.reference} is {parent.state}: nothing can be merged into it", ("parent",))
        only = self.casework.profile.leadership_only
        if (case.category in only) != (parent.category in only):
            raise Incomplete("a complaint about the unit and another case are never merged", ("parent",))
        return parent

    async def _order(self, case: Case, parent: Case, actor: Actor) -> Merge:
        parties = []
        for one in await self.casework.store.parties(case.case_id):
            if one.reporter_id is None:
                continue
            try:
                box = await self.casework.people.box(one.reporter_id)
            except NotFoundError:  # erased: nobody is left to be told
                continue
            token = self.casework.ids.token()
            parties.append(
                NewParty(
                    reporter_id=one.reporter_id,
                    conversation_id=one.conversation_id,
                    origin_id=one.origin_id or case.case_id,
                    token=box.seal(Purpose.TOKEN, token.encode()),
                    token_hash=self.casework.people.token_hash(token),
                )
            )
        box = await self.casework.people.box(parent.reporter_id)
        return Merge(
            parent_id=parent.case_id,
            parent_version=parent.version,
            state=case.state,
            parties=tuple(parties),
            flags=tuple(dict.fromkeys((*parent.flags, MERGED))),
            event=self.casework.event(box, actor, EventKind.MERGED, {"merged": case.reference}),
        )

    async def _outcome(self, case: Case, parent: Case) -> tuple[Draft, ...]:
        """Who joins a case that has its outcome is told it too: nobody else will tell them."""
        rows = await self.casework.store.case_file(parent.case_id) if parent.state in SETTLED else None
        last = next((one for one in reversed(rows.events) if one.target is parent.state), None) if rows else None
        if last is None or last.source is None or not last.data:
            return ()
        known = [one for one in lifecycle.TRANSITIONS if (one.source, one.target) == (last.source, last.target)]
        if not known or known[0].tells is None:
            return ()
        step, template = known[0], known[0].tells
        box = await self.casework.people.box(parent.reporter_id)
        given = Given.of_record(box.open_value(Purpose.EVENT, last.data, dict[str, str]))
        now, wording = self.casework.clock(), self.casework.wording

        def words(told: Case) -> CaseUpdate:
            standing = wording.standing(told, parent.state, told.version + 1)
            return CaseUpdate(template=template, values=wording.of_step(told, step, given, now) | standing)

        return await self.casework.tell_parties(case, words)
