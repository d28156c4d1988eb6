"""All rows of one database into another, whichever the two are: everything, or an error and nothing that looks whole.

Whoever opens the two ends sees to that: the source is read as of one moment, the target keeps nothing after an error.
What belongs to a database itself (its schema's number, whose key seals it: the table `meta`) is not copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any, Protocol

import attrs

from treckk_gateway.errors import CopyRefused

Rows = Sequence[tuple[Any, ...]]
Told = Callable[[str, int, int], None]
"""Hears of progress: what is copied, how much of it is done, and of how much."""

BATCH = 1000
OWN = "meta"
"""The table that is each database's own."""


@attrs.frozen
class Table:
    """A table's columns, and the tables its rows refer to."""

    columns: tuple[str, ...]
    parents: frozenset[str]


class Source(Protocol):
    """A database that is read as of one moment."""

    def tables(self) -> Mapping[str, Table]:
        """What may be copied, by name."""

    def count(self, table: str) -> int:
        """How many rows a table has."""

    def batches(self, table: str, columns: Sequence[str]) -> Iterator[Rows]:
        """All rows of a table, some at a time."""


class Target(Protocol):
    """A database that is written to in one transaction."""

    def tables(self) -> Mapping[str, Table]:
        """What may be copied, by name."""

    def count(self, table: str) -> int:
        """How many rows a table has."""

    def write(self, table: str, columns: Sequence[str], batches: Iterable[Rows]) -> None:
        """Take these rows, ids and all."""


def copy(source: Source, target: Target, told: Told) -> Mapping[str, int]:
    """Copy every table; how many rows each has.

    Raises `CopyRefused` when the two do not have the same tables, when the target has rows already, or when a count
    differs at the end.
    """
    tables, theirs = source.tables(), target.tables()
    if _shape(tables) != _shape(theirs):
        raise CopyRefused("the two databases have different tables: bring both to one version of treckk first")
    filled = sorted(name for name in tables if target.count(name))
    if filled:
        raise CopyRefused(f"the target has rows already (in {', '.join(filled)}): name an empty database")
    counts = {}
    for name in in_order(tables):
        counts[name] = source.count(name)
        told(name, 0, counts[name])
        target.write(
            name, tables[name].columns, _telling(source.batches(name, tables[name].columns), name, counts, told)
        )
        written = target.count(name)
        if written != counts[name]:
            raise CopyRefused(f"{name} has {counts[name]} rows, of which {written} were copied: nothing was kept")
    return counts


def in_order(tables: Mapping[str, Table]) -> Sequence[str]:
    """Their names, each after those that its rows refer to."""
    return tuple(TopologicalSorter({name: one.parents - {name} for name, one in sorted(tables.items())}).static_order())


def _shape(tables: Mapping[str, Table]) -> Mapping[str, frozenset[str]]:
    return {name: frozenset(one.columns) for name, one in tables.items()}


def _telling(batches: Iterable[Rows], name: str, counts: Mapping[str, int], told: Told) -> Iterator[Rows]:
    done = 0
    for batch in batches:
        yield batch
        done += len(batch)
        told(name, done, counts[name])
