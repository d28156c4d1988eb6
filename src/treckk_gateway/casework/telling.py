"""Who heard of a step already: a reporter is told of each state once, until the case is reopened (domain, rule e)."""

from __future__ import annotations

from treckk_gateway.model import State
from treckk_gateway.store.rows import FileRows

_IN_VAIN = frozenset({"dead", "cancelled"})
"""Messages that reach nobody; what is queued or held still will."""


def told_of(rows: FileRows | None, state: State, template: str) -> frozenset[int]:
    """Ids of the conversations that were told by that template that the case came into the state.

    What was told before the case was last reopened, and what was given up, does not count.
    """
    if rows is None:
        return frozenset()
    begins = max((one.seq for one in rows.events if one.target is State.REOPENED), default=0)
    seqs = {one.seq for one in rows.events if one.target is state and one.seq > begins}
    return frozenset(
        one.conversation_id
        for one in rows.outbox
        if one.event_seq in seqs and one.template == template and one.state not in _IN_VAIN
    )
