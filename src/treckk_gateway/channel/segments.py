"""How many short messages a text costs, and where it may be cut.

A text of the GSM-7 alphabet has 160 units in one part and 153 in each of several; one character outside makes it
UCS-2 with 70 and 67. Source: 3GPP TS 23.038 (alphabet) and 23.040 (concatenation).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from enum import StrEnum

import attrs

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032`\u00b4", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f", " "),
        **dict.fromkeys("\u200b\u2060\ufeff\u00ad", ""),
        "\u2026": "...",
    }
)


class Alphabet(StrEnum):
    """What the text is sent in: septets or 16-bit units."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


_SINGLE = {Alphabet.GSM7: 160, Alphabet.UCS2: 70}
_JOINED = {Alphabet.GSM7: 153, Alphabet.UCS2: 67}


@attrs.frozen(kw_only=True)
class Size:
    """`units` are septets (GSM-7) or UTF-16 units (UCS-2); `parts` is how many messages it is billed as, at least 1."""

    alphabet: Alphabet
    units: int
    parts: int


def plain(text: str) -> str:
    """The text with typographic quotes, dashes, blanks and the backtick as their GSM-7 likeness, nothing else changed.

    One of these alone would more than double what the message costs.
    """
    return text.translate(_PLAIN)


def spelled(text: str) -> str:
    """The text in the letters of GSM-7: what has a plain likeness gets it, signs that have none are left out.

    Unlike `plain` this loses something; it is for values that would make a short text of ours a long one.
    """
    kept = (one if alphabet(one) is Alphabet.GSM7 else unicodedata.normalize("NFKD", one) for one in plain(text))
    return "".join(one for one in "".join(kept) if alphabet(one) is Alphabet.GSM7)


def alphabet(text: str) -> Alphabet:
    """The alphabet the whole text needs."""
    return Alphabet.GSM7 if all(one in _BASIC or one in _EXTENDED for one in text) else Alphabet.UCS2


def measure(text: str) -> Size:
    """What the text costs as it stands; apply `plain` first."""
    kind = alphabet(text)
    return Size(alphabet=kind, units=_units(text, kind), parts=max(1, len(split(text))))


def split(text: str) -> tuple[str, ...]:
    """The text in the parts it is sent as; joined they are the text. An empty text has no parts.

    No cut falls inside a surrogate pair or an escape pair, so a part may be one unit short of full.
    """
    kind = alphabet(text)
    if _units(text, kind) <= _SINGLE[kind]:
        return (text,) if text else ()
    return tuple(_filled(text, kind))


def _filled(text: str, kind: Alphabet) -> Iterator[str]:
    begun, used = 0, 0
    for place, one in enumerate(text):
        cost = _cost(one, kind)
        if used + cost > _JOINED[kind]:
            yield text[begun:place]
            begun, used = place, 0
        used += cost
    yield text[begun:]


def _units(text: str, kind: Alphabet) -> int:
    return sum(_cost(one, kind) for one in text)


def _cost(one: str, kind: Alphabet) -> int:
    if kind is Alphabet.UCS2:
        return 2 if ord(one) > 0xFFFF else 1  # noqa: PLR2004 the end of the basic multilingual plane
    return 2 if one in _EXTENDED else 1
