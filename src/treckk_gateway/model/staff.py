"""Who works here: the unit's own roster, never a reporter."""

from __future__ import annotations

from datetime import date

import attrs

from treckk_gateway.model.address import Address
from treckk_gateway.model.case import Actor
from treckk_gateway.model.lifecycle import Role


@attrs.frozen(kw_only=True)
class Staff:
    """One entry of the roster. `token_sha256` is the hex digest of the API token; the token itself is stored nowhere.

    `delegated_until` is the last day on which this person may decide in leadership's place, by written delegation.
    `topics` are those a holder answers; `standby` says the person is told about new cases of the post. `oversees`
    marks who alone sees complaints about leadership itself.
    """

    name: str
    role: Role
    post: str | None = None
    addresses: tuple[Address, ...] = ()
    token_sha256: str | None = attrs.field(default=None, repr=False)
    topics: tuple[str, ...] = ()
    delegated_until: date | None = None
    standby: bool = True
    oversees: bool = False

    def actor(self, today: date) -> Actor:
        """This person as someone who acts today."""
        delegated = self.delegated_until is not None and today <= self.delegated_until
        roles = frozenset({self.role, Role.LEADERSHIP} if delegated else {self.role})
        return Actor(name=self.name, role=self.role, roles=roles, post=self.post, oversees=self.oversees)
