"""A person of the desk holds a case: while they do, the machine asks nothing and writes nothing by itself."""

from __future__ import annotations

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.questions import ask_timers
from treckk_gateway.errors import NotAllowed
from treckk_gateway.model import Actor, Case, EventKind
from treckk_gateway.store.orders import CaseFields


@attrs.frozen
class Takeovers:
    """Takes cases and gives them back (lessons, C6)."""

    casework: Casework

    async def take(self, case: Case, actor: Actor) -> Case:
        """The case is held by the actor, whoever held it before. Raises `NotAllowed` for roles outside the desk."""
        self._may(actor)
        if case.taken == actor.name:
            return case
        data = {"before": case.taken or ""}
        return await self.casework.note(case, actor, EventKind.TAKEN, data, fields=CaseFields(taken=actor.name))

    async def release(self, case: Case, actor: Actor) -> Case:
        """Nobody holds the case, and what is missing may be asked for again. Raises `NotAllowed` as `take` does."""
        self._may(actor)
        if case.taken is None:
            return case
        free = attrs.evolve(case, taken=None)
        timers = ask_timers(self.casework.profile, free, self.casework.clock())
        return await self.casework.note(
            case, actor, EventKind.RELEASED, {"before": case.taken}, fields=CaseFields(taken=""), timers=timers
        )

    def _may(self, actor: Actor) -> None:
        if not self.casework.speaks_with_reporters(actor):
            raise NotAllowed("only the desk and leadership take a case over")
