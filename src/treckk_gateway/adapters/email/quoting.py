"""The sender's own words in a reply: what was quoted of earlier mails is cut, line by line, in Indonesian and English.

Only a view: whoever calls keeps the full text. Patterns work on single lines of bounded length, without nested
repetition. Markers of forwarding cut nothing, since a forwarded mail carries the complaint in what it quotes.
"""

from __future__ import annotations

import re

_LINE = 400
"""Characters of a line that are looked at."""
_LINES = 20_000
"""A text of more lines is no letter; nothing is cut."""
_INTRO_LINES = 4
_INTRO_ENDS = ("menulis:", "wrote:")
_FEWEST = 2
"""Own words shorter than this (characters) are no words: then nothing is cut."""

_INTRO = re.compile(r"(?:Pada\b.*\bmenulis|On\b.*\bwrote|.{0,200}<[^<>\s]{3,200}@[^<>\s]{1,200}>\s*(?:menulis|wrote)):")
_INTRO_START = re.compile(r"(?:Pada|On)\b.{6,}")
_FIELD = re.compile(
    r"\*?(Dari|Dikirim|Terkirim|Kepada|Untuk|Cc|Tanggal|Perihal|Subjek|Subyek|From|Sent|To|Date|Subject)\s*:\s*\*?.*",
    re.IGNORECASE,
)
_SENDERS = frozenset({"dari", "from"})
_SEPARATOR = re.compile(
    r"_{20,}|-{2,}\s*(?:Pesan Asli|Original Message|Balasan Asli|Original Mail)\s*-{2,}", re.IGNORECASE
)
_FOOTER = re.compile(
    r"(?:Dikirim (?:dari|menggunakan|lewat|melalui)|Terkirim dari|Diposting dari|Sent from|Sent via|Get Outlook for|"
    r"Dapatkan Outlook untuk)\b.{0,80}",
    re.IGNORECASE,
)


def own_words(text: str) -> str | None:
    """What the sender wrote above, between and below quotes; `None` when nothing was quoted or nothing is left."""
    lines = text.split("\n")
    if len(lines) > _LINES:
        return None
    kept: list[str] = []
    cut = False
    at = 0
    while at < len(lines):
        line = lines[at][:_LINE].strip()
        intro = _intro(lines, at)
        if _SEPARATOR.fullmatch(line) or _header_block(lines, at) or lines[at][:4].rstrip() == "--":
            cut = True
            break
        if intro and not _quoted_next(lines, at + intro):
            cut = True
            break
        if intro or line.startswith(">") or _FOOTER.fullmatch(line):
            cut = True
            at += intro or 1
            continue
        kept.append(lines[at])
        at += 1
    own = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    return own if cut and len(own) >= _FEWEST else None


def _intro(lines: list[str], at: int) -> int:
    """How many lines the introduction of a quote takes here (mail programs wrap it); 0 when there is none."""
    line = lines[at][:_LINE].strip()
    if line.endswith(_INTRO_ENDS) and _INTRO.fullmatch(line):
        return 1
    if not _INTRO_START.fullmatch(line):
        return 0
    joined = line
    for taken, following in enumerate(lines[at + 1 : at + _INTRO_LINES], start=2):
        joined = f"{joined} {following[:_LINE].strip()}"
        if not following.strip():
            return 0
        if joined.endswith(_INTRO_ENDS) and _INTRO.fullmatch(joined):
            return taken
    return 0


def _quoted_next(lines: list[str], at: int) -> bool:
    """Whether the next line with anything on it is quoted: then own words may follow below."""
    following = next((line for line in lines[at : at + _INTRO_LINES] if line.strip()), "")
    return following.lstrip().startswith(">")


def _header_block(lines: list[str], at: int) -> bool:
    """Whether the header of a quoted mail begins here: two fields or more, one of them the sender."""
    names = []
    for line in lines[at : at + _INTRO_LINES]:
        found = _FIELD.fullmatch(line[:_LINE].strip())
        if not found:
            break
        names.append(found[1].lower())
    return len(names) > 1 and not _SENDERS.isdisjoint(names)
