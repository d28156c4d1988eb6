"""How long each clock of a case runs: policy of the unit, with the proposals of the domain reference as defaults.

Source: domain reference, section 12 (law and configurable deadlines). No law sets a time for reports of disturbances;
those for complaints about the unit, information requests and personal data follow the norms named there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from treckk_gateway.model import Urgency
from treckk_gateway.profile.durations import Duration


@attrs.frozen(kw_only=True)
class Limits:
    """What may take how long. `warn` is the share of a limit after which whoever must act is reminded.

    `awake` is how long after their last message somebody counts as awake, so that quiet hours hold nothing back.
    `out_of_hours`: whether a report outside service hours is answered with when the unit will reply.
    `refuse_unanswered`: whether a case whose reporter does not answer becomes not actionable by itself. Only a profile
    may say so; otherwise it is proposed, and leadership decides.
    """

    look_emergency: Duration = attrs.field(default=Duration.parse("5 minutes"))
    look_high: Duration = attrs.field(default=Duration.parse("30 minutes"))
    look_normal: Duration = attrs.field(default=Duration.parse("4 service hours"))
    instruct_high: Duration = attrs.field(default=Duration.parse("2 hours"))
    instruct_normal: Duration = attrs.field(default=Duration.parse("1 working day"))
    confirm: Duration = attrs.field(default=Duration.parse("1 working day"))
    remind_reporter: Duration = attrs.field(default=Duration.parse("24 hours"))
    completion: Duration = attrs.field(default=Duration.parse("7 days"))
    completion_service: Duration = attrs.field(default=Duration.parse("30 days"))
    answer: Duration = attrs.field(default=Duration.parse("5 working days"))
    answer_cap: Duration = attrs.field(default=Duration.parse("10 working days"))
    answer_extension: Duration = attrs.field(default=Duration.parse("7 working days"))
    objection: Duration = attrs.field(default=Duration.parse("10 days"))
    service_complete: Duration = attrs.field(default=Duration.parse("14 days"))
    service_decide: Duration = attrs.field(default=Duration.parse("60 days"))
    personal_data: Duration = attrs.field(default=Duration.parse("72 hours"))
    awake: Duration = attrs.field(default=Duration.parse("2 hours"))
    warn: float = 0.75
    out_of_hours: bool = True
    refuse_unanswered: bool = False

    def look(self, urgency: Urgency) -> Duration:
        """Until a person looks at a case."""
        by_urgency = {Urgency.EMERGENCY: self.look_emergency, Urgency.HIGH: self.look_high}
        return by_urgency.get(urgency, self.look_normal)

    def instruct(self, urgency: Urgency) -> Duration:
        """Until leadership instructs, or decides otherwise."""
        return self.instruct_high if urgency in {Urgency.EMERGENCY, Urgency.HIGH} else self.instruct_normal

    def complete(self, *, service: bool) -> Duration:
        """Until a reporter has sent what is missing; longer for a complaint about the unit's own service."""
        return self.completion_service if service else self.completion

    def replaced(self, others: Mapping[str, object]) -> Limits:
        """These limits with some of them replaced."""
        return attrs.evolve(self, **others)  # type: ignore[arg-type]


DURATIONS = tuple(one.name for one in attrs.fields(Limits) if isinstance(one.default, Duration))
"""Names of the limits that are durations."""


def read_limits(written: Mapping[str, object], extra: Iterable[str] = ()) -> dict[str, object]:
    """Values of limits as they stand in a file, by name.

    Raises `ValueError` with key and reason for a name that is none and a value that cannot be.
    """
    known = {*DURATIONS, "warn", "out_of_hours", *extra}
    found: dict[str, object] = {}
    for name, value in written.items():
        if name not in known:
            raise ValueError(name, f"unknown key; known are: {', '.join(sorted(known))}")
        found[name] = _value(name, value)
    return found


def _value(name: str, value: object) -> object:
    if name == "warn":
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
            raise ValueError(name, "must be a share of the limit: more than 0 and at most 1")
        return float(value)
    if name not in DURATIONS:
        if not isinstance(value, bool):
            raise ValueError(name, "must be true or false")
        return value
    if not isinstance(value, str):
        raise ValueError(name, "write a duration in quotes, such as '4 service hours'")  # noqa: TRY004 a value of a file
    try:
        return Duration.parse(value)
    except ValueError as problem:
        raise ValueError(name, str(problem)) from None
