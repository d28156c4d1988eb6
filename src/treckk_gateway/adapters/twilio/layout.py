"""Forms whose names come in an order known from before: one pattern reads them, instead of field by field.

Twilio writes the same names again and again, and the order in which they are signed follows from them alone. What is
made of a body of a known layout is what `form.read` makes of it; where that is not sure, it is not recognized.
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Sequence

_MOST = 64
"""Fields of a layout that is kept."""
_KEPT = 8
"""Layouts that are kept: a text, a picture, a place, a reply, a button, and what became of a message of ours."""
_USUAL = re.compile(rb"[A-Za-z0-9_.-]+=[^&]*(?:&[A-Za-z0-9_.-]+=[^&]*)+")
_QUOTED = bytes.maketrans(b"+=%", b" &=")
"""A form's signs as those of quoted-printable, which is decoded in C; what stands between name and value is cut out."""
_LF, _CR, _EQUALS = b"\n\r="


class Layout:
    """Names in the order they are written, each once."""

    __slots__ = ("_cut", "_order", "match", "places")

    def __init__(self, names: Sequence[bytes]) -> None:
        self.match = re.compile(b"&".join(b"(%s=[^&]*)" % re.escape(name) for name in names), re.DOTALL).fullmatch
        self.places = {name.decode("ascii"): place for place, name in enumerate(names, 1)}
        self._order = tuple(place for _, place in sorted(self.places.items()))
        self._cut = 2 * len(names) - 1

    def signed(self, found: re.Match[bytes]) -> bytes | None:
        """Names and values as they are signed: decoded, by names in order. `None` when that takes more than this."""
        quoted = b"&".join(found.group(*self._order)).translate(_QUOTED)
        decoded = a2b_qp(quoted)
        # What was no escape, or stands for one of the two signs, is left to who reads field by field.
        signed = decoded.replace(b"&", b"")
        if len(decoded) - len(signed) != self._cut or _EQUALS in decoded or quoted[-1] == _EQUALS:
            return None
        if not decoded.isascii():
            try:
                decoded.decode()
            except UnicodeDecodeError:
                return None
        return signed


class Recognized:
    """A form of a known layout: what is signed of it, and any of its values."""

    __slots__ = ("_found", "_places", "signed")

    def __init__(self, signed: bytes, layout: Layout, found: re.Match[bytes]) -> None:
        self.signed = signed
        self._places = layout.places
        self._found = found

    def get(self, name: str) -> str | None:
        """The value of that name, `None` where the form has none."""
        place = self._places.get(name)
        if place is None:
            return None
        value = self._found[place][len(name) + 1 :]
        return value.decode() if value.isalnum() else a2b_qp(value.translate(_QUOTED)).decode()


class Layouts:
    """The layouts one channel has seen of late.

    Large bodies are verified by a thread beside the loop: what is remembered is only ever replaced as a whole.
    """

    __slots__ = ("_known", "_latest")

    def __init__(self) -> None:
        self._known: tuple[Layout, ...] = ()
        self._latest: tuple[bytes, Recognized | None] = b"", None

    def recognize(self, body: bytes) -> Recognized | None:
        """The form in a body whose layout is known. Kept for a moment: what was verified is looked at next."""
        latest, found = self._latest
        if body is not latest:
            found = self._recognize(body)
            self._latest = body, found
        return found

    def learn(self, body: bytes) -> None:
        """Know this body's layout from now on, if it is a usual one. Genuine ones only, so that nobody else teaches."""
        if body.count(b"&") >= _MOST or not _USUAL.fullmatch(body):
            return
        names = [field.partition(b"=")[0] for field in body.split(b"&")]
        if len(names) == len(set(names)) and not any(one.match(body) for one in self._known):
            self._known = (Layout(names), *self._known[: _KEPT - 1])

    def _recognize(self, body: bytes) -> Recognized | None:
        if _LF in body or _CR in body:  # quoted-printable has line breaks of its own
            return None
        for layout in self._known:
            found = layout.match(body)
            if found is not None:
                signed = layout.signed(found)
                return None if signed is None else Recognized(signed, layout, found)
        return None
