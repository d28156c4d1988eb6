"""How commands write to standard output."""

from __future__ import annotations

import sys

import msgspec
from rich.console import Console

_WIDE = 240
"""Characters a line of a table may have: a number that is cut short cannot be used."""


def print_json(value: object) -> None:
    """JSON for a person's eyes."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value)).decode() + "\n")


def console() -> Console:
    """Lines as long as they are, tables too: a terminal wraps them. Nothing coloured that nobody asked to be."""
    return Console(highlight=False, soft_wrap=True, width=_WIDE)
