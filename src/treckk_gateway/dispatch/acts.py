"""Takes a message of somebody on the roster as that person's act: understood, asked about, done or refused."""

from __future__ import annotations

import attrs
from msgspec.structs import replace

from treckk_gateway.casework.bodies import MessageBody, Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.menus import reply
from treckk_gateway.dispatch.conversing import Conversing
from treckk_gateway.dispatch.telling import Reply
from treckk_gateway.model import CaseUpdate, InboundMessage, Staff
from treckk_gateway.store.orders import ConversationFields, Draft, Filing, NewMessage
from treckk_gateway.store.rows import ConversationRow

_HOUR = 3_600_000_000


@attrs.frozen
class Acts:
    """What staff write, over any channel. A mail acts only with the secret of a notice we sent that person."""

    casework: Casework

    async def take(self, staff: Staff, channel_id: str, message: InboundMessage) -> Filing:
        """The filing of the message: what it does with an answer, or the answer why not.

        Decided on the case as it stands: when that changed meanwhile, the filing comes back stale and the message is
        taken anew.
        """
        conversation = await self.casework.people.staff_conversation(channel_id, message.sender, staff.name)
        kept = NewMessage(
            conversation_id=conversation.id,
            reporter_id=None,
            body=self.casework.keyring.unit.seal_value(Purpose.MESSAGE, MessageBody.of(message)),
            automatic=message.automatic,
            direction="staff",
        )
        filing = Filing(inbox_id=None, now=self.casework.clock(), message=kept)
        if message.automatic:
            return filing
        if message.sender.scheme == "mailto" and not await self._answers_us(conversation, message):
            return replace(filing, drafts=self._refused_mail(conversation, filing.now))
        if await self.casework.only_asks_for_waiting(conversation, message):
            return filing
        actor = self.casework.roster.actor(staff)
        answer = await Conversing(self.casework, actor, conversation, channel_id).hear(message)
        return await self._filed(filing, answer, conversation, message)

    async def _answers_us(self, conversation: ConversationRow, message: InboundMessage) -> bool:
        """Whether a mail carries the secret of this very conversation (lessons, E3): its From proves nothing."""
        if message.reply_token is None:
            return False
        hashed = self.casework.people.token_hash(message.reply_token)
        return await self.casework.store.conversation_of_token(hashed) == conversation.id

    def _refused_mail(self, conversation: ConversationRow, now: int) -> tuple[Draft, ...]:
        update = attrs.evolve(reply(self.casework.profile.staff.say("by_mail"), "by_mail"), reply=True)
        return tuple(replace(one, once=f"by_mail:{now // _HOUR}") for one in self._drafts(conversation, update))

    async def _filed(
        self, filing: Filing, answer: Reply, conversation: ConversationRow, message: InboundMessage
    ) -> Filing:
        fields = ConversationFields(asking=answer.waiting, answered=True)
        update = attrs.evolve(answer.update, step=f"act:{message.dedupe_key}", reply=True) if answer.update else None
        drafts = self._drafts(conversation, update) if update else ()
        if answer.sealed_for is not None and update is not None:
            box = await self.casework.people.box(answer.sealed_for)
            drafts = tuple(replace(one, values=box.seal_value(Purpose.VALUES, update.values)) for one in drafts)
        if answer.filing is not None:
            done = answer.filing
            opened = done.message if done.opens is not None else None
            return replace(
                done,
                now=filing.now,
                message=opened or filing.message,
                conversation=fields,
                drafts=(*done.drafts, *drafts),
            )
        return replace(filing, conversation=fields, case_id=answer.case_id, drafts=drafts)

    def _drafts(self, conversation: ConversationRow, update: CaseUpdate) -> tuple[Draft, ...]:
        if not self.casework.speaks(conversation.channel_id):
            return ()
        return (self.casework.draft(self.casework.keyring.unit, conversation, update),)
