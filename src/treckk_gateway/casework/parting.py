"""A merge undone, and a message that turns out to be a matter of its own."""

from __future__ import annotations

import attrs

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.errors import IllegalTransition, Incomplete, NotAllowed, NotFoundError, Stale
from treckk_gateway.model import Actor, Case, CaseUpdate, EventKind, State, lifecycle
from treckk_gateway.privacy import Box
from treckk_gateway.store.orders import CaseFields, Change, Draft, Filing, NewCase, NewTimer, Split, Undo
from treckk_gateway.store.rows import ConversationRow, FileRows, MergeRow, MessageRow

_TRIES = 5
_TOLD = "unmerged"


@attrs.frozen
class Parting:
    """Takes apart what was put together. Nothing is lost by it: history stays where it was written."""

    casework: Casework

    async def unmerge(self, case_id: int, actor: Actor, note: str | None = None) -> Case:
        """The case returns to the state it had, with its reporters and what they wrote since.

        Raises `IllegalTransition` for a case that is not merged, `NotAllowed`, `NotFoundError` or `Stale`.
        """
        if actor.roles.isdisjoint(lifecycle.MERGING):
            raise NotAllowed("only the desk and leadership undo a merge")
        for _ in range(_TRIES):
            case, merge, above = await self._merged(case_id)
            done = await self.casework.store.change(await self._undoing(case, merge, above, actor, note))
            if done is not None:
                self.casework.hint()
                return done
        raise Stale("the case keeps changing: read it again")

    async def _merged(self, case_id: int) -> tuple[Case, MergeRow, tuple[Case, Case]]:
        """The case, its merge, what it was merged into and where that goes on."""
        store = self.casework.store
        case, merge = await store.case(case_id=case_id), await store.merge_of(case_id)
        if case is None or merge is None:
            raise IllegalTransition("this case is not merged into another")
        parent, root = await store.case(case_id=merge.parent_id), await store.root(case_id)
        if parent is None or root is None:
            raise NotFoundError("no such case")
        return case, merge, (parent, root)

    async def _undoing(
        self, case: Case, merge: MergeRow, above: tuple[Case, Case], actor: Actor, note: str | None
    ) -> Change:
        casework, now = self.casework, self.casework.clock()
        parent, root = above
        data = {"parent": parent.reference, "note": note or ""}
        boxes = [await casework.people.box(one.reporter_id) for one in (case, parent, root)]
        events = [casework.event(box, actor, EventKind.UNMERGED, {"unmerged": case.reference}) for box in boxes[1:]]
        version = case.version + root.version + 1

        def words(told: Case) -> CaseUpdate:
            return CaseUpdate(template=_TOLD, values=casework.wording.standing(told, merge.state, version))

        return Change(
            case_id=case.case_id,
            version=case.version,
            now=now,
            fields=CaseFields(state=merge.state),
            event=casework.event(boxes[0], actor, EventKind.UNMERGED, data, source=State.DUPLICATE, target=merge.state),
            drafts=await casework.tell_parties(case, words, own=True),
            timers=(NewTimer(kind="dispatch", instance=f"{merge.state}:{version}", due=now),),
            undo=Undo(
                parent_id=parent.case_id,
                root_id=root.case_id,
                root_version=root.version,
                event=events[0],
                root_event=events[1],
            ),
        )

    async def split(self, case_id: int, message_id: int, actor: Actor) -> Case:
        """One message becomes a case of its own, of whoever wrote it. Returns the new case.

        Raises `NotAllowed`, `NotFoundError` for a message that is not the case's, `Incomplete` when it is the only one
        or no reporter's, or `Stale`.
        """
        if actor.roles.isdisjoint(lifecycle.MERGING):
            raise NotAllowed("only the desk and leadership split a case")
        for _ in range(_TRIES):
            rows = await self.casework.store.case_file(case_id)
            message = next((one for one in rows.messages if one.id == message_id), None) if rows else None
            if rows is None or message is None:
                raise NotFoundError("the case has no such message")
            filed = await self.casework.store.split(await self._splitting(rows, message, actor))
            made = await self.casework.store.case(case_id=filed.case_id) if filed.case_id is not None else None
            if made is not None:
                self.casework.hint()
                return made
        raise Stale("the case keeps changing: read it again")

    async def _splitting(self, rows: FileRows, message: MessageRow, actor: Actor) -> Split:
        casework, case = self.casework, rows.case
        own = [one for one in rows.messages if one.case_id == case.case_id]
        if message not in own or message.direction != "in" or message.reporter_id is None:
            raise Incomplete("only a reporter's own message of this very case can leave it", ("own_message",))
        if len(own) == 1:
            raise Incomplete("it is the case's only message: nothing would be left", ("more_messages",))
        box = await casework.people.box(message.reporter_id)
        conversation = None
        if message.conversation_id is not None:
            conversation = await casework.store.conversation(message.conversation_id)
        return Split(
            message_id=message.id,
            case_id=case.case_id,
            version=case.version,
            event=casework.event(
                await casework.people.box(case.reporter_id),
                actor,
                EventKind.SPLIT,
                {"message_of": await casework.people.pseudonym(message.reporter_id)},
            ),
            filing=self._opening(case, message, (box, conversation), actor),
        )

    def _opening(
        self, case: Case, message: MessageRow, whose: tuple[Box, ConversationRow | None], actor: Actor
    ) -> Filing:
        casework, now = self.casework, self.casework.clock()
        box, conversation = whose
        token = casework.ids.token()
        return Filing(
            inbox_id=None,
            now=now,
            opens=NewCase(
                prefix=casework.profile.reference_prefix,
                channel_id=conversation.channel_id if conversation else case.channel_id,
                intent=case.intent,
                urgency=case.urgency,
                language=case.language,
                reporter_id=message.reporter_id,
                conversation_id=message.conversation_id,
                token=box.seal(Purpose.TOKEN, token.encode()),
                token_hash=casework.people.token_hash(token),
                post=case.post,
            ),
            event=casework.event(box, actor, EventKind.OPENED, {"split": "yes"}),
            drafts=self._receipt(box, conversation),
            timers=(NewTimer(kind="triage", instance="opened", due=now),),
            earlier=(message.id,),
        )

    def _receipt(self, box: Box, conversation: ConversationRow | None) -> tuple[Draft, ...]:
        casework = self.casework
        if conversation is None or not casework.speaks(conversation.channel_id):
            return ()
        values = {
            "waktu": casework.wording.moment(casework.clock()),
            "lokasi": "-",
            "nama_sapaan": "",
            "state": State.RECEIVED,
            "version": "1",
        }
        return (casework.draft(box, conversation, CaseUpdate(template="receipt", values=values)),)
