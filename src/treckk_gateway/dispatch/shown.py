"""The menus somebody of the unit was sent: a bare figure is a line of one of them."""

from __future__ import annotations

import attrs

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.menus import Menu, menu_of
from treckk_gateway.model import Case, Instant
from treckk_gateway.profile.templates import OF_REPORTERS
from treckk_gateway.store.rows import ConversationRow, OutboxRow

_OLD = 7 * 86_400_000_000
"""A menu older than a week is no menu any more (microseconds)."""
CLOSE = 120_000_000
"""Two notices within two minutes: a bare figure may be meant for either (microseconds)."""
_LOOKED_AT = 8


@attrs.frozen(kw_only=True)
class Shown:
    """A menu as it was sent, and when."""

    menu: Menu
    at: Instant


@attrs.frozen
class ShownMenus:
    """Looks menus up in what left; one that was held back or given up was never seen."""

    casework: Casework
    conversation: ConversationRow

    async def latest(self) -> list[Shown]:
        """The newest first."""
        rows = await self.casework.store.notices(self.conversation.id, _LOOKED_AT)
        begun = self.casework.clock() - _OLD
        found = [(self.of(one), one.created_at) for one in rows if one.created_at >= begun]
        return [Shown(menu=menu, at=at) for menu, at in found if menu is not None]

    async def about(self, case: Case) -> Menu | None:
        """The latest about one case."""
        return next((one.menu for one in await self.latest() if one.menu.case_id == case.case_id), None)

    def of(self, row: OutboxRow) -> Menu | None:
        """The menu of one message of ours."""
        if not row.template.startswith("staff_") or row.template in OF_REPORTERS:
            return None
        return menu_of(self.casework.keyring.unit.open_value(Purpose.VALUES, row.values, dict[str, str]))
