"""The unit's people: looked up by address or token, told by role and post."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from hashlib import sha256

from treckk_gateway.model import Actor, Address, Role, Staff


class Roster:
    """All staff entries of the configuration."""

    def __init__(self, staff: Iterable[Staff], today: Callable[[], date]) -> None:
        self.entries = tuple(staff)
        self._today = today
        self._by_identity = {address.identity: one for one in self.entries for address in one.addresses}

    @property
    def overseen(self) -> bool:
        """Whether somebody hears complaints about leadership itself."""
        return any(one.oversees for one in self.entries)

    def named(self, name: str) -> Staff | None:
        """The entry of that name."""
        return next((one for one in self.entries if one.name == name), None)

    def at(self, address: Address) -> Staff | None:
        """The entry this address belongs to."""
        return self._by_identity.get(address.identity)

    def actor(self, entry: Staff) -> Actor:
        """The entry as somebody who acts today, with a delegation that is in force."""
        return entry.actor(self._today())

    def bearing(self, token: str) -> Actor | None:
        """Who bears this API token; every entry is compared, so that the time taken tells nothing."""
        digest = sha256(token.encode()).hexdigest()
        found = None
        for entry in self.entries:
            if entry.token_sha256 and hmac.compare_digest(entry.token_sha256.lower(), digest):
                found = entry
        return self.actor(found) if found else None

    def told(self, roles: Iterable[Role], post: str | None = None) -> Sequence[Staff]:
        """Who is on standby in one of these roles; with a post, only its people and those of no post."""
        wanted = frozenset(roles)
        return [
            one
            for one in self.entries
            if one.standby and one.addresses and one.role in wanted and (post is None or one.post in {post, None})
        ]
