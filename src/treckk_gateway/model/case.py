"""The complaint as handled, what happened to it, and what is known of it."""

from __future__ import annotations

from enum import StrEnum

import attrs

from treckk_gateway.model.lifecycle import Role, State
from treckk_gateway.model.message import Instant


class Intent(StrEnum):
    """What a message is. `UNKNOWN` must go to a person: a confident guess is an error."""

    COMPLAINT = "complaint"
    INFO_REQUEST = "info_request"
    SECURITY_REQUEST = "security_request"
    STATUS_QUERY = "status_query"
    SUPPLEMENT = "supplement"
    FEEDBACK = "feedback"
    PRIVACY_REQUEST = "privacy_request"
    OPT_OUT = "opt_out"
    HELP = "help"
    SPAM = "spam"
    ABUSE = "abuse"
    UNKNOWN = "unknown"


OPENS_CASE = frozenset({Intent.COMPLAINT, Intent.INFO_REQUEST, Intent.SECURITY_REQUEST, Intent.UNKNOWN})
"""Only these open a case."""


class Urgency(StrEnum):
    """Emergency: life, fire, weapon, now. Under-calling one is the one unacceptable error."""

    EMERGENCY = "emergency"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


@attrs.frozen(kw_only=True)
class Finding:
    """What a triage step thinks.

    `field` is `intent`, `category`, `urgency`, `district`, `village`, `language`, `missing`, `flag` or a name of the
    step's own.

    `confidence` runs from 0 to 1; `reason` is for a person to read and is sealed like any text. A finding never
    sends anyone anywhere.
    """

    step: str
    field: str
    value: str
    confidence: float = attrs.field()
    reason: str = attrs.field(default="", repr=False)

    @confidence.validator
    def _in_bounds(self, _attribute: object, value: float) -> None:
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"'confidence' must be from 0 to 1: {value}")


@attrs.frozen(kw_only=True)
class Actor:
    """Who did it: a staff entry's name, a reporter's pseudonym or a part of this software.

    `roles` are in force now; `operator` is whoever has a shell on the machine, and with it the data itself; `oversees`
    is for complaints about leadership itself.
    """

    name: str
    role: Role
    roles: frozenset[Role] = attrs.field(default=attrs.Factory(lambda self: frozenset({self.role}), takes_self=True))
    post: str | None = None
    operator: bool = False
    oversees: bool = False

    @classmethod
    def system(cls, part: str) -> Actor:
        """A part of this software, acting by itself."""
        return cls(name=part, role=Role.SYSTEM)


@attrs.frozen(kw_only=True)
class Reporter:
    """Who reported, apart from the case: only a pseudonym and what the case needs. The identity is sealed elsewhere."""

    reporter_id: int
    pseudonym: str


@attrs.frozen(kw_only=True)
class Questions:
    """What the reporter was asked for: names of fields, never what was answered.

    `asked` holds a field once for each time it was asked for, `pending` those whose answer is awaited. `unknown` are
    fields the reporter cannot fill, or did not in two tries: they are not asked for again. `offered` are the codes of
    the districts that stood as numbers in the last question.
    """

    asked: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Case:
    """A case without any identity. `version` grows with each change; `reference` is what a reporter quotes.

    `missing` are needed fields of the form that nobody has given yet, `completeness` the share of needed fields that
    was given (0 to 1), `None` where no form is asked for; `completeness_at_instruct` keeps it as it was when
    leadership first gave an instruction. While somebody of the desk has `taken` it, the machine says nothing.
    `due_at` is when the earliest of its running clocks is due.
    """

    case_id: int
    reference: str
    state: State
    version: int
    channel_id: str
    intent: Intent
    urgency: Urgency = Urgency.NORMAL
    post: str | None = None
    category: str | None = None
    district: str | None = None
    village: str | None = None
    language: str = "id"
    flags: tuple[str, ...] = ()
    opened_at: Instant = 0
    changed_at: Instant = 0
    reporter_id: int | None = None
    missing: tuple[str, ...] = ()
    questions: Questions = Questions()
    completeness: float | None = None
    completeness_at_instruct: float | None = None
    taken: str | None = None
    due_at: Instant | None = None


class EventKind(StrEnum):
    """What an entry of a case's history is."""

    OPENED = "opened"
    MESSAGE = "message"
    TRANSITION = "transition"
    FINDINGS = "findings"
    NOTE = "note"
    CONFIRMED = "confirmed"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    PROPOSED = "proposed"
    EXTENDED = "extended"
    DATA_REQUEST = "data_request"
    DATA_ANSWERED = "data_answered"
    DECLINED = "declined"
    EVIDENCE = "evidence"
    LOCATED = "located"
    PIN_RELEASED = "pin_released"
    HANDED_DOWN = "handed_down"
    PERSONNEL = "personnel"
    REPLAYED = "replayed"
    ASKED = "asked"
    FILLED = "filled"
    TAKEN = "taken"
    RELEASED = "released"
    ASSIGNED = "assigned"
    MERGED = "merged"
    UNMERGED = "unmerged"
    SPLIT = "split"
    HELD = "held"
    ERASED = "erased"


@attrs.frozen(kw_only=True)
class CaseEvent:
    """One append-only entry of a case's history. `data` is what came with it: reason, post, note, ids."""

    seq: int
    at: Instant
    actor: str
    role: Role
    kind: EventKind
    source: State | None = None
    target: State | None = None
    data: dict[str, str] = attrs.field(factory=dict, repr=False)


@attrs.frozen(kw_only=True)
class CaseUpdate:
    """Our word to the reporter on what became of the case: a template of the profile and values for it.

    Public by type: staff notes are `CaseEvent` data and cannot be put in here by accident.
    `urgent` updates pass quiet hours and overtake what is not urgent. `reply` marks an answer to a message just
    received. `step` distinguishes several updates of one event.
    """

    template: str
    values: dict[str, str] = attrs.field(factory=dict, repr=False)
    urgent: bool = False
    reply: bool = False
    step: str = ""
