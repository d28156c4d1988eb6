"""Files without words: somebody has to look or listen, or the sender is asked what it is."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Finding, MediaKind, Subject
from treckk_gateway.triage.pipeline import TriageContext

_SHOWN = frozenset({MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.DOCUMENT})
_POLITE = ("filler", "greeting", "thanks")


async def media(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The flags `media_only` for pictures, videos and documents, `voice_only` with `needs_human` for voice notes.

    Politeness is no word here: a photo with "pak" is a photo.
    """
    kinds = {one.kind for one in subject.message.attachments}
    if not kinds or context.read(subject).rest(*_POLITE):
        return []
    found = []
    if kinds & _SHOWN:
        found.append(_flag("media_only", "files without words"))
    if MediaKind.AUDIO in kinds:
        if not kinds & _SHOWN:
            found.append(_flag("voice_only", "a voice note without words"))
        found.append(_flag("needs_human", "somebody must listen"))
    return found


def _flag(name: str, reason: str) -> Finding:
    return Finding(step="media", field="flag", value=name, confidence=0.9, reason=reason)
