"""What is worked out for a word, kept for the words of the unit's own lists and for no others."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Generic, TypeVar

V = TypeVar("V")


class OfOurWords(dict[str, V], Generic[V]):
    """Looked up like any dictionary; `make` works out what is not there yet.

    Only what belongs to one of `words` is kept. A name or a number in somebody's message is worked out anew each time
    and leaves nothing behind, and nothing that is sent here can fill the memory.
    """

    def __init__(self, make: Callable[[str], V], words: Collection[str]) -> None:
        super().__init__()
        self._make = make
        self._words = words

    def __missing__(self, word: str) -> V:
        made = self._make(word)
        if word in self._words:
            self[word] = made
        return made
