"""Which of several open cases is meant: a numbered question, and its answer."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from msgspec.structs import replace

from treckk_gateway.casework.bodies import Asking, Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.offering import numbered, offering
from treckk_gateway.inbound.answers import Answers
from treckk_gateway.inbound.conversation import Scene, chosen
from treckk_gateway.inbound.joining import Joinings
from treckk_gateway.inbound.opening import Openings
from treckk_gateway.model import Case, CaseUpdate, Finding, Intent
from treckk_gateway.store.orders import CaseFields, ConversationFields, Filing

_MOST_QUESTIONS = 2


@attrs.frozen
class Choices:
    """Filings around the question which case a message is about."""

    casework: Casework
    answers: Answers
    openings: Openings
    joinings: Joinings

    async def ask(self, scene: Scene, now: int, *, tried: int) -> Filing:
        """Which of the open cases? The message waits with the conversation and joins the one chosen."""
        waiting = scene.asking.messages if scene.asking else ()
        cases = [one for one in scene.running if scene.asking is None or one.case_id in scene.asking.cases] or list(
            scene.running
        )
        known = [await self.casework.as_told(one, scene.conversation.id) for one in cases]
        lines = [f"{number}. {one.reference}" for number, one in enumerate(known, 1)]
        asking = Asking(cases=tuple(one.case_id for one in cases), messages=waiting, tried=tried)
        update = CaseUpdate(
            template="ask_case",
            values={
                "daftar_aduan": "\n".join(lines),
                "baru": str(len(cases) + 1),
                **offering(numbered([one.reference for one in known])),
            },
            reply=True,
            step=f"ask{tried}",
        )
        sealed = scene.box.seal_value(Purpose.ASKING, asking)
        return Filing(
            inbox_id=None,
            now=now,
            conversation=ConversationFields(asking=sealed),
            drafts=self.answers.drafts(scene, update),
        )

    async def answered(self, scene: Scene, asking: Asking, findings: Sequence[Finding], now: int) -> Filing:
        """The case that was chosen takes the messages that waited; asked once more when nobody understood."""
        choice = chosen(scene.message.text, asking.cases)
        if choice is None and scene.threaded is not None:
            choice = scene.threaded.case_id
        if choice is None and asking.tried + 1 < _MOST_QUESTIONS:
            return await self.ask(scene, now, tried=asking.tried + 1)
        waiting = await self._waiting(scene)
        if choice == 0:
            filing = self.openings.open(scene, Intent.UNKNOWN, findings, now, earlier=waiting)
        else:
            # Not understood twice: the newest case takes it, marked for a person.
            case = await self._meant(scene, choice or asking.cases[0])
            filing = await self.joinings.join(scene, case, findings, now, earlier=waiting)
            if choice is None and case is not None:
                flags = (filing.fields and filing.fields.flags) or case.flags
                marked = tuple(dict.fromkeys((*flags, "needs_clarification")))
                filing = replace(filing, fields=replace(filing.fields or CaseFields(), flags=marked))
        fields = replace(filing.conversation or ConversationFields(), answered=True)
        return replace(filing, conversation=fields)

    async def _meant(self, scene: Scene, case_id: int) -> Case | None:
        """The chosen case, or where it goes on: it may have been merged or taken apart since we asked."""
        case = await self.casework.store.root(case_id)
        if case is not None and not await self.casework.store.is_party(case.case_id, scene.reporter.id):
            return scene.running[0] if scene.running else None
        return case

    async def _waiting(self, scene: Scene) -> tuple[int, ...]:
        """Messages of this conversation that were filed without a case since we asked."""
        recent = await self.casework.store.recent_messages(scene.conversation.id, 20)
        waiting = []
        for one in recent:
            if one.case_id is not None:
                break
            waiting.append(one.id)
        return tuple(waiting)
