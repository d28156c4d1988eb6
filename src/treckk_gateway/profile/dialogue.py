"""What the machine asks a reporter in conversation, and the words by which it understands an answer.

Source of the rules: domain reference, section 8 (asking).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import attrs

from treckk_gateway.model import Choice
from treckk_gateway.profile import shapes
from treckk_gateway.profile.files import Folder, refuse
from treckk_gateway.profile.form import Form
from treckk_gateway.profile.phrases import Phrases
from treckk_gateway.profile.templates import Templates, fits
from treckk_gateway.profile.texts import made_offers
from treckk_gateway.profile.tokens import tokens

DIALOGUE = "dialogue.toml"

ANSWERS: Mapping[str, str] = {
    "unknown": "does not know, has forgotten: the field is not asked for again",
    "as_above": "was said before: a person looks it up",
    "yes": "yes, by itself",
    "withdraw_yes": "confirms that the report is taken back",
    "hide_name": "wants the name kept secret, from the unit's own people too",
    "silence": "wants no messages about this report",
}
"""What `[answers]` of `dialogue.toml` must list, and what each is for; a list may be empty."""


@attrs.frozen(kw_only=True)
class Dialogue:
    """A unit's questions by language and field, and what answers mean.

    A case waits for fields of `waits_for` only; another needed one is asked for once and holds nothing up. `gather`
    are the seconds a person's messages are gathered before the next question. `choose` stands before the numbers of
    several places. `offers` are answers for tapping, by language and field; `one_way` says where to
    answer a short message that cannot be answered where it came from.
    """

    questions: Mapping[str, Mapping[str, str]]
    choose: Mapping[str, str]
    waits_for: frozenset[str]
    gather: int
    offers: Mapping[str, Mapping[str, tuple[Choice, ...]]] = attrs.field(factory=dict)
    one_way: Mapping[str, str] = attrs.field(factory=dict)
    _answers: Mapping[str, frozenset[tuple[str, ...]]] = attrs.field(alias="_answers", repr=False)
    _phrases: Mapping[str, Phrases[None]] = attrs.field(init=False, repr=False)

    @_phrases.default
    def _as_phrases(self) -> Mapping[str, Phrases[None]]:
        return {name: Phrases((" ".join(one), None) for one in phrases) for name, phrases in self._answers.items()}

    def question(self, field: str, language: str) -> str:
        """The question for a field."""
        return self.questions[language][field]

    def offered(self, field: str, language: str) -> tuple[Choice, ...]:
        """Answers to the question for a field that may be tapped; any other may be written."""
        return self.offers.get(language, {}).get(field, ())

    def hears(self, what: str, *texts: str) -> bool:
        """Whether a phrase of that list stands in one of the texts, as whole words."""
        return self.stands(what, *map(tokens, texts))

    def stands(self, what: str, *texts: tuple[str, ...]) -> bool:
        """The same of texts that are words already."""
        return any(True for words in texts for _ in self._phrases[what].find(words))

    def only(self, what: str, *texts: str) -> bool:
        """Whether one of the texts is a phrase of that list and nothing else."""
        return any(words in self._answers[what] for words in map(tokens, texts))


def read_dialogue(folder: Folder, languages: Iterable[str], form: Form, templates: Templates) -> Dialogue:
    """Read and check `dialogue.toml`.

    Raises `ProfileError` for a needed field without a question, a list that is missing or unknown, an answer for
    tapping that no button can hold, or a question that with its frame is longer than one short message.
    """
    written = folder.toml(DIALOGUE, shapes.DialogueFile)
    ids = {one.id for one in form.fields}
    for name in dict.fromkeys([*written.answers, *ANSWERS]):
        if name not in ANSWERS:
            refuse(DIALOGUE, f"answers.{name}", f"is unknown; there are {', '.join(ANSWERS)}")
        if name not in written.answers:
            refuse(DIALOGUE, f"answers.{name}", "is missing; an empty list will do")
    for field in sorted(set(written.waits_for) - set(form.needed)):
        refuse(DIALOGUE, "waits_for", f"{field!r} is no needed field of the form")
    for language in languages:
        if language not in written.language:
            refuse(DIALOGUE, f"language.{language}", "is missing")
        questions = written.language[language].question
        for field in sorted(set(questions) - ids):
            refuse(DIALOGUE, f"language.{language}.question.{field}", "is no field of the form")
        for field in form.needed:
            if field not in questions:
                refuse(DIALOGUE, f"language.{language}.question.{field}", "is missing")
            _check(f"language.{language}.question.{field}", questions[field], language, templates)
    return Dialogue(
        questions={one: dict(table.question) for one, table in written.language.items()},
        choose={one: table.choose for one, table in written.language.items()},
        offers={one: _offers(one, table, ids) for one, table in written.language.items()},
        one_way={one: table.one_way for one, table in written.language.items() if table.one_way},
        waits_for=frozenset(written.waits_for),
        gather=written.gather,
        _answers={name: frozenset(map(tokens, phrases)) for name, phrases in written.answers.items()},
    )


def _offers(language: str, table: shapes.AskingTable, ids: Collection[str]) -> dict[str, tuple[Choice, ...]]:
    found = {}
    for field, entries in table.offer.items():
        key = f"language.{language}.offer.{field}"
        if field not in ids:
            refuse(DIALOGUE, key, "is no field of the form")
        found[field] = tuple(one.filled({}) for one in made_offers(DIALOGUE, key, entries, {}))
    return found


def _check(key: str, question: str, language: str, templates: Templates) -> None:
    examples = {**templates.examples, "pertanyaan": question}
    text = templates.render("ask_field", "sms", language, examples).text
    if not fits(text):
        refuse(DIALOGUE, key, f"makes an SMS of {len(text)} characters; one short message has 160 plain ones")
