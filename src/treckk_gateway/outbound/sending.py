"""From an outbox row to the provider and back: one attempt at a time, each on record before it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import attrs
import structlog
from msgspec.structs import replace

from treckk_gateway.casework.bodies import MessageBody, Purpose, SentBody
from treckk_gateway.casework.casework import WINDOW_MARGIN, Casework
from treckk_gateway.channel import Channel
from treckk_gateway.errors import (
    NotFoundError,
    NotTaken,
    OptedOut,
    Rejected,
    Scope,
    SendError,
    Uncertain,
    WindowClosed,
    described,
)
from treckk_gateway.model import Case, Choice, Instant, OutboundMessage, SendResult, Template, Thread
from treckk_gateway.outbound.backoff import Policy, next_due
from treckk_gateway.outbound.breaker import Breakers
from treckk_gateway.outbound.closed import ClosedWindow
from treckk_gateway.outbound.elsewhere import Elsewhere
from treckk_gateway.outbound.quiet import quiet_until
from treckk_gateway.outbound.rendering import Letter, Renderer
from treckk_gateway.outbound.turns import Turns, pace_of
from treckk_gateway.privacy import Box
from treckk_gateway.profile.templates import OF_REPORTERS, WAITING
from treckk_gateway.store.orders import Ended, Start
from treckk_gateway.store.rows import QUIET_HOURS, WINDOW_CLOSED, ConversationRow, Go, OutboxRow, Outgoing

_SECOND = 1_000_000
_HELD = ("held", WINDOW_CLOSED, None)
_ABOUT_SILENCE = frozenset({"opt_out", "opt_in"})

log = structlog.get_logger(__name__)


@attrs.frozen(kw_only=True)
class Prepared:
    """A row with everything needed to send it."""

    row: OutboxRow
    conversation: ConversationRow
    channel: Channel
    message: OutboundMessage
    letter: Letter
    box: Box


@attrs.frozen(kw_only=True)
class Sender:
    """Sends what is due. One attempt may take `timeout` seconds; `overrun` seconds later its outcome is uncertain."""

    casework: Casework
    channels: Mapping[str, Channel]
    renderer: Renderer
    breakers: Breakers
    turns: Turns = attrs.field(factory=Turns)
    policy: Policy = attrs.field(factory=Policy)
    timeout: float = 35.0
    overrun: float = 25.0
    closed: ClosedWindow = attrs.field(init=False)

    @closed.default
    def _closed(self) -> ClosedWindow:
        return ClosedWindow(self.casework, self.channels)

    async def handle(self, outbox_id: int) -> None:
        """Send one row if it may leave now."""
        found = await self.casework.store.outgoing(outbox_id)
        if found is None:
            return
        row = found.row
        if row.state == "held" and row.reason == QUIET_HOURS and row.due <= self.casework.clock():
            await self.casework.store.hold(row.id, "queued", None, None)
            row = replace(row, state="queued", reason=None)
        if row.state != "queued":
            return
        prepared = await self._prepare(row, found)
        if prepared is None:
            return
        wait = await self.turns.take(row)
        if wait is not None:
            due = self.casework.clock() + int(wait * _SECOND)
            await self.casework.store.hold(row.id, "queued", row.reason, due)
            return
        try:
            await self._send(row, prepared)
        finally:
            await self.turns.give_back(row)

    async def _send(self, row: OutboxRow, prepared: Prepared) -> None:
        now = self.casework.clock()
        started = await self.casework.store.begin_send(
            Start(
                outbox_id=row.id,
                now=now,
                attempt_id=prepared.message.attempt_id,
                text=prepared.box.seal_value(
                    Purpose.TEXT, SentBody(text=prepared.letter.text, subject=prepared.letter.subject)
                ),
                until=now + int((self.timeout + self.overrun) * _SECOND),
                pace=pace_of(row, prepared.channel.capabilities, prepared.letter.parts),
            )
        )
        if not isinstance(started, Go):
            return
        late = self.casework.clock() - now >= int(self.timeout * _SECOND)
        ended = self._late(prepared) if late else await self._attempt(prepared)
        await self.casework.store.record(ended)
        self.casework.hint()

    async def message(self, row: OutboxRow) -> tuple[Channel, OutboundMessage] | None:
        """The message of a row as it was or will be sent; `None` when it can no longer be."""
        found = await self.casework.store.outgoing(row.id)
        channel = self.channels.get(row.channel_id)
        prepared = await self._letter(row, found, channel) if found is not None and channel is not None else None
        return (prepared.channel, prepared.message) if prepared else None

    async def _prepare(self, row: OutboxRow, found: Outgoing) -> Prepared | None:
        """What is to be sent, or nothing after the row was set aside with its reason."""
        hold = self.casework.store.hold
        channel = self.channels.get(row.channel_id)
        if channel is None or not channel.capabilities.outbound:
            await hold(row.id, "dead", "this channel is not configured for sending", None)
            return None
        aside = await self._aside(row, found.conversation, found.suppressed)
        if aside == _HELD and found.conversation is not None:
            await self._wait(row, found.conversation)
            return None
        if aside is not None:
            await hold(row.id, *aside)
            return None
        prepared = await self._letter(row, found, channel)
        if prepared is None:
            await hold(row.id, "cancelled", "erased", None)
        return prepared

    async def _wait(self, row: OutboxRow, conversation: ConversationRow) -> None:
        """Nothing may leave here now: another address of the unit's person, or held until its reader writes."""
        hold = self.casework.store.hold
        if await Elsewhere(self.casework).queued(row, conversation):
            await hold(row.id, "cancelled", "sent_elsewhere", None)
            return
        await self.closed.announce(row, conversation)
        await hold(row.id, *_HELD, unless_open=self.casework.clock() + WINDOW_MARGIN)

    async def _aside(
        self, row: OutboxRow, conversation: ConversationRow | None, suppressed: str | None
    ) -> tuple[str, str | None, Instant | None] | None:
        now = self.casework.clock()
        if conversation is None:
            return "cancelled", "no conversation", None
        if row.expires_at is not None and row.expires_at <= now:
            return "cancelled", "expired", None
        if row.template not in _ABOUT_SILENCE and not row.urgent:
            if conversation.opted_out_at is not None:
                return "cancelled", "opted_out", None
            if suppressed is not None:
                return "cancelled", suppressed, None
        is_open = self.casework.window_open(conversation)
        if row.template in WAITING and is_open:
            return "cancelled", "answered", None
        if not is_open and self.closed.template(row) is None:
            return _HELD
        capabilities = self.channels[row.channel_id].capabilities
        morning = await quiet_until(self.casework, row, conversation, capabilities, now)
        if morning is not None:
            return "held", QUIET_HOURS, morning
        until = self.breakers.closed_until(row.channel_id)
        return ("queued", row.reason, until) if until is not None else None

    async def _letter(self, row: OutboxRow, found: Outgoing, channel: Channel) -> Prepared | None:
        conversation, case = found.conversation, found.case
        if conversation is None:
            return None
        # A reporter's words, read to somebody of the unit, are sealed under the reporter's key.
        owner = case.reporter_id if case is not None and row.template in OF_REPORTERS else conversation.reporter_id
        try:
            box = await self.casework.people.box(owner)
            address = await self.casework.people.address(conversation)
        except NotFoundError:
            return None
        if case is not None and conversation.staff is None:
            case = await self.casework.as_told(case, conversation.id)
        own = self.renderer.profile.languages[0]
        language = case.language if case is not None and conversation.staff is None else conversation.language or own
        values = box.open_value(Purpose.VALUES, row.values, dict[str, str])
        given = self.renderer.given(values, case, language, row.created_at)
        letter = self.renderer.render(row.template, given, language, channel.capabilities)
        template: Template | None = None
        choices: tuple[Choice, ...] = ()
        if not self.casework.window_open(conversation):
            template = self._template(row, given, language)
        else:
            choices = self.renderer.choices(row.template, given, language, channel.capabilities)
        message = OutboundMessage(
            delivery_id=row.delivery_id,
            attempt_id=self.casework.ids.new(),
            recipient=address,
            text=letter.text,
            subject=letter.subject,
            thread=await self._thread(row, case, conversation, box) if channel.capabilities.threads else Thread(),
            reply=row.reply,
            news=not row.reply and not row.urgent and conversation.staff is None,
            timeout=self.timeout,
            reference=values.get("nomor") or case.reference if case else None,
            state=values.get("state") or (case.state if case else None),
            version=int(values["version"]) if "version" in values else case.version if case else None,
            template=template,
            choices=choices,
        )
        return Prepared(row=row, conversation=conversation, channel=channel, message=message, letter=letter, box=box)

    def _template(self, row: OutboxRow, given: Mapping[str, str], language: str) -> Template | None:
        found = self.closed.template(row, language)
        if found is None:
            return None
        approved, spoken = found
        return approved.filled(self.renderer.profile.templates.fillings(approved.variables, spoken, given), spoken)

    async def _thread(self, row: OutboxRow, case: Case | None, conversation: ConversationRow, box: Box) -> Thread:
        token = None
        if conversation.staff is not None:
            token = await self.casework.people.staff_token(conversation.id)
        elif case is not None:
            parties = await self.casework.store.parties(case.case_id)
            own = next((one for one in parties if one.conversation_id == row.conversation_id), None)
            token = box.open(Purpose.TOKEN, own.token).decode() if own else None
        ids: list[str] = []
        if conversation.reporter_id is not None:
            recent = await self.casework.store.recent_messages(row.conversation_id, 5)
            bodies = [box.open_value(Purpose.MESSAGE, one.body, MessageBody) for one in reversed(recent)]
            ids = [one.message_id for one in bodies if one.message_id]
        return Thread(reply_token=token, last_id=ids[-1] if ids else None, earlier_ids=tuple(ids[:-1]))

    def _late(self, prepared: Prepared) -> Ended:
        """This process stood still between the right to send and the sending: others may have the message by now."""
        return self._failed(prepared, NotTaken("late", "the time of this attempt had passed before it began"))

    async def _attempt(self, prepared: Prepared) -> Ended:
        channel_id = prepared.channel.channel_id
        try:
            async with asyncio.timeout(self.timeout):
                result = await prepared.channel.send(prepared.message)
        except SendError as problem:
            return self._failed(prepared, problem)
        except TimeoutError:
            return self._failed(prepared, Uncertain("timeout", f"no answer within {self.timeout:g} s"))
        except Exception as problem:  # noqa: BLE001 told in the log, and dealt with below
            log.error("message.send_failed", channel_id=channel_id, outbox_id=prepared.row.id, **described(problem))
            return self._failed(prepared, Uncertain("adapter_failed", type(problem).__name__))
        self.breakers.succeeded(channel_id)
        return self.sent(prepared.row.id, prepared.message.attempt_id, result)

    def sent(self, outbox_id: int, attempt_id: str, result: SendResult) -> Ended:
        """The end of an attempt the provider took."""
        return Ended(
            outbox_id=outbox_id,
            attempt_id=attempt_id,
            now=self.casework.clock(),
            state="sent",
            outcome="accepted",
            provider_message_id=result.provider_message_id,
            heard=result.state,
        )

    def _failed(self, prepared: Prepared, problem: SendError) -> Ended:
        row, now = prepared.row, self.casework.clock()
        base = Ended(
            outbox_id=row.id,
            attempt_id=prepared.message.attempt_id,
            now=now,
            state="dead",
            outcome=type(problem).__name__.lower(),
            code=problem.code,
            reason=problem.code,
        )
        channel_wide = isinstance(problem, Rejected) and problem.scope is Scope.CHANNEL
        if channel_wide or isinstance(problem, NotTaken | Uncertain):
            self.breakers.failed(row.channel_id, problem.code, at_once=channel_wide)
        else:
            self.breakers.succeeded(row.channel_id)
        log.warning(
            "message.not_sent",
            channel_id=row.channel_id,
            outbox_id=row.id,
            code=problem.code,
            attempts=row.attempts + 1,
        )
        if isinstance(problem, WindowClosed):
            return replace(base, state="held", reason=WINDOW_CLOSED, window_closed=True)
        if isinstance(problem, OptedOut) and row.template in _ABOUT_SILENCE:
            # The provider heard the word too, and answered it.
            return replace(base, state="cancelled", reason="opted_out")
        if isinstance(problem, OptedOut):
            return replace(base, suppress="opted_out", opted_out=True)
        if isinstance(problem, Rejected) and not channel_wide:
            return replace(base, suppress=problem.code if problem.scope is Scope.ADDRESS else None)
        if isinstance(problem, Uncertain) and not prepared.channel.capabilities.idempotent_send:
            return replace(base, state="uncertain")
        return self._again(base, row, problem)

    def _again(self, base: Ended, row: OutboxRow, problem: SendError) -> Ended:
        due = next_due(
            attempts=row.attempts + 1,
            first=row.created_at,
            now=base.now,
            seed=row.delivery_id,
            after=problem.after if isinstance(problem, NotTaken) else None,
            policy=self.policy,
        )
        return replace(base, state="queued", due=due) if due is not None else base
