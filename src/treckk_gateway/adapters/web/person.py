"""Another address of the sender, as the portal states it."""

from __future__ import annotations

import re

from treckk_gateway.model import Address

_MAILBOX = re.compile(r"[^\s@<>,;:\"()\\\[\]]{1,64}@[A-Za-z0-9.-]{1,190}")
_NUMBERED = ("whatsapp", "sms", "tel")
HOME = "ID"
"""The region a number without a country code is taken to be of."""


def alias(written: str | None) -> tuple[Address, ...]:
    """The address as a tuple of one; empty when it is none we can write to.

    Takes `mailto:`, `whatsapp:`, `sms:` and `tel:` addresses, a bare mailbox, and a bare number in any usual form.
    """
    scheme, colon, value = (written or "").strip().partition(":")
    if not colon:
        scheme, value = ("mailto" if "@" in scheme else "tel"), scheme
    scheme, value = scheme.lower(), value.strip()
    if scheme == "mailto":
        return (Address(scheme, value),) if _MAILBOX.fullmatch(value) else ()
    number = _number(value) if scheme in _NUMBERED else None
    return (Address(scheme, number),) if number else ()


def _number(written: str) -> str | None:
    import phonenumbers  # noqa: PLC0415 loaded only when a portal gives a number

    try:
        number = phonenumbers.parse(written, HOME)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
