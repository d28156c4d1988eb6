"""Who wrote: a number, a business-scoped id, or both; the latter holds no number and is kept to the letter.

Source: WhatsApp Business Platform, "Business-scoped user IDs"; "System messages webhook reference".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs
from treckk_gateway.channel import numbers
from treckk_gateway.model import Address

from treckk_whatsapp_cloud.reading import dicts, text

SCHEME = "whatsapp"
USER_ID = re.compile(r"[A-Z]{2}(?:\.ENT)?\.[A-Za-z0-9]{1,128}")

_DIGITS = re.compile(r"\+?[0-9]{6,20}")
_CHANGES = ("wa_id", "new_wa_id", "user_id")
"""Where a `system` message says who somebody is now."""


@attrs.frozen(kw_only=True)
class Named:
    """What the `contacts` of a notification tell of one person."""

    name: str | None
    phone: str | None
    user: str | None


@attrs.frozen(kw_only=True)
class Writer:
    """Who wrote, and under which addresses the same notification shows them too."""

    address: Address
    name: str | None
    aliases: tuple[Address, ...]


def phone(written: object) -> str | None:
    """A number in international form; Meta writes it without the plus."""
    if not isinstance(written, str) or not _DIGITS.fullmatch(written):
        return None
    return numbers.normal(f"+{written.removeprefix('+')}")


def user(written: object) -> str | None:
    """A business-scoped id."""
    return written if isinstance(written, str) and USER_ID.fullmatch(written) else None


def named(contacts: object) -> Mapping[str, Named]:
    """The people of a notification, by number and by id."""
    found: dict[str, Named] = {}
    for one in dicts(contacts):
        name = " ".join(text(one.get("profile"), "name").split())[:200] or None
        person = Named(name=name, phone=phone(one.get("wa_id")), user=user(one.get("user_id")))
        found |= {key: person for key in (person.phone, person.user) if key}
    return found


def writer(message: dict[str, Any], known: Mapping[str, Named]) -> Writer | None:
    """Who wrote a message; `None` when it does not say."""
    number, own = phone(message.get("from")), user(message.get("from_user_id")) or user(message.get("from"))
    person = known.get(number or "") or known.get(own or "")
    number, own = number or (person.phone if person else None), own or (person.user if person else None)
    if number is None and own is None:
        return None
    system = message.get("system")
    now = [text(system, name) for name in _CHANGES] if message.get("type") == "system" else []
    others = {one for one in (own, *(phone(new) or user(new) for new in now)) if one}
    address = Address(SCHEME, number or own or "")
    return Writer(
        address=address,
        name=person.name if person else None,
        aliases=tuple(Address(SCHEME, one) for one in sorted(others) if one != address.value),
    )
