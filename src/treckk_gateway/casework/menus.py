"""Numbered menus for the unit's own people: shown with a notice, kept with it, and read back when a figure comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from treckk_gateway.casework.offering import numbered, offered, offering
from treckk_gateway.casework.wording import shorten
from treckk_gateway.channel.segments import plain
from treckk_gateway.model import Act, CaseUpdate, Choice
from treckk_gateway.model.codec import decode, encode
from treckk_gateway.profile.templates import fits

KEPT = "menu_isi"
"""The value of an update that keeps the menu itself; no template shows it."""

_LABEL, _SHORT_LABEL = 60, 22
_SMALLEST = 24


@attrs.frozen(kw_only=True)
class Option:
    """One line of a menu: what it does, with what is given already."""

    act: Act
    label: str = ""
    given: dict[str, str] = attrs.field(factory=dict, repr=False)


@attrs.frozen(kw_only=True)
class Menu:
    """The lines of a menu, and the case they are about, where it is about one."""

    options: tuple[Option, ...] = ()
    case_id: int | None = None


def shown(options: Sequence[Option | str]) -> str:
    """The lines of a menu: `1 Berangkat`."""
    return "\n".join(f"{count} {shorten(_label(one), _LABEL)}" for count, one in enumerate(options, 1))


def shown_short(options: Sequence[Option | str]) -> str:
    """The same in one line, for a short message."""
    return " ".join(f"{count} {shorten(_label(one), _SHORT_LABEL)}" for count, one in enumerate(options, 1))


def menu_values(menu: Menu, heading: str, short_heading: str) -> dict[str, str]:
    """The values that a notice's template shows its menu with, and keeps it in; empty where there is nothing to do."""
    if not menu.options:
        return {"menu": "", "menu_singkat": "", KEPT: ""}
    return {
        "menu": f"{heading}\n{shown(menu.options)}",
        "menu_singkat": f"{short_heading} {shown_short(menu.options)}".strip(),
        KEPT: encode(menu).decode(),
    }


def menu_of(values: Mapping[str, str]) -> Menu | None:
    """The menu an update was sent with, if it had one."""
    return decode(values[KEPT].encode(), Menu) if values.get(KEPT) else None


def choices_of(values: Mapping[str, str], number: str | None) -> tuple[Choice, ...]:
    """What an update offers for tapping: what was kept with it, or the lines of its menu.

    A menu's line is answered with the case's `number` before its own, so that it means this case whatever was sent
    since.
    """
    menu = menu_of(values)
    if menu is None:
        return offered(values)
    before = f"{number} " if number and menu.case_id is not None else ""
    lines = enumerate(menu.options, 1)
    return tuple(Choice(label=one.label, answer=f"{before}{count}") for count, one in lines if one.label)


def reply(text: str, step: str, menu: Menu | None = None, *, lines: Sequence[str] = (), number: str = "") -> CaseUpdate:
    """An update of plain words, with a menu that is kept or with numbered `lines` that are only shown."""
    options: Sequence[Option | str] = menu.options if menu else lines
    values = {
        "isi": f"{text}\n{shown(options)}".strip() if options else text,
        "isi_singkat": short_message(text, shown_short(options)),
    }
    if menu is not None and menu.options:
        values[KEPT] = encode(menu).decode()
    elif lines:
        values |= offering(numbered(lines))
    if number:
        values["nomor"] = number
    return CaseUpdate(template="staff_reply", values=values, step=step)


def short_message(text: str, tail: str = "") -> str:
    """At most one short message of 160 plain characters: the text gives way, what stands behind it stays."""
    flat, behind = _ascii(text), _ascii(tail)
    for size in range(len(flat), _SMALLEST, -1):
        whole = f"{shorten(flat, size)} {behind}".strip()
        if fits(whole):
            return whole
    whole = f"{shorten(flat, _SMALLEST)} {behind}".strip()
    while not fits(whole):
        whole = whole[:-1]
    return whole


def _ascii(text: str) -> str:
    return " ".join(plain(text).encode("ascii", "ignore").decode().replace("`", "'").split())


def _label(option: Option | str) -> str:
    return option if isinstance(option, str) else option.label
