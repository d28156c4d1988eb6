"""What somebody of the unit wrote, read: a case number, a word for an act, a choice, and what goes with it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import attrs

from treckk_gateway.model import Act
from treckk_gateway.model.act import FREE_TEXT
from treckk_gateway.profile.staff_words import StaffWords
from treckk_gateway.profile.tokens import fold

_TOKEN = re.compile(r"\S+")
_DIGITS = re.compile(r"[#.]?(\d{1,9})[.,:;)]?")
_LONGEST_PHRASE = 3
_LONGEST_TEXT = 4000
_EDGES = " \t:;,-\n"
_NEAR = ((8, 2), (5, 1))
"""From that many letters, that many slips of the finger are forgiven."""


@attrs.frozen(kw_only=True)
class Said:
    """What was written. Nothing of it is decided yet.

    `reference` is a whole case number without its prefix (`2611-00042`), `number` a running number; `acts` are all
    that the word may mean, `choice` a bare figure after a case or alone. `rest` is what follows, as it was written.
    `guessed` says that the word was misspelt.
    """

    reference: str | None = None
    number: int | None = None
    acts: tuple[Act, ...] = ()
    choice: int | None = None
    rest: str = attrs.field(default="", repr=False)
    whole: str = attrs.field(default="", repr=False)
    guessed: bool = False

    @property
    def bare(self) -> int | None:
        """The figure, where the message is nothing else: a choice, or the number of a case."""
        return self.choice if self.reference is None and self.number is None and not (self.acts or self.rest) else None

    @property
    def line(self) -> int | None:
        """The line of a case's menu, where the message is its whole number and a figure: what a tapped line says."""
        return self.choice if self.reference is not None and not (self.acts or self.rest) else None

    @property
    def names_case(self) -> bool:
        """Whether a case is named."""
        return self.reference is not None or self.number is not None


