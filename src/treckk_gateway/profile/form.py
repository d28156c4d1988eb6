"""The form of a report: which fields it has, in which order they are asked for, and a filled one read back.

Source of the fields: domain reference, section 8. An identity number is no field: it is never asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import attrs

from treckk_gateway.profile.quoting import own
from treckk_gateway.profile.tokens import fold, tokens

LONGEST = 12_000
"""Characters of a message that are read as a form."""
DESCRIPTION = "description"

_LINES = 120
"""Lines in which labels are looked for; what follows belongs to the last field."""
_MARKS = 200
"""Colons within lines that are looked at, so that a text of nothing else costs no more than a long one."""
_WIDEST = 80
"""Characters before a colon in which its label is looked for."""
_BRIEF = frozenset({"name", "contact"})
"""Fields of one line, which any other label ends: what follows a name is no part of it."""

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_MARK = re.compile(r"[:=](?!//)")
_HINT = re.compile(r"\([^()]{0,80}\)[ \t*_]*\Z")
_AFTER = re.compile(r"[ \t*_.]*(?:\([^()]{0,80}\)[ \t*_]*)?(?:[:=](?!//)|[-\u2013\u2014;>](?=\s)|\Z)")
_OTHER = re.compile(r"[^\w\n]{0,6}[^\W\d_](?:(?:[^\W_]|[ /.]){0,30}[^\W\d_])?[ .]{0,3}[:=](?!//)")
_ADDRESS = frozenset("?&/@#")
"""What stands before a word inside a link, where nothing is a label."""
_EDGES = " \t\r\n,;|/*_-\u2013\u2014=:"


@attrs.frozen(kw_only=True)
class FormField:
    """One field. `labels` are what stands before its value in a filled form, by language.

    `parts` are labels that stay in the value: "Desa: Merah" is the place "Desa Merah".
    """

    id: str
    needed: bool = False
    labels: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    parts: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class _Label:
    """A label at characters `start` to before `end` of a text.

    `words` are those the form knows, empty for any other label; `leads` is true where it begins a line.
    """

    start: int
    end: int
    words: tuple[str, ...] = ()
    leads: bool = False


class Form:
    """The fields in the order they are asked for, and filled forms read.

    `names` are further labels as pairs of field and label, such as the names a unit prints; a hint in brackets
    behind one does not count. `nothing` are answers that leave a field empty: "tidak tahu".
    """

    def __init__(
        self, fields: Iterable[FormField], *, nothing: Iterable[str] = (), names: Iterable[tuple[str, str]] = ()
    ) -> None:
        self.fields = tuple(fields)
        self._nothing = frozenset(map(fold, nothing))
        self._labels: dict[tuple[str, ...], str] = {}
        self._parts: dict[tuple[str, ...], tuple[str, ...]] = {}
        for one in self.fields:
            for label in (label for labels in one.labels.values() for label in labels):
                self._labels.setdefault(tokens(label), one.id)
            for part in one.parts:
                self._parts[tokens(part)] = (*self._parts.get(tokens(part), ()), one.id)
        for field, name in names:
            self._labels.setdefault(tokens(name.partition("(")[0]), field)
        known = [one for one in (*self._labels, *self._parts) if one]
        self._longest = max(map(len, known), default=0)
        self._begin = frozenset(one[0] for one in known)
        self._end = frozenset(one[-1] for one in known)

    @property
    def needed(self) -> tuple[str, ...]:
        """Ids of the fields that a complete report has, in the order they are asked for."""
        return tuple(one.id for one in self.fields if one.needed)

    def empty(self, value: str) -> bool:
        """Whether a value says nothing: it has no letter or digit, or is "tidak tahu" or the like as a whole."""
        words = fold(value)
        return not words or words in self._nothing

    def read(self, text: str) -> dict[str, str]:
        """The fields of a filled form by id; nothing where no label of the form stands in the text.

        Labels come in any order and case, on lines of their own or within one line, bold or numbered, with a hint in
        brackets. A field named twice holds both values, a line each. What stands before the first label, and lines
        with labels the form does not know, are left in the description. Quoted mail is no answer. Only the first
        `LONGEST` characters are read; any text gives a result.
        """
        written = own(text[:LONGEST])[0]
        labels = list(self._found(written))
        if not any(one.words in self._labels for one in labels):
            return {}
        values: dict[str, list[str]] = {}
        for field, value in self._values(written, labels):
            if value:
                values.setdefault(field, []).append(value)
        whole = {field: "\n".join(parts) for field, parts in values.items()}
        return {field: value for field, value in whole.items() if not self.empty(value)}

    def _values(self, text: str, labels: Iterable[_Label]) -> Iterator[tuple[str, str]]:
        """Pieces of the text with the field each belongs to."""
        field, begin, kept = DESCRIPTION, 0, ""
        for one in labels:
            entered = self._entered(one, field)
            if entered is None:
                continue
            yield from _split(field, kept, text[begin : one.start])
            part = one.words and one.words not in self._labels
            kept = f"{text[one.start : one.end].strip(_EDGES)} " if part else ""
            field, begin = entered, one.end if one.words else one.start
        yield from _split(field, kept, text[begin:])

    def _entered(self, label: _Label, field: str) -> str | None:
        """The field a label opens after `field`; `None` where it opens none."""
        if label.words in self._labels:
            return self._labels[label.words]
        if label.words:
            owners = self._parts[label.words]
            return field if field in owners else owners[0]
        return DESCRIPTION if label.leads or field in _BRIEF else None

    def _found(self, text: str) -> Iterator[_Label]:
        """All labels of the text, from left to right."""
        start, left = 0, _MARKS
        for line in text.split("\n", _LINES)[:_LINES]:
            first = self._leading(line, start)
            if first is not None:
                yield first
            begin = first.end if first else start
            for mark in _MARK.finditer(text, begin, start + len(line)):
                left -= 1
                if left < 0:
                    return
                one = self._before(text, begin, mark)
                if one is not None:
                    yield one
                begin = mark.end()
            start += len(line) + 1

    def _leading(self, line: str, start: int) -> _Label | None:
        """The label a line begins with."""
        words = list(_WORD.finditer(line[:_WIDEST]))
        if len(words) > 1 and words[0][0].isdigit():
            del words[0]
        first = tokens(words[0][0]) if words else ()
        begins = not first or first[0] in self._begin
        for size in range(min(self._longest, len(words)) if begins else 0, 0, -1):
            known = self._known(one[0] for one in words[:size])
            after = _AFTER.match(line, words[size - 1].end()) if known else None
            if after is not None:
                return _Label(start=start, end=start + after.end(), words=known, leads=True)
        other = _OTHER.match(line) if ":" in line or "=" in line else None
        return _Label(start=start, end=start + other.end(), leads=True) if other else None

    def _before(self, text: str, begin: int, mark: re.Match[str]) -> _Label | None:
        """The label that ends at a colon within a line."""
        begin = max(begin, mark.start() - _WIDEST)
        before = _HINT.sub("", text[begin : mark.start()]).rstrip(" \t*_.")
        words = list(_WORD.finditer(before))
        if not words or words[-1].end() < len(before) or before[: words[-1].start()][-1:] in _ADDRESS:
            return None
        last = tokens(words[-1][0])
        ends = not last or last[-1] in self._end
        for size in range(min(self._longest, len(words)) if ends else 0, 0, -1):
            known = self._known(one[0] for one in words[-size:])
            if known:
                return _Label(start=begin + words[-size].start(), end=mark.end(), words=known)
        return _Label(start=begin + words[-1].start(), end=mark.end()) if words[-1][0].isalpha() else None

    def _known(self, words: Iterable[str]) -> tuple[str, ...]:
        name = tokens(" ".join(words))
        return name if name in self._labels or name in self._parts else ()


def _split(field: str, kept: str, value: str) -> Iterator[tuple[str, str]]:
    """A value behind what is kept of its label; of a field of one line only its first: the rest is told, not named."""
    value = value.strip(_EDGES)
    if field in _BRIEF:
        value, _newline, rest = value.partition("\n")
        yield DESCRIPTION, rest.strip(_EDGES)
    if fold(value):
        yield field, kept + value.strip(_EDGES)
