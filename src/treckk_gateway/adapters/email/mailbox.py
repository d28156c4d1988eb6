"""The channel's own mailbox: its address, its reply addresses, the ids of its mails."""

from __future__ import annotations

import re

import attrs

MARKER = "X-Treckk-Gateway"
"""Header on every mail any gateway of this kind sends: who bears it is never answered."""

FROM_HEADER = "x-envelope-from"
"""Header of a listener's request: who the envelope says sent it, empty for the null sender."""
TO_HEADER = "x-envelope-to"
"""Header of a listener's request: the one recipient."""

CUT_HEADER = "x-mail-cut"
"""Header of a request that holds the headers of a mail only, since it was too large."""

STOP = "STOP"
"""What the mail says that a mail program sends for a reader who wants no more of our news, in subject and text."""

_LONGEST_LOCAL = 64  # RFC 5321, 4.5.3.1.1
_DELIVERY_ID = re.compile(r"[A-Za-z0-9._-]{1,80}")
_OWN_ID = re.compile(r"[0-9a-f]{20}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


@attrs.frozen
class Mailbox:
    """`local@domain`; what stands after a plus in the local part is a reply token. Case of letters does not matter."""

    local: str
    domain: str
    name: str | None = None

    @classmethod
    def of(cls, address: str, name: str | None = None) -> Mailbox:
        """From the written address, which has passed the check of the options."""
        local, _, domain = address.rpartition("@")
        return cls(local, domain.lower(), name)

    @property
    def address(self) -> str:
        """Without a token."""
        return f"{self.local}@{self.domain}"

    def owns(self, address: str) -> bool:
        """Whether mail to that address is for us, with or without a token."""
        local, _, domain = address.rpartition("@")
        return domain.lower() == self.domain and local.partition("+")[0].lower() == self.local.lower()

    def token(self, address: str) -> str | None:
        """The reply token of one of our addresses, in lower case; `None` where there is none."""
        tag = address.rpartition("@")[0].partition("+")[2]
        return tag.lower() if self.owns(address) and _TOKEN.fullmatch(tag) else None

    def tagged(self, token: str | None) -> str:
        """The address that carries the token; the plain one when the token does not fit into an address."""
        if token is None or not _TOKEN.fullmatch(token) or len(self.local) + 1 + len(token) > _LONGEST_LOCAL:
            return self.address
        return f"{self.local}+{token}@{self.domain}"

    def message_id(self, delivery_id: str) -> str:
        """The `Message-ID` of a delivery, the same in every attempt, so that receivers can tell a repeat.

        Raises `ValueError` for an id that cannot stand in one.
        """
        if not _DELIVERY_ID.fullmatch(delivery_id):
            msg = "a delivery id of up to 80 letters, digits, points, underscores and hyphens can be a Message-ID"
            raise ValueError(msg)
        return f"<{delivery_id}@{self.domain}>"

    def delivery_id(self, message_id: str) -> str | None:
        """The delivery a `Message-ID` of our domain names; whether it is ours only the store knows."""
        local, _, domain = message_id.strip("<>").rpartition("@")
        return local if domain.lower() == self.domain and _DELIVERY_ID.fullmatch(local) else None

    def wrote(self, message_id: str | None) -> bool:
        """Whether this `Message-ID` has the very form of ours.

        The domain alone says nothing: colleagues of the same office write from it too.
        """
        return message_id is not None and bool(_OWN_ID.fullmatch(self.delivery_id(message_id) or ""))
