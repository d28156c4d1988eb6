"""What somebody looks for in the list of cases: numbers, and categories and places by name or by code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from treckk_gateway.profile import Profile
from treckk_gateway.profile.tokens import fold, tokens

_LONGEST = 8
"""Words a name may have: what is asked is cut in every way up to that, so it must not grow with what is asked."""


def wanted(profile: Profile, q: str) -> tuple[tuple[str, ...], ...]:
    """What a case must have, each in one of the ways given: `layap TRK-2611-00007` is two, a village and a number.

    Names are the profile's, in any of its languages, and may have several words; what is no name is taken as a code.
    """
    return tuple(_parts(profile, q.split()))


def _parts(profile: Profile, words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    categories = {fold(name): one.code for one in profile.categories for name in one.names.values()}
    start = 0
    while start < len(words):
        for end in range(min(len(words), start + _LONGEST), start, -1):
            if codes := _named(profile, categories, " ".join(words[start:end])):
                break
        else:
            end, codes = start + 1, (_code(profile, words[start]),)
        yield codes
        start = end


def _named(profile: Profile, categories: Mapping[str, str], name: str) -> tuple[str, ...]:
    folded = tokens(name)
    category = categories.get(" ".join(folded))
    return (*((category,) if category else ()), *(one.code for one in profile.gazetteer.named(folded)))


def _code(profile: Profile, word: str) -> str:
    return word.upper() if word.upper().startswith(profile.reference_prefix) else word.lower()
