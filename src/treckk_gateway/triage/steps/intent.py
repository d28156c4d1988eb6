"""What does the sender want? Rules in order; the first that applies decides, and in doubt a person does.

Source of the codes and keywords: domain reference, section 5.
"""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Consent, Finding, Intent, Subject, Urgency
from treckk_gateway.triage.pipeline import TriageContext
from treckk_gateway.triage.steps.look import POLITE, Look, Rule, flag, found, keyword, of_low_urgency
from treckk_gateway.triage.steps.strangers import STRANGERS
from treckk_gateway.triage.steps.talk import TALK

_CONVINCING = 0.6
_SHORT = 8
_ENOUGH = 2
"""One point is neither a question nor a report."""


async def intent(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The field `intent`, one of `model.Intent`, with flags and the menu's `keyword` where there is one.

    `urgency` is low for what nobody has to hurry for, and `unsure` says that a person has to read it.
    """
    look = Look.at(subject, context)
    for rule in _RULES:
        said = rule(look)
        if said is not None:
            return of_low_urgency(said)
    return [
        found(Intent.UNKNOWN, 0.2, "no rule applies: a person reads it"),
        Finding(step="intent", field="unsure", value="intent", confidence=0.9, reason="no rule applies"),
    ]


def _consent(look: Look) -> Sequence[Finding] | None:
    wish = look.subject.message.consent
    if wish is Consent.HELP:
        return [found(Intent.HELP, 1.0, "the provider took it for a call of the menu")]
    if wish is None:
        return None
    stop = [found(Intent.OPT_OUT, 1.0, "the provider took it for a wish about messages")]
    return [*stop, flag("opt_in", "messages are wanted again")] if wish is Consent.START else stop


def _machine(look: Look) -> Sequence[Finding] | None:
    """Filed like a thank-you: it changes nothing and is not answered."""
    return [found(Intent.FEEDBACK, 0.9, "a machine wrote it")] if look.context.values("automatic") else None


def _stop(look: Look) -> Sequence[Finding] | None:
    """Only a message that says nothing else: "berhenti ..." inside a complaint stops no messages."""
    reading = look.reading
    if look.only("opt_in"):
        return [found(Intent.OPT_OUT, 0.95, "keyword"), flag("opt_in", "messages are wanted again")]
    if look.only("stop_idle") and not look.subject.open_cases:
        return [found(Intent.OPT_OUT, 0.9, "asks for no more messages, and has no case to take back")]
    if reading.has("unlist") and not look.tells:
        return [found(Intent.OPT_OUT, 0.85, "asks for no more messages")]
    whole = not reading.rest("stop", "stop_weak", "messages", *POLITE) and len(reading.original) <= _SHORT
    if whole and (reading.has("stop") or (reading.has("stop_weak") and reading.has("messages"))):
        return [found(Intent.OPT_OUT, 0.95, "asks for no more messages and for nothing else")]
    return None


def _danger(look: Look) -> Sequence[Finding] | None:
    told = [one for one in look.context.found if one.field == "urgency" and one.value == Urgency.EMERGENCY]
    if any(one.confidence >= _CONVINCING for one in told):
        return [found(Intent.COMPLAINT, 0.9, "tells of danger")]
    return None


def _wordless(look: Look) -> Sequence[Finding] | None:
    """Files, a pin, a number, or signs alone."""
    message, reading = look.subject.message, look.reading
    if reading.original:
        return None
    if reading.references:
        return [found(Intent.STATUS_QUERY, 0.8, "nothing but a case number")]
    if message.attachments:
        return [found(Intent.UNKNOWN, 0.2, "no words")]
    if reading.quoted:
        return [found(Intent.FEEDBACK, 0.7, "only quotes another message")]
    if message.location is not None and (look.subject.answering or look.subject.case is not None):
        return [found(Intent.SUPPLEMENT, 0.8, "a place for a case that runs")]
    if message.text.strip() and message.location is None and message.unsupported is None:
        return _signs(look)
    return [found(Intent.UNKNOWN, 0.2, "no words")]


def _signs(look: Look) -> Sequence[Finding]:
    if look.reading.questioned and look.subject.open_cases:
        return [found(Intent.STATUS_QUERY, 0.6, "nothing but a question mark, with a case that runs")]
    if look.reading.questioned:
        return [found(Intent.HELP, 0.6, "nothing but a question mark")]
    if any(letter.isalnum() for letter in look.subject.message.text):
        return [found(Intent.UNKNOWN, 0.2, "nothing but a link or a number")]
    return [found(Intent.FEEDBACK, 0.6, "nothing but signs")]


def _pin(look: Look) -> Sequence[Finding] | None:
    if look.subject.message.location is not None and look.only("here"):
        return [found(Intent.SUPPLEMENT, 0.8, "says where it is")]
    return None


def _data(look: Look) -> Sequence[Finding] | None:
    if look.only("erase"):
        return [found(Intent.PRIVACY_REQUEST, 0.95, "keyword")]
    if look.near("data_act", "own_data") and not look.reading.has("secrecy") and not look.matters:
        return [found(Intent.PRIVACY_REQUEST, 0.85, "asks for something about its own data")]
    return None


def _menu(look: Look) -> Sequence[Finding] | None:
    reading = look.reading
    if look.only("choose_status"):
        return [found(Intent.STATUS_QUERY, 0.9, "keyword"), keyword("status")]
    how = reading.has("how_to_report") and look.evidence.hard <= 1 and not look.tells
    if look.only("choose_report") or how:
        return [found(Intent.HELP, 0.9, "wants to report and says nothing yet"), keyword("report")]
    if look.only("choose_question"):
        return [found(Intent.HELP, 0.9, "wants to ask and says nothing yet"), keyword("question")]
    if look.only("menu"):
        return [found(Intent.HELP, 0.9, "keyword")]
    return None


def _greeting(look: Look) -> Sequence[Finding] | None:
    reading = look.reading
    short = len(reading.original) <= 2 and not reading.has("exists", "now", "question")  # noqa: PLR2004 "pak", "min?"
    if not (reading.has("greeting") or short) or reading.rest(*POLITE):
        return None
    if reading.has("cry", "agree", "thanks"):
        return None
    return [found(Intent.HELP, 0.9, "a greeting and nothing else")]


def _pressing(look: Look) -> Sequence[Finding] | None:
    """Asks to act, with a case that runs and nothing new told: it is about that case."""
    runs = look.subject.open_cases or look.subject.answering
    if runs and look.evidence.hard and not look.evidence.matter and look.evidence.question <= 1:
        return [found(Intent.SUPPLEMENT, 0.6, "presses for a case that runs")]
    return None


def _report_or_question(look: Look) -> Sequence[Finding] | None:
    evidence = look.evidence
    asks = evidence.question > evidence.report or (evidence.question == evidence.report and not evidence.hard)
    if evidence.question >= _ENOUGH and asks:
        return [found(Intent.INFO_REQUEST, _sure(evidence.question), "asks for information")]
    if evidence.report >= _ENOUGH:
        words = ", ".join(map(repr, evidence.reasons[:8]))
        return [found(Intent.COMPLAINT, _sure(evidence.report), f"says {words}")]
    return None


def _answer(look: Look) -> Sequence[Finding] | None:
    if look.subject.answering:
        return [found(Intent.SUPPLEMENT, 0.6, "we had asked something")]
    if look.subject.open_cases and look.evidence.question < _ENOUGH:
        return [found(Intent.SUPPLEMENT, 0.5, "more words from somebody whose case runs")]
    return None


_RULES: tuple[Rule, ...] = (
    _consent,
    _machine,
    _stop,
    _danger,
    _wordless,
    _pin,
    _data,
    *STRANGERS,
    _menu,
    _greeting,
    *TALK,
    _pressing,
    _report_or_question,
    _answer,
)


def _sure(points: int) -> float:
    return round(min(0.95, 0.4 + 0.1 * points), 2)
