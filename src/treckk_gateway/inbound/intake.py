"""A stored message becomes part of a case, or is answered without one. Intake asks triage, it opens nothing itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import attrs
import structlog
from msgspec.structs import replace

from treckk_gateway.casework.bodies import MessageBody, Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.surroundings import Recognise, Surroundings
from treckk_gateway.channel import Channel, ParseMode
from treckk_gateway.errors import NotFoundError, PayloadError, StoreError, described
from treckk_gateway.inbound.conversation import Conversations, Scene
from treckk_gateway.inbound.decision import Decisions
from treckk_gateway.inbound.media import Files
from treckk_gateway.inbound.parsing import Parser
from treckk_gateway.inbound.unreachable import tell_desk
from treckk_gateway.model import Case, DeliveryReceipt, InboundMessage, Instant, Staff, Subject, Urgency
from treckk_gateway.model import subject as judged
from treckk_gateway.settings import SenderSettings
from treckk_gateway.store.orders import ConversationFields, Filing, FirstClocks, Heard, NewMessage
from treckk_gateway.store.rows import InboxRow

Act = Callable[[Staff, str, InboundMessage], Awaitable[Filing]]

_SECOND = 1_000_000
_TRIES = 5
_SHORT = 40
"""Characters of a message that triage reads at once, whatever else came."""
_RACES = 5

log = structlog.get_logger(__name__)


@attrs.frozen(kw_only=True)
class Intake:
    """Files inbox rows. `recognise` is triage over the message in its conversation; `act` takes what staff write.

    `clocks` tells those of a case that opens. `alarm` looks for danger alone: it is all that is asked of a message
    beyond its sender's `limit`.
    """

    casework: Casework
    channels: Mapping[str, Channel]
    parser: Parser
    files: Files
    recognise: Recognise
    alarm: Recognise
    act: Act
    clocks: Callable[[Case, Instant], FirstClocks | None]
    limit: SenderSettings = attrs.field(factory=SenderSettings)
    conversations: Conversations = attrs.field(init=False)
    surroundings: Surroundings = attrs.field(init=False)
    decisions: Decisions = attrs.field(init=False)

    @conversations.default
    def _conversations(self) -> Conversations:
        return Conversations(self.casework, self.limit)

    @surroundings.default
    def _surroundings(self) -> Surroundings:
        return Surroundings(self.casework)

    @decisions.default
    def _decisions(self) -> Decisions:
        return Decisions(self.casework, self.clocks)

    async def handle(self, inbox_id: int) -> None:
        """File one row; what cannot be filed is parked with a reason, after some tries where that may help."""
        store = self.casework.store
        row = await store.inbox(inbox_id)
        if row is None or row.state != "new":
            return
        channel = self.channels.get(row.channel_id)
        if channel is None:
            await store.park(inbox_id, "this channel is no longer configured")
            return
        try:
            await self._file(row, channel)
        except PayloadError as problem:
            await store.park(inbox_id, str(problem))
        except StoreError:
            raise
        except Exception as problem:  # noqa: BLE001 one message's trouble must not stop the others
            await self._again(row, problem)
        self.casework.hint()

    async def _again(self, row: InboxRow, problem: Exception) -> None:
        log.error("message.filing_failed", inbox_id=row.id, attempts=row.attempts, **described(problem))
        if row.attempts + 1 >= _TRIES:
            await self.casework.store.park(row.id, f"filing failed {_TRIES} times: {type(problem).__name__}")
        else:
            await self.casework.store.postpone(row.id, self.casework.clock() + (1 << row.attempts) * _SECOND)

    async def _file(self, row: InboxRow, channel: Channel) -> None:
        items = await self.parser.items(row, channel)
        if channel.capabilities.parse is not ParseMode.DEFERRED:
            if row.item >= len(items):
                raise PayloadError("the adapter no longer finds this item in the request")
            items = items[row.item : row.item + 1]
        messages = [one for one in items if isinstance(one, InboundMessage)]
        for one in items:
            if isinstance(one, DeliveryReceipt):
                await self._hear(row, one, files=not messages)
        if messages:
            await self._message(row, messages[0])
        elif not items:
            await self.casework.store.file(Filing(inbox_id=row.id, now=self.casework.clock()))

    async def _hear(self, row: InboxRow, receipt: DeliveryReceipt, *, files: bool) -> None:
        suppress = None
        if receipt.opted_out:
            suppress = "opted_out"
        elif receipt.scope == "address":
            suppress = receipt.code or "unreachable"
            await tell_desk(self.casework, row.channel_id, receipt)
        await self.casework.store.hear(
            Heard(
                inbox_id=row.id if files else None,
                channel_id=row.channel_id,
                now=self.casework.clock(),
                state=receipt.state,
                raw_status=receipt.raw_status,
                code=receipt.code or "",
                provider_message_id=receipt.provider_message_id,
                delivery_id=receipt.delivery_id,
                suppress=suppress,
                opted_out=receipt.opted_out,
                window_closed=receipt.window_closed,
            )
        )

    async def _message(self, row: InboxRow, message: InboundMessage) -> None:
        staff = self.casework.roster.at(message.sender)
        if staff is not None:
            await self._act(row, staff, message)
            return
        for _ in range(_RACES):
            scene = await self.conversations.scene(row.channel_id, message)
            filing = await self._decide(scene)
            touched = self._touched(row.channel_id, message, filing)
            filing = replace(filing, inbox_id=row.id, message=await self._kept(scene), conversation=touched)
            filed = await self.casework.store.file(filing)
            if not filed.stale:
                return
        raise NotFoundError("the case keeps changing")

    async def _act(self, row: InboxRow, staff: Staff, message: InboundMessage) -> None:
        """What staff wrote is their act, decided anew while others change the case."""
        files = await self.files.keep_own(message.attachments, self.casework.keyring.unit)
        for _ in range(_RACES):
            filing = await self.act(staff, row.channel_id, message)
            kept = replace(filing.message, attachments=files) if filing.message is not None else None
            touched = self._touched(row.channel_id, message, filing)
            filed = await self.casework.store.file(replace(filing, inbox_id=row.id, message=kept, conversation=touched))
            if not filed.stale:
                return
        raise NotFoundError("the case keeps changing")

    async def _decide(self, scene: Scene) -> Filing:
        subject = scene.subject()
        if await self._overflows(scene, subject):
            return await self.decisions.overflow(scene)
        if subject.case is None:
            reporter_id = None if scene.stranger else scene.reporter.id
            findings = await self.surroundings.look(subject, reporter_id, self.recognise)
        else:
            findings = await self.recognise(subject)
        return await self.decisions.decide(scene, findings)

    async def _overflows(self, scene: Scene, subject: Subject) -> bool:
        """Whether a message is only kept: beyond the limit, long, beside a case, and without danger.

        A short one costs triage little, and may be a wish for silence or the answer to a question of ours.
        """
        message = scene.message
        if not scene.flooding or not scene.running or scene.asking is not None or message.consent is not None:
            return False
        if len(message.text) <= _SHORT:
            return False
        return judged.urgency(await self.alarm(subject)) is not Urgency.EMERGENCY

    async def _kept(self, scene: Scene) -> NewMessage:
        return NewMessage(
            conversation_id=scene.conversation.id,
            reporter_id=scene.reporter.id,
            body=scene.box.seal_value(Purpose.MESSAGE, MessageBody.of(scene.message)),
            attachments=await self.files.keep(scene.message.attachments, scene.reporter, scene.box),
            automatic=scene.message.automatic,
        )

    def _touched(self, channel_id: str, message: InboundMessage, filing: Filing) -> ConversationFields:
        """The conversation as a person's message leaves it, staff's too: its reply window opens."""
        now = filing.now
        window = self.channels[channel_id].capabilities.reply_window
        fields = filing.conversation or ConversationFields()
        if message.automatic:
            return fields
        return replace(fields, last_inbound_at=now, window_until=now + window * _SECOND if window is not None else None)
