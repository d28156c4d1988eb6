"""The filled form of a case: the words given for its fields, who sees which, and corrections by staff."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import attrs

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.questions import Asking
from treckk_gateway.casework.views import FormView
from treckk_gateway.errors import Incomplete, NotAllowed, NotFoundError
from treckk_gateway.model import Actor, Case, EventKind, Finding, InboundMessage
from treckk_gateway.model import subject as judged
from treckk_gateway.privacy import Box
from treckk_gateway.privacy.redaction import scrub
from treckk_gateway.profile import FormField, Profile
from treckk_gateway.profile.tokens import tokens
from treckk_gateway.store.orders import CaseFields, NewValue
from treckk_gateway.store.rows import ValueRow

OF_PEOPLE = frozenset({"name", "contact", "address"})
"""Fields that say who reports."""
ON_ORDERS = frozenset({"location", "time"})
"""Fields for which staff's own words may stand in a field order. What happened is told there by its category."""

_NAMED = frozenset({"mailto", "web", "case"})
"""Schemes of senders whose name is their own word, or that of whoever wrote the complaint down for them."""
_SHORTEST_NAME = 3
_HIDDEN = "[...]"


@attrs.frozen
class Forms:
    """Reads and corrects forms. What belongs to an erased reporter stays closed."""

    casework: Casework

    async def shown(self, case: Case, actor: Actor, rows: Iterable[ValueRow]) -> tuple[FormView, ...]:
        """The form as the actor may see it, in the order fields are asked for.

        The field sees what an order holds; who reports stands in no file: `of_people` opens it, for a reason.
        """
        if not self.casework.reads_words(actor):
            words = await self.for_order(case)
            return tuple(FormView(field=field, value=value, by_staff=True) for field, value in words.items())
        box = await self._box(case)
        if box is None:
            return ()
        given = [one for one in rows if one.field not in OF_PEOPLE]
        return tuple(_view(one.id, given, box) for one in self._fields if _given(one.id, given))

    async def of_people(self, case: Case) -> Mapping[str, str]:
        """What the form says of who reports, by field. Whoever asks must have been written down."""
        box = await self._box(case)
        if box is None:
            return {}
        rows = await self.casework.store.form_values(case.case_id, OF_PEOPLE)
        return {field: _view(field, rows, box).value for field in sorted(OF_PEOPLE) if _given(field, rows)}

    async def for_order(self, case: Case) -> Mapping[str, str]:
        """What staff wrote for `ON_ORDERS`, without numbers, addresses and the reporter's own name.

        The reporter's own words are never on an order: "in front of my house" names them.
        """
        box = await self._box(case)
        if box is None:
            return {}
        rows = await self.casework.store.form_values(case.case_id, ON_ORDERS | OF_PEOPLE)
        named = {word for one in rows if one.field == "name" for word in tokens(_open(one, box))}
        written = [one for one in rows if one.by_staff]
        return {
            field: _without(scrub(_view(field, written, box).value), named)
            for field in sorted(ON_ORDERS)
            if _given(field, written)
        }

    async def correct(self, case: Case, actor: Actor, field: str, value: str) -> Case:
        """A person's word for a field; it wins over what the reporter wrote, which is kept.

        Raises `NotAllowed` for roles that do not speak with reporters, `Incomplete` for a field the form does not have.
        """
        if not self.casework.speaks_with_reporters(actor):
            raise NotAllowed("only the desk and leadership correct a form")
        if field not in {one.id for one in self._fields}:
            known = ", ".join(one.id for one in self._fields)
            raise Incomplete(f"the form has no such field; fields are {known}", ("field",))
        missing = tuple(one for one in case.missing if one != field)
        pending = tuple(one for one in case.questions.pending if one != field)
        asking = Asking(self.casework.profile.form, self.casework.profile.dialogue)
        fields = CaseFields(
            missing=missing,
            completeness=asking.completeness(missing) if case.completeness is not None else None,
            questions=attrs.evolve(case.questions, pending=pending),
        )
        box = await self.casework.people.box(case.reporter_id)
        values = (NewValue(field=field, value=_seal(value, box), by_staff=True),)
        return await self.casework.note(case, actor, EventKind.FILLED, {"field": field}, fields=fields, values=values)

    @property
    def _fields(self) -> Sequence[FormField]:
        return self.casework.profile.form.fields

    async def _box(self, case: Case) -> Box | None:
        try:
            return await self.casework.people.box(case.reporter_id)
        except NotFoundError:
            return None


def said(
    message: InboundMessage, findings: Sequence[Finding], given: AbstractSet[str], profile: Profile
) -> dict[str, str]:
    """The words a message has for fields: those of a filled form, else what is known of the message."""
    words = profile.form.read(message.text)
    where = message.location
    if where is not None and where.lat is not None and where.lng is not None:
        pin = f"{where.lat:.6f}, {where.lng:.6f}"
        words["location"] = "\n".join(filter(None, (words.get("location"), where.text, pin)))
    elif where is not None and where.text:
        words.setdefault("location", where.text)
    if "name" in given:
        own = message.sender_name if message.sender.scheme in _NAMED else None
        name = own or profile.signing.name_in(message.text, profile.is_ordinary)
        if name:
            words.setdefault("name", name)
    place = profile.place_name(_best(findings, "village"), _best(findings, "district"))
    if "location" in given and place:
        words.setdefault("location", place)
    if "description" in given and message.text.strip():
        words.setdefault("description", message.text.strip())
    return words


def sealed(words: Mapping[str, str], box: Box) -> tuple[NewValue, ...]:
    """Values as a reporter gave them."""
    return tuple(NewValue(field=field, value=_seal(value, box)) for field, value in words.items())


def _best(findings: Sequence[Finding], field: str) -> str | None:
    found = judged.best(findings, field)
    return found.value if found else None


def _seal(value: str, box: Box) -> bytes:
    return box.seal(Purpose.FORM, value.encode())


def _open(row: ValueRow, box: Box) -> str:
    return box.open(Purpose.FORM, row.value).decode()


def _given(field: str, rows: Iterable[ValueRow]) -> bool:
    return any(one.field == field for one in rows)


def _view(field: str, rows: Iterable[ValueRow], box: Box) -> FormView:
    """The last correction, else all the reporter's words, a line each."""
    own = [one for one in rows if one.field == field]
    corrected = [one for one in own if one.by_staff]
    kept = corrected[-1:] or own
    lines = dict.fromkeys(_open(one, box) for one in kept)
    return FormView(field=field, value="\n".join(lines), by_staff=bool(corrected))


def _without(text: str, names: Collection[str]) -> str:
    """The text without words of a name."""

    def kept(word: re.Match[str]) -> str:
        named = len(word[0]) >= _SHORTEST_NAME and set(tokens(word[0])) <= set(names)
        return _HIDDEN if named else word[0]

    return re.sub(r"[^\W\d_]+", kept, text)
