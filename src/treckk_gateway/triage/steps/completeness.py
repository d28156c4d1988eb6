"""What of the form does this message give, and what lacks?

Source of the rules: domain reference, section 8. What was given in earlier messages is the case's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from treckk_gateway.model import Finding, Intent, Subject
from treckk_gateway.model import subject as judged
from treckk_gateway.triage.pipeline import TriageContext

_ASKED = frozenset({Intent.COMPLAINT, Intent.SECURITY_REQUEST, Intent.SUPPLEMENT, Intent.UNKNOWN})
"""Intents of which a report may come; of others nothing more is wanted."""
_CASE = "case"
"""The scheme under which a case that is open is looked at again; what its form lacks is on the case already."""
_EXPLICIT = frozenset({"mailto", "web"})
"""Schemes of senders who wrote their name themselves, into a form or a mail; a chat's display name is none."""
_WORDLESS = frozenset({"media_only", "voice_only"})
"""Flags of what may be a report, whatever politeness stood with it."""
_HOLLOW = (
    "filler", "greeting", "cry", "thanks", "agree", "report_intro", "choose_report", "here", "question", "negation",
)  # fmt: skip
"""Lists whose words tell nothing of what happened."""
_TELLING = ("nuisance", "emergency", "high", "act")
_ENOUGH = 3
"""Words beyond politeness, place and time that make a description."""
_WORDS = 300


async def completeness(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The fields `given`, one for each field of the form that this message fills, and `missing` for needed ones.

    Nothing is missing where nothing is reported, or where it is another office's. A place that is only a landmark is
    asked about: the flag `needs_clarification`.
    """
    if subject.message.sender.scheme == _CASE and subject.case is not None and subject.case.completeness is not None:
        return []
    given = dict(_given(subject, context))
    found = [_finding("given", field, 0.8, reason) for field, reason in given.items()]
    if not _judged(context):
        return found
    found += [
        _finding("missing", field, 0.8, "neither the words nor anything sent with them say it")
        for field in context.profile.form.needed
        if field not in given
    ]
    if "landmark" in context.values("location_quality"):
        found.append(_finding("flag", "needs_clarification", 0.8, "a place without village or district"))
    return found


def _judged(context: TriageContext) -> bool:
    if _WORDLESS.intersection(context.values("flag")):
        return True
    said = judged.best(context.found, "intent")
    if said is not None and said.value not in _ASKED:
        return False
    category = judged.best(context.found, "category")
    return category is None or category.value not in context.profile.asks_nothing


def _given(subject: Subject, context: TriageContext) -> Iterator[tuple[str, str]]:
    """Fields with why they count as given."""
    form = context.form(subject)
    for one in context.profile.form.fields:
        read = _READERS.get(one.id)
        reason = "a line of the form says it" if one.id in form and one.id not in _JUDGED else ""
        reason = reason or (read(subject, context) if read else "")
        if reason:
            yield one.id, reason


def _contact(subject: Subject, context: TriageContext) -> str:  # noqa: ARG001 read like every other field
    """What staff write down for a stranger leads back to nobody."""
    case = subject.case
    reachable = subject.message.sender.scheme != _CASE or (case is not None and case.reporter_id is not None)
    return "known from the channel" if reachable else ""


def _location(subject: Subject, context: TriageContext) -> str:  # noqa: ARG001 read like every other field
    found = judged.best(context.found, "location_quality")
    return f"{found.value}: {found.reason}" if found is not None and found.value != "none" else ""


def _time(subject: Subject, context: TriageContext) -> str:  # noqa: ARG001 read like every other field
    found = judged.best(context.found, "time")
    return found.reason if found is not None else ""


def _evidence(subject: Subject, context: TriageContext) -> str:  # noqa: ARG001 read like every other field
    return "files came along" if subject.message.attachments else ""


def _description(subject: Subject, context: TriageContext) -> str:
    form = context.form(subject)
    return _told(form.get("description", ""), subject, context, whole=not form)


def _named(subject: Subject, context: TriageContext) -> str:
    """Why a name counts as given; the name itself stands in no finding."""
    message, profile = subject.message, context.profile
    if message.sender.scheme in _EXPLICIT and not profile.form.empty(message.sender_name or ""):
        return "the sender's own name came with the message"
    places = profile.gazetteer

    def ordinary(word: str) -> bool:
        return profile.is_ordinary(word) or word in places.words.markers or places.is_name(word)

    return "signed, or says the name" if profile.signing.name_in(context.words(subject), ordinary) else ""


def _told(written: str, subject: Subject, context: TriageContext, *, whole: bool) -> str:
    """Why it counts as told what happened: words that tell of something, beyond politeness, place and time."""
    if not (whole or written):
        return ""
    reading = context.read(subject) if whole else context.read_text(written)
    if reading.has(*_TELLING) or reading.pointing:
        return "words of what happens"
    when = {word for hit in reading.found("now") for word in hit.phrase.split()}
    telling = (word for word in reading.rest(*_HOLLOW)[:_WORDS] if word not in when and _tells(word, context))
    return "tells something" if len(list(islice(telling, _ENOUGH))) == _ENOUGH else ""


def _tells(word: str, context: TriageContext) -> bool:
    """Whether a word tells of anything but where."""
    places = context.profile.gazetteer
    placed = word in places.words.markers or word in places.words.before or places.is_name(word)
    return len(word) > 1 and not word.isdecimal() and not placed


_JUDGED = frozenset({"location", "time", "description"})
"""Fields of which a line of the form is read again, like any text."""
_READERS: Mapping[str, Callable[[Subject, TriageContext], str]] = {
    "name": _named,
    "contact": _contact,
    "location": _location,
    "time": _time,
    "description": _description,
    "evidence": _evidence,
}


def _finding(field: str, value: str, confidence: float, reason: str) -> Finding:
    return Finding(step="completeness", field=field, value=value, confidence=confidence, reason=reason[:300])
