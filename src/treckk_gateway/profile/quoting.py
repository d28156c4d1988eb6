"""What is cut out of a message before any word is looked up: case numbers, links, addresses, numbers, quoted mail.

Source: domain reference, section 11, rule 8. Every expression begins at a blank or at a digit and is bounded, so the
work grows with the length of the text and no faster.
"""

from __future__ import annotations

import re

import attrs

_LINK = re.compile(
    r"(?<!\S)(?:https?://\S+|www\.\S+|[\w.-]{1,100}\.(?:com|id|net|org|link|me)(?:/\S*)?)(?=[\s,;!?)]|$)", re.IGNORECASE
)
_LINKING = ("http", "www.", ".com", ".id", ".net", ".org", ".link", ".me")
"""One of these stands in every link, in lower case and plain letters."""
_MAIL = re.compile(r"(?<!\S)[^\s@]{1,64}@\S+")
_PHONE = re.compile(r"(?<!\w)(?:\+?62|0)[ -]?8\d[\dx .-]{5,14}", re.IGNORECASE)
_QUOTED_LINE = re.compile(r"^[ \t]{0,8}>.*$", re.MULTILINE)
_HISTORY = re.compile(
    r"^[ \t]{0,8}(?:-{2,10} ?(?:original message|pesan asli)\b.*"
    r"|(?:on|pada) .{5,150}(?:wrote|menulis) ?:[ \t]*$"
    r"|(?:from|dari): .{0,150}@.*)",
    re.IGNORECASE | re.MULTILINE,
)
_BLANK = " "


@attrs.frozen(kw_only=True)
class Kept:
    """What is left of a text, the case numbers that stood in it, and whether a quotation or a link was cut."""

    text: str = attrs.field(repr=False)
    references: tuple[str, ...] = ()
    quoted: bool = False
    linked: bool = False


@attrs.frozen
class Cutting:
    """Cuts a text. `prefix` is that of the unit's case numbers."""

    prefix: str = "TRK"
    _reference: re.Pattern[str] = attrs.field(init=False, repr=False)

    @_reference.default
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"(?<!\w){re.escape(self.prefix)}[- ]?(\d{{4}})[- ]?(\d{{5,8}})(?!\w)", re.IGNORECASE)

    def apply(self, text: str) -> Kept:
        """The text without what is no word of the sender's own."""
        kept, quoted = own(text)
        references: tuple[str, ...] = ()
        lower, links = kept.lower(), 0
        if self.prefix.lower() in lower or not kept.isascii():
            references = tuple(
                dict.fromkeys(f"{self.prefix}-{one[1]}-{one[2]}" for one in self._reference.finditer(kept))
            )
            kept = self._reference.sub(_BLANK, kept)
        if not kept.isascii() or any(one in lower for one in _LINKING):
            kept, links = _LINK.subn(_BLANK, kept)
        if "@" in kept:
            kept = _MAIL.sub(_BLANK, kept)
        if "8" in kept:
            kept = _PHONE.sub(_BLANK, kept)
        return Kept(text=kept, references=references, quoted=quoted, linked=bool(links))


def own(text: str) -> tuple[str, bool]:
    """The sender's own words of a mail, without what it quotes; and whether something was quoted."""
    history = _HISTORY.search(text) if ":" in text or "--" in text else None
    kept = text[: history.start()] if history else text
    if ">" in kept:
        kept = _QUOTED_LINE.sub("", kept)
    return kept, kept != text
