"""Words and phrases with what they stand for, found in a row of words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar

import msgspec

from treckk_gateway.profile.tokens import tokens

V = TypeVar("V")


class Found(msgspec.Struct, Generic[V], frozen=True, gc=False):
    """A phrase at words `start` to before `end`, and what it stands for."""

    start: int
    end: int
    phrase: str
    value: V


class Phrases(Generic[V]):
    """Phrases of one or more words; the same phrase given twice stands for what it was given first."""

    def __init__(self, entries: Iterable[tuple[str, V]]) -> None:
        self._first: dict[str, list[tuple[tuple[str, ...], str, V]]] = {}
        known: set[tuple[str, ...]] = set()
        for phrase, value in entries:
            words = tokens(phrase)
            if words and words not in known:
                known.add(words)
                self._first.setdefault(words[0], []).append((words, " ".join(words), value))
        for found in self._first.values():
            found.sort(key=lambda one: -len(one[0]))
        self.words = frozenset(word for words in known for word in words)
        """Every word of every phrase."""

    def find(self, words: Sequence[str]) -> Iterator[Found[V]]:
        """From left to right, at each place the longest, none inside another."""
        if self._first.keys().isdisjoint(words):
            return
        end = 0
        for place, word in enumerate(words):
            if place < end or word not in self._first:
                continue
            for wanted, phrase, value in self._first[word]:
                if len(wanted) == 1 or tuple(words[place : place + len(wanted)]) == wanted:
                    end = place + len(wanted)
                    yield Found(place, end, phrase, value)
                    break