@attrs.frozen
class Reader:
    """Reads what staff write, with the words of one profile. `prefix` begins its case numbers."""

    words: StaffWords
    prefix: str

    def read(self, text: str) -> Said:
        """The message taken apart. Never fails: what is not understood is `rest`."""
        whole = text.strip()[:_LONGEST_TEXT]
        reference, left = self._reference(whole)
        tokens = [(one.group(), one.start(), one.end()) for one in _TOKEN.finditer(left)]
        at, number, choice = 0, None, None
        if tokens and (found := _figure(tokens[0][0])) is not None:
            at, number, choice = self._figures(tokens, found, reference)
        at = self._skip_fillers(tokens, at)
        acts, after = self._phrase(tokens, at)
        after, number = self._number_after(tokens, acts, after, number, reference)
        rest = left[tokens[after][1] :] if after < len(tokens) else ""
        if acts and choice is not None:
            number, choice = number if number is not None else choice, None
        rest, number = self._number_at_the_end(rest, acts, number, reference)
        said = Said(reference=reference, number=number, acts=acts, choice=choice, rest=rest.strip(_EDGES), whole=whole)
        guessed = bool(acts) and fold(tokens[at][0]) not in self._firsts
        if guessed and said.rest and not said.names_case:
            # An ordinary sentence that begins like a word of ours with a slip: nobody gave an order.
            return Said(rest=left.strip(_EDGES), whole=whole)
        return attrs.evolve(said, guessed=guessed)

    @property
    def _firsts(self) -> set[str]:
        """The first words of all phrases."""
        return {words[0] for words in self.words.phrases}

    def _reference(self, text: str) -> tuple[str | None, str]:
        found = re.search(rf"(?<!\w)(?:{re.escape(self.prefix)}[- ]?)?(\d{{4}}-\d{{5,}})\b", text, re.IGNORECASE)
        if found is None:
            return None, text
        return found[1], f"{text[: found.start()].rstrip(' [(#')} {text[found.end() :].lstrip(' ])')}".strip()

    def _figures(
        self, tokens: Sequence[tuple[str, int, int]], first: int, reference: str | None
    ) -> tuple[int, int | None, int | None]:
        """Figures at the beginning: `42 1` is a case and a choice, `42` alone is either."""
        second = _figure(tokens[1][0]) if len(tokens) > 1 else None
        if reference is not None or len(tokens) == 1:
            return 1, None, first
        if len(tokens) == 2 and second is not None:  # noqa: PLR2004 both figures
            return 2, first, second
        return 1, first, None

    def _skip_fillers(self, tokens: Sequence[tuple[str, int, int]], at: int) -> int:
        """Past words that carry nothing; none is skipped when nothing but such words is there."""
        begun = at
        while at < len(tokens) and fold(tokens[at][0]) in self.words.fillers:
            at += 1
        return at if at < len(tokens) and self._phrase(tokens, at)[0] else begun

    def _phrase(self, tokens: Sequence[tuple[str, int, int]], at: int) -> tuple[tuple[Act, ...], int]:
        """The acts that the words at this place name, and where the words end."""
        folded = [fold(one[0]) for one in tokens[at : at + _LONGEST_PHRASE]]
        for size in range(len(folded), 0, -1):
            known = self.words.phrases.get(tuple(folded[:size]))
            if known:
                return self._spoken_along(tokens, at, at + size, known)
        near = self._near(folded[0]) if folded else ()
        return (near, at + 1) if near else ((), at)

    def _spoken_along(
        self, tokens: Sequence[tuple[str, int, int]], at: int, end: int, acts: tuple[Act, ...]
    ) -> tuple[tuple[Act, ...], int]:
        """`Lapor, sudah berangkat 42` is no new report: the word that follows is what counts."""
        if acts != (Act.REPORT,):
            return acts, end
        following = self._skip_fillers(tokens, end)
        if following > at and following < len(tokens):
            known, after = self._phrase(tokens, following)
            if known and known != (Act.REPORT,):
                return known, after
        return acts, end

    def _near(self, word: str) -> tuple[Act, ...]:
        """The acts of the one known word that is nearest, when no word of another act is as near."""
        allowed = next((slips for letters, slips in _NEAR if len(word) >= letters), 0)
        if not allowed or word.isdigit():
            return ()
        from rapidfuzz.distance import OSA  # noqa: PLC0415 loaded when somebody mistypes

        singles = {words[0]: acts for words, acts in self.words.phrases.items() if len(words) == 1}
        near = {known: OSA.distance(word, known, score_cutoff=allowed) for known in singles}
        best = min(near.values(), default=allowed + 1)
        if best > allowed:
            return ()
        meant = {singles[known] for known, distance in near.items() if distance == best}
        return meant.pop() if len(meant) == 1 else ()

    def _number_after(
        self,
        tokens: Sequence[tuple[str, int, int]],
        acts: tuple[Act, ...],
        at: int,
        number: int | None,
        reference: str | None,
    ) -> tuple[int, int | None]:
        """`berangkat 42`: the figure after the word is the case, unless the act counts something."""
        if not acts or number is not None or reference is not None or at >= len(tokens):
            return at, number
        found = _figure(tokens[at][0])
        if found is None or Act.PERSONNEL in acts or acts[0] in {Act.REPORT, Act.PATROL}:
            return at, number
        return at + 1, found

    def _number_at_the_end(
        self, rest: str, acts: tuple[Act, ...], number: int | None, reference: str | None
    ) -> tuple[str, int | None]:
        """`instruksi paringin 42`: only where no free text goes with the act."""
        if not acts or number is not None or reference is not None or set(acts) & FREE_TEXT:
            return rest, number
        before, _, last = rest.rpartition(" ")
        found = _figure(last)
        return (before, found) if found is not None else (rest, number)


def find_choice(text: str, labels: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Codes whose name, or a part of it, is what was written; exact names first, else all that contain the words."""
    wanted = fold(text.replace("_", " ").replace("-", " "))
    if not wanted:
        return ()
    names = {code: [fold(one.replace("_", " ")) for one in given] for code, given in labels.items()}
    exact = tuple(code for code, given in names.items() if wanted in given)
    if exact:
        return exact
    return tuple(code for code, given in names.items() if any(f" {wanted} " in f" {one} " for one in given))


def first_choice(text: str, labels: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], str]:
    """The longest beginning of a text that names something, and what follows it: `paringin selatan segera`."""
    words = text.split()
    for size in range(min(len(words), 5), 0, -1):
        found = find_choice(" ".join(words[:size]), labels)
        if found:
            return found, " ".join(words[size:])
    return (), text


def figures(text: str) -> tuple[int, ...]:
    """All figures, when the text is nothing else: `1, 3`."""
    parts = re.split(r"[\s,.;+&]+|dan", text.strip())
    found = [int(one) for one in parts if one.isascii() and one.isdigit() and len(one) < 3]  # noqa: PLR2004 digits
    return tuple(found) if found and len(found) == len([one for one in parts if one]) else ()


def _figure(token: str) -> int | None:
    found = _DIGITS.fullmatch(token)
    return int(found[1]) if found and found[1].isascii() else None
