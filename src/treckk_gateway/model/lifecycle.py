"""The life of a case as one table; whatever is not in it is an error.

Source: domain reference, section 6 (lifecycle) with the SOP steps of section 2. Points that table leaves open are
decided here and explained in docs/explanation/lifecycle.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

import attrs

from treckk_gateway.errors import IllegalTransition, Incomplete, NotAllowed


class State(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    NEEDS_INFO = "needs_info"
    INFO_FORWARDED = "info_forwarded"
    ANSWERED = "answered"
    UNDER_REVIEW = "under_review"
    INSTRUCTED = "instructed"
    EN_ROUTE = "en_route"
    RESOLVED = "resolved"
    NOT_ACTIONABLE = "not_actionable"
    REFERRED = "referred"
    DUPLICATE = "duplicate"
    WITHDRAWN = "withdrawn"
    REOPENED = "reopened"
    CLOSED = "closed"
    REJECTED_SPAM = "rejected_spam"


class Role(StrEnum):
    """Who acts. `SYSTEM` is timers and triage: it suggests, reminds and files, and decides nothing about people."""

    REPORTER = "reporter"
    ADMIN = "admin"
    HOLDER = "holder"
    LEADERSHIP = "leadership"
    TEAM = "team"
    DUTY = "duty"
    SYSTEM = "system"


FINAL = frozenset({State.DUPLICATE, State.WITHDRAWN, State.CLOSED, State.REJECTED_SPAM})
"""Nothing more happens by itself; a closed case may still be reopened."""

SETTLED = FINAL | {State.RESOLVED, State.ANSWERED, State.NOT_ACTIONABLE, State.REFERRED}
"""An outcome was reached."""

OPEN = frozenset(State) - FINAL
"""A message of the reporter joins the case."""

LEGAL_HOLD = "legal_hold"
"""Flag: neither the case nor its reporters may be erased."""

MERGED = "merged"
"""Flag: other reports were merged into this case, so it has several reporters, each with a number of their own."""

INITIAL_ACTION = "initial_action"
"""Flag: the duty post went before leadership decided; leadership must confirm before the case may close."""


CONFIRMED = "initial_action_confirmed"
"""Flag: leadership confirmed what the duty post began by itself."""

CORRECTED = "initial_action_corrected"
"""Flag: leadership sent others, or refused, after the duty post had begun by itself."""

CORRECTIONS = frozenset({State.INSTRUCTED, State.NOT_ACTIONABLE})
"""Where a case under way goes by leadership's correction of an initial action."""

PLACE_BY_STAFF = "place_by_staff"
"""Flag: a person of the unit said where it is; nothing else moves the place any more."""

PIN_RELEASED = "pin_released"
"""Flag: leadership lets the field see the exact point."""

ABOUT_LEADERSHIP = "about_leadership"
"""Flag: a complaint about leadership itself; only those who oversee it see the case, where there are such."""


class Reason(StrEnum):
    """Why nothing can be done, in the words the reporter is told by template (rule f)."""

    PLACE_NOT_FOUND = "place_not_found"
    NOT_A_VIOLATION = "not_a_violation"
    INSUFFICIENT_DATA = "insufficient_data"
    NO_RESPONSE = "no_response"
    NOT_FOUND_ON_SITE = "not_found_on_site"
    REFUTED = "refuted"
    UNSAFE = "unsafe"
    OTHER = "other"


@attrs.frozen(kw_only=True)
class Transition:
    """One allowed step: who may take it, what the reporter is told by template, what must come with it."""

    source: State
    target: State
    roles: frozenset[Role]
    tells: str | None = None
    needs: tuple[str, ...] = ()
    flag: str | None = None


def _steps(
    sources: Iterable[State],
    target: State,
    roles: Iterable[Role],
    *,
    tells: str | None = None,
    needs: tuple[str, ...] = (),
    flag: str | None = None,
) -> list[Transition]:
    return [
        Transition(source=source, target=target, roles=frozenset(roles), tells=tells, needs=needs, flag=flag)
        for source in sources
    ]


_S, _R = State, Role
_BEFORE_RESOLVED = (
    _S.RECEIVED, _S.NEEDS_INFO, _S.INFO_FORWARDED, _S.UNDER_REVIEW, _S.INSTRUCTED, _S.EN_ROUTE, _S.REOPENED,
)  # fmt: skip

MERGEABLE = frozenset(_BEFORE_RESOLVED)
"""From here a case may be merged into another, and here a merge that is undone leads back: to the state kept."""

MERGING = frozenset({_R.ADMIN, _R.LEADERSHIP})
"""Who merges cases, undoes a merge, and makes a case of its own of a message."""

