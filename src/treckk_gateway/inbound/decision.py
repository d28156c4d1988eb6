"""What is done with a message, given what triage thinks of it: opened, joined, answered, asked, or only filed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from treckk_gateway.casework.casework import Casework
from treckk_gateway.inbound.answers import Answers, value_of
from treckk_gateway.inbound.choosing import Choices
from treckk_gateway.inbound.conversation import Scene
from treckk_gateway.inbound.filling import Filling
from treckk_gateway.inbound.joining import Joinings
from treckk_gateway.inbound.loops import silenced
from treckk_gateway.inbound.opening import Openings
from treckk_gateway.inbound.wishes import Wishes
from treckk_gateway.model import OPENS_CASE, Case, CaseUpdate, Finding, Instant, Intent, Urgency
from treckk_gateway.model import subject as judged
from treckk_gateway.model.lifecycle import SETTLED
from treckk_gateway.store.orders import Draft, Filing, FirstClocks

_REPORTING = frozenset({Intent.COMPLAINT, Intent.SECURITY_REQUEST})


class Decisions:
    """Turns a message and the findings about it into one filing."""

    def __init__(self, casework: Casework, clocks: Callable[[Case, Instant], FirstClocks | None]) -> None:
        self.casework = casework
        self.answers = Answers(casework)
        self.filling = Filling(casework)
        self.openings = Openings(casework, self.answers, self.filling, clocks)
        self.joinings = Joinings(casework, self.answers, self.filling)
        self.wishes = Wishes(casework, self.answers, self.openings, self.joinings)
        self.choices = Choices(casework, self.answers, self.openings, self.joinings)

    async def decide(self, scene: Scene, findings: Sequence[Finding]) -> Filing:
        """The one filing for this message, not yet applied; the caller adds the message itself."""
        return self._bounded(scene, await self._decide(scene, findings))

    async def overflow(self, scene: Scene) -> Filing:
        """What came of a person beyond the limit is kept with their case, unread by triage and not answered."""
        now = self.casework.clock()
        return self._bounded(scene, await self.joinings.join(scene, scene.case or scene.running[0], (), now))

    def _bounded(self, scene: Scene, filing: Filing) -> Filing:
        if scene.looping or scene.message.quiet:
            return silenced(filing, scene.conversation.id)
        return self._hushed(scene, filing) if scene.flooding else filing

    def _hushed(self, scene: Scene, filing: Filing) -> Filing:
        """Nobody is sent fifty answers in a minute: a case's number, danger, and once that all is kept."""
        once = () if scene.message.automatic else self._enough(scene, filing.now)
        if filing.opens is not None:
            return replace(filing, drafts=(*filing.drafts, *once))
        drafts = (*(one for one in filing.drafts if one.urgent), *once)
        fields = filing.conversation
        return replace(filing, drafts=drafts, conversation=replace(fields, asking=None) if fields is not None else None)

    def _enough(self, scene: Scene, now: int) -> tuple[Draft, ...]:
        if scene.conversation.opted_out_at is not None:
            return ()
        return self.answers.once(scene, CaseUpdate(template="too_many", reply=True), now)

    async def _decide(self, scene: Scene, findings: Sequence[Finding]) -> Filing:
        intent = judged.intent(findings)
        now = self.casework.clock()
        urgent = judged.urgency(findings) is Urgency.EMERGENCY
        if scene.message.automatic:
            return await self.joinings.join(scene, scene.threaded, findings, now)
        if not urgent and self._about_the_unit(scene, intent, findings):
            return await self._apart(scene, intent, findings, now)
        # Danger to life is never taken for a question or a wish, whatever else the message says.
        asked = None if urgent else await self._asked(scene, intent, findings, now)
        if asked is not None:
            return asked
        if scene.case is not None and not self._new_matter(scene, intent):
            return await self.joinings.join(scene, scene.case, findings, now)
        if scene.ambiguous and not urgent and intent is not Intent.HELP:
            if scene.flooding:
                return await self.joinings.join(scene, scene.running[0], findings, now)
            return await self.choices.ask(scene, now, tried=0)
        if intent is Intent.SUPPLEMENT and scene.case is None:  # an addition to nothing is never met with silence
            return self.openings.open(scene, Intent.UNKNOWN, findings, now)
        if intent in OPENS_CASE or urgent:
            opens = intent if intent in OPENS_CASE else Intent.COMPLAINT
            return self.openings.open(scene, opens, findings, now)
        return self.answers.answer(scene, intent, findings, now)

    async def _asked(self, scene: Scene, intent: Intent, findings: Sequence[Finding], now: int) -> Filing | None:
        """What a person asks of us or answers us rather than reports."""
        if await self.casework.only_asks_for_waiting(scene.conversation, scene.message):
            return Filing(inbox_id=None, now=now)
        back = "opt_in" in judged.flags(findings) or self._back(scene)
        if scene.message.consent is not None or intent is Intent.OPT_OUT or back:
            return await self.answers.consent(scene, back, now)
        if scene.asking is not None:
            return await self.choices.answered(scene, scene.asking, findings, now)
        pending = scene.pending
        if pending is not None and scene.case in {None, pending} and self._answers(scene, pending, findings):
            return await self.joinings.join(scene, pending, findings, now)
        if intent is Intent.STATUS_QUERY:
            return await self.answers.status(scene, now)
        if intent is Intent.PRIVACY_REQUEST:
            return await self.answers.privacy(scene, now)
        return await self.wishes.wish(scene, findings, now)

    def _back(self, scene: Scene) -> bool:
        """Whether somebody who wanted no messages says yes, and nothing else: over SMS Twilio lets them pass again."""
        silent = scene.conversation.opted_out_at is not None
        return silent and self.casework.profile.dialogue.only("yes", scene.message.text)

    def _about_the_unit(self, scene: Scene, intent: Intent, findings: Sequence[Finding]) -> bool:
        """Whether it complains about the unit while the reporter's case is one that others read."""
        hidden = self.casework.profile.leadership_only
        about = intent is Intent.COMPLAINT and value_of(findings, "category") in hidden
        return about and any(one.category not in hidden for one in (scene.case, *scene.running) if one is not None)

    async def _apart(self, scene: Scene, intent: Intent, findings: Sequence[Finding], now: int) -> Filing:
        """Into the reporter's case that only leadership reads, opened where there is none (domain reference, R25)."""
        hidden = self.casework.profile.leadership_only
        own = next((one for one in scene.running if one.category in hidden), None)
        if own is not None:
            return await self.joinings.join(scene, own, findings, now)
        return self.openings.open(scene, intent, findings, now)

    def _answers(self, scene: Scene, pending: Case, findings: Sequence[Finding]) -> bool:
        """Whether the message answers our question: by the number of a place it does, whatever else that may mean."""
        if self.filling.picked(scene, pending) is not None:
            return True
        return scene.case is None and self.filling.answers(scene, pending, findings)

    def _new_matter(self, scene: Scene, intent: Intent) -> bool:
        """A fresh report after an outcome is a case of its own, unless the reporter answered in the old thread."""
        return (
            scene.threaded is None
            and scene.case is not None
            and scene.case.state in SETTLED
            and intent in (_REPORTING | {Intent.INFO_REQUEST, Intent.HELP})
        )
