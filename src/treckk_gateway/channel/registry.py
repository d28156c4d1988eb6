"""Finding adapters by name through entry points; nothing registers itself on import."""

from __future__ import annotations

from importlib.metadata import EntryPoint

from treckk_gateway.channel.contract import Channel
from treckk_gateway.channel.packages import entry_points
from treckk_gateway.errors import AdapterError

GROUP = "treckk_gateway.adapters"


def installed() -> dict[str, EntryPoint]:
    """All installed adapters by name, not yet imported."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def load(name: str) -> type[Channel]:
    """Import one adapter.

    Raises `AdapterError` when none of that name is installed, when two packages claim it, when importing it fails, or
    when what it names is no `Channel`: the text names the adapter and the package to look at.
    """
    entries = {entry.value: entry for entry in entry_points(group=GROUP) if entry.name == name}
    if not entries:
        msg = f"no adapter {name!r} is installed; installed are: {', '.join(sorted(installed())) or 'none'}"
        raise AdapterError(msg)
    if len(entries) > 1:
        msg = f"adapter {name!r} is claimed by several: {', '.join(sorted(map(_origin, entries.values())))}"
        raise AdapterError(msg)
    [entry] = entries.values()
    try:
        found = entry.load()
    except Exception as problem:
        msg = f"adapter {name!r} ({_origin(entry)}) cannot be imported: {problem.__class__.__name__}: {problem}"
        raise AdapterError(msg) from problem
    if not (isinstance(found, type) and issubclass(found, Channel)):
        msg = f"adapter {name!r} ({_origin(entry)}) is not a treckk_gateway.channel.Channel"
        raise AdapterError(msg)
    return found


def broken() -> dict[str, str]:
    """Installed adapters that `load` refuses, each with the reason. Imports all there are: for a check by a person."""
    found = {}
    for name in sorted(installed()):
        try:
            load(name)
        except AdapterError as problem:
            found[name] = str(problem)
    return found


def _origin(entry: EntryPoint) -> str:
    package = f" of the package {entry.dist.name}" if entry.dist is not None else ""
    return f"{entry.value}{package}"
