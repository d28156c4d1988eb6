"""What installed packages offer by entry point, read once: looking through all of them takes longer than a case."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib import metadata


def entry_points(*, group: str) -> metadata.EntryPoints:
    """Those of a group, as `importlib.metadata` has them. What is installed meanwhile is seen by the next process."""
    return _on(tuple(sys.path), group)


@lru_cache(maxsize=8)
def _on(_path: tuple[str, ...], group: str) -> metadata.EntryPoints:
    return metadata.entry_points(group=group)
