"""What the cue words of a message point to, category by category; and which words of danger mean none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from treckk_gateway.profile.hits import Hit, Hits

STRONG, PLAIN, HINT = "strong", "plain", "hint"
WEIGHTS: Mapping[str, int] = {STRONG: 3, PLAIN: 2, HINT: 1}
"""How much a cue word points to its category."""
CLEAR = 3
"""The weight of one strong cue, or of a plain one with another beside it."""
ENOUGH = 2
"""The weight of one plain cue. A hint alone points nowhere."""
_TWICE = 2
_FEARED = 3
"""Words that may stand between "I fear" or "prone to" and what is only feared."""


@attrs.frozen(kw_only=True)
class Pointer:
    """What the words of a list of cues point to: a category, or one matter of it; `weight` says how much."""

    category: str
    matter: str | None
    weight: int


@attrs.frozen(kw_only=True)
class Pointing:
    """What points to one category: `weight` in all, the different words, where the first stands, and which matters."""

    weight: int
    words: tuple[str, ...]
    first: int
    matters: tuple[str, ...] = ()


_Cue = tuple[Pointer, Hit]


def pointing(hits: Hits, pointers: Mapping[str, Pointer]) -> dict[str, Pointing]:
    """What the cue words point to, by category, without those that are only a part of a longer one.

    "Minuman keras" points to alcohol; its second word does not point to noise as well. An accident that is denied or
    only feared points to nothing.
    """
    cues = [(pointers[name], hit) for name, found in hits.items() if name in pointers for hit in found]
    if not cues:
        return {}
    long = [(hit.start, hit.end) for _pointer, hit in cues if hit.end - hit.start > 1]
    feared = "accident" in hits
    found: dict[str, list[_Cue]] = {}
    for pointer, hit in cues:
        swallowed = long and not hit.joined and hit.inside(long)
        if not swallowed and not (feared and unreal(hits, hit)):
            found.setdefault(pointer.category, []).append((pointer, hit))
    return {code: _summed(own) for code, own in found.items()}


def _summed(cues: Sequence[_Cue]) -> Pointing:
    """The weight of different words; further ones of a kind strengthen less: ten of them are one long tale."""
    weights: dict[str, int] = {}
    phrases = {place for _pointer, hit in cues if not hit.joined for place in range(hit.start, hit.end - 1)}
    matters: dict[str, int] = {}
    first = sure = None
    for pointer, hit in cues:
        # A phrase that stands there already says what its words mean together.
        told = hit.joined and hit.start in phrases
        weights[hit.phrase] = 0 if told else max(pointer.weight, weights.get(hit.phrase, 0))
        first = hit.start if first is None else min(first, hit.start)
        if pointer.weight >= ENOUGH:
            sure = hit.start if sure is None else min(sure, hit.start)
            if pointer.matter is not None:
                matters[pointer.matter] = max(pointer.weight, matters.get(pointer.matter, 0))
    counted = sorted((weight for weight in weights.values() if weight >= ENOUGH), reverse=True)
    hinted = len(counted) < len(weights)
    return Pointing(
        weight=sum(counted[:_TWICE]) + len(counted[_TWICE:]) + hinted,
        words=tuple(weights),
        first=(first or 0) if sure is None else sure,
        # A plain word of one matter counts for little beside a strong one of another.
        matters=_heaviest(matters),
    )


def _heaviest(weights: Mapping[str, int]) -> tuple[str, ...]:
    most = max(weights.values(), default=0)
    return tuple([one for one, weight in weights.items() if weight == most])


def unreal(hits: Hits, hit: Hit) -> bool:
    """Whether it is an accident that has not happened: it is denied, or only feared."""
    accident = any(one.start == hit.start for one in hits.get("accident", ()))
    return accident and (denied(hits, hit) or before(hits, hit, "feared", gap=_FEARED))


def denied(hits: Hits, hit: Hit) -> bool:
    """Whether it is "not a fire", unless it is "not an ordinary fire"."""
    return before(hits, hit, "denial") and not any(one.start == hit.end for one in hits.get("mere", ()))


def before(hits: Hits, hit: Hit, *names: str, gap: int = 0) -> bool:
    """Whether a word of one of these lists stands before it, with at most `gap` words between."""
    return any(0 <= hit.start - one.end <= gap for name in names for one in hits.get(name, ()))
