"""What people of the unit may do from their phones, by name; the words for it are the profile's."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from treckk_gateway.model.lifecycle import State


class Act(StrEnum):
    """One thing a person may do. Those of `STEPS` are steps of the lifecycle, the rest leave the state as it is."""

    REVIEW = "review"
    ASK = "ask"
    INSTRUCT = "instruct"
    DEPART = "depart"
    RESOLVE = "resolve"
    REFUSE = "refuse"
    REFER = "refer"
    FORWARD = "forward"
    ANSWER = "answer"
    CLOSE = "close"
    REOPEN = "reopen"
    CONFIRM = "confirm"
    PROPOSE = "propose"
    AGREE = "agree"
    DECLINE = "decline"
    FAQ = "faq"
    EXTEND = "extend"
    LOCATE = "locate"
    RELEASE_PIN = "release_pin"
    HAND_DOWN = "hand_down"
    NOTE = "note"
    READ = "read"
    EVIDENCE = "evidence"
    PERSONNEL = "personnel"
    GRANT = "grant"
    DENY = "deny"
    MENU = "menu"
    LIST = "list"
    REPORT = "report"
    PATROL = "patrol"
    CANCEL = "cancel"


STEPS: Mapping[Act, State] = {
    Act.REVIEW: State.UNDER_REVIEW,
    Act.ASK: State.NEEDS_INFO,
    Act.INSTRUCT: State.INSTRUCTED,
    Act.DEPART: State.EN_ROUTE,
    Act.RESOLVE: State.RESOLVED,
    Act.REFUSE: State.NOT_ACTIONABLE,
    Act.REFER: State.REFERRED,
    Act.FORWARD: State.INFO_FORWARDED,
    Act.ANSWER: State.ANSWERED,
    Act.CLOSE: State.CLOSED,
    Act.REOPEN: State.REOPENED,
}
"""The state each of these acts leads to."""

WITHOUT_CASE = frozenset({Act.LIST, Act.REPORT, Act.PATROL, Act.CANCEL, Act.GRANT, Act.DENY})
"""Acts that are about no case, or that find their own."""

FREE_TEXT = frozenset(
    {Act.RESOLVE, Act.ANSWER, Act.NOTE, Act.EXTEND, Act.PERSONNEL, Act.LOCATE, Act.REPORT, Act.PATROL, Act.DENY}
)
"""Acts after which a number in the text is part of the text, unless it stands at its beginning."""
