"""Who is not rung up at night: news that can wait is held until the morning, in the words it was written in.

Source: the channel reference and lessons, 9 (nobody is written to at midnight, unless there is danger).
"""

from __future__ import annotations

from treckk_gateway.casework.casework import Casework
from treckk_gateway.channel import Capabilities, TextForm
from treckk_gateway.model import Instant, Urgency
from treckk_gateway.store.rows import ConversationRow, OutboxRow


async def quiet_until(
    casework: Casework, row: OutboxRow, conversation: ConversationRow, capabilities: Capabilities, now: Instant
) -> Instant | None:
    """Until when a message is held; `None` when it may leave now.

    What is urgent, answers somebody, is for staff, goes by letter or concerns an emergency is not held, nor anything
    for somebody who wrote a short while ago: they are awake.
    """
    calendar = casework.clocks.calendar
    if row.urgent or row.reply or conversation.staff is not None or capabilities.form is TextForm.EMAIL:
        return None
    if not calendar.is_quiet(now):
        return None
    wrote = conversation.last_inbound_at
    if wrote is not None and now < calendar.add(wrote, casework.clocks.limits.awake):
        return None
    case = await casework.store.case(case_id=row.case_id) if row.case_id is not None else None
    if case is not None and case.urgency is Urgency.EMERGENCY:
        return None
    return calendar.quiet_until(now)
