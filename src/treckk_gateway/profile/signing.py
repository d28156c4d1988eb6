"""Whether somebody says who they are: "nama saya Arif", or a name set under a message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from treckk_gateway.profile.tokens import fold, tokens

_LONGEST = 4_000
"""Characters of a message's beginning, and of its end, in which a name is looked for."""
_MOST = 3
"""Words of a name at the end of a message, without what stands before it, such as "Ibu"."""
_END = re.compile(r"[\n.!?;,]+")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019.][^\W\d_]+)*")


class Signing:
    """`intros` are words before a name ("nama saya"), `closings` those of a letter's end, `titles` before a name.

    `never` are words that are no name behind an intro: "saya dari", "warga".
    """

    def __init__(
        self,
        intros: Iterable[str] = (),
        closings: Iterable[str] = (),
        titles: Iterable[str] = (),
        never: Iterable[str] = (),
    ) -> None:
        before = sorted({fold(one) for one in (*intros, *closings)} - {""}, key=len, reverse=True)
        either = "|".join(r"\W{1,3}".join(map(re.escape, one.split())) for one in before) or "(?!)"
        name = r"([^\W\d_]+(?:[ .']+[^\W\d_]+)?)"
        self._intro = re.compile(rf"(?<!\w)(?:{either})(?!\w)[\s:,=.-]{{0,6}}{name}", re.IGNORECASE)
        self._begin = tuple(sorted({one.split()[0] for one in before}))
        self._titles = frozenset(map(fold, titles))
        self._never = frozenset(map(fold, never))

    def name_in(self, text: str, ordinary: Callable[[str], bool]) -> str | None:
        """The name somebody gives, as written; `None` where none is recognised. `ordinary` words are no name.

        Behind an intro a name may be in any case; at the end of a message each of its words begins with a capital.
        """
        begun = text[:_LONGEST]
        for match in self._intro.finditer(begun) if self._introduces(begun) else ():
            if not self._no_name(match[1], ordinary):
                return match[1]
        return self._signed(text, ordinary)

    def _introduces(self, text: str) -> bool:
        """Whether it may hold an intro: the first words of all of them are found sooner than the expression is."""
        if not text.isascii():
            return True
        lower = text.lower()
        return any(one in lower for one in self._begin)

    def _no_name(self, words: str, ordinary: Callable[[str], bool]) -> bool:
        """Whether the first word that is no title is an ordinary one."""
        named = [one for one in tokens(words) if one not in self._titles]
        return not named or named[0] in self._never or ordinary(named[0])

    def _signed(self, text: str, ordinary: Callable[[str], bool]) -> str | None:
        if not any(letter.islower() for letter in text[-_LONGEST:]):
            return None
        ends = [one for one in _END.split(text[-_LONGEST:].strip()) if one.strip()]
        if len(ends) < 2:  # noqa: PLR2004 a name alone signs nothing
            return None
        for last in ends[:-3:-1]:
            words = _WORD.findall(last)
            titled = bool(words) and fold(words[0]) in self._titles
            named = words[1:] if titled else words
            if named and len(named) <= _MOST and fold(" ".join(words)) == fold(last) and all(map(_capital, named)):
                return None if any(fold(one) in self._never or ordinary(fold(one)) for one in named) else last.strip()
            if not any(letter.isdigit() for letter in last):
                return None
        return None


def _capital(word: str) -> bool:
    return word[0].isupper()
