"""Text into words: folded, without apostrophes, cut at everything that is neither letter nor digit."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")
_PLAIN: dict[int, str | None] = {
    code: (letter.lower() if letter.isalnum() else " ") for code, letter in enumerate(map(chr, range(128)))
} | dict.fromkeys(map(ord, "'`"))
"""What each ASCII character becomes before a text is cut at blanks: itself in lower case, a blank, or nothing."""
_DROPPED = dict.fromkeys(map(ord, "'\u2018\u2019\u02bc`\u00b4\u200b\u200c\u200d\u2060\ufeff\u00ad"), "")


def tokens(text: str) -> tuple[str, ...]:
    """The words of a text in compatibility form and lower case: `Ju'uh, RT 1` is `juuh`, `rt`, `1`.

    A hyphen separates, so that a doubled word is found by its single form.
    """
    if text.isascii():
        return tuple(text.translate(_PLAIN).split())
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold().translate(_DROPPED)))


def fold(text: str) -> str:
    """The text as its words with one blank between them."""
    return " ".join(tokens(text))
