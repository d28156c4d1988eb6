"""A notice that must wait for its reader's next message goes to another of that person's addresses instead."""

from __future__ import annotations

import attrs

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.model import CaseUpdate
from treckk_gateway.profile.templates import OF_REPORTERS
from treckk_gateway.store.orders import Filing
from treckk_gateway.store.rows import ConversationRow, OutboxRow


@attrs.frozen
class Elsewhere:
    """For the unit's own people only: a reporter is told on the channel they came by."""

    casework: Casework

    async def queued(self, row: OutboxRow, conversation: ConversationRow | None) -> bool:
        """Queue the same notice for the person's next address that can be reached now; false where there is none."""
        if conversation is None or conversation.staff is None or row.template in OF_REPORTERS:
            return False
        staff = self.casework.roster.named(conversation.staff)
        if staff is None:
            return False
        further = await self.casework.reach(staff, beyond=conversation.id)
        if further is None:
            return False
        unit = self.casework.keyring.unit
        update = CaseUpdate(
            template=row.template,
            values=unit.open_value(Purpose.VALUES, row.values, dict[str, str]),
            urgent=row.urgent,
            step=f"elsewhere:{row.id}",
        )
        draft = self.casework.draft(unit, further, update)
        # The key is the notice's own: asked twice, it is queued once.
        filing = Filing(inbox_id=None, now=self.casework.clock(), case_id=row.case_id, drafts=(draft,))
        await self.casework.store.file(filing)
        self.casework.hint()
        return True
