"""Answers to what reporters ask about their own data: recorded by a person, so that its clock ends (domain, 12)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.errors import Incomplete, NotAllowed
from treckk_gateway.model import Actor, Case, EventKind
from treckk_gateway.store.orders import Change


@attrs.frozen
class DataRequests:
    """Records that a request was answered. The answer itself is written to the reporter, or done, beforehand."""

    casework: Casework

    def answering(self, actor: Actor, note: str) -> Callable[[Case], Awaitable[Change]]:
        """What recording the answer changes; `note` says what was done and is never sent.

        Raises `NotAllowed` for roles outside the desk, `Incomplete` without a note or where no request waits.
        """

        async def change(case: Case) -> Change:
            if not self.casework.speaks_with_reporters(actor):
                raise NotAllowed("only the desk and leadership answer a request about personal data")
            if not note.strip():
                raise Incomplete("write down what was done about the request", ("note",))
            if not await self._waits(case):
                raise Incomplete("no request about personal data waits for an answer on this case", ("data_request",))
            return await self.casework.entry(case, actor, EventKind.DATA_ANSWERED, {"note": note.strip()})

        return change

    async def _waits(self, case: Case) -> bool:
        """Whether something was asked since the last answer."""
        rows = await self.casework.store.case_file(case.case_id)
        kinds = [one.kind for one in rows.events] if rows is not None else []
        last = next((one for one in reversed(kinds) if one in {EventKind.DATA_REQUEST, EventKind.DATA_ANSWERED}), None)
        return last is EventKind.DATA_REQUEST
