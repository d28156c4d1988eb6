"""A message as the word lists see it: its words, and which lists they belong to."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from treckk_gateway.profile.hits import Hit, Hits, nearest
from treckk_gateway.profile.pointing import Pointing


@attrs.frozen(kw_only=True)
class Reading:
    """A message as the word lists see it.

    `original` and `formal` are its words before and after spelling was rewritten; `references` the case numbers
    that were cut out; `pointing` what the cue words point to, by category. `questioned` and `exclaimed` say that it has
    such a mark, `quoted` that it quotes another, `linked` that it had a link, `shortened` that it is longer than what
    was read.
    """

    original: tuple[str, ...] = attrs.field(repr=False)
    formal: tuple[str, ...] = attrs.field(repr=False)
    hits: Hits = attrs.field(repr=False)
    pointing: Mapping[str, Pointing] = attrs.field(factory=dict, repr=False)
    references: tuple[str, ...] = ()
    questioned: bool = False
    exclaimed: bool = False
    quoted: bool = False
    linked: bool = False
    shortened: bool = False

    def has(self, *names: str) -> bool:
        """Whether a word of one of these lists was found."""
        return not self.hits.keys().isdisjoint(names)

    def found(self, *names: str) -> tuple[Hit, ...]:
        """Everything found of these lists, in the order of the names."""
        if len(names) == 1:
            return self.hits.get(names[0], ())
        return tuple([hit for name in names for hit in self.hits.get(name, ())])

    def phrases(self, *names: str) -> tuple[str, ...]:
        """The different words and phrases found of these lists."""
        return tuple(dict.fromkeys([hit.phrase for hit in self.found(*names)]))

    def rest(self, *names: str) -> tuple[str, ...]:
        """The words that belong to none of these lists."""
        covered: set[int] = set()
        for hit in self.found(*names):
            covered.update(range(hit.start, hit.end))
        return tuple([word for place, word in enumerate(self.original) if place not in covered])

    def near(self, name: str, other: str, most: int) -> tuple[Hit, Hit] | None:
        """A word of each of two lists with at most so many words between them."""
        return nearest(self.found(name), self.found(other), most)
