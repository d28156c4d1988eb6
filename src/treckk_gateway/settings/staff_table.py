"""The `[[staff]]` entries: who acts, in which role, reached where. Refusals name the entry, never the person."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import attrs
from msgspec import Meta

from treckk_gateway.channel.options import read_options
from treckk_gateway.errors import ConfigError
from treckk_gateway.model import Address, Role, Staff

ROLES = (Role.ADMIN, Role.LEADERSHIP, Role.TEAM, Role.HOLDER, Role.DUTY)
"""Roles a person of the unit may have."""

_NUMBER = r"\+[1-9][0-9]{6,14}"
_ADDRESSES = {
    "whatsapp": re.compile(rf"{_NUMBER}|[A-Z]{{2}}\.[A-Za-z0-9.]{{1,128}}"),
    "sms": re.compile(_NUMBER),
    "mailto": re.compile(r"[^@\s<>,]+@[^@\s<>,]+\.[^@\s<>,]+"),
}
_HASH = re.compile(r"[0-9a-fA-F]{64}")

Word = Annotated[str, Meta(min_length=1, max_length=80)]


@attrs.frozen(kw_only=True)
class StaffTable:
    """An entry as written; the names of its fields are the keys an operator may use."""

    name: Word
    role: str
    post: Word | None = None
    addresses: tuple[str, ...] = ()
    token_sha256: str | None = None
    topics: tuple[Word, ...] = ()
    delegated_until: Any = None
    standby: bool = True
    oversees: bool = False


def read_staff(entries: object, *, where: str, base: Path) -> tuple[Staff, ...]:
    """All entries. Raises `ConfigError`; the first entry is `staff[1]`."""
    if not isinstance(entries, list):
        raise ConfigError(where, "staff", "write each person as an entry of its own, under [[staff]]")
    read = tuple(_entry(one, where=where, key=f"staff[{count}]", base=base) for count, one in enumerate(entries, 1))
    _each_once(read, "name", lambda one: [one.name.casefold()], where)
    _each_once(read, "addresses", lambda one: {address.identity for address in one.addresses}, where)
    _each_once(read, "token_sha256", lambda one: [one.token_sha256] if one.token_sha256 else [], where)
    return read


def _entry(table: object, *, where: str, key: str, base: Path) -> Staff:
    if not isinstance(table, dict):
        raise ConfigError(where, key, "write each person as an entry of its own, under [[staff]]")
    written = read_options(StaffTable, table, where=where, prefix=key, base=base)
    if written.role not in ROLES:
        raise ConfigError(where, f"{key}.role", f"unknown role; one of {', '.join(ROLES)}")
    if written.oversees and written.role != Role.LEADERSHIP:
        raise ConfigError(where, f"{key}.oversees", "is for an entry with the role leadership: it decides such cases")
    if not written.name.isprintable() or not written.name.strip():
        raise ConfigError(where, f"{key}.name", "write a name in plain characters")
    token = written.token_sha256
    if token is not None and not _HASH.fullmatch(token):
        raise ConfigError(where, f"{key}.token_sha256", "must be the SHA-256 of the token: 64 hexadecimal digits")
    return Staff(
        name=written.name.strip(),
        role=Role(written.role),
        post=written.post,
        addresses=tuple(_address(one, where, f"{key}.addresses") for one in written.addresses),
        token_sha256=token.lower() if token else None,
        topics=written.topics,
        delegated_until=_last_day(written.delegated_until, where, f"{key}.delegated_until"),
        standby=written.standby,
        oversees=written.oversees,
    )


def _address(text: str, where: str, key: str) -> Address:
    try:
        address = Address.parse(text)
    except ValueError as problem:
        raise ConfigError(where, key, str(problem)) from None
    form = _ADDRESSES.get(address.scheme)
    if form is None:
        raise ConfigError(where, key, f"unknown kind of address; begin with one of {', '.join(_ADDRESSES)} and a colon")
    if not form.fullmatch(address.value):
        reason = "write numbers in full, as whatsapp:+6281200000000, and mail as mailto:desk@example.org"
        raise ConfigError(where, key, reason)
    return address


def _last_day(written: object, where: str, key: str) -> date | None:
    if written is None:
        return None
    if not isinstance(written, date) or isinstance(written, datetime):
        raise ConfigError(where, key, "write the last day without quotes, as 2026-12-31")
    return written


def _each_once(
    entries: Sequence[Staff], name: str, values: Callable[[Staff], Sequence[Hashable] | set[str]], where: str
) -> None:
    owner: dict[Hashable, int] = {}
    for count, entry in enumerate(entries, 1):
        for value in values(entry):
            first = owner.setdefault(value, count)
            if first != count:
                reason = f"stands in staff[{first}] already; each belongs to one person"
                raise ConfigError(where, f"staff[{count}].{name}", reason)
