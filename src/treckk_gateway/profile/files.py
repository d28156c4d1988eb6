"""Reading a profile's files: whatever is wrong is refused with the file's name, the key and the reason."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources.abc import Traversable
from typing import Any, NoReturn, TypeVar

import msgspec

from treckk_gateway.errors import ProfileError

T = TypeVar("T")


def refuse(file: str, key: str, reason: str) -> NoReturn:
    """Raise `ProfileError` for one key of one file."""
    raise ProfileError(f"{file}: {key}: {reason}" if key else f"{file}: {reason}")


class Folder:
    """A profile's folder, on disk or inside an installed package."""

    def __init__(self, root: Traversable) -> None:
        self._root = root

    def has(self, file: str) -> bool:
        """Whether there is such a file."""
        return self._root.joinpath(file).is_file()

    def toml(self, file: str, shape: type[T]) -> T:
        """A TOML file in the shape given."""
        try:
            return shaped(file, "", tomllib.loads(self._text(file)), shape)
        except tomllib.TOMLDecodeError as problem:
            refuse(file, "", f"is not valid TOML: {problem}")

    def json(self, file: str, shape: type[T]) -> T:
        """A JSON file in the shape given."""
        try:
            return msgspec.json.decode(self._text(file), type=shape)
        except msgspec.ValidationError as problem:
            _refuse_shape(file, "", problem)
        except msgspec.DecodeError as problem:
            refuse(file, "", f"is not valid JSON: {problem}")

    def json_lines(self, file: str) -> tuple[dict[str, Any], ...]:
        """A file of one JSON object a line."""
        try:
            return tuple(msgspec.json.decode(line, type=dict) for line in self._text(file).splitlines() if line.strip())
        except msgspec.DecodeError as problem:
            refuse(file, "", f"is not one JSON object a line: {problem}")

    def table(self, file: str, columns: Sequence[str]) -> tuple[Mapping[str, str], ...]:
        """The rows of a CSV file that has at least these columns, none of them empty."""
        rows = csv.DictReader(self._text(file).splitlines())
        missing = [one for one in columns if one not in (rows.fieldnames or ())]
        if missing:
            refuse(file, "line 1", f"has no column {', '.join(missing)}")
        found = tuple(rows)
        for count, row in enumerate(found, 2):
            for column in columns:
                if not (row[column] or "").strip():
                    refuse(file, f"line {count}, {column}", "is empty")
        return found

    def pairs(self, file: str) -> tuple[tuple[str, str], ...]:
        """The first two columns of a CSV file with a head line, none of them empty."""
        rows = list(csv.reader(self._text(file).splitlines()))[1:]
        for count, row in enumerate(rows, 2):
            if len(row) < 2 or not row[0].strip() or not row[1].strip():  # noqa: PLR2004 two columns
                refuse(file, f"line {count}", "needs a word and what it is rewritten to")
        return tuple((row[0], row[1]) for row in rows)

    def _text(self, file: str) -> str:
        try:
            return self._root.joinpath(file).read_text(encoding="utf-8")
        except FileNotFoundError:
            refuse(file, "", "is missing")
        except UnicodeDecodeError:
            refuse(file, "", "is not UTF-8")
        except OSError as problem:
            refuse(file, "", f"cannot be read: {problem.strerror}")


def degrees(file: str, line: int, row: Mapping[str, str]) -> tuple[float, float]:
    """`lat` and `lng` of a row."""
    try:
        return float(row["lat"]), float(row["lng"])
    except ValueError:
        refuse(file, f"line {line}, lat, lng", "are degrees with a dot, such as -2.2972 and 115.5331")


def shaped(file: str, key: str, data: object, shape: type[T]) -> T:
    """A part of a file, which stands there under `key`, in the shape given."""
    try:
        return msgspec.convert(data, shape)
    except msgspec.ValidationError as problem:
        _refuse_shape(file, key, problem)


def _refuse_shape(file: str, key: str, problem: msgspec.ValidationError) -> NoReturn:
    """Refuse with the whole key first; what is raised reads `reason - at $.a.b`."""
    reason, _, path = str(problem).partition(" - at `")
    refuse(file, (key + path.strip("`").removeprefix("$")).lstrip("."), reason[:1].lower() + reason[1:])
