"""Opening a case's sealed rows for somebody, cut to what that role may see."""

from __future__ import annotations

import attrs

from treckk_gateway.casework.bodies import FileBody, MessageBody, Purpose, SentBody
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.findings import opened
from treckk_gateway.casework.form import Forms
from treckk_gateway.casework.views import CaseFile, DeliveryView, FileView, IdentityView, MessageView
from treckk_gateway.errors import NotFoundError
from treckk_gateway.model import Actor, Case, CaseEvent
from treckk_gateway.privacy import Box
from treckk_gateway.store.rows import EventRow, FileRow, FileRows, MessageRow, OutboxRow

_UNDECIDED = frozenset({"held", "cancelled", "dead", "uncertain"})


def _merged(*sides: list[MessageView]) -> tuple[MessageView, ...]:
    """What was said on each side by its time, and on one side always in the order it came: a clock may be set back."""
    timed: list[tuple[int, MessageView]] = []
    for side in sides:
        latest = 0
        for one in side:
            latest = max(latest, one.at)
            timed.append((latest, one))
    return tuple(one for _, one in sorted(timed, key=lambda pair: pair[0]))


@attrs.frozen
class Opening:
    """Reads a case file. What belongs to an erased reporter stays closed and is left out."""

    casework: Casework

    async def open(self, case: Case, actor: Actor) -> CaseFile:
        """The file as the actor may see it. Raises `NotFoundError` when the case is gone."""
        rows = await self.casework.store.case_file(case.case_id)
        if rows is None:
            raise NotFoundError("no such case")
        words = self.casework.reads_words(actor)
        try:
            box = await self.casework.people.box(case.reporter_id)
        except NotFoundError:
            box = None
        messages = _merged(await self._inbound(rows), await self._outbound(rows)) if words else ()
        return CaseFile(
            case=rows.case,
            messages=messages,
            deliveries=tuple([await self._delivery(one, rows) for one in rows.outbox]),
            clocks=self.casework.clocks.of(rows.case, rows.events, self.casework.clock()),
            events=tuple(_event(one, box if words else None) for one in rows.events),
            findings=tuple(opened(rows.findings, box)) if words and box else (),
            form=await Forms(self.casework).shown(rows.case, actor, rows.values),
            parent=rows.parent,
            merged=rows.merged,
        )

    async def _inbound(self, rows: FileRows) -> list[MessageView]:
        views = []
        for row in rows.messages:
            box = await self._box(row.reporter_id)
            if box is None:
                continue
            body = box.open_value(Purpose.MESSAGE, row.body, MessageBody)
            files = tuple(_file(one, box) for one in rows.attachments if one.message_id == row.id)
            views.append(
                MessageView(
                    at=row.at,
                    direction=row.direction,
                    text=body.text,
                    by=await self._author(row),
                    automatic=row.automatic,
                    location=body.location,
                    attachments=files,
                    id=row.id,
                    unsupported=body.unsupported,
                )
            )
        return views

    async def _author(self, row: MessageRow) -> str:
        """Who wrote a message: a member of staff by name, a reporter by pseudonym."""
        if row.direction == "staff":
            known = await self.casework.store.conversation(row.conversation_id) if row.conversation_id else None
            body = self.casework.keyring.unit.open_value(Purpose.MESSAGE, row.body, MessageBody)
            return (known.staff if known else body.sender_name) or "-"
        return await self.casework.people.pseudonym(row.reporter_id)

    async def _outbound(self, rows: FileRows) -> list[MessageView]:
        views = []
        for row in rows.outbox:
            conversation = await self.casework.store.conversation(row.conversation_id)
            if row.text is None or conversation is None or conversation.staff is not None:
                continue
            box = await self._box(conversation.reporter_id)
            if box is not None:
                body = box.open_value(Purpose.TEXT, row.text, SentBody)
                views.append(MessageView(at=row.created_at, direction="out", text=body.text, by="gateway"))
        return views

    async def _delivery(self, row: OutboxRow, rows: FileRows) -> DeliveryView:
        tries = [one for one in rows.attempts if one.outbox_id == row.id]
        conversation = await self.casework.store.conversation(row.conversation_id)
        to = "-"
        if conversation is not None:
            to = conversation.staff or await self.casework.people.pseudonym(conversation.reporter_id)
        return DeliveryView(
            id=row.id,
            delivery_id=row.delivery_id,
            channel_id=row.channel_id,
            template=row.template,
            state=_shown(row),
            provider_message_id=next(
                (one.provider_message_id for one in reversed(tries) if one.provider_message_id), None
            ),
            attempts=len(tries),
            created_at=row.created_at,
            to=to,
            reason=row.reason,
            code=tries[-1].code if tries else None,
            heard=row.heard,
        )

    async def identities(self, case: Case) -> tuple[IdentityView, ...]:
        """Who reported the case. Whoever asks must have been written down."""
        rows = await self.casework.store.case_file(case.case_id)
        if rows is None:
            raise NotFoundError("no such case")
        views = []
        for party in rows.parties:
            box = await self._box(party.reporter_id) if party.reporter_id is not None else None
            if box is None:
                continue
            bodies = [
                box.open_value(Purpose.MESSAGE, one.body, MessageBody)
                for one in rows.messages
                if one.reporter_id == party.reporter_id
            ]
            own = party.reporter_id == case.reporter_id
            form = await Forms(self.casework).of_people(case) if own else {}
            views.append(
                IdentityView(
                    pseudonym=await self.casework.people.pseudonym(party.reporter_id),
                    name=form.get("name") or next((one.sender_name for one in bodies if one.sender_name), None),
                    addresses=tuple(dict.fromkeys(one.sender for one in bodies if one.sender)),
                    form=dict(form),
                )
            )
        return tuple(views)

    async def _box(self, reporter_id: int | None) -> Box | None:
        try:
            return await self.casework.people.box(reporter_id)
        except NotFoundError:
            return None


def _shown(row: OutboxRow) -> str:
    """Our own end of the story until the provider tells more."""
    if row.state in _UNDECIDED:
        return row.state
    if row.state == "queued":
        return "pending"
    return row.heard if row.state == "sent" else row.state


def _event(row: EventRow, box: Box | None) -> CaseEvent:
    data = box.open_value(Purpose.EVENT, row.data, dict[str, str]) if box and row.data else {}
    fields = {name: getattr(row, name) for name in ("seq", "at", "actor", "role", "kind", "source", "target")}
    return CaseEvent(**fields, data=data)


def _file(row: FileRow, box: Box) -> FileView:
    body = box.open_value(Purpose.FILE, row.details, FileBody)
    return FileView(
        id=row.id,
        kind=row.kind,
        state=row.state,
        content_type=body.content_type,
        filename=body.filename,
        size=row.size,
        reason=row.reason,
    )
