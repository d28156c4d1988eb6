"""In which language is it written?"""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Finding, Subject
from treckk_gateway.profile.lexicon import share
from treckk_gateway.triage.pipeline import TriageContext

MIXED = "mixed"
_FEW = 2
_MOSTLY = 0.3
_SOME = 0.12


async def language(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The field `language`: the unit's own, one of the profile's dialects by the share of its words, or `mixed`.

    Nothing is found in a message without words, nor in one or two words that show nothing: "ok" is no language.
    """
    words = context.read(subject).original
    if not words:
        return []
    shares = [(share(words, one.words), one) for one in context.profile.lexicon.dialects]
    part, dialect = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    if dialect is not None and part >= _MOSTLY:
        return [_found(dialect.code, part)]
    if dialect is not None and dialect.mixes and part >= _SOME:
        return [_found(MIXED, part)]
    return [_found(context.profile.languages[0], 1 - part)] if len(words) > _FEW else []


def _found(code: str, part: float) -> Finding:
    reason = f"{part:.0%} of its words"
    return Finding(
        step="language", field="language", value=code, confidence=round(min(0.5 + part / 2, 0.95), 2), reason=reason
    )
