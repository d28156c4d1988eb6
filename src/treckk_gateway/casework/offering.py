"""Answers that an update offers for tapping: found when it is written, kept with it, sent where the channel can.

A message says in its own words what may be answered, by number or by word, so a channel without buttons lacks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from treckk_gateway.model import Choice
from treckk_gateway.model.codec import decode, encode

_KEPT = "pilihan_isi"
"""The value of an update that keeps its choices; no template shows it."""


def numbered(labels: Sequence[str]) -> tuple[Choice, ...]:
    """The lines of a list, each answered by its number as the text shows it."""
    return tuple(Choice(label=label, answer=str(count)) for count, label in enumerate(labels, 1))


def offering(choices: Iterable[Choice]) -> dict[str, str]:
    """The value that keeps them with an update; none where there is nothing to choose."""
    found = tuple(choices)
    return {_KEPT: encode(found).decode()} if found else {}


def offered(values: Mapping[str, str]) -> tuple[Choice, ...]:
    """The choices kept with an update."""
    return decode(values[_KEPT].encode(), tuple[Choice, ...]) if values.get(_KEPT) else ()
