"""When is an event that somebody asks to have secured, and how many are expected? Source: domain reference, R19."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Finding, Intent, Subject
from treckk_gateway.model import subject as judged
from treckk_gateway.profile.events import Told
from treckk_gateway.triage.pipeline import TriageContext
from treckk_gateway.triage.steps.time import local


async def event(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The fields `event_date`, a day in ISO 8601 or the words used, and `event_crowd`, a number or the words used.

    Only of a request to secure an event, and of what is added to one.
    """
    if not _asks(subject, context):
        return []
    text, reading, events = context.words(subject), context.read(subject), context.profile.events
    today = local(context.now, context.profile.zone).date()
    dated = events.day(text, dict.fromkeys((reading.original, reading.formal)), today)
    found = {"event_date": (dated, f"read on {today}"), "event_crowd": (events.crowd(text), "so many are expected")}
    return [_finding(field, told, why) for field, (told, why) in found.items() if told is not None]


def _asks(subject: Subject, context: TriageContext) -> bool:
    said = judged.best(context.found, "intent")
    if said is not None and said.value == Intent.SECURITY_REQUEST:
        return True
    return subject.case is not None and subject.case.intent is Intent.SECURITY_REQUEST


def _finding(field: str, told: Told, why: str) -> Finding:
    words = ", ".join(map(repr, told.phrases[:4]))
    return Finding(
        step="event",
        field=field,
        value=told.value,
        confidence=0.8 if told.sure else 0.5,
        reason=f"says {words}: {why if told.sure else 'no single one can be told'}",
    )
