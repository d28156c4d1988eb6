"""One message of one person in the conversation we have with them: what it means now, and what we answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.menus import Menu
from treckk_gateway.dispatch.doing import Doing
from treckk_gateway.dispatch.entries import Entries
from treckk_gateway.dispatch.finding import Finding
from treckk_gateway.dispatch.needs import Needs, people_of
from treckk_gateway.dispatch.questions import Questions
from treckk_gateway.dispatch.reading import Reader, Said
from treckk_gateway.dispatch.refusals import EXPECTED
from treckk_gateway.dispatch.requests import Requests
from treckk_gateway.dispatch.shown import CLOSE, Shown, ShownMenus
from treckk_gateway.dispatch.telling import Answers, Reply
from treckk_gateway.dispatch.waiting import Waiting, open_waiting
from treckk_gateway.errors import NotFoundError
from treckk_gateway.model import Act, Actor, Case, InboundMessage
from treckk_gateway.store.rows import ConversationRow, OutboxRow

_REQUEST = re.compile(r"p\s?(\d{1,9})\b", re.IGNORECASE)
_OPENING = frozenset({Act.REPORT, Act.PATROL})
_ANSWERING = frozenset({Act.GRANT, Act.DENY})
_NOT_ABOUT_ONE: tuple[frozenset[Act], ...] = (frozenset(), frozenset({Act.MENU}), frozenset({Act.PERSONNEL}))
"""Words that do not by themselves say which case is meant."""


@attrs.frozen(kw_only=True)
class Heard:
    """A message read once. `point` is a pin as latitude and longitude; `key` makes the message's own.

    `named` says that it named the case we had asked about, beside its answer.
    """

    said: Said
    text: str = attrs.field(repr=False)
    key: str
    files: int = 0
    point: tuple[float, float] | None = attrs.field(default=None, repr=False)
    quoted: OutboxRow | None = None
    mail: bool = False
    named: bool = False


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
            return await self._hear(await self._heard(message))
        except EXPECTED as problem:
            return self._answers.refused(problem, None, None)

    async def _heard(self, message: InboundMessage) -> Heard:
        head, tail = message.text, ""
        if message.sender.scheme == "mailto":
            # In a mail the first line says what to do; a greeting or a signature below it says nothing.
            head, _, tail = message.text.strip().partition("\n")
        said = self._reader.read(head)
        if tail and said.acts:
            said = attrs.evolve(said, rest=f"{said.rest}\n{tail.strip()}".strip(), whole=message.text)
        if not said.names_case and message.subject and said.bare is None:
            said = attrs.evolve(said, reference=self._reader.read(message.subject).reference)
        at = message.location
        quoted = await self.casework.store.notice_answered(self.channel_id, message.reply_ids)
        own = quoted is not None and quoted.conversation_id == self.conversation.id
        return Heard(
            said=said,
            text=message.text.strip(),
            key=message.dedupe_key,
            files=sum(not one.content_type.startswith("text/plain") for one in message.attachments),
            point=(at.lat, at.lng) if at is not None and at.lat is not None and at.lng is not None else None,
            quoted=quoted if own else None,
            mail=message.sender.scheme == "mailto",
        )

    async def _hear(self, heard: Heard) -> Reply:
        said = heard.said
        waiting = open_waiting(self.casework, self.conversation)
        if Act.CANCEL in said.acts:
            return self._answers.plain("cancelled" if waiting else "nothing_waits")
        if said.line is not None and not heard.files:
            cases = await self._finding.numbered(said)
            if not (self._asked_about(waiting, cases) and self._menu_quoted(heard) is None):
                return await self._line(cases, said, said.line, heard)
            # A number behind the case's own: the answer to what we asked about it.
            said = self._reader.read(str(said.line))
            heard = attrs.evolve(heard, said=said, text=said.whole, named=True)
        if waiting is not None:
            answered = await self._answered(waiting, heard)
            if answered is not None:
                return answered
        captioned = said.bare is None or not heard.mail
        if (heard.files or heard.point) and captioned and (not said.acts or said.guessed):
            return await self._evidence(heard)
        if said.bare is not None:
            return await self._figure(said.bare, heard)
        if _OPENING & set(said.acts):
            return await Entries(self.casework, self.actor, self.conversation).open(said, heard.key)
        if Act.LIST in said.acts:
            return await self._list()
        return await self._on_case(heard)

    # What we waited for

    async def _answered(self, waiting: Waiting, heard: Heard) -> Reply | None:
        """What the answer to our question leads to; `None` when the message is something else."""
        said, act, field = heard.said, waiting.act, waiting.field
        if waiting.cases:
            return await self._chosen(waiting, heard) if said.bare is not None else None
        if waiting.case_id is None or act is None or field is None:
            return None
        elsewhere = bool(said.acts) and (said.names_case or not said.rest) and field != "emergency"
        if elsewhere or {Act.LIST, Act.MENU} & set(said.acts):
            return None
        ours = heard.named or (heard.quoted is not None and self._menu_quoted(heard) is None)
        if said.bare is not None and not ours and await self._newer_menu(waiting):
            return await self._figure(said.bare, heard, beside=waiting)
        case = await self._case(waiting.case_id)
        if field == "place" and heard.point:
            update = {"lat": str(heard.point[0]), "lng": str(heard.point[1]), "place": "-"}
        else:
            update = Needs(self.casework.profile).answer(field, heard.text, case, waiting.choices)
        if not update:
            return Questions(self.casework).lacking(case, act, waiting.given, field, again=True)
        return await self._doing.act(case, act, {**waiting.given, **update})

    async def _chosen(self, waiting: Waiting, heard: Heard) -> Reply | None:
        """The case chosen by its figure, and then what the message said before was about it."""
        figure = heard.said.bare or 0
        if not 1 <= figure <= len(waiting.cases):
            return None
        case = await self._case(waiting.cases[figure - 1])
        earlier = self._reader.read(waiting.text)
        if waiting.field is not None and waiting.case_id == case.case_id:
            before = attrs.evolve(waiting, cases=(), text="", since=self.casework.clock())
            return await self._answered(before, attrs.evolve(heard, said=earlier, text=waiting.text))
        if waiting.evidence:
            ids = await self._filed_before(waiting)
            return await self._doing.evidence(case, earlier, max(1, len(ids)), pin=False, earlier=ids)
        if earlier.bare is not None:
            return await self._pick(await self._shown.about(case), earlier.bare, "", case)
        return await self._on(case, earlier)

    async def _newer_menu(self, waiting: Waiting) -> bool:
        """Whether a notice about another case came after our question: then a bare figure may be meant for it."""
        latest = await self._shown.latest()
        return any(one.at > waiting.since and one.menu.case_id != waiting.case_id for one in latest[:1])

    # Figures

    async def _line(self, cases: Sequence[Case], said: Said, figure: int, heard: Heard) -> Reply:
        """A line of one case's menu, tapped or written out: of the notice it answers, else of the latest about it."""
        if len(cases) != 1:
            return await self._on_one_of(cases, said)
        menu = self._menu_quoted(heard)
        if menu is None or menu.case_id != cases[0].case_id:
            menu = await self._shown.about(cases[0])
        return await self._pick(menu, figure, "", cases[0])

    def _menu_quoted(self, heard: Heard) -> Menu | None:
        """The menu of the notice that is answered."""
        return self._shown.of(heard.quoted) if heard.quoted is not None else None

    def _asked_about(self, waiting: Waiting | None, cases: Sequence[Case]) -> bool:
        """Whether we asked something about that one case."""
        return waiting is not None and waiting.field is not None and [waiting.case_id] == [one.case_id for one in cases]

    async def _figure(self, figure: int, heard: Heard, beside: Waiting | None = None) -> Reply:
        """A bare figure: a line of the notice it answers, else of the latest menu, else a case's number."""
        if (menu := self._menu_quoted(heard)) is not None:
            return await self._pick(menu, figure, "")
        shown = await self._shown.latest()
        if not shown or not 1 <= figure <= len(shown[0].menu.options):
            found = await self._finding.numbered(Said(number=figure))
            if found:
                return await self._on_one_of(found, Said(number=figure))
            return self._answers.plain("no_choice" if shown else "not_found")
        meant = self._may_mean(shown, figure, beside)
        if len(meant) > 1:
            cases = [await self._case(one) for one in meant]
            return Questions(self.casework).which(cases, str(figure), text="which_menu", step=beside)
        return await self._pick(shown[0].menu, figure, "")

    def _may_mean(self, shown: Sequence[Shown], figure: int, beside: Waiting | None) -> tuple[int, ...]:
        """Cases a bare figure may be about: menus sent shortly after one another, and a question of ours."""
        latest = shown[0]
        if latest.menu.case_id is None:
            return ()
        near = [one.menu for one in shown if latest.at - one.at <= CLOSE and figure <= len(one.menu.options)]
        ids = [one.case_id for one in near] + ([beside.case_id] if beside is not None else [])
        return tuple(dict.fromkeys(one for one in ids if one is not None))

    async def _pick(self, menu: Menu | None, figure: int, rest: str, case: Case | None = None) -> Reply:
        """One line of a menu, with what was written behind the figure."""
        if menu is None or not 1 <= figure <= len(menu.options):
            return await self._doing.menu(case) if case is not None else self._answers.plain("no_choice")
        option = menu.options[figure - 1]
        if option.act in _ANSWERING:
            return await Requests(self.casework, self.actor).answer(option.act, option.given.get("request"), rest)
        if case is None and menu.case_id is None:
            return self._answers.plain("not_found")
        known = case or await self._case(menu.case_id or 0)
        return await self._doing.beside(known, option.act, rest, option.given)

    # Cases

    async def _on_case(self, heard: Heard) -> Reply:
        said = heard.said
        answers = [one for one in said.acts if one in _ANSWERING]
        requests = Requests(self.casework, self.actor)
        if answers and (found := _REQUEST.match(said.rest)):
            return await requests.answer(answers[0], found[1], said.rest[found.end() :])
        cases = await self._meant(heard)
        if answers and not cases and not said.names_case:
            return await requests.answer(answers[0], None, said.rest)
        if not cases and said.number is not None and not said.acts and (shown := await self._shown.latest()):
            return await self._pick(shown[0].menu, said.number, said.rest)
        return await self._on_one_of(cases, said)

    async def _meant(self, heard: Heard) -> tuple[Case, ...]:
        """The cases a message may be about."""
        said = heard.said
        if said.names_case:
            return await self._finding.numbered(said)
        if heard.quoted is not None and heard.quoted.case_id is not None:
            return (await self._case(heard.quoted.case_id),)
        if frozenset(said.acts) in _NOT_ABOUT_ONE:
            return ()
        return await self._finding.fitting(said.acts) or await self._only_task(said)

    async def _only_task(self, said: Said) -> tuple[Case, ...]:
        """The one thing that waits for them, so that a refusal can say why."""
        tasks = await self._finding.tasks()
        return tasks if len(tasks) == 1 and not _ANSWERING & set(said.acts) else ()

    async def _on_one_of(self, cases: Sequence[Case], said: Said) -> Reply:
        """One case: what was said about it. Several: which? None: help, or that there is none."""
        if len(cases) == 1:
            return await self._on(cases[0], said)
        if cases:
            return Questions(self.casework).which(cases, _without_number(said))
        if said.names_case:
            return self._answers.plain("not_found")
        if said.acts == (Act.PERSONNEL,):
            return await Requests(self.casework, self.actor).ask(None, people_of(said.rest))
        if said.acts and said.acts != (Act.MENU,):
            return self._answers.plain("list_empty")
        return self._answers.plain("help", before=None if said.acts else "not_understood")

    async def _on(self, case: Case, said: Said) -> Reply:
        if not said.acts:
            if said.choice is not None:
                return await self._pick(await self._shown.about(case), said.choice, said.rest, case)
            return await self._doing.menu(case, before="not_understood" if said.rest else None)
        acts = [one for one in said.acts if self._finding.can(case, one)] or list(said.acts)
        act = next((one for one in acts if one not in _ANSWERING), None)
        if act is None:
            return await Requests(self.casework, self.actor).answer(acts[0], None, said.rest)
        return await self._doing.beside(case, act, said.rest)

    async def _list(self) -> Reply:
        """What waits for them; a figure then chooses one and shows its menu."""
        tasks = await self._finding.tasks()
        if not tasks:
            return self._answers.plain("list_empty")
        menu = next(words for words, acts in self.casework.profile.staff.phrases.items() if acts == (Act.MENU,))
        return Questions(self.casework).which(tasks, " ".join(menu), text="list")

    async def _evidence(self, heard: Heard) -> Reply:
        """Photos and pins: kept with the case they belong to, never sent to a reporter."""
        said = heard.said
        named = said if said.bare is None else Said(number=said.bare, whole=said.whole)
        if named.names_case:
            cases = await self._finding.numbered(named)
        elif heard.quoted is not None and heard.quoted.case_id is not None:
            cases = (await self._case(heard.quoted.case_id),)
        else:
            cases = await self._finding.fitting((Act.EVIDENCE,))
        if not cases:
            return self._answers.plain("not_found" if named.names_case else "list_empty")
        if len(cases) > 1:
            return Questions(self.casework).which(cases, heard.text, evidence=True)
        return await self._doing.evidence(cases[0], named, heard.files, pin=heard.point is not None)

    async def _filed_before(self, waiting: Waiting) -> tuple[int, ...]:
        """The message with files that was filed without a case when we asked which."""
        recent = await self.casework.store.recent_messages(self.conversation.id, 10)
        begun = waiting.since - CLOSE
        return tuple(one.id for one in recent if one.case_id is None and begun <= one.at <= waiting.since)[:1]

    async def _case(self, case_id: int) -> Case:
        found = await self.casework.store.case(case_id=case_id)
        if found is None or not self.casework.visible(found, self.actor):
            raise NotFoundError("no case has that number")
        return found

    @property
    def _reader(self) -> Reader:
        return Reader(self.casework.profile.staff, self.casework.profile.reference_prefix)

    @property
    def _finding(self) -> Finding:
        return Finding(self.casework, self.actor)

    @property
    def _shown(self) -> ShownMenus:
        return ShownMenus(self.casework, self.conversation)

    @property
    def _doing(self) -> Doing:
        return Doing(self.casework, self.actor)

    @property
    def _answers(self) -> Answers:
        return Answers(self.casework)


def _without_number(said: Said) -> str:
    """The message as it was, but for a number that several cases bear."""
    return said.whole if said.number is None else said.whole.replace(str(said.number), "", 1).strip(" 0#")
