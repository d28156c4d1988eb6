"""What the sender wishes about themselves: that their name stays secret, that nobody writes back."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Finding, Subject
from treckk_gateway.triage.pipeline import TriageContext

_WISHES = {"hide_name": "confidential", "silence": "silent"}


async def wishes(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The flags `confidential` and `silent`, by the phrases of `dialogue.toml`."""
    reading = context.read(subject)
    known = context.values("flag")
    return [
        Finding(step="wishes", field="flag", value=flag, confidence=0.85, reason="wishes it in so many words")
        for phrases, flag in _WISHES.items()
        if flag not in known and context.profile.dialogue.stands(phrases, reading.original, reading.formal)
    ]
