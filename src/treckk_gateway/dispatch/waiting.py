"""What we asked somebody of the unit and still wait for: kept sealed with the conversation, and only for a while."""

from __future__ import annotations

import attrs

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.model import Act, Instant
from treckk_gateway.store.rows import ConversationRow

PATIENCE = 1_800_000_000
"""Half an hour, in microseconds: an answer after that is no answer to this question."""


@attrs.frozen(kw_only=True)
class Waiting:
    """Either an act that lacks `field` on a case, or the question which of `cases` a message was about.

    `given` is what is known already, `choices` are the codes behind the figures we showed. `text` is the message that
    could mean several cases, `messages` are those with files, which join the case that is chosen.
    """

    since: Instant
    case_id: int | None = None
    act: Act | None = None
    given: dict[str, str] = attrs.field(factory=dict, repr=False)
    field: str | None = None
    choices: tuple[str, ...] = ()
    cases: tuple[int, ...] = ()
    text: str = attrs.field(default="", repr=False)
    evidence: bool = False


def open_waiting(casework: Casework, conversation: ConversationRow) -> Waiting | None:
    """What is still waited for in a conversation with staff."""
    if conversation.asking is None:
        return None
    found = casework.keyring.unit.open_value(Purpose.ASKING, conversation.asking, Waiting)
    return found if casework.clock() < found.since + PATIENCE else None


def seal_waiting(casework: Casework, waiting: Waiting) -> bytes:
    """The same, to be kept."""
    return casework.keyring.unit.seal_value(Purpose.ASKING, waiting)
