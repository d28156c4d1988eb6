"""A complete act into the change it makes, checked and not yet applied."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.information import Information
from treckk_gateway.casework.initial_action import InitialAction
from treckk_gateway.casework.marks import Marks
from treckk_gateway.casework.proposals import Proposals
from treckk_gateway.casework.relocation import Place, Relocation
from treckk_gateway.casework.views import Given
from treckk_gateway.dispatch.refusals import Refused
from treckk_gateway.errors import NotAllowed
from treckk_gateway.model import Act, Actor, Case, EventKind, State
from treckk_gateway.model.act import STEPS
from treckk_gateway.store.orders import Change


@attrs.frozen
class Performing:
    """Everything a person may do on one case, by casework's own rules."""

    casework: Casework

    async def change(self, act: Act, case: Case, actor: Actor, given: Mapping[str, str]) -> Change:
        """What the act changes. Raises `CaseworkError`, `NotFoundError` or `Refused`."""
        if act in STEPS:
            return await self._step(act, case, actor, given)
        match act:
            case Act.CONFIRM:
                return await InitialAction(self.casework).confirming(actor, given.get("note"))(case)
            case Act.PROPOSE:
                return await Proposals(self.casework).proposing(case, actor, State(given["proposal"]), given_of(given))
            case Act.AGREE | Act.DECLINE:
                return await Proposals(self.casework).deciding(
                    case, actor, agree=act is Act.AGREE, note=given.get("note")
                )
            case Act.FAQ:
                await self._topic(case, actor)
                return await Information(self.casework).answering(case, actor, given["faq"])
            case Act.EXTEND:
                await self._topic(case, actor)
                return await Information(self.casework).extending(case, actor, given["note"])
            case Act.LOCATE:
                return await Relocation(self.casework).moving(case, actor, self._place(given))
            case _:
                return await self._marked(act, case, actor, given)

    async def _step(self, act: Act, case: Case, actor: Actor, given: Mapping[str, str]) -> Change:
        if act is Act.ANSWER:
            await self._topic(case, actor)
        return await self.casework.moving(case, STEPS[act], actor, given_of(given))

    async def _topic(self, case: Case, actor: Actor) -> None:
        try:
            await Information(self.casework).check_holder(case, actor)
        except NotAllowed:
            raise Refused("not_your_topic") from None

    def _place(self, given: Mapping[str, str]) -> Place:
        relocation = Relocation(self.casework)
        if given.get("lat"):
            place = relocation.pinned(float(given["lat"]), float(given["lng"]))
            if place is None:
                raise Refused("no_place")
            return place
        found = relocation.named(given["place"])
        if len(found) == 1:
            return found[0]
        if not found:
            raise Refused("no_place")
        profile = self.casework.profile
        names = [profile.place_name(one.village, one.district) or "-" for one in found]
        raise Refused("several_places", daftar="; ".join(names))

    async def _marked(self, act: Act, case: Case, actor: Actor, given: Mapping[str, str]) -> Change:
        """What only leaves a mark: a note, the point released, a case handed down."""
        if act is Act.RELEASE_PIN:
            return await Marks(self.casework).releasing(case, actor)
        if act is Act.HAND_DOWN:
            return await Marks(self.casework).handing_down(case, actor)
        if act is Act.NOTE:
            return await self.casework.entry(case, actor, EventKind.NOTE, {"note": given["note"]})
        raise Refused("not_now")


def given_of(given: Mapping[str, str]) -> Given:
    """What goes with a step, from what was written."""
    missing = tuple(one for one in given.get("missing", "").split(",") if one)
    names = ("reason", "post", "note", "office", "topic", "emergency")
    return Given(missing=missing, **{name: given[name] for name in names if given.get(name)})
