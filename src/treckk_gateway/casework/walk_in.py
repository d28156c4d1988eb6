"""A complaint that staff write down for somebody else."""

from __future__ import annotations

import attrs
from msgspec.structs import replace

from treckk_gateway.casework.bodies import MessageBody, Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.views import WalkIn
from treckk_gateway.errors import Incomplete, NotFoundError
from treckk_gateway.model import Actor, Address, CaseUpdate, EventKind, Intent, Location, Urgency
from treckk_gateway.privacy import Box
from treckk_gateway.store.orders import Draft, Filing, NewCase, NewMessage, NewRequest, NewTimer
from treckk_gateway.store.rows import ConversationRow, ReporterRow

WALK_IN = "walk_in"
"""The channel of what staff write down for somebody."""


@attrs.frozen
class WalkIns:
    """Files what staff enter into the same model as any message."""

    casework: Casework

    async def filing(self, actor: Actor, walk_in: WalkIn, request: NewRequest) -> Filing:
        """The filing of an entry, kept with the request. Raises `Incomplete` as `entry` does."""
        return replace(
            await self.entry(actor, walk_in, request.items[0].dedupe_key, request.received_at), request=request
        )

    async def entry(
        self, actor: Actor, walk_in: WalkIn, key: str, now: int, *, written_in: int | None = None
    ) -> Filing:
        """The filing of an entry; `key` stands for it, `written_in` is the conversation a member of staff wrote it in.

        Raises `Incomplete` when it holds nothing or an address that is none.
        """
        if not walk_in.text.strip():
            raise Incomplete("write down what happened", ("text",))
        self.casework.wording.check_post(walk_in.post)
        reporter, conversation = await self._person(walk_in, key)
        box = self.casework.keyring.box(reporter.wrapped) if reporter else self.casework.keyring.unit
        ids = self.casework.ids
        token = ids.token()
        body = MessageBody(
            text=walk_in.text, sender_name=walk_in.name, sender=walk_in.reply_to, location=_place(walk_in)
        )
        opens = NewCase(
            prefix=self.casework.profile.reference_prefix,
            channel_id=WALK_IN,
            intent=Intent.COMPLAINT,
            urgency=Urgency.NORMAL,
            language=self.casework.profile.languages[0],
            reporter_id=reporter.id if reporter else None,
            conversation_id=conversation.id if conversation else None,
            token=box.seal(Purpose.TOKEN, token.encode()),
            token_hash=self.casework.people.token_hash(token),
            flags=("patrol",) if walk_in.patrol else (),
            post=walk_in.post or actor.post or self.casework.profile.post_of(None).post_id,
        )
        return Filing(
            inbox_id=None,
            now=now,
            message=NewMessage(
                conversation_id=written_in or (conversation.id if conversation else None),
                reporter_id=reporter.id if reporter else None,
                body=box.seal_value(Purpose.MESSAGE, body),
            ),
            opens=opens,
            event=self.casework.event(box, actor, EventKind.OPENED, {"channel": WALK_IN, "post": walk_in.post or ""}),
            drafts=self._receipt(box, conversation, walk_in, now),
            timers=(NewTimer(kind="triage", instance="opened", due=now),),
        )

    async def repeats(self, case_id: int, walk_in: WalkIn) -> bool:
        """Whether the entry a case was opened with says the same; an erased one can no longer be compared."""
        rows = await self.casework.store.case_file(case_id)
        if rows is None or not rows.messages or not rows.events:
            return True
        first = rows.messages[0]
        try:
            box = await self.casework.people.box(first.reporter_id)
        except NotFoundError:
            return True
        body = box.open_value(Purpose.MESSAGE, first.body, MessageBody)
        opened = box.open_value(Purpose.EVENT, rows.events[0].data, dict[str, str])
        before = (body.text, body.sender_name, body.sender, body.location, opened.get("post"))
        again = (walk_in.text, walk_in.name, walk_in.reply_to, _place(walk_in), walk_in.post)
        return before == again and walk_in.patrol == ("patrol" in rows.case.flags)

    async def _person(self, walk_in: WalkIn, key: str) -> tuple[ReporterRow | None, ConversationRow | None]:
        if walk_in.patrol:
            return None, None
        people = self.casework.people
        if walk_in.reply_to is None:
            # A person without an address is still a person with a key of their own.
            identity = self.casework.keyring.digest("identity", f"{WALK_IN}\0{key}")
            return await people.unreachable(identity), None
        try:
            address = Address.parse(walk_in.reply_to)
        except ValueError as problem:
            raise Incomplete(str(problem), ("reply_to",)) from problem
        channel_id = self.casework.channel_for(address.scheme)
        if channel_id is None:
            raise Incomplete(f"no configured channel sends to {address.scheme}: addresses", ("reply_to",))
        reporter = await people.reporter_at(channel_id, (address,))
        return reporter, await people.conversation(channel_id, address, reporter)

    def _receipt(self, box: Box, conversation: ConversationRow | None, walk_in: WalkIn, now: int) -> tuple[Draft, ...]:
        if conversation is None:
            return ()
        values = {"waktu": self.casework.wording.moment(now), "lokasi": walk_in.place or "-", "nama_sapaan": ""}
        return (self.casework.draft(box, conversation, CaseUpdate(template="receipt", values=values)),)


def _place(walk_in: WalkIn) -> Location | None:
    return Location(text=walk_in.place) if walk_in.place else None
