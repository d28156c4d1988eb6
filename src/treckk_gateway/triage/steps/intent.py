"""What does the sender want? Rules in order; the first that applies decides, and in doubt a person does.

Source of the codes and keywords: domain reference, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from treckk_gateway.model import Consent, Finding, Intent, MediaKind, Subject, Urgency
from treckk_gateway.model.lifecycle import SETTLED
from treckk_gateway.profile import Reading
from treckk_gateway.triage.pipeline import TriageContext
from treckk_gateway.triage.steps.cues import Evidence, follows, standing, weigh

_NEAR = 5
"""Words that may stand between a verb and what it is about."""
_CONVINCING = 0.6
_SHORT = 8
_POLITE = ("filler", "greeting")


@attrs.frozen(kw_only=True)
class Look:
    """All a rule looks at."""

    subject: Subject
    context: TriageContext
    reading: Reading
    evidence: Evidence

    def only(self, *names: str) -> bool:
        """Whether the message is a word of these lists and else politeness."""
        return self.reading.has(*names) and not self.reading.rest(*names, *_POLITE)

    def near(self, one: str, other: str) -> bool:
        """Whether words of two lists stand close to each other, the first not turned by a "not" before it."""
        return any(
            first.formal is second.formal and max(first.start - second.end, second.start - first.end) <= _NEAR
            for first in self.reading.found(one)
            for second in self.reading.found(other)
            if not follows(self.reading, first, "negation")
        )


Rule = Callable[[Look], Sequence[Finding] | None]


async def intent(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The field `intent`, one of `model.Intent`, with flags and the menu's `keyword` where there is one."""
    reading = context.read(subject)
    look = Look(subject=subject, context=context, reading=reading, evidence=weigh(reading, context))
    flags = [_flag("has_case_number", "a case number stands in it")] if reading.references else []
    for rule in _RULES:
        found = rule(look)
        if found is not None:
            return [*found, *flags]
    return [_is(Intent.UNKNOWN, 0.2, "no rule applies: a person reads it"), *flags]


def _consent(look: Look) -> Sequence[Finding] | None:
    wish = look.subject.message.consent
    if wish is Consent.HELP:
        return [_is(Intent.HELP, 1.0, "the provider took it for a call of the menu")]
    if wish is None:
        return None
    stop = [_is(Intent.OPT_OUT, 1.0, "the provider took it for a wish about messages")]
    return [*stop, _flag("opt_in", "messages are wanted again")] if wish is Consent.START else stop


def _machine(look: Look) -> Sequence[Finding] | None:
    """Filed like a thank-you: it changes nothing and is not answered."""
    return [_is(Intent.FEEDBACK, 0.9, "a machine wrote it")] if look.context.values("automatic") else None


def _stop(look: Look) -> Sequence[Finding] | None:
    """Only a message that says nothing else: "berhenti ..." inside a complaint stops no messages."""
    reading = look.reading
    if look.only("opt_in"):
        return [_is(Intent.OPT_OUT, 0.95, "keyword"), _flag("opt_in", "messages are wanted again")]
    whole = not reading.rest("stop", "stop_weak", "messages", *_POLITE) and len(reading.original) <= _SHORT
    if whole and (reading.has("stop") or (reading.has("stop_weak") and reading.has("messages"))):
        return [_is(Intent.OPT_OUT, 0.95, "asks for no more messages and for nothing else")]
    return None


def _danger(look: Look) -> Sequence[Finding] | None:
    found = [one for one in look.context.found if one.field == "urgency" and one.value == Urgency.EMERGENCY]
    if any(one.confidence >= _CONVINCING for one in found):
        return [_is(Intent.COMPLAINT, 0.9, "tells of danger")]
    return None


