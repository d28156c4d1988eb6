"""Telephone numbers in the one form an `Address` holds them: E.164, `+628…`.

Spellings of one number must become one identity, and a number that looks odd must never cost a message: what cannot
be read stays as it was written. Source: twilio-whatsapp-sms reference, number formats for +62.
"""

from __future__ import annotations

import re

HOME = "ID"
"""The region national spellings (`0812…`) are read in unless the caller says otherwise."""

CLEAN = r"\+(?!620)[1-9]\d{7,14}"
"""A number that is in this form already, as a pattern."""

_CLEAN = re.compile(CLEAN)
_SEPARATORS = re.compile(r"[\s().\-/\u2010-\u2015\u200b-\u200f\u202a-\u202e]+")
_DIALLED = re.compile(r"\+?\d{7,17}")


def e164(written: str, region: str = HOME) -> str | None:
    """`+` and digits for whatever spelling of a number; `None` when it is none (a short code, a name).

    Read are national forms of `region`, international ones without their plus, `00` as a prefix, and Indonesian
    numbers with the trunk zero left in (`+62 0812…`). A number need not be in service, only possible.
    """
    if _CLEAN.fullmatch(written):
        return written
    digits = _SEPARATORS.sub("", written)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    return _possible(digits, region) if _DIALLED.fullmatch(digits) and digits.isascii() else None


def normal(written: str, region: str = HOME) -> str:
    """`e164` of it, or the text itself without outer blanks when it is no number."""
    return e164(written, region) or written.strip()


def national(number: str, region: str = HOME) -> str:
    """The form dialled inside `region` (`0812…`), which some SMS gateways want; others stay as they are."""
    import phonenumbers  # noqa: PLC0415 loaded only when a number needs it

    try:
        read = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return number
    if phonenumbers.country_code_for_region(region) != read.country_code:
        return number
    written = phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(filter(str.isdigit, written))


def _possible(digits: str, region: str) -> str | None:
    import phonenumbers  # noqa: PLC0415 loaded only when a number is not in E.164 already

    try:
        read = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(read):
        return None
    return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164)
