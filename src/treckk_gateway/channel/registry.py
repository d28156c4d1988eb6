"""Finding adapters by name through entry points; nothing registers itself on import."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from treckk_gateway.channel.contract import Channel
from treckk_gateway.errors import AdapterError

GROUP = "treckk_gateway.adapters"


def installed() -> dict[str, EntryPoint]:
    """All installed adapters by name, not yet imported."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def load(name: str) -> type[Channel]:
    """Import one adapter.

    Raises `AdapterError` when none of that name is installed, when importing it fails, or when what it names is no
    `Channel`: the text names the adapter and the package to look at.
    """
    known = installed()
    entry = known.get(name)
    if entry is None:
        msg = f"no adapter {name!r} is installed; installed are: {', '.join(sorted(known)) or 'none'}"
        raise AdapterError(msg)
    try:
        found = entry.load()
    except Exception as problem:
        msg = f"adapter {name!r} ({entry.value}) cannot be imported: {problem.__class__.__name__}: {problem}"
        raise AdapterError(msg) from problem
    if not (isinstance(found, type) and issubclass(found, Channel)):
        msg = f"adapter {name!r} ({entry.value}) is not a treckk_gateway.channel.Channel"
        raise AdapterError(msg)
    return found