def _wordless(look: Look) -> Sequence[Finding] | None:
    """Files, a pin, a number, or signs alone."""
    message, reading = look.subject.message, look.reading
    if reading.original:
        return None
    if reading.references:
        return [_is(Intent.STATUS_QUERY, 0.8, "nothing but a case number")]
    kinds = {one.kind for one in message.attachments}
    if kinds:
        voice = kinds == {MediaKind.AUDIO}
        flags = [_flag("voice_only", "a voice note"), _flag("needs_human", "somebody must listen")]
        return [
            _is(Intent.UNKNOWN, 0.2, "no words"),
            *(flags if voice else [_flag("media_only", "files without words")]),
        ]
    if reading.quoted:
        return [_is(Intent.FEEDBACK, 0.7, "only quotes another message"), _flag("quoted_text", "only quotes")]
    if message.location is not None and (look.subject.answering or look.subject.case is not None):
        return [_is(Intent.SUPPLEMENT, 0.8, "a place for a case that runs")]
    if message.text.strip() and message.location is None and message.unsupported is None:
        return _signs(look)
    return [_is(Intent.UNKNOWN, 0.2, "no words")]


def _signs(look: Look) -> Sequence[Finding] | None:
    if look.reading.questioned and look.subject.open_cases:
        return [_is(Intent.STATUS_QUERY, 0.6, "nothing but a question mark, with a case that runs")]
    if look.reading.questioned:
        return [_is(Intent.HELP, 0.6, "nothing but a question mark")]
    if any(letter.isalnum() for letter in look.subject.message.text):
        return [_is(Intent.UNKNOWN, 0.2, "nothing but a link or a number")]
    return [_is(Intent.FEEDBACK, 0.6, "nothing but signs")]


def _data(look: Look) -> Sequence[Finding] | None:
    if look.only("erase"):
        return [_is(Intent.PRIVACY_REQUEST, 0.95, "keyword")]
    wish = look.near("data_act", "own_data") and not look.reading.has("secrecy")
    if wish and look.evidence.report < 2:  # noqa: PLR2004 one point is no report
        return [_is(Intent.PRIVACY_REQUEST, 0.85, "asks for something about its own data")]
    return None


def _withdrawal(look: Look) -> Sequence[Finding] | None:
    own = look.reading.has("own_report") or look.evidence.matter == 0
    said = look.reading.has("withdrawal") or look.near("withdraw", "report_noun")
    if look.only("withdraw") or (own and said):
        return [_is(Intent.FEEDBACK, 0.85, "takes the report back"), _flag("withdraw", "takes the report back")]
    return None


def _verdict(look: Look) -> Sequence[Finding] | None:
    """The keywords that answer "resolved"."""
    if look.only("not_settled"):
        return [_is(Intent.FEEDBACK, 0.9, "keyword"), _flag("reopen", "says that it is not settled")]
    if look.only("settled"):
        return [_is(Intent.FEEDBACK, 0.9, "keyword"), _keyword("settled")]
    return None


def _menu(look: Look) -> Sequence[Finding] | None:
    reading = look.reading
    if look.only("choose_status"):
        return [_is(Intent.STATUS_QUERY, 0.9, "keyword"), _keyword("status")]
    if look.only("choose_report") or (reading.has("how_to_report") and look.evidence.hard <= 1):
        return [_is(Intent.HELP, 0.9, "wants to report and says nothing yet"), _keyword("report")]
    if look.only("choose_question"):
        return [_is(Intent.HELP, 0.9, "wants to ask and says nothing yet"), _keyword("question")]
    if look.only("menu"):
        return [_is(Intent.HELP, 0.9, "keyword")]
    return None


def _greeting(look: Look) -> Sequence[Finding] | None:
    hailed = look.reading.has("greeting") or len(look.reading.original) <= 2  # noqa: PLR2004 "pak", "min?"
    if hailed and not look.reading.rest(*_POLITE) and not look.reading.has("cry", "agree", "thanks"):
        return [_is(Intent.HELP, 0.9, "a greeting and nothing else")]
    return None


