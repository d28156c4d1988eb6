"""Whose matter is it too? A referral forbids nothing: a fight is the unit's business and the police's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from treckk_gateway.model import Finding, Subject, Urgency
from treckk_gateway.profile import Matter, Pointing, Profile
from treckk_gateway.triage.pipeline import TriageContext
from treckk_gateway.triage.steps.cues import quoted_words


async def referral(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The field `refer_to`, codes of the profile's offices, and `urgency` low where nobody is in danger.

    A matter of other offices that the words point to names them, and so does the category in an emergency. A question
    is referred like a complaint: it may be about another office's papers.
    """
    profile = context.profile
    pointed = context.read(subject).pointing
    named = {*context.values("category"), *context.values("also")}
    urgent = Urgency.EMERGENCY in context.values("urgency")
    found: dict[str, str] = {}
    matters = list(_matters(pointed, profile, named, asks="info_request" in context.values("intent")))
    for matter, one in matters:
        for office in matter.offices:
            found.setdefault(office, f"says {quoted_words(one.words)}")
    if urgent:
        for code in sorted(named):
            category = profile.category(code)
            for office in category.offices if category else ():
                found.setdefault(office, f"an emergency of the category {code}")
    referred = [
        Finding(step="referral", field="refer_to", value=office, confidence=0.7, reason=reason)
        for office, reason in found.items()
    ]
    if matters and all(matter.low for matter, _one in matters) and _alone(matters, context):
        reason = "a matter of another office, and no danger is told of"
        referred.append(Finding(step="referral", field="urgency", value=Urgency.LOW, confidence=0.6, reason=reason))
    return referred


def _matters(
    pointed: Mapping[str, Pointing], profile: Profile, named: set[str], *, asks: bool
) -> Iterator[tuple[Matter, Pointing]]:
    for code, one in pointed.items():
        category = profile.category(code)
        if category is None or not (code in named or asks):
            continue
        for matter in category.matters:
            if matter.matter_id in one.matters:
                yield matter, one


def _alone(matters: list[tuple[Matter, Pointing]], context: TriageContext) -> bool:
    """Whether the message is about nothing but matters of others."""
    codes = {matter.matter_id.partition(".")[0] for matter, _one in matters}
    return {*context.values("category")} <= codes
