"""What is done with a message, given what triage thinks of it: opened, joined, answered, asked, or only filed."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.casework.casework import Casework
from treckk_gateway.inbound.answers import Answers
from treckk_gateway.inbound.choosing import Choices
from treckk_gateway.inbound.conversation import Scene
from treckk_gateway.inbound.joining import Joinings
from treckk_gateway.inbound.opening import Openings
from treckk_gateway.model import OPENS_CASE, CaseUpdate, Finding, Intent, State, Urgency
from treckk_gateway.model import subject as judged
from treckk_gateway.model.lifecycle import SETTLED
from treckk_gateway.store.orders import Filing

_REPORTING = frozenset({Intent.COMPLAINT, Intent.SECURITY_REQUEST})


class Decisions:
    """Turns a message and the findings about it into one filing."""

    def __init__(self, casework: Casework) -> None:
        self.casework = casework
        self.answers = Answers(casework)
        self.openings = Openings(casework, self.answers)
        self.joinings = Joinings(casework, self.answers)
        self.choices = Choices(casework, self.answers, self.openings, self.joinings)

    async def decide(self, scene: Scene, findings: Sequence[Finding]) -> Filing:
        """The one filing for this message, not yet applied; the caller adds the message itself."""
        intent = judged.intent(findings)
        flags = judged.flags(findings)
        now = self.casework.clock()
        urgent = judged.urgency(findings) is Urgency.EMERGENCY
        if scene.message.automatic:
            return await self.joinings.join(scene, scene.threaded, findings, now)
        # Danger to life is never taken for a question or a wish, whatever else the message says.
        asked = None if urgent else await self._asked(scene, intent, findings, now)
        if asked is not None:
            return asked
        if scene.case is not None and not self._new_matter(scene, intent):
            return await self.joinings.join_or_reopen(scene, scene.case, findings, flags, now)
        if scene.case is None and not scene.ambiguous:
            past = await self._about_the_past(scene, intent, findings, flags, now)
            if past is not None:
                return past
        if scene.ambiguous and not urgent and intent is not Intent.HELP:
            return await self.choices.ask(scene, now, tried=0)
        if intent in OPENS_CASE or urgent:
            return self.openings.open(
                scene, Intent.COMPLAINT if urgent and intent not in OPENS_CASE else intent, findings, now
            )
        return self.answers.answer(scene, intent, findings, now)

    async def _asked(self, scene: Scene, intent: Intent, findings: Sequence[Finding], now: int) -> Filing | None:
        """What a person asks of us rather than reports: silence, an answer to our question, a status, their data."""
        if scene.message.consent is not None or intent is Intent.OPT_OUT:
            return await self.answers.consent(scene, "opt_in" in judged.flags(findings), now)
        if scene.asking is not None:
            return await self.choices.answered(scene, scene.asking, findings, now)
        if intent is Intent.STATUS_QUERY:
            return await self.answers.status(scene, now)
        return await self.answers.privacy(scene, now) if intent is Intent.PRIVACY_REQUEST else None

    async def _about_the_past(
        self, scene: Scene, intent: Intent, findings: Sequence[Finding], flags: tuple[str, ...], now: int
    ) -> Filing | None:
        """An objection to a closed case, a withdrawal of none, an addition to nothing: never met with silence."""
        if intent is Intent.FEEDBACK and "reopen" in flags:
            latest = await self.casework.store.latest_case(scene.reporter.id)
            if latest is not None and latest.state is State.CLOSED:
                return await self.joinings.join_or_reopen(scene, latest, findings, flags, now)
            return self.openings.open(scene, Intent.UNKNOWN, findings, now)
        if intent is Intent.FEEDBACK and "withdraw" in flags:
            update = CaseUpdate(template="status_not_found", reply=True)
            return Filing(inbox_id=None, now=now, drafts=self.answers.once(scene, update, now))
        return self.openings.open(scene, Intent.UNKNOWN, findings, now) if intent is Intent.SUPPLEMENT else None

    def _new_matter(self, scene: Scene, intent: Intent) -> bool:
        """A fresh report after an outcome is a case of its own, unless the reporter answered in the old thread."""
        return (
            scene.threaded is None
            and scene.case is not None
            and scene.case.state in SETTLED
            and intent in (_REPORTING | {Intent.INFO_REQUEST, Intent.HELP})
        )
