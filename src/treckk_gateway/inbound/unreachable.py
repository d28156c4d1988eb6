"""When a reporter's address turns out to be no more, people are told: they may know another way (lessons, E6)."""

from __future__ import annotations

from msgspec.structs import replace

from treckk_gateway.casework.casework import Casework
from treckk_gateway.model import CaseUpdate, DeliveryReceipt, Role
from treckk_gateway.store.orders import Filing


async def tell_desk(casework: Casework, channel_id: str, receipt: DeliveryReceipt) -> None:
    """Tell the desk of the case whose news does not arrive, once for each address that is set aside.

    Of a case that only leadership reads, leadership. Call it before the receipt is heard: then a process that dies in
    between tells it again, and `once` keeps it one.
    """
    store = casework.store
    row = await store.sent_as(channel_id, receipt.delivery_id, receipt.provider_message_id)
    found = await store.outgoing(row.id) if row is not None else None
    if row is None or found is None or found.suppressed is not None:
        return
    case, conversation = found.case, found.conversation
    if case is None or conversation is None or conversation.staff is not None:
        return
    closed = case.category in casework.profile.leadership_only
    people = casework.roster.told([Role.LEADERSHIP if closed else Role.ADMIN])
    update = CaseUpdate(template="note", values={"isi": casework.wording.unreachable_task(case.reference)})
    drafts = await casework.tell_staff(people, update)
    once = f"unreachable:{row.id}"
    await store.file(
        Filing(inbox_id=None, now=casework.clock(), drafts=tuple(replace(one, once=once) for one in drafts))
    )
