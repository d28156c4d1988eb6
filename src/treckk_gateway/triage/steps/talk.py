"""Rules for what people say about a report that they made, and for events that they ask to be secured."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Finding, Intent, Urgency
from treckk_gateway.model.lifecycle import SETTLED
from treckk_gateway.triage.steps.cues import wishes
from treckk_gateway.triage.steps.look import POLITE, Look, Rule, flag, found, keyword, urgent

_FRESH = 5
"""Points of a report from which a question about an old one is a new one too."""
_APART = 12
_EARLY = 4
"""Words before a report that is asked about."""
_PROCEDURE = 4


def _withdrawal(look: Look) -> Sequence[Finding] | None:
    own = look.reading.has("own_report") or look.evidence.matter == 0
    said = look.reading.has("withdrawal") or look.near("withdraw", "report_noun")
    if look.only("withdraw") or (own and said):
        return [found(Intent.FEEDBACK, 0.85, "takes the report back"), flag("withdraw", "takes the report back")]
    return None


def _verdict(look: Look) -> Sequence[Finding] | None:
    """The keywords that answer "resolved"."""
    if look.only("not_settled"):
        return _goes_on(0.9, "keyword")
    if look.only("settled"):
        return [found(Intent.FEEDBACK, 0.9, "keyword"), keyword("settled")]
    return None


def _thanks(look: Look) -> Sequence[Finding] | None:
    reading = look.reading
    lists = ("thanks", "praise", "praise_about", "agree", "settled", "unit", *POLITE)
    if not reading.has("thanks", "praise", "agree") or reading.has("negation", "nuisance", "cry"):
        return None
    if reading.questioned or wishes(reading):
        return None
    spare = 2 if reading.has("thanks") or len(reading.phrases("praise")) > 1 else 0
    done = reading.has("already") and reading.has("act") and reading.has("thanks", "praise")
    if (len(reading.rest(*lists)) <= spare and look.evidence.report <= 1) or (done and look.evidence.hard == 0):
        return [found(Intent.FEEDBACK, 0.9, "thanks or agrees and nothing else")]
    return None


def _objection(look: Look) -> Sequence[Finding] | None:
    """Says that it goes on. Without a case handled before, only clear words that describe nothing new count."""
    reading = look.reading
    case = look.subject.case
    handled = case is not None and case.state in SETTLED
    plain = not look.matters and not look.context.values("district")
    if reading.has("claimed") and (reading.has("objection", "weak_objection", "now") or handled):
        return _goes_on(0.75, "says that what was called settled is not")
    if reading.has("objection") and (handled or plain):
        return _goes_on(0.9 if handled else 0.65, "says that it is not settled")
    if handled and reading.has("weak_objection"):
        return _goes_on(0.65, "says that it is not settled")
    return None


def _goes_on(sure: float, reason: str) -> list[Finding]:
    return [
        found(Intent.FEEDBACK, sure, reason),
        flag("reopen", "says that it goes on"),
        urgent(Urgency.HIGH, "was called settled and is not"),
    ]


def _security(look: Look) -> Sequence[Finding] | None:
    """Somebody's own event, which the unit is asked to secure. Who complains of an event asks for something else."""
    reading, evidence = look.reading, look.evidence
    if not reading.has("secure") or reading.has("nuisance") or evidence.question >= _PROCEDURE:
        return None
    asked = reading.has("plea")
    if reading.has("event") and (asked or reading.has("organiser")):
        return [found(Intent.SECURITY_REQUEST, 0.85, "asks to secure an event")]
    if asked and reading.has("organiser"):
        return [found(Intent.SECURITY_REQUEST, 0.6, "asks for people to secure something")]
    return None


def _status(look: Look) -> Sequence[Finding] | None:
    reading, evidence = look.reading, look.evidence
    asked = reading.questioned or reading.has("status", "question")
    fresh = bool(wishes(reading)) or evidence.report >= _FRESH
    if reading.has("status_alone") and (evidence.report <= 1 or reading.has("own_report")):
        return [found(Intent.STATUS_QUERY, 0.9, "asks how far it is")]
    begins = reading.questioned and any(hit.start <= _EARLY for hit in reading.found("own_report"))
    if begins and reading.has("status"):
        return [found(Intent.STATUS_QUERY, 0.85, "begins with a report of its own and asks about it")]
    if asked and not wishes(reading) and (begins or reading.references):
        return [found(Intent.STATUS_QUERY, 0.85, "asks about a report of its own")]
    if asked and not fresh and (reading.has("own_report") or reading.references):
        return [found(Intent.STATUS_QUERY, 0.85, "asks about a report of its own")]
    if not fresh and look.near("own_report", "status", _APART):
        return [found(Intent.STATUS_QUERY, 0.7, "speaks of its own report and of what became of it")]
    if reading.has("report_noun") and reading.has("status") and evidence.report <= 1 and not reading.has("ask_intro"):
        return [found(Intent.STATUS_QUERY, 0.7, "asks about a report")]
    if look.subject.open_cases and (reading.questioned or reading.has("question")) and look.only("question", "status"):
        return [found(Intent.STATUS_QUERY, 0.6, "asks, with a case that runs")]
    return None


def _addition(look: Look) -> Sequence[Finding] | None:
    """Adds to something told before, and tells nothing that would stand by itself."""
    if look.reading.has("adding") and not look.tells and look.evidence.question <= 1:
        return [found(Intent.SUPPLEMENT, 0.7, "adds to something told before")]
    return None


TALK: tuple[Rule, ...] = (_withdrawal, _verdict, _thanks, _objection, _security, _status, _addition)