def _thanks(look: Look) -> Sequence[Finding] | None:
    reading = look.reading
    lists = ("thanks", "praise", "praise_about", "agree", *_POLITE)
    if not reading.has("thanks", "praise", "agree") or reading.has("negation", "nuisance"):
        return None
    if standing(reading, "cry"):
        return None
    spare = 1 if reading.has("thanks") else 0
    if len(reading.rest(*lists)) <= spare and not reading.questioned and look.evidence.report <= 1:
        return [_is(Intent.FEEDBACK, 0.9, "thanks or agrees and nothing else")]
    return None


def _status(look: Look) -> Sequence[Finding] | None:
    reading, report = look.reading, look.evidence.report
    asked = reading.questioned or reading.has("status", "question")
    told = look.evidence.matter > 0 and report > 2  # noqa: PLR2004 more than a word on what it was about
    if reading.has("status_alone") and (report <= 1 or reading.has("own_report")):
        return [_is(Intent.STATUS_QUERY, 0.9, "asks how far it is")]
    if asked and not told and (reading.has("own_report") or reading.references):
        return [_is(Intent.STATUS_QUERY, 0.85, "asks about a report of its own")]
    if reading.has("report_noun") and reading.has("status") and report <= 1 and not reading.has("ask_intro"):
        return [_is(Intent.STATUS_QUERY, 0.7, "asks about a report")]
    if look.subject.open_cases and look.only("question", "status"):
        return [_is(Intent.STATUS_QUERY, 0.6, "asks, with a case that runs")]
    return None


def _objection(look: Look) -> Sequence[Finding] | None:
    """Says that it goes on. Without a case handled before, only clear words that describe nothing new count."""
    case = look.subject.case
    handled = case is not None and case.state in SETTLED
    plain = look.evidence.matter == 0
    if look.reading.has("objection") and (handled or plain):
        sure = 0.9 if handled else 0.65
    elif handled and look.reading.has("weak_objection"):
        sure = 0.65
    else:
        return None
    return [_is(Intent.FEEDBACK, sure, "says that it is not settled"), _flag("reopen", "says that it goes on")]


def _pin(look: Look) -> Sequence[Finding] | None:
    if look.subject.message.location is not None and look.only("here"):
        return [_is(Intent.SUPPLEMENT, 0.8, "says where it is")]
    return None


def _report_or_question(look: Look) -> Sequence[Finding] | None:
    evidence = look.evidence
    asks = evidence.question > evidence.report or (evidence.question == evidence.report and not evidence.hard)
    if evidence.question >= 2 and asks:  # noqa: PLR2004 one point is no question
        return [_is(Intent.INFO_REQUEST, _sure(evidence.question), "asks for information")]
    if evidence.report >= 2:  # noqa: PLR2004 one point is no report
        words = ", ".join(map(repr, evidence.reasons[:8]))
        return [_is(Intent.COMPLAINT, _sure(evidence.report), f"says {words}")]
    return None


def _answer(look: Look) -> Sequence[Finding] | None:
    if look.subject.answering:
        return [_is(Intent.SUPPLEMENT, 0.6, "we had asked something")]
    return None


_RULES: tuple[Rule, ...] = (
    _consent,
    _machine,
    _stop,
    _danger,
    _wordless,
    _pin,
    _data,
    _withdrawal,
    _verdict,
    _menu,
    _greeting,
    _thanks,
    _objection,
    _status,
    _report_or_question,
    _answer,
)


def _sure(points: int) -> float:
    return round(min(0.95, 0.4 + 0.1 * points), 2)


def _is(what: Intent, confidence: float, reason: str) -> Finding:
    return Finding(step="intent", field="intent", value=what.value, confidence=confidence, reason=reason)


def _flag(name: str, reason: str) -> Finding:
    return Finding(step="intent", field="flag", value=name, confidence=0.9, reason=reason)


def _keyword(name: str) -> Finding:
    return Finding(step="intent", field="keyword", value=name, confidence=0.9, reason="a word of the menu")
