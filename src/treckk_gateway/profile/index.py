"""The words and phrases of all lists, by the word they begin with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from treckk_gateway.profile.tokens import tokens

Words = tuple[str, ...]
Owners = dict[Words, tuple[str, ...]]
"""The lists that have a word or phrase."""


class Phrase(NamedTuple):
    """Two or more `words`, the same as `text`, and the lists `names` that have them."""

    words: Words
    text: str
    names: tuple[str, ...]


class Entry(NamedTuple):
    """What begins with one word: the lists it is in alone, and phrases by their second word.

    `forms` are lists of roots of which it is a form.
    """

    alone: tuple[str, ...]
    phrases: dict[str, list[Phrase]]
    forms: tuple[str, ...] = ()


def owners_of(lists: Mapping[str, Iterable[str]]) -> Owners:
    """The words of each phrase, with the lists it is in."""
    owners: dict[str, dict[str, None]] = {}
    for name, phrases in lists.items():
        for phrase in phrases:
            owners.setdefault(phrase, {})[name] = None
    found: dict[Words, dict[str, None]] = {}
    for phrase, names in owners.items():
        found.setdefault(tokens(phrase), {}).update(names)
    return {words: tuple(names) for words, names in found.items()}


def indexed(owners: Owners) -> dict[str, Entry]:
    """Everything by its first word."""
    index: dict[str, Entry] = {}
    for words, names in owners.items():
        if words[0] not in index:
            index[words[0]] = Entry(owners.get(words[:1], ()), {})
        if len(words) > 1:
            index[words[0]].phrases.setdefault(words[1], []).append(Phrase(words, " ".join(words), names))
    return index
