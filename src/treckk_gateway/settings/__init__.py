"""The one TOML file: read, checked, and refused with file, key and reason before anything starts."""

from treckk_gateway.settings.gateway_table import read_database
from treckk_gateway.settings.loading import check_posts, from_mapping, load
from treckk_gateway.settings.starter import starter
from treckk_gateway.settings.values import (
    ChannelSettings,
    DeliverySettings,
    DigestSettings,
    EngineSettings,
    Listen,
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
    "starter",
]
