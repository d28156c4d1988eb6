"""A table of settings into an attrs class, refusing what is unknown, wrong, or a secret written in plain."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import attrs
import msgspec

from treckk_gateway.errors import ConfigError
from treckk_gateway.model import Secret

T = TypeVar("T")


def read_secret(written: object, *, where: str, key: str, base: Path) -> Secret:
    """The secret that `env:NAME` or `file:PATH` names; a relative path is taken from `base`.

    Raises `ConfigError` when it is written in plain, empty, or cannot be read.
    """
    if not isinstance(written, str):
        raise ConfigError(where, key, "a secret is written env:NAME or file:PATH")
    source, _, name = written.partition(":")
    if source == "env" and name:
        text = os.environ.get(name)
        if text is None:
            raise ConfigError(where, key, f"the environment variable {name} is not set")
    elif source == "file" and name:
        try:
            text = (base / name).read_text(encoding="utf-8")
        except (OSError, ValueError) as problem:
            reason = getattr(problem, "strerror", None) or "it is not text"
            raise ConfigError(where, key, f"cannot read the file it names: {reason}") from problem
    else:
        raise ConfigError(where, key, "a secret is written env:NAME or file:PATH, never in plain")
    if not text.strip():
        raise ConfigError(where, key, "the secret is empty")
    return Secret(text.strip())


def read_options(kind: type[T], table: Mapping[str, object], *, where: str, prefix: str, base: Path) -> T:
    """An instance of the attrs class `kind` from a TOML table.

    `where` is the file and `prefix` the dotted key of the table, for refusals. A field of type `Secret`,
    `Secret | None` or `tuple[Secret, ...]` is read by `read_secret`. Raises `ConfigError` for an unknown key, a
    missing one, a wrong type, or whatever the class's own validators refuse. A field of an attrs class, or of a mapping
    to such, is a table of its own.
    """
    attrs.resolve_types(kind)  # type: ignore[type-var]
    fields = {field.name: field for field in attrs.fields(kind)}  # type: ignore[arg-type]
    for name in table:
        if name not in fields:
            raise ConfigError(where, f"{prefix}.{name}", f"unknown key; known are: {', '.join(sorted(fields))}")
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in table:
            values[name] = _value(field.type, table[name], where=where, key=f"{prefix}.{name}", base=base)
        elif field.default is attrs.NOTHING:
            raise ConfigError(where, f"{prefix}.{name}", "is required")
    try:
        return kind(**values)
    except (ValueError, TypeError) as problem:
        raise ConfigError(where, prefix, str(problem.args[0] if problem.args else problem)) from problem


def _value(kind: Any, written: object, *, where: str, key: str, base: Path) -> Any:  # noqa: ANN401 typed by the field
    if kind is Secret or (Secret in get_args(kind) and not isinstance(written, list)):
        secret = read_secret(written, where=where, key=key, base=base)
        return (secret,) if Ellipsis in get_args(kind) else secret
    if Secret in get_args(kind) and isinstance(written, list):
        return tuple(read_secret(one, where=where, key=key, base=base) for one in written)
    if isinstance(kind, type) and attrs.has(kind):
        return read_options(kind, _mapping(written, where, key), where=where, prefix=key, base=base)
    if get_origin(kind) is Mapping:
        inner, table = get_args(kind)[1], _mapping(written, where, key)
        return {one: _value(inner, value, where=where, key=f"{key}.{one}", base=base) for one, value in table.items()}
    try:
        return msgspec.convert(written, kind)
    except msgspec.ValidationError as problem:
        raise ConfigError(where, key, str(problem)) from problem


def _mapping(written: object, where: str, key: str) -> Mapping[str, object]:
    if not isinstance(written, Mapping):
        raise ConfigError(where, key, f"must be a table, written [{key}]")
    return written
