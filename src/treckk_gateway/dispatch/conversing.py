"""One message of one person in the conversation we have with them: what it means now, and what we answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.dispatch.about import ANSWERING, About
from treckk_gateway.dispatch.entries import Entries
from treckk_gateway.dispatch.figures import Figures
from treckk_gateway.dispatch.needs import Needs
from treckk_gateway.dispatch.questions import LINES, StaffQuestions
from treckk_gateway.dispatch.reading import Said
from treckk_gateway.dispatch.refusals import EXPECTED
from treckk_gateway.dispatch.remark import Remark, reader_of, remark_of
from treckk_gateway.dispatch.requests import Requests
from treckk_gateway.dispatch.shown import CLOSE
from treckk_gateway.dispatch.telling import Reply
from treckk_gateway.dispatch.waiting import Waiting, open_waiting
from treckk_gateway.model import Act, Actor, Case, InboundMessage
from treckk_gateway.store.rows import ConversationRow

_REQUEST = re.compile(r"p\s?(\d{1,9})\b", re.IGNORECASE)
_OPENING = frozenset({Act.REPORT, Act.PATROL})
_NOT_ABOUT_ONE: tuple[frozenset[Act], ...] = (frozenset(), frozenset({Act.MENU}), frozenset({Act.PERSONNEL}))
"""Words that do not by themselves say which case is meant."""


@attrs.frozen
class Conversing:
    """What one person of the unit means. Nothing is applied here: the answer carries the filing."""

    casework: Casework
    actor: Actor
    conversation: ConversationRow
    channel_id: str

    async def hear(self, message: InboundMessage) -> Reply:
        """Understand a message. What is refused is answered with the reason, in the profile's words."""
        try:
            return await self._hear(await remark_of(self.casework, self.conversation, self.channel_id, message))
        except EXPECTED as problem:
            return self._about.answers.refused(problem, None, None)

    async def _hear(self, remark: Remark) -> Reply:
        said = remark.said
        waiting = open_waiting(self.casework, self.conversation)
        if Act.CANCEL in said.acts:
            return self._about.answers.plain("cancelled" if waiting else "nothing_waits")
        if said.line is not None and not remark.files:
            cases = await self._about.search.numbered(said)
            if not (self._asked_about(waiting, cases) and self._figures.quoted(remark) is None):
                return await self._figures.line(cases, said, said.line, remark)
            # A number behind the case's own: the answer to what we asked about it.
            said = reader_of(self.casework).read(str(said.line))
            remark = attrs.evolve(remark, said=said, text=said.whole, named=True)
        if waiting is not None:
            answered = await self._answered(waiting, remark)
            if answered is not None:
                return answered
        captioned = said.bare is None or not remark.mail
        if (remark.files or remark.point) and captioned and (not said.acts or said.guessed):
            return await self._evidence(remark)
        if said.bare is not None:
            return await self._figures.bare(said.bare, remark)
        if _OPENING & set(said.acts):
            return await Entries(self.casework, self.actor, self.conversation).open(said, remark.key)
        if Act.LIST in said.acts:
            return await self._list()
        return await self._on_case(remark)

    # What we waited for

    async def _answered(self, waiting: Waiting, remark: Remark) -> Reply | None:
        """What the answer to our question leads to; `None` when the message is something else."""
        said, act, field = remark.said, waiting.act, waiting.field
        if waiting.cases:
            return await self._chosen(waiting, remark) if said.bare is not None else None
        if waiting.case_id is None or act is None or field is None:
            return None
        elsewhere = bool(said.acts) and (said.names_case or not said.rest) and field != "emergency"
        if elsewhere or {Act.LIST, Act.MENU} & set(said.acts):
            return None
        ours = remark.named or (remark.quoted is not None and self._figures.quoted(remark) is None)
        if said.bare is not None and not ours and await self._newer_menu(waiting):
            return await self._figures.bare(said.bare, remark, beside=waiting)
        case = await self._about.case(waiting.case_id)
        if field == "place" and remark.point:
            update = {"lat": str(remark.point[0]), "lng": str(remark.point[1]), "place": "-"}
        else:
            update = Needs(self.casework.profile).answer(field, remark.text, case, waiting.choices)
        if not update:
            return StaffQuestions(self.casework).lacking(case, act, waiting.given, field, again=True)
        return await self._about.doing.act(case, act, {**waiting.given, **update})

    async def _chosen(self, waiting: Waiting, remark: Remark) -> Reply | None:
        """The case chosen by its figure, and then what the message said before was about it."""
        figure = remark.said.bare or 0
        if not 1 <= figure <= len(waiting.cases):
            return None
        case = await self._about.case(waiting.cases[figure - 1])
        earlier = reader_of(self.casework).read(waiting.text)
        if waiting.field is not None and waiting.case_id == case.case_id:
            before = attrs.evolve(waiting, cases=(), text="", since=self.casework.clock())
            return await self._answered(before, attrs.evolve(remark, said=earlier, text=waiting.text))
        if waiting.evidence:
            ids = await self._filed_before(waiting)
            return await self._about.doing.evidence(case, earlier, max(1, len(ids)), pin=False, earlier=ids)
        if earlier.bare is not None:
            return await self._about.pick(await self._about.shown.about(case), earlier.bare, "", case)
        return await self._about.on(case, earlier)

    async def _newer_menu(self, waiting: Waiting) -> bool:
        """Whether a notice about another case came after our question: then a bare figure may be meant for it."""
        latest = await self._about.shown.latest()
        return any(one.at > waiting.since and one.menu.case_id != waiting.case_id for one in latest[:1])

    def _asked_about(self, waiting: Waiting | None, cases: Sequence[Case]) -> bool:
        """Whether we asked something about that one case."""
        return waiting is not None and waiting.field is not None and [waiting.case_id] == [one.case_id for one in cases]

    # Cases

    async def _on_case(self, remark: Remark) -> Reply:
        said = remark.said
        answers = [one for one in said.acts if one in ANSWERING]
        requests = Requests(self.casework, self.actor)
        if answers and (found := _REQUEST.match(said.rest)):
            return await requests.answer(answers[0], found[1], said.rest[found.end() :])
        cases = await self._meant(remark)
        if answers and not cases and not said.names_case:
            return await requests.answer(answers[0], None, said.rest)
        if not cases and said.number is not None and not said.acts and (shown := await self._about.shown.latest()):
            return await self._about.pick(shown[0].menu, said.number, said.rest)
        return await self._about.on_one_of(cases, said)

    async def _meant(self, remark: Remark) -> tuple[Case, ...]:
        """The cases a message may be about."""
        said = remark.said
        if said.names_case:
            found = (*await self._listed(said), *await self._about.search.numbered(said))
            return tuple({one.case_id: one for one in found}.values())
        if remark.quoted is not None and remark.quoted.case_id is not None:
            return (await self._about.case(remark.quoted.case_id),)
        if frozenset(said.acts) in _NOT_ABOUT_ONE:
            return ()
        return await self._about.search.fitting(said.acts) or await self._only_task(said)

    async def _listed(self, said: Said) -> tuple[Case, ...]:
        """The case on a line of the list we showed, where its figure is written as a number may be: `3 telaah`."""
        waiting = open_waiting(self.casework, self.conversation)
        if waiting is None or said.number is None or not 1 <= said.number <= len(waiting.cases):
            return ()
        if not re.search(rf"(?<!\d){said.number}(?!\d)", said.whole):
            return ()  # with its zeros it is a case's number
        return (await self._about.case(waiting.cases[said.number - 1]),)

    async def _only_task(self, said: Said) -> tuple[Case, ...]:
        """The one thing that waits for them, so that a refusal can say why."""
        tasks = await self._about.search.tasks()
        return tasks if len(tasks) == 1 and not ANSWERING & set(said.acts) else ()

    async def _list(self) -> Reply:
        """What waits for them; a figure then chooses one and shows its menu."""
        tasks = await self._about.search.tasks()
        if not tasks:
            return self._about.answers.plain("list_empty")
        menu = next(words for words, acts in self.casework.profile.staff.phrases.items() if acts == (Act.MENU,))
        heading = "list" if len(tasks) <= LINES else "list_some"
        return StaffQuestions(self.casework).which(tasks, " ".join(menu), text=heading)

    async def _evidence(self, remark: Remark) -> Reply:
        """Photos and pins: kept with the case they belong to, never sent to a reporter."""
        said = remark.said
        named = said if said.bare is None else Said(number=said.bare, whole=said.whole)
        if named.names_case:
            cases = await self._about.search.numbered(named)
        elif remark.quoted is not None and remark.quoted.case_id is not None:
            cases = (await self._about.case(remark.quoted.case_id),)
        else:
            cases = await self._about.search.fitting((Act.EVIDENCE,))
        if not cases:
            return self._about.answers.plain("not_found" if named.names_case else "list_empty")
        if len(cases) > 1:
            return StaffQuestions(self.casework).which(cases, remark.text, evidence=True)
        return await self._about.doing.evidence(cases[0], named, remark.files, pin=remark.point is not None)

    async def _filed_before(self, waiting: Waiting) -> tuple[int, ...]:
        """The message with files that was filed without a case when we asked which."""
        recent = await self.casework.store.recent_messages(self.conversation.id, 10)
        begun = waiting.since - CLOSE
        return tuple(one.id for one in recent if one.case_id is None and begun <= one.at <= waiting.since)[:1]

    @property
    def _about(self) -> About:
        return About(self.casework, self.actor, self.conversation)

    @property
    def _figures(self) -> Figures:
        return Figures(self._about)
