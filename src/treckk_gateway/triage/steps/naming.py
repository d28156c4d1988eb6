"""What words say about a place: names that count, narrowed down as far as the words themselves allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

import attrs

from treckk_gateway.model import PlaceSource
from treckk_gateway.profile import Mention, PlaceKind, Profile, Reading, Target

WORDS = 1_000
"""Words of a message in which places are looked for, about six pages of a mail."""
_MOST_LANDMARKS = 8
_LOOKED_AT = 60
"""Landmarks that are looked at."""
_NEXT_TO = 2
"""Words that may stand between a village that is also a word and its district: "simpang tiga, kec. Lampihong"."""
_COMMON = 0.7


@attrs.frozen
class Spot:
    """A place as far as it is known: codes of a district, and of a village in it."""

    district: str
    village: str | None = None


@attrs.frozen(kw_only=True)
class Said:
    """What words say about a place.

    `spots` are those that fit, `outside` codes of places of others, `near` districts named only as near by;
    `landmarks` words such as "pasar"; `far` the word that says it is far away. `stated`: a place is written that no
    list knows.
    """

    spots: tuple[Spot, ...] = ()
    outside: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    landmarks: tuple[str, ...] = ()
    far: str = ""
    confidence: float = 0.9
    reason: str = "no place is named"
    source: PlaceSource = PlaceSource.TEXT
    stated: bool = False

    @property
    def districts(self) -> tuple[str, ...]:
        """The different districts of the spots."""
        return tuple(dict.fromkeys(one.district for one in self.spots))

    @property
    def spot(self) -> Spot | None:
        """The one place that is meant: the village if only one is named in the one district."""
        villages = {one.village for one in self.spots if one.village}
        districts = self.districts
        if len(districts) != 1:
            return None
        return Spot(districts[0], villages.pop() if len(villages) == 1 else None)

    @property
    def quality(self) -> str:
        """How well the place is known."""
        villages = any(one.village for one in self.spots)
        if self.spots or self.outside:
            return "precise" if self.landmarks else "village" if villages else "district"
        return "landmark" if self.landmarks or self.stated else "none"


def look(reading: Reading, profile: Profile, *, placed: bool = False) -> Said:
    """The places a text names. `placed`: all of it says where, so a misspelt name may stand anywhere in it."""
    words = reading.original[:WORDS]
    mentions = profile.gazetteer.mentions(words)
    said = _named(mentions, words, profile)
    if not (said.spots or said.outside) and words:
        # A blank before the first word stands for the label "Lokasi:".
        row = ("di", *words) if placed else words
        guessed = profile.gazetteer.guesses(row, profile.ordinary_words, None if placed else mentions)
        said = _named(guessed, row, profile)
    elif said.spots and not any(one.village for one in said.spots):
        said = _refined(said, words, mentions, profile)
    marks = _landmarks(reading, mentions, profile)
    far = next((one.phrase for one in profile.gazetteer.words.far.find(words)), "")
    return attrs.evolve(said, landmarks=marks, far=far) if marks or far else said


def _refined(said: Said, words: Sequence[str], mentions: Sequence[Mention], profile: Profile) -> Said:
    """A district with the one misspelt village of it that is named too."""
    districts = set(said.districts)
    guessed = profile.gazetteer.guesses(words, profile.ordinary_words, mentions)
    inside = {
        (spot, one)
        for one in guessed
        for spot in _spots(one, profile)
        if spot.village is not None and spot.district in districts
    }
    if len(districts) != 1 or len({spot for spot, _one in inside}) != 1:
        return said
    spot, one = inside.pop()
    return attrs.evolve(said, spots=(spot,), confidence=one.confidence, reason=_reason((one,), words))


def _named(mentions: Sequence[Mention], words: Sequence[str], profile: Profile) -> Said:
    if not mentions:
        return Said()
    counting = _counting(mentions, words, profile)
    strong, weak = _weighed(counting, words, profile)
    meant = [spots for mention in strong if (spots := _spots(mention, profile))]
    outside = tuple(dict.fromkeys(code for mention in strong if (code := _elsewhere(mention))))
    spots = _agreed(meant)
    near = tuple(dict.fromkeys(one.district for mention in weak for one in _spots(mention, profile)))
    known = {one.district for one in spots}
    return Said(
        spots=spots,
        outside=outside,
        near=tuple(one for one in near if one not in known),
        confidence=min((one.confidence for one in strong), default=0.9),
        reason=_reason(strong, words) if strong else "no place is named",
    )


def _reason(mentions: Sequence[Mention], words: Sequence[str]) -> str:
    names = dict.fromkeys(" ".join(words[one.start : one.end]) for one in mentions)
    likely = "written like a place: " if any(one.written for one in mentions) else "names "
    return likely + ", ".join(map(repr, list(names)[:6]))


def _counting(mentions: Sequence[Mention], words: Sequence[str], profile: Profile) -> list[Mention]:
    """Mentions without ordinary words that merely look like a village: those need `desa` or their district beside."""
    beside: set[int] = set()
    for one, other in pairwise(mentions):
        if _only_markers(words[one.end : other.start], profile) and _related(one, other, profile):
            beside |= {one.start, other.start}
    kept = []
    for one in mentions:
        if not one.common or one.marked is PlaceKind.VILLAGE:
            kept.append(one)
        elif one.start in beside:
            kept.append(attrs.evolve(one, confidence=_COMMON))
    return kept


def _weighed(
    mentions: Sequence[Mention], words: Sequence[str], profile: Profile
) -> tuple[Sequence[Mention], Sequence[Mention]]:
    """Mentions that say where, and those that only say near what or from where; all count where none says where."""
    known = profile.gazetteer.words
    before: dict[int, str] = {}
    previous: Mention | None = None
    for one in mentions:
        # "warga Simpang Tiga, kec. Lampihong" is one address: what stands before its beginning holds for all of it.
        joined = previous is not None and _only_markers(words[previous.end : one.start], profile)
        before[one.start] = before[previous.start] if joined and previous else _before(one, words, profile)
        previous = one
    if any(word in known.toward for word in before.values()):
        return mentions, ()
    weak = [one for one in mentions if before[one.start] in known.beside]
    strong = [one for one in mentions if one not in weak]
    return (strong, weak) if strong else (mentions, ())


def _before(mention: Mention, words: Sequence[str], profile: Profile) -> str:
    """The word before a name, without "desa" and the like."""
    place = mention.start - 1
    while place >= 0 and words[place] in profile.gazetteer.words.markers:
        place -= 1
    return words[place] if place >= 0 else ""


def _only_markers(between: Sequence[str], profile: Profile) -> bool:
    """Whether nothing but "kec" or the like stands between two names."""
    return len(between) < _NEXT_TO and all(word in profile.gazetteer.words.markers for word in between)


def _related(one: Mention, other: Mention, profile: Profile) -> bool:
    return bool(_districts(one, PlaceKind.VILLAGE, profile) & _districts(other, PlaceKind.DISTRICT, profile)) or bool(
        _districts(one, PlaceKind.DISTRICT, profile) & _districts(other, PlaceKind.VILLAGE, profile)
    )


def _districts(mention: Mention, kind: PlaceKind, profile: Profile) -> set[str]:
    return {_spot(one, profile).district for one in mention.targets if one.kind is kind}


def _elsewhere(mention: Mention) -> str | None:
    """The code of a place of others, where the name means no place of ours."""
    first = mention.targets[0]
    ours = any(one.kind is not PlaceKind.OUTSIDE for one in mention.targets)
    return first.code if first.kind is PlaceKind.OUTSIDE and not ours else None


def _spots(mention: Mention, profile: Profile) -> tuple[Spot, ...]:
    """What a mention may mean: a bare name that is a district's is the district, unless `desa` stands before it."""
    own = [one for one in mention.targets if one.kind is not PlaceKind.OUTSIDE]
    if mention.written is not None and mention.marked is None:
        return tuple(dict.fromkeys(_spot(one, profile) for one in _namesakes(own, profile)))
    wanted = mention.marked or PlaceKind.DISTRICT
    meant = [one for one in own if one.kind is wanted] or own
    return tuple(_spot(one, profile) for one in meant)


