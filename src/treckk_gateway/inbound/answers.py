"""Answers that need no case: a status, a wish for silence, a request about one's data, a greeting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
from msgspec.structs import replace

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.questions import SILENT
from treckk_gateway.errors import NotFoundError
from treckk_gateway.inbound.conversation import Conversations, Scene
from treckk_gateway.model import Actor, Case, CaseUpdate, Consent, EventKind, Finding, Intent, Role
from treckk_gateway.model import subject as judged
from treckk_gateway.privacy import Box
from treckk_gateway.store.orders import CaseFields, ConversationFields, Draft, Filing

_MINUTE = 60_000_000
_ANSWER_EVERY = {
    "greeting": 10,
    "status": 1,
    "status_not_found": 1,
    "abuse": 60,
    "too_many": 60,
    "opt_out": 1,
    "opt_in": 1,
    "privacy_ack": 60,
}
"""Minutes within which the same answer is given once: two machines talking to each other must run dry."""
_INVITES = {"report": "invite_report", "question": "invite_question"}
_SILENT = frozenset({Intent.SPAM, Intent.FEEDBACK})


@attrs.frozen
class Answers:
    """Filings that answer and open nothing."""

    casework: Casework

    async def consent(self, scene: Scene, opt_in: bool, now: int) -> Filing:  # noqa: FBT001 one of two
        """Silence or messages again, as the person wishes."""
        back = opt_in or scene.message.consent is Consent.START
        fields = ConversationFields(opted_in=True) if back else ConversationFields(opted_out_at=now)
        if scene.message.consent is Consent.HELP:
            fields = ConversationFields()
        template = "opt_in" if back else "opt_out"
        # Where the provider answered the word itself, a second answer would only confuse.
        drafts = (
            ()
            if scene.message.consent is not None
            else self.once(scene, CaseUpdate(template=template, reply=True), now)
        )
        filing = Filing(inbox_id=None, now=now, conversation=fields, drafts=drafts)
        return self._spoken_to_again(scene, filing) if back else filing

    def _spoken_to_again(self, scene: Scene, filing: Filing) -> Filing:
        """Whoever wants messages again wants them about a case they had wanted to hear nothing of, too."""
        case = scene.case
        if case is None or SILENT not in case.flags:
            return filing
        flags = tuple(one for one in case.flags if one != SILENT)
        return replace(filing, case_id=case.case_id, version=case.version, fields=CaseFields(flags=flags))

    async def status(self, scene: Scene, now: int) -> Filing:
        """How the person's own case stands; the same answer for a wrong number and for somebody else's."""
        store = self.casework.store
        case, numbered = await Conversations(self.casework).mentioned(scene.message.text, scene.reporter)
        if case is None and not numbered:
            case = scene.case or await store.latest_case(scene.reporter.id)
        if case is None:
            return Filing(
                inbox_id=None,
                now=now,
                drafts=self.once(scene, CaseUpdate(template="status_not_found", reply=True), now),
            )
        case = await self.casework.store.root(case.case_id) or case
        known = await self.casework.as_told(case, scene.conversation.id)
        values = {
            "nomor": known.reference,
            "status": self.casework.wording.state(known, known.language),
            "waktu": self.casework.wording.moment(case.changed_at),
        }
        # The question joins the case: what sounds like one may be a plea, and people should see it.
        box = await self.box(scene, case)
        answer = CaseUpdate(template="status", values=values, reply=True)
        return Filing(
            inbox_id=None,
            now=now,
            case_id=case.case_id,
            event=self.casework.event(box, reporter_of(scene), EventKind.MESSAGE, {"asked": "status"}),
            # Whoever holds the case answers for it.
            drafts=self.once(scene, answer, now) if case.taken is None else (),
        )

    async def privacy(self, scene: Scene, now: int) -> Filing:
        """Acknowledged at once, and a task for people: they decide before the day named (domain reference, 12)."""
        clocks = self.casework.clocks
        batas = self.casework.wording.last_day(clocks.calendar.add(now, clocks.limits.personal_data))
        answer = self.once(scene, CaseUpdate(template="privacy_ack", values={"batas": batas}, reply=True), now)
        told = self.casework.wording.privacy_task(scene.reporter.pseudonym, batas)
        desk = await self.casework.tell_staff(
            self.casework.roster.told([Role.ADMIN]), CaseUpdate(template="note", values={"isi": told}, step="privacy")
        )
        case = scene.case or await self.casework.store.latest_case(scene.reporter.id)
        if case is None:
            return Filing(inbox_id=None, now=now, drafts=(*answer, *desk))
        return Filing(
            inbox_id=None,
            now=now,
            case_id=case.case_id,
            fields=CaseFields(flags=tuple(dict.fromkeys((*case.flags, "privacy_request")))),
            event=self.casework.event(
                await self.box(scene, case), reporter_of(scene), EventKind.DATA_REQUEST, {"privacy_request": batas}
            ),
            drafts=(*answer, *desk),
        )

    def answer(self, scene: Scene, intent: Intent, findings: Sequence[Finding], now: int) -> Filing:
        """An answer without a case: the menu, an invitation, a calm word, or nothing."""
        if intent in _SILENT:
            return Filing(inbox_id=None, now=now)
        asked = _INVITES.get(value_of(findings, "keyword") or "", "greeting")
        update = CaseUpdate(template="abuse" if intent is Intent.ABUSE else asked, reply=True)
        fields = ConversationFields(language=self.language(scene, findings))
        return Filing(inbox_id=None, now=now, conversation=fields, drafts=self.once(scene, update, now))

    async def box(self, scene: Scene, case: Case) -> Box:
        """What a case's own entries are sealed in: its first reporter's box, whoever writes now."""
        try:
            return await self.casework.people.box(case.reporter_id)
        except NotFoundError:  # erased: nobody opens these entries any more
            return scene.box

    def language(self, scene: Scene, findings: Sequence[Finding]) -> str:
        """The language this person is answered in."""
        found = value_of(findings, "language") or scene.conversation.language
        return self.casework.profile.reply_language(found)

    def drafts(self, scene: Scene, update: CaseUpdate) -> tuple[Draft, ...]:
        """An update for whoever wrote, unless a stranger wrote or the channel cannot send."""
        if scene.foreign or not self.casework.speaks(scene.channel_id):
            return ()
        return (self.casework.draft(scene.box, scene.conversation, update),)

    def once(self, scene: Scene, update: CaseUpdate, now: int) -> tuple[Draft, ...]:
        """The same, but the same answer only once in a while."""
        bucket = now // (_ANSWER_EVERY.get(update.template, 10) * _MINUTE)
        number = update.values.get("nomor", "")
        return tuple(
            replace(one, once=f"answer:{update.template}{number}:{bucket}") for one in self.drafts(scene, update)
        )


def value_of(findings: Iterable[Finding], field: str) -> str | None:
    """The best finding's value for a field."""
    found = judged.best(findings, field)
    return found.value if found else None


def reporter_of(scene: Scene) -> Actor:
    """Who wrote, by pseudonym."""
    return Actor(name=scene.reporter.pseudonym, role=Role.REPORTER)
