"""What the unit's people write from their phones and what they are answered, out of `staff.toml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

import attrs
from msgspec import Meta, Struct

from treckk_gateway.model import Act, Role
from treckk_gateway.profile.files import Folder, refuse
from treckk_gateway.profile.templates import PLACEHOLDER, fill
from treckk_gateway.profile.tokens import fold, tokens

STAFF = "staff.toml"

_NONE = frozenset[str]()
_CASE = frozenset({"nomor", "status"})
_ACT = frozenset({"nomor", "status", "kegiatan"})

TEXTS: Mapping[str, frozenset[str]] = {
    "done": _CASE,
    "noted": _ACT,
    "choose": _CASE,
    "choose_short": _CASE,
    "nothing": _CASE,
    "list": _NONE,
    "list_some": frozenset({"jumlah"}),
    "list_empty": _NONE,
    "list_line": frozenset({"nomor", "status", "lokasi", "urgensi"}),
    "help": _NONE,
    "which": _NONE,
    "which_menu": _NONE,
    "not_found": _NONE,
    "not_allowed": _ACT | {"peran"},
    "not_now": _ACT,
    "not_understood": _NONE,
    "too_old": frozenset({"nomor"}),
    "no_choice": _NONE,
    "cancelled": _NONE,
    "nothing_waits": _NONE,
    "untold": frozenset({"nomor"}),
    "unconfirmed": frozenset({"nomor"}),
    "nothing_proposed": frozenset({"nomor"}),
    "not_your_topic": frozenset({"nomor"}),
    "nobody_reached": frozenset({"nomor"}),
    "extended_once": frozenset({"nomor"}),
    "emergency_only": frozenset({"nomor"}),
    "no_place": _NONE,
    "several_places": frozenset({"daftar"}),
    "evidence": frozenset({"nomor", "jumlah"}),
    "no_pin": frozenset({"nomor"}),
    "no_words": frozenset({"nomor"}),
    "words": frozenset({"nomor", "isi"}),
    "by_mail": _NONE,
    "personnel_asked": frozenset({"permintaan"}),
    "personnel_request": frozenset({"permintaan", "pos", "jumlah", "alasan", "nomor"}),
    "personnel_yes": frozenset({"permintaan"}),
    "personnel_no": frozenset({"permintaan", "alasan"}),
    "personnel_unknown": _NONE,
    "personnel_answered": frozenset({"permintaan"}),
    "personnel_by_center": _NONE,
    "proposed": frozenset({"nomor", "usul", "alasan"}),
    "declined": frozenset({"nomor"}),
    "relieved": frozenset({"nomor", "pos"}),
    "moved": frozenset({"nomor", "lokasi", "pos"}),
    "both_posts": frozenset({"daftar"}),
    "several": frozenset({"jumlah", "daftar"}),
    "near": frozenset({"patokan"}),
    "map": frozenset({"lat", "lng"}),
    "event_date": _NONE,
    "event_crowd": _NONE,
    "event_lacks": frozenset({"daftar"}),
    "task": frozenset({"tugas"}),
    "safety": frozenset({"pesan"}),
    "again": _NONE,
}
"""Every text the software answers staff with, and the placeholders it fills. A profile must have them all."""

ASKED = ("post", "reason", "office", "topic", "note", "missing", "place", "number", "proposal", "emergency", "faq")
"""What an act may need, each with its question."""

Text = Annotated[str, Meta(min_length=1)]


class ActTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[act.CODE]`: what it is called, and the words that name it. `choice` names it with what it is about."""

    label: Text
    words: Annotated[list[Text], Meta(min_length=1)]
    choice: Text | None = None


class SafetyTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[safety]]`: what the field is reminded of in these categories or at this urgency."""

    text: Text
    categories: list[Text] = []
    urgencies: list[Text] = []


class StaffFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`staff.toml`."""

    act: dict[Text, ActTable]
    role: dict[Text, Text]
    text: dict[Text, Text]
    ask: dict[Text, Text]
    filler: list[Text] = []
    yes_emergency: list[Text] = []
    superiors: list[Text] = []
    contact_labels: list[Text] = []
    safety: list[SafetyTable] = []


@attrs.frozen(kw_only=True)
class ActWords:
    """How an act is called: alone (`label`), and with what it is about (`choice`, with placeholders)."""

    label: str
    choice: str


@attrs.frozen(kw_only=True)
class Safety:
    """A reminder for the field, and where it holds: in a category, or at a level of urgency."""

    text: str
    categories: frozenset[str]
    urgencies: frozenset[str]


@attrs.frozen(kw_only=True)
class StaffWords:
    """Words and texts of the unit's own people, in the unit's own language.

    `phrases` are folded words that name acts; one phrase may name several. `fillers` may stand before the word that
    counts. `superiors` are words for leadership itself; `contact_labels` begin the line of a walk-in's telephone.
    """

    acts: Mapping[Act, ActWords]
    phrases: Mapping[tuple[str, ...], tuple[Act, ...]]
    roles: Mapping[Role, str]
    texts: Mapping[str, str]
    questions: Mapping[str, str]
    fillers: frozenset[str]
    emergency: frozenset[str]
    superiors: tuple[tuple[str, ...], ...]
    contact_labels: frozenset[str]
    safety: tuple[Safety, ...]

    def say(self, name: str, **values: str) -> str:
        """One text with its placeholders filled."""
        return fill(self.texts[name], values)

    def safety_of(self, category: str | None, urgency: str) -> str:
        """The reminders for a case, one after another; empty when there are none."""
        found = [one.text for one in self.safety if category in one.categories or urgency in one.urgencies]
        return " ".join(dict.fromkeys(found))


def read_staff_words(folder: Folder) -> StaffWords:
    """Read and check `staff.toml`. Raises `ProfileError` for an act, text or question that is missing or unknown."""
    written = folder.toml(STAFF, StaffFile)
    _whole("act", written.act, Act)
    _whole("role", written.role, Role)
    _whole("text", written.text, TEXTS)
    _whole("ask", written.ask, ASKED)
    for name, text in written.text.items():
        for one in sorted(set(PLACEHOLDER.findall(text)) - TEXTS[name]):
            refuse(STAFF, f"text.{name}", f"{{{one}}} is never filled here")
    return StaffWords(
        acts={
            Act(code): ActWords(label=one.label, choice=one.choice or one.label) for code, one in written.act.items()
        },
        phrases=_phrases(written.act),
        roles={Role(code): name for code, name in written.role.items()},
        texts=written.text,
        questions=written.ask,
        fillers=frozenset(map(fold, written.filler)),
        emergency=frozenset(map(fold, written.yes_emergency)),
        superiors=tuple(tokens(one) for one in written.superiors),
        contact_labels=frozenset(map(fold, written.contact_labels)),
        safety=tuple(
            Safety(text=one.text, categories=frozenset(one.categories), urgencies=frozenset(one.urgencies))
            for one in written.safety
        ),
    )


def _phrases(acts: Mapping[str, ActTable]) -> dict[tuple[str, ...], tuple[Act, ...]]:
    found: dict[tuple[str, ...], tuple[Act, ...]] = {}
    for code, table in acts.items():
        for phrase in table.words:
            words = tokens(phrase)
            if not words or words[0].isdigit():
                refuse(STAFF, f"act.{code}.words", f"{phrase!r} begins with no word")
            found[words] = tuple(dict.fromkeys((*found.get(words, ()), Act(code))))
    return found


def _whole(table: str, written: Mapping[str, object], known: Iterable[str]) -> None:
    names = [str(one) for one in known]
    for name in written:
        if name not in names:
            refuse(STAFF, f"{table}.{name}", f"is unknown; there are {', '.join(names)}")
    for name in names:
        if name not in written:
            refuse(STAFF, f"{table}.{name}", "is missing")