def _namesakes(targets: Sequence[Target], profile: Profile) -> Iterator[Target]:
    """Misspelt, a village named like its own district is that district."""
    districts = {one.code for one in targets if one.kind is PlaceKind.DISTRICT}
    for one in targets:
        if one.kind is PlaceKind.DISTRICT or _spot(one, profile).district not in districts:
            yield one


def _spot(target: Target, profile: Profile) -> Spot:
    village = profile.village(target.code) if target.kind is PlaceKind.VILLAGE else None
    return Spot(village.district, village.code) if village else Spot(target.code)


def _agreed(meant: Sequence[tuple[Spot, ...]]) -> tuple[Spot, ...]:
    """All spots that remain when a named district settles which of its namesakes a village is."""
    named = {spots[0].district for spots in meant if len(spots) == 1 and spots[0].village is None}
    narrowed = [tuple(one for one in spots if one.district in named) or spots for spots in meant]
    certain = {spots[0].district for spots in narrowed if len(spots) == 1 and spots[0].village}
    if len(certain) == 1 and certain <= named:
        # "Uren, Halong, near the border of Juai": the village with its own district beside it decides.
        narrowed = [tuple(one for one in spots if one.district in certain) for spots in narrowed]
    return tuple(dict.fromkeys(one for spots in narrowed for one in spots))


def _landmarks(reading: Reading, mentions: Sequence[Mention], profile: Profile) -> tuple[str, ...]:
    """Words that say where without the name of a village, as written or in formal spelling."""
    known = profile.gazetteer.words
    found: dict[str, None] = {}
    for row in dict.fromkeys((reading.original[:WORDS], reading.formal[:WORDS])):
        for one in islice(known.landmarks.find(row), _LOOKED_AT):
            if mentions or _locates(row[: one.start], profile):
                found[one.phrase] = None
    if not known.signs.isdisjoint(reading.formal):
        places = {word for one in mentions for word in reading.original[one.start : one.end]}
        for word, after in pairwise(reading.formal[:WORDS]):
            named = word in known.named and after not in places and _is_name(after, profile)
            if named or (word in known.numbered and after.isdecimal()):
                found[f"{word} {after}"] = None
    return tuple(found)[:_MOST_LANDMARKS]


def _locates(before: Sequence[str], profile: Profile) -> bool:
    """Whether the words before a landmark say that something is there: "di pasar", and not "tugas sekolah"."""
    return any(word in profile.gazetteer.words.before for word in before[-_NEXT_TO:])


def _is_name(word: str, profile: Profile) -> bool:
    known = word in profile.gazetteer.words.unnamed or word in profile.ordinary
    return len(word) > 1 and not word.isdecimal() and not known
