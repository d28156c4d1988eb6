"""What people ask about the unit: topics with who holds them, and answers approved beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

import attrs
from msgspec import Meta, Struct

from treckk_gateway.profile.files import Folder, refuse
from treckk_gateway.profile.tokens import fold, tokens

INFORMATION = "information.toml"

Text = Annotated[str, Meta(min_length=1)]
Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]


class TopicTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[topics]]`: a code, what it is called, the division that holds it, and words of questions about it."""

    code: Code
    name: Text
    division: Text
    words: list[Text] = []


class FaqTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[faq]]`: an answer somebody approved; without who and when it is refused."""

    code: Code
    topic: Code
    words: Annotated[list[Text], Meta(min_length=1)]
    answer: Text
    approved_by: str = ""
    approved_at: date | None = None


class InformationFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`information.toml`."""

    topics: list[TopicTable] = []
    faq: list[FaqTable] = []


@attrs.frozen(kw_only=True)
class Topic:
    """A topic: `division` is who holds it, as the asker is told."""

    code: str
    name: str
    division: str
    words: tuple[tuple[str, ...], ...] = ()


@attrs.frozen(kw_only=True)
class Faq:
    """An approved answer. A person sends it; the software suggests it and composes none."""

    code: str
    topic: str
    words: tuple[tuple[str, ...], ...]
    answer: str
    approved_by: str
    approved_at: date


@attrs.frozen(kw_only=True)
class Information:
    """All topics and approved answers of a unit."""

    topics: tuple[Topic, ...] = ()
    faq: tuple[Faq, ...] = ()

    def topic(self, written: str) -> Topic | None:
        """The topic somebody wrote, by code or name, however its letters are written."""
        wanted = fold(written.replace("_", " "))
        return next((one for one in self.topics if wanted in {fold(one.code.replace("_", " ")), fold(one.name)}), None)

    def topics_in(self, text: str) -> tuple[Topic, ...]:
        """Topics whose words stand in a question, those with more hits first."""
        spoken = tokens(text)
        hits: Mapping[str, int] = {one.code: sum(_stands(words, spoken) for words in one.words) for one in self.topics}
        found = [one for one in self.topics if hits[one.code]]
        return tuple(sorted(found, key=lambda one: -hits[one.code]))

    def answers_to(self, text: str, most: int = 3) -> tuple[Faq, ...]:
        """Approved answers whose words stand in a question, those with more hits first."""
        spoken = tokens(text)
        hits = {one.code: sum(_stands(words, spoken) for words in one.words) for one in self.faq}
        return tuple(sorted((one for one in self.faq if hits[one.code]), key=lambda one: -hits[one.code]))[:most]

    def approved(self, code: str) -> Faq | None:
        """The approved answer of that code."""
        return next((one for one in self.faq if one.code == code), None)


def read_information(folder: Folder) -> Information:
    """Read `information.toml`, which may be empty. Raises `ProfileError`, also for an answer nobody approved."""
    written = folder.toml(INFORMATION, InformationFile)
    codes = [one.code for one in written.topics]
    for key, given in (("topics", codes), ("faq", [one.code for one in written.faq])):
        for code in given:
            if given.count(code) > 1:
                refuse(INFORMATION, key, f"{code!r} stands there twice")
    return Information(
        topics=tuple(
            Topic(code=one.code, name=one.name, division=one.division, words=tuple(map(tokens, one.words)))
            for one in written.topics
        ),
        faq=tuple(_faq(one, codes) for one in written.faq),
    )


def _faq(written: FaqTable, topics: list[str]) -> Faq:
    key = f"faq.{written.code}"
    if written.topic not in topics:
        refuse(INFORMATION, f"{key}.topic", f"there is no topic {written.topic!r}")
    if not written.approved_by.strip():
        refuse(INFORMATION, f"{key}.approved_by", "is missing: an answer is used only when somebody approved it")
    if written.approved_at is None:
        refuse(INFORMATION, f"{key}.approved_at", "is missing: write the day it was approved, as 2026-11-24")
    return Faq(
        code=written.code,
        topic=written.topic,
        words=tuple(map(tokens, written.words)),
        answer=written.answer,
        approved_by=written.approved_by.strip(),
        approved_at=written.approved_at,
    )


def _stands(words: tuple[str, ...], spoken: tuple[str, ...]) -> bool:
    size = len(words)
    return size > 0 and any(spoken[at : at + size] == words for at in range(len(spoken) - size + 1))
