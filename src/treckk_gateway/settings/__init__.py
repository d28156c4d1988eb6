"""The one TOML file: read, checked, and refused with file, key and reason before anything starts."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treckk_gateway.settings.file import Listen, read_listen
    from treckk_gateway.settings.gateway_table import read_database
    from treckk_gateway.settings.loading import check_posts, from_mapping, load
    from treckk_gateway.settings.starter import starter
    from treckk_gateway.settings.values import (
        ChannelSettings,
        DeliverySettings,
        DigestSettings,
        EngineSettings,
        MediaSettings,
        Network,
        RetentionSettings,
        SenderSettings,
        Settings,
        TelemetrySettings,
        TriageSettings,
    )

__all__ = [
    "ChannelSettings",
    "DeliverySettings",
    "DigestSettings",
    "EngineSettings",
    "Listen",
    "MediaSettings",
    "Network",
    "RetentionSettings",
    "SenderSettings",
    "Settings",
    "TelemetrySettings",
    "TriageSettings",
    "check_posts",
    "from_mapping",
    "load",
    "read_database",
    "read_listen",
    "starter",
]

_HOMES = {
    "Listen": "file",
    "check_posts": "loading",
    "from_mapping": "loading",
    "load": "loading",
    "read_database": "gateway_table",
    "read_listen": "file",
    "starter": "starter",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first asked for: a server listens before it knows all of its settings."""
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'values')}"), name)
    globals()[name] = value
    return value
