"""What staff write from their phones: a case number, a word, and what goes with it, in any order."""

from __future__ import annotations

import attrs
from msgspec.structs import replace

from treckk_gateway.casework.bodies import MessageBody, Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.views import Given
from treckk_gateway.errors import CaseworkError, NotFoundError
from treckk_gateway.model import Actor, Case, CaseUpdate, InboundMessage, Reason, Staff, State, lifecycle
from treckk_gateway.store.orders import Draft, Filing, NewMessage

WORDS: dict[str, State] = {
    "telaah": State.UNDER_REVIEW,
    "review": State.UNDER_REVIEW,
    "instruksi": State.INSTRUCTED,
    "tugaskan": State.INSTRUCTED,
    "instruct": State.INSTRUCTED,
    "berangkat": State.EN_ROUTE,
    "jalan": State.EN_ROUTE,
    "depart": State.EN_ROUTE,
    "selesai": State.RESOLVED,
    "resolved": State.RESOLVED,
    "tolak": State.NOT_ACTIONABLE,
    "reject": State.NOT_ACTIONABLE,
    "rujuk": State.REFERRED,
    "refer": State.REFERRED,
    "teruskan": State.INFO_FORWARDED,
    "forward": State.INFO_FORWARDED,
    "jawab": State.ANSWERED,
    "answer": State.ANSWERED,
    "tutup": State.CLOSED,
    "close": State.CLOSED,
}
"""The word that names each act."""

_TRUSTED = frozenset({"whatsapp", "sms"})
"""A mail's From proves nothing, so acts by mail are not taken (lessons, E3)."""


@attrs.frozen
class Acts:
    """Takes a message of somebody on the roster as that person's act."""

    casework: Casework

    async def take(self, staff: Staff, channel_id: str, message: InboundMessage) -> Filing:
        """The filing of the message: the step it asks for with an answer, or the answer why not."""
        actor = self.casework.roster.actor(staff)
        now = self.casework.clock()
        conversation = await self.casework.people.staff_conversation(channel_id, message.sender, staff.name)
        kept = NewMessage(
            conversation_id=conversation.id,
            reporter_id=None,
            body=self.casework.keyring.unit.seal_value(Purpose.MESSAGE, MessageBody.of(message)),
            automatic=message.automatic,
        )
        filing = Filing(inbox_id=None, now=now, message=kept)
        if message.automatic or message.sender.scheme not in _TRUSTED:
            return filing
        try:
            filing, answer = await self._act(filing, actor, message.text)
        except (CaseworkError, NotFoundError) as problem:
            answer = str(problem)
        update = CaseUpdate(template="note", values={"isi": answer}, reply=True, step=f"act:{message.dedupe_key}")
        draft: tuple[Draft, ...] = ()
        if self.casework.speaks(channel_id):
            draft = (self.casework.draft(self.casework.keyring.unit, conversation, update),)
        return replace(filing, drafts=(*filing.drafts, *draft))

    async def _act(self, filing: Filing, actor: Actor, text: str) -> tuple[Filing, str]:
        case, rest = await self._case(actor, text)
        word, _, more = rest.partition(" ")
        target = WORDS.get(word.strip(".,:!").casefold())
        if target is None:
            words = sorted({one for one, state in WORDS.items() if state in self._possible(case, actor)})
            return filing, f"{case.reference}: {', '.join(words).upper() or '-'}"
        given = read_given(target, more.strip())
        step = lifecycle.step(case.state, target, actor.roles)
        lifecycle.require(step, given.names())
        await self.casework.guard(case, step, given)
        change = await self.casework.step(case, step, actor, given)
        filing = replace(
            filing,
            case_id=case.case_id,
            version=case.version,
            fields=change.fields,
            event=change.event,
            drafts=change.drafts,
            timers=change.timers,
            # What staff write is internal: it stays out of the case's public messages.
            message=filing.message,
        )
        return (
            filing,
            f"{case.reference}: {self.casework.profile.state_word(target, self.casework.profile.languages[0])}",
        )

    async def _case(self, actor: Actor, text: str) -> tuple[Case, str]:
        found = self.casework.reference_in(text)
        if found is None:
            raise NotFoundError(f"{self.casework.profile.reference_prefix}-...?")
        case = await self.casework.by_reference(found.group())
        if not self.casework.visible(case, actor):
            raise NotFoundError("no case has that number")
        rest = " ".join(f"{text[: found.start()]} {text[found.end() :]}".split())
        return case, rest

    def _possible(self, case: Case, actor: Actor) -> set[State]:
        return {one.target for one in lifecycle.targets(case.state, actor.roles)}


def read_given(target: State, text: str) -> Given:
    """What goes with an act, from the words after it: a post, a reason, an office, a topic or a note."""
    word, _, more = text.partition(" ")
    plain = word.strip(".,:;").casefold()
    if target is State.INSTRUCTED:
        return Given(post=plain.replace("-", "_") or None, note=more or None)
    if target is State.NOT_ACTIONABLE:
        return (
            Given(reason=plain, note=more or None)
            if plain in set(Reason)
            else Given(reason=Reason.OTHER, note=text or None)
        )
    if target is State.REFERRED:
        return Given(office=plain or None, note=more or None)
    if target is State.INFO_FORWARDED:
        return Given(topic=text or None)
    return Given(note=text or None)
