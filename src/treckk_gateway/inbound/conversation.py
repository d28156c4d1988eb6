"""Which case a message belongs to, and what was asked before. A case number someone typed never authorizes."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from treckk_gateway.casework.bodies import Asking, MessageBody, Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.inbound.loops import looping
from treckk_gateway.model import Case, InboundMessage, State, Subject
from treckk_gateway.model.lifecycle import SETTLED
from treckk_gateway.privacy import Box
from treckk_gateway.settings import SenderSettings
from treckk_gateway.store.rows import ConversationRow, MessageRow, ReporterRow

_EARLIER = 10
_SECOND = 1_000_000
_NUMBER_WORDS = {"satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "one": 1, "two": 2, "three": 3, "four": 4}
_NEW_WORDS = frozenset({"baru", "hal baru", "new", "something new", "0"})


@attrs.frozen(kw_only=True)
class Scene:
    """A message with everything known around it when it is filed; a `stranger` has no earlier cases.

    `flooding` says that more came of this person lately than are answered: then only danger is. `looping` says that a
    robot seems to answer us by mail; see `loops`.
    """

    message: InboundMessage
    channel_id: str
    reporter: ReporterRow
    conversation: ConversationRow
    box: Box
    open_cases: tuple[Case, ...]
    earlier: tuple[str, ...]
    threaded: Case | None
    foreign: bool
    asking: Asking | None
    stranger: bool = False
    flooding: bool = False
    looping: bool = False

    @property
    def case(self) -> Case | None:
        """The case it belongs to, unless that has to be asked: threaded, or the only one that runs or is open."""
        if self.threaded is not None:
            return self.threaded
        meant = self.running or self.open_cases
        return meant[0] if len(meant) == 1 else None

    @property
    def ambiguous(self) -> bool:
        """Whether only the reporter can say which case is meant."""
        return self.threaded is None and len(self.running) > 1

    @property
    def running(self) -> tuple[Case, ...]:
        """Open cases that have no outcome yet."""
        return tuple(one for one in self.open_cases if one.state not in SETTLED)

    @property
    def pending(self) -> Case | None:
        """The case whose reporter was asked something and has not answered yet."""
        return next((one for one in self.running if one.questions.pending), None)

    def subject(self) -> Subject:
        """What triage is shown."""
        case = self.case or self.pending
        return Subject(
            message=self.message,
            earlier=self.earlier,
            case=case,
            open_cases=len(self.open_cases),
            answering=self.asking is not None
            or (case is not None and bool(case.questions.pending or case.state == "needs_info")),
        )


class Conversations:
    """Puts a message into its conversation."""

    def __init__(self, casework: Casework, limit: SenderSettings = SenderSettings()) -> None:  # noqa: B008 frozen
        self._casework = casework
        self._limit = limit

    async def scene(self, channel_id: str, message: InboundMessage) -> Scene:
        """Find or make reporter and conversation, and the case the message belongs to."""
        known = await self._casework.people.acquaintance(channel_id, message, max(_EARLIER, self._limit.messages))
        reporter, conversation, recent = known.reporter, known.conversation, known.recent
        box = self._casework.keyring.box(reporter.wrapped)
        threaded, foreign = await self._threaded(channel_id, message, reporter)
        return Scene(
            message=message,
            channel_id=channel_id,
            reporter=reporter,
            conversation=conversation,
            box=box,
            open_cases=tuple(known.open_cases),
            earlier=tuple(
                box.open_value(Purpose.MESSAGE, one.body, MessageBody).text for one in recent[:_EARLIER][::-1]
            ),
            threaded=threaded,
            foreign=foreign,
            asking=box.open_value(Purpose.ASKING, conversation.asking, Asking) if conversation.asking else None,
            stranger=known.stranger,
            flooding=self._flooding(recent),
            looping=looping(message, recent, self._casework.clock()),
        )

    def _flooding(self, recent: Sequence[MessageRow]) -> bool:
        """By rows alone: a restart forgets nobody, and nothing is kept in memory for anybody."""
        most, span = self._limit.messages, int(self._limit.seconds * _SECOND)
        return len(recent) >= most and recent[most - 1].at > self._casework.clock() - span

    async def mentioned(self, text: str, reporter: ReporterRow) -> tuple[Case | None, bool]:
        """The reporter's own case whose number stands in the text, and whether any number stands there."""
        found = self._casework.reference_in(text)
        if found is None:
            return None, False
        case = await self._casework.store.case(reference=found.group().upper())
        if case is None or not await self._casework.store.is_party(case.case_id, reporter.id):
            return None, True
        return await self._going_on(case), True

    async def _going_on(self, case: Case) -> Case:
        """The case itself, or the one it was merged into: a merged number leads on (lessons, C5)."""
        if case.state is not State.DUPLICATE:
            return case
        return await self._casework.store.root(case.case_id) or case

    async def _threaded(
        self, channel_id: str, message: InboundMessage, reporter: ReporterRow
    ) -> tuple[Case | None, bool]:
        """The case by secret token or our own message ids; and whether somebody else than its reporter writes."""
        store = self._casework.store
        if message.reply_token or message.reply_ids:
            hashed = self._casework.people.token_hash(message.reply_token) if message.reply_token else None
            by_token = await store.case_of_reply(channel_id, hashed, ())
            if by_token is not None:
                return await self._going_on(by_token[0]), by_token[1].reporter_id != reporter.id
            by_id = await store.case_of_reply(channel_id, None, message.reply_ids)
            # Ids can be read by anyone a mail was forwarded to: alone they join only the reporter's own case.
            if by_id is not None and by_id[1].reporter_id == reporter.id:
                return await self._going_on(by_id[0]), False
        mentioned, _any = await self.mentioned(f"{message.subject or ''} {message.text}", reporter)
        return mentioned, False


def chosen(text: str, cases: Sequence[int]) -> int | None:
    """What an answer to a numbered question chose: a case id, 0 for a new matter, `None` when it is no answer."""
    if _bare(text) in _NEW_WORDS:
        return 0
    number = number_of(text)
    if number is None:
        return None
    if number == len(cases) + 1:
        return 0
    return cases[number - 1] if 1 <= number <= len(cases) else None


def number_of(text: str) -> int | None:
    """The number an answer is, in digits or as a word; `None` when it is more or something else."""
    word = _bare(text)
    return int(word) if word.isascii() and word.isdigit() and len(word) < 3 else _NUMBER_WORDS.get(word)  # noqa: PLR2004 digits


def _bare(text: str) -> str:
    return text.strip().strip(".!()").casefold()
