"""StaffAnswers to the unit's own people."""

from __future__ import annotations

import attrs

from treckk_gateway.casework.bodies import MessageBody, Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.menus import reply, short_message
from treckk_gateway.casework.wording import shorten
from treckk_gateway.dispatch.refusals import Refusals, Refused
from treckk_gateway.errors import NotAllowed
from treckk_gateway.model import Act, Actor, Case, CaseUpdate
from treckk_gateway.privacy import scrub
from treckk_gateway.store.orders import Filing

_LONGEST = 1200
"""Characters of a reporter's words that are read to somebody: a chat message holds about 1,600."""


@attrs.frozen(kw_only=True)
class Reply:
    """What is answered and done. `waiting` is our open question, sealed; without it whatever waited is dropped.

    `case_id` is the case the answer is about where nothing is done on it; `sealed_for` whose words it repeats.
    """

    update: CaseUpdate | None = None
    waiting: bytes | None = None
    filing: Filing | None = None
    case_id: int | None = None
    sealed_for: int | None = None


@attrs.frozen
class StaffAnswers:
    """Plain answers in the profile's words."""

    casework: Casework

    def plain(self, name: str, *, before: str | None = None, **values: str) -> Reply:
        """One text of the profile, another one before it where wanted."""
        words = self.casework.profile.staff
        said = [words.say(one, **values) for one in (before, name) if one]
        return Reply(update=reply(" ".join(said), ""))

    def refused(self, problem: Exception, act: Act | None, case: Case | None) -> Reply:
        """The reason why not."""
        text = Refusals(self.casework.profile).explain(problem, act, case)
        return Reply(update=reply(text, "", number=case.reference if case else ""))

    def text(self, name: str, case: Case, act: Act | None) -> str:
        """A text about a case and perhaps an act on it."""
        profile = self.casework.profile
        values = {"nomor": case.reference, "status": profile.state_word(case.state, profile.languages[0])}
        if act is not None:
            values["kegiatan"] = profile.staff.acts[act].label
        return profile.staff.say(name, **values)

    def line(self, case: Case) -> str:
        """A case in one line of a list."""
        profile = self.casework.profile
        return profile.staff.say(
            "list_line",
            nomor=case.reference,
            status=profile.state_word(case.state, profile.languages[0]),
            lokasi=self.casework.wording.place(case),
            urgensi=profile.urgency_word(case.urgency, profile.languages[0]),
        )

    async def words_of(self, case: Case, actor: Actor) -> Reply:
        """What the reporter wrote, without numbers and addresses, and without any name we know. Written down.

        It is sealed under the reporter's key, so that it ends with them. Raises `NotAllowed` for roles that never
        read words, `NotFoundError` when the reporter was erased.
        """
        if not self.casework.reads_words(actor):
            raise NotAllowed("only the desk, leadership and holders read reporters' words")
        rows = await self.casework.store.case_file(case.case_id)
        box = await self.casework.people.box(case.reporter_id)
        said = []
        for row in rows.messages if rows else ():
            if row.direction == "in" and row.reporter_id == case.reporter_id and not row.automatic:
                body = box.open_value(Purpose.MESSAGE, row.body, MessageBody)
                said.append(_without(scrub(body.text), body.sender_name))
        text = shorten(" / ".join(one for one in said if one.strip()), _LONGEST)
        if not text:
            raise Refused("no_words")
        await self.casework.store.log_access(case.case_id, actor.name, "words", self.casework.clock())
        told = self.casework.profile.staff.say("words", nomor=case.reference, isi=text)
        values = {"isi": told, "isi_singkat": short_message(told)}
        update = CaseUpdate(template="staff_words", values=values)
        return Reply(update=update, case_id=case.case_id, sealed_for=case.reporter_id)


def _without(text: str, name: str | None) -> str:
    """The text without the sender's own name."""
    return text.replace(name, "[...]") if name and len(name) > 2 else text  # noqa: PLR2004 an initial stands everywhere
