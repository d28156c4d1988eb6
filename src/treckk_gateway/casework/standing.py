"""How a case stands for its reporter: by their own number, also while it is part of another case."""

from __future__ import annotations

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.views import StatusView
from treckk_gateway.model import Case, Instant, State


@attrs.frozen
class Standing:
    """States and times, nothing else: whoever holds the link sees no text, no place, no other number."""

    casework: Casework

    async def view(self, case: Case) -> StatusView:
        """The case's own states, then, since it was merged, those of the case it is part of."""
        history = [(case.opened_at, State.RECEIVED), *await self._steps(case, since=0)]
        shown = case
        merge = await self.casework.store.merge_of(case.case_id)
        while merge is not None:
            parent = await self.casework.store.case(case_id=merge.parent_id)
            if parent is None:
                break
            shown = parent
            history += [(at, state) for at, state in await self._steps(parent, since=merge.since)]
            merge = await self.casework.store.merge_of(parent.case_id)
        word = self.casework.profile.state_word
        return StatusView(
            reference=case.reference,
            state_word=word(shown.state, case.language),
            changed_at=max(case.changed_at, shown.changed_at),
            history=tuple((at, word(state, case.language)) for at, state in history),
        )

    async def _steps(self, case: Case, since: Instant) -> list[tuple[Instant, State]]:
        rows = await self.casework.store.case_file(case.case_id)
        events = rows.events if rows else ()
        return [(one.at, one.target) for one in events if one.target is not None and one.at >= since]
