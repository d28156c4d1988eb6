"""From a TOML file, or a mapping of the same shape, to `Settings`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import attrs

from treckk_gateway.channel.options import read_options
from treckk_gateway.channel.registry import installed
from treckk_gateway.channel.registry import load as load_adapter
from treckk_gateway.errors import AdapterError, ConfigError
from treckk_gateway.settings.clocks_table import read_clocks
from treckk_gateway.settings.file import read_file
from treckk_gateway.settings.gateway_table import read_gateway
from treckk_gateway.settings.staff_table import read_staff
from treckk_gateway.settings.values import (
    ChannelSettings,
    DeliverySettings,
    DigestSettings,
    EngineSettings,
    MediaSettings,
    RetentionSettings,
    SenderSettings,
    Settings,
    TelemetrySettings,
    TriageSettings,
)

T = TypeVar("T")

TABLES = (
    "gateway",
    "channels",
    "staff",
    "triage",
    "clocks",
    "delivery",
    "retention",
    "engine",
    "media",
    "digest",
    "telemetry",
    "senders",
)
"""The tables there are."""

WALK_IN = "walk_in"
"""The channel of complaints that staff write down; no configured channel may have its name."""

_CHANNEL_ID = re.compile(r"[a-z0-9_-]{1,40}")


class _Post(Protocol):
    @property
    def post_id(self) -> str: ...


class _Posts(Protocol):
    @property
    def posts(self) -> Iterable[_Post]: ...


def load(path: Path | str) -> Settings:
    """Read and check the file. Raises `ConfigError` with file, key and reason; relative paths start at the file."""
    source = Path(path).absolute()
    return attrs.evolve(from_mapping(read_file(path), where=str(path), base=source.parent), source=source)


def from_mapping(table: Mapping[str, Any], *, where: str = "settings", base: Path | None = None) -> Settings:
    """Check a mapping with the shape of the file. `where` names it in refusals; relative paths start at `base`.

    Raises `ConfigError` for an unknown key, a missing one, a bad value, a secret in plain, or an adapter that
    is not installed. One that is installed and cannot be loaded is told in `ChannelSettings.broken`.
    """
    folder = (base or Path.cwd()).absolute()
    _known(table, where)
    settings = Settings(
        **read_gateway(_table(table, "gateway", where), where=where, base=folder),
        channels=_channels(_table(table, "channels", where), where, folder),
        staff=read_staff(table.get("staff", []), where=where, base=folder),
        triage=_section(TriageSettings, table, "triage", where, folder),
        clocks=read_clocks(_table(table, "clocks", where), where=where),
        delivery=_section(DeliverySettings, table, "delivery", where, folder),
        retention=_section(RetentionSettings, table, "retention", where, folder),
        engine=_section(EngineSettings, table, "engine", where, folder),
        media=_section(MediaSettings, table, "media", where, folder),
        digest=_section(DigestSettings, table, "digest", where, folder),
        telemetry=_section(TelemetrySettings, table, "telemetry", where, folder),
        senders=_section(SenderSettings, table, "senders", where, folder),
    )
    _consistent(settings, where)
    return settings


def check_posts(settings: Settings, profile: _Posts) -> None:
    """Raise `ConfigError` when a staff entry names a post that the profile has not."""
    known = {post.post_id for post in profile.posts}
    for count, entry in enumerate(settings.staff, 1):
        if entry.post is not None and entry.post not in known:
            where = str(settings.source or "settings")
            reason = f"the profile has no such post; it has {', '.join(sorted(known)) or 'none'}"
            raise ConfigError(where, f"staff[{count}].post", reason)


def _known(table: Mapping[str, Any], where: str) -> None:
    for name in table:
        if name not in TABLES:
            raise ConfigError(where, name, f"unknown key; known are: {', '.join(TABLES)}")


def _table(table: Mapping[str, Any], name: str, where: str, prefix: str = "") -> Mapping[str, Any]:
    found = table.get(name, {})
    if not isinstance(found, Mapping):
        raise ConfigError(where, f"{prefix}{name}", f"must be a table, written [{prefix}{name}]")
    return found


def _section(kind: type[T], table: Mapping[str, Any], name: str, where: str, base: Path) -> T:
    return read_options(kind, _table(table, name, where), where=where, prefix=name, base=base)


def _channels(table: Mapping[str, Any], where: str, base: Path) -> tuple[ChannelSettings, ...]:
    return tuple(_channel(name, _table(table, name, where, "channels."), where, base) for name in table)


def _channel(name: str, table: Mapping[str, Any], where: str, base: Path) -> ChannelSettings:
    key = f"channels.{name}"
    if not _CHANNEL_ID.fullmatch(name) or name == WALK_IN:
        reason = f"name a channel with 1 to 40 of a-z, 0-9, - and _, other than {WALK_IN}"
        raise ConfigError(where, key, reason)
    adapter = table.get("adapter")
    if not isinstance(adapter, str):
        reason = f"is required: the name of an installed adapter, one of {', '.join(sorted(installed())) or 'none'}"
        raise ConfigError(where, f"{key}.adapter", reason)
    try:
        kind = load_adapter(adapter)
    except AdapterError as problem:
        if adapter in installed():
            return ChannelSettings(channel_id=name, adapter=adapter, options=None, broken=str(problem))
        raise ConfigError(where, f"{key}.adapter", str(problem)) from problem
    rest = {option: value for option, value in table.items() if option != "adapter"}
    options = read_options(kind.Options, rest, where=where, prefix=key, base=base)
    return ChannelSettings(channel_id=name, adapter=adapter, options=options)


def _consistent(settings: Settings, where: str) -> None:
    waits = settings.delivery
    if waits.base > waits.cap:
        raise ConfigError(where, "delivery.base", "must not be longer than delivery.cap")
    if waits.slow > waits.slowest:
        raise ConfigError(where, "delivery.slow", "must not be longer than delivery.slowest")
    if settings.database is None and not settings.engine.serve_works:
        raise ConfigError(where, "engine.serve_works", "with SQLite nobody else can work: leave it out")
    if settings.engine.heartbeat * 2 > settings.engine.stalled:
        raise ConfigError(where, "engine.stalled", "must be at least twice engine.heartbeat")
    steps = settings.triage.steps or ()
    if len(set(steps)) != len(steps):
        raise ConfigError(where, "triage.steps", "names a step twice")
