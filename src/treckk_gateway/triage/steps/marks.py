"""What staff should know at a glance: flags that follow from words and from what earlier steps found.

Source of the codes: domain reference, section 9.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from treckk_gateway.model import Finding, Intent, Subject, Urgency
from treckk_gateway.profile import Category, Reading
from treckk_gateway.triage.pipeline import TriageContext
from treckk_gateway.triage.steps.cues import quoted_words

_OF_AGE = 18
_YEARS = 3
"""Words within which a number beside "years old" is looked for."""
_TOLD = frozenset({Intent.COMPLAINT, Intent.UNKNOWN, Intent.SUPPLEMENT, Intent.FEEDBACK})


async def marks(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """Flags: `has_case_number`, `quoted_text`, `confidential`, `abusive`, `integrity`, `minors`, `repeat_report`,
    and `needs_human` for what a person reads before anything else.
    Misconduct, and a category that is always urgent, give `urgency` high.
    """  # noqa: D205 a list of codes is no sentence
    reading = context.read(subject)
    named = [one for code in _named(context) if (one := context.profile.category(code)) is not None]
    flags = dict(_flags(reading, context, named))
    found = [
        Finding(step="marks", field="flag", value=flag, confidence=0.9, reason=reason) for flag, reason in flags.items()
    ]
    high = [f"of the category {one.code}" for one in named if one.high and one.code in context.values("category")]
    if "integrity" in flags or high:
        reason = high[0] if high else "misconduct of the unit"
        found.append(Finding(step="marks", field="urgency", value=Urgency.HIGH, confidence=0.7, reason=reason))
    return found


def _named(context: TriageContext) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*context.values("category"), *context.values("also"))))


def _flags(reading: Reading, context: TriageContext, named: Sequence[Category]) -> Iterator[tuple[str, str]]:
    told = bool(_TOLD.intersection(context.values("intent"))) or not context.values("intent")
    if reading.references:
        yield "has_case_number", "a case number stands in it"
    if reading.quoted:
        yield "quoted_text", "quotes another message"
    if reading.has("secrecy") and told:
        yield "confidential", f"says {quoted_words(reading.phrases('secrecy'))}"
    if reading.has("insult"):
        yield "abusive", f"says {quoted_words(reading.phrases('insult'))}"
    if reading.has("repeated") and told and "reopen" not in context.values("flag"):
        yield "repeat_report", f"says {quoted_words(reading.phrases('repeated'))}"
    closed = [one for one in named if one.leadership_only]
    if closed and reading.has("misconduct"):
        yield "integrity", f"says {quoted_words(reading.phrases('misconduct'))}"
    child = _child(reading)
    minors = bool(child) and told and (not named or any(one.minors for one in named))
    if minors:
        yield "minors", child
    meant = [one for one in named if one.code in context.values("category")] or named
    if any(one.human_first for one in meant) or minors:
        yield "needs_human", "a person reads such a case before anything else"
    if reading.shortened:
        yield "needs_human", "longer than what was read"


def _child(reading: Reading) -> str:
    """Why children seem to be involved; empty when nothing says so."""
    if reading.has("child"):
        return f"says {quoted_words(reading.phrases('child'))}"
    for hit in reading.found("age"):
        for word in reading.original[max(0, hit.start - _YEARS) : hit.end + _YEARS]:
            if word.isascii() and word.isdigit() and len(word) <= 2 and 0 < int(word) < _OF_AGE:  # noqa: PLR2004 an age
                return f"says that somebody is {word}"
    return ""
