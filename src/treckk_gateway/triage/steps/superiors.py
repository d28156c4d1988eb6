"""Is it about leadership itself? Then leadership is not who should read it first."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Finding, Subject
from treckk_gateway.model.lifecycle import ABOUT_LEADERSHIP
from treckk_gateway.profile.tokens import tokens
from treckk_gateway.triage.pipeline import TriageContext


async def superiors(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The flag `about_leadership` on a complaint about the unit in which words for its leadership stand.

    It is a suspicion, and errs to the safe side: who oversees leadership can hand the case down with one word.
    """
    profile = context.profile
    if not set(context.values("category")) & profile.leadership_only:
        return ()
    spoken = tokens(context.words(subject))
    for words in profile.staff.superiors:
        size = len(words)
        if any(spoken[at : at + size] == words for at in range(len(spoken) - size + 1)):
            reason = f"a complaint about the unit in which {' '.join(words)} is named"
            return [Finding(step="superiors", field="flag", value=ABOUT_LEADERSHIP, confidence=0.7, reason=reason)]
    return ()
