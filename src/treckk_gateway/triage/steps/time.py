"""When did it happen? A moment or a day where the words say so; otherwise that it was said, and never a guess."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from treckk_gateway.model import Finding, Instant, Subject, Urgency
from treckk_gateway.profile import HABIT, ONGOING, STATED, Reading, Time, Times
from treckk_gateway.triage.pipeline import TriageContext

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALARMING = frozenset({Urgency.EMERGENCY, Urgency.HIGH})
_MEANS = {ONGOING: "it goes on", HABIT: "it comes again and again, or goes on for long", STATED: "no single moment"}


async def time(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The field `time`: a moment or day in ISO 8601, local to the unit, or `ongoing`, `habit` or `stated`.

    A form's own line comes before the rest. Haste ("cepat!") means now only where there is danger. Days are counted
    from when the message is read.
    """
    now = local(context.now, context.profile.zone)
    form = context.form(subject)
    written = form.get("time", "")
    found = _read(written, context.read_text(written), context.profile.times, now) if written else None
    if written and found is None:
        found = Time(value=STATED, phrases=(" ".join(written.split())[:60],))
    if found is None:
        text = form.get("description", "") if form else context.words(subject)
        reading = context.read_text(text) if form else context.read(subject)
        found = _read(text, reading, context.profile.times, now)
    if found is None or (found.hurry and not _ALARMING.intersection(context.values("urgency"))):
        return []
    words = ", ".join(map(repr, found.phrases[:6]))
    reason = f"says {words}: {_MEANS.get(found.value, f'read on {now:%Y-%m-%d}')}"
    sure = 0.6 if found.value == STATED or found.hurry else 0.8
    return [Finding(step="time", field="time", value=found.value, confidence=sure, reason=reason)]


def local(now: Instant, zone: str) -> datetime:
    """A moment on the unit's clock."""
    return (_EPOCH + timedelta(microseconds=now)).astimezone(_zone(zone))


def _read(text: str, reading: Reading, times: Times, now: datetime) -> Time | None:
    return times.read(text, dict.fromkeys((reading.original, reading.formal)), now)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
