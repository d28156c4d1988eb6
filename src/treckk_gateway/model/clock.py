"""The clocks of a case, as values: what is waited for, since when, until when."""

from __future__ import annotations

from enum import StrEnum

import attrs

from treckk_gateway.model.message import Instant


class ClockName(StrEnum):
    """What a clock waits for. Source of the list: domain reference, section 12."""

    LOOK = "look"
    """a person looks at the case"""
    INSTRUCT = "instruct"
    """leadership instructs, or decides otherwise"""
    CONFIRM = "confirm"
    """leadership confirms an initial action"""
    COMPLETION = "completion"
    """the reporter sends what is missing"""
    ANSWER = "answer"
    """the holder answers a question; the target"""
    ANSWER_CAP = "answer_cap"
    """the same, and the last day the reporter was told"""
    OBJECTION = "objection"
    """the reporter may object to the outcome"""
    SERVICE_COMPLETE = "service_complete"
    """a complaint about the unit is found complete or not"""
    SERVICE_DECIDE = "service_decide"
    """a complaint about the unit is decided"""
    PERSONAL_DATA = "personal_data"
    """a request about personal data is answered"""


class ClockState(StrEnum):
    """`OVERDUE` also of a clock that ended too late."""

    OK = "ok"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"


@attrs.frozen(kw_only=True)
class CaseClock:
    """One clock of a case at a given moment.

    `due` is `None` while it is paused, since nobody knows then; `ended` is when what it waited for came about.
    `remaining` are microseconds of the time it counts: of service where it counts service or working days, plain ones
    otherwise; 0 when it is overdue or has ended. `limit` is the whole time in words, `seq` the event it began with.
    `provisional`: it counts days beyond those somebody compared with the year's decree.
    """

    name: ClockName
    limit: str
    seq: int = 0
    started: Instant
    due: Instant | None
    warns: Instant | None = None
    paused: Instant | None = None
    ended: Instant | None = None
    remaining: int
    state: ClockState
    provisional: bool = False

    @property
    def running(self) -> bool:
        """Whether it counts now."""
        return self.paused is None and self.ended is None