_EARLY = (_S.RECEIVED, _S.NEEDS_INFO, _S.UNDER_REVIEW)
_REFUSABLE = (_S.NEEDS_INFO, _S.UNDER_REVIEW, _S.EN_ROUTE)
_DESK = (_R.ADMIN, _R.SYSTEM)
_ASKING = (_R.ADMIN, _R.LEADERSHIP, _R.SYSTEM)
_ON_THE_WAY = (_S.INSTRUCTED, _S.EN_ROUTE)

TRANSITIONS: tuple[Transition, ...] = (
    *_steps([_S.RECEIVED], _S.NEEDS_INFO, _DESK, tells="need_info", needs=("missing",)),
    *_steps([_S.UNDER_REVIEW], _S.NEEDS_INFO, _ASKING, tells="need_info", needs=("missing",)),
    *_steps([_S.RECEIVED], _S.INFO_FORWARDED, [_R.ADMIN], tells="info_forwarded", needs=("topic",)),
    *_steps([_S.RECEIVED, _S.INFO_FORWARDED], _S.ANSWERED, [_R.HOLDER, _R.ADMIN], tells="info_answer", needs=("note",)),
    *_steps([_S.RECEIVED, _S.NEEDS_INFO, _S.REOPENED], _S.UNDER_REVIEW, _DESK, tells="under_review"),
    *_steps([_S.UNDER_REVIEW], _S.INSTRUCTED, [_R.LEADERSHIP], tells="instructed", needs=("post",)),
    *_steps(_ON_THE_WAY, _S.INSTRUCTED, [_R.LEADERSHIP], needs=("post",)),
    *_steps([_S.INSTRUCTED], _S.EN_ROUTE, [_R.TEAM, _R.DUTY], tells="en_route"),
    *_steps(_EARLY, _S.EN_ROUTE, [_R.DUTY], tells="en_route", flag=INITIAL_ACTION),
    *_steps([_S.EN_ROUTE], _S.RESOLVED, [_R.TEAM, _R.DUTY], tells="resolved", needs=("note",)),
    *_steps([_S.UNDER_REVIEW], _S.RESOLVED, [_R.LEADERSHIP], tells="resolved", needs=("note",)),
    *_steps(_REFUSABLE, _S.NOT_ACTIONABLE, [_R.LEADERSHIP], tells="not_actionable", needs=("reason",)),
    *_steps([_S.NEEDS_INFO], _S.NOT_ACTIONABLE, [_R.SYSTEM], tells="not_actionable", needs=("reason",)),
    *_steps([_S.RECEIVED, _S.UNDER_REVIEW], _S.REFERRED, [_R.ADMIN], tells="referred", needs=("office",)),
    *_steps(_BEFORE_RESOLVED, _S.DUPLICATE, MERGING, tells="duplicate", needs=("parent",)),
    *_steps(sorted(OPEN), _S.WITHDRAWN, [_R.REPORTER], tells="withdrawn"),
    *_steps([_S.RESOLVED, _S.NOT_ACTIONABLE, _S.CLOSED], _S.REOPENED, [_R.REPORTER, _R.LEADERSHIP], tells="reopened"),
    *_steps([_S.RESOLVED, _S.ANSWERED, _S.NOT_ACTIONABLE, _S.REFERRED], _S.CLOSED, _DESK, tells="closed"),
    *_steps([_S.RECEIVED], _S.REJECTED_SPAM, [_R.ADMIN]),
)  # fmt: skip
"""Every step there is. One (source, target) stands once per set of roles."""


def targets(source: State, roles: Collection[Role]) -> tuple[Transition, ...]:
    """The steps someone with these roles may take from `source`, in the order of the table."""
    return tuple(step for step in TRANSITIONS if step.source is source and not step.roles.isdisjoint(roles))


def step(source: State, target: State, roles: Collection[Role]) -> Transition:
    """The step from `source` to `target` for someone with these roles.

    Raises `IllegalTransition` when the table has none, `NotAllowed` when it has one for others only.
    """
    known = [one for one in TRANSITIONS if one.source is source and one.target is target]
    if not known:
        msg = f"a case in state {source} cannot become {target}"
        raise IllegalTransition(msg)
    for one in known:
        if not one.roles.isdisjoint(roles):
            return one
    allowed = ", ".join(sorted({role for one in known for role in one.roles}))
    msg = f"{source} to {target} is for {allowed} only"
    raise NotAllowed(msg)


def require(transition: Transition, given: Collection[str]) -> None:
    """Raise `Incomplete` unless everything that must come with the step is among the names `given`."""
    missing = tuple(name for name in transition.needs if name not in given)
    if missing:
        msg = f"{transition.source} to {transition.target} needs {', '.join(missing)}"
        raise Incomplete(msg, missing)
