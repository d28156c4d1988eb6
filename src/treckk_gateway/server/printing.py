"""How commands write to standard output."""

from __future__ import annotations

import sys

import msgspec
from rich.console import Console


def print_json(value: object) -> None:
    """JSON for a person's eyes."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value)).decode() + "\n")


def console() -> Console:
    """Lines as long as they are; nothing coloured that nobody asked to be."""
    return Console(highlight=False, soft_wrap=True)
