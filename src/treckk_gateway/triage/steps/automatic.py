"""Did a machine write it?"""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Finding, Subject
from treckk_gateway.triage.pipeline import TriageContext


async def automatic(subject: Subject, context: TriageContext) -> Sequence[Finding]:
    """The field `automatic`, value `true`: by the adapter's word (mail headers), or by what only machines say.

    Words of danger outweigh the latter.
    """
    if subject.message.automatic:
        return [_found(1.0, "the mail's own headers say that it was sent automatically")]
    reading = context.read(subject)
    if reading.has("emergency", "unlist"):
        return []
    said = reading.phrases("auto_reply")
    if not said and reading.has("auto_greeting") and reading.has("auto_promise"):
        said = reading.phrases("auto_greeting", "auto_promise")
    return [_found(0.8, f"says {', '.join(map(repr, said))}")] if said else []


def _found(confidence: float, reason: str) -> Finding:
    return Finding(step="automatic", field="automatic", value="true", confidence=confidence, reason=reason)
