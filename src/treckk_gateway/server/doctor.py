"""`treckk doctor`: what an operator should mend before citizens find out, each with what to do."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import stat
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import attrs

from treckk_gateway.channel import Problem, registry
from treckk_gateway.errors import StoreError
from treckk_gateway.gateway import Gateway
from treckk_gateway.model import Role
from treckk_gateway.privacy import Keyring
from treckk_gateway.server import control
from treckk_gateway.server.pages import form
from treckk_gateway.settings import Settings

_GIB = 1 << 30
_NO_ROOM = 100 << 20
_BUILT = 1_793_000_000
"""Seconds since the epoch, late October 2026: a clock before that is wrong."""
_AHEAD = 300.0

_FIXED = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


@attrs.frozen(kw_only=True)
class Checked:
    """One thing looked at: what was found, and what is wrong with it if anything is."""

    what: str
    found: str
    problem: Problem | None = None


async def examine(settings: Settings) -> Sequence[Checked]:
    """Everything looked at, in order. The configuration itself was read already."""
    running = control.is_served(settings.data_dir / control.NAME)
    found = [
        _key(settings),
        *_data_dir(settings.data_dir),
        _sqlite(sqlite3.sqlite_version_info) if settings.database is None else _postgres(settings),
        _port(settings, running=running),
        _public_url(settings.public_url),
        _clock(settings.data_dir, time.time()),
        *_staff(settings),
    ]
    return [*found, *_adapters(), *await _channels(settings)]


def _adapters() -> Iterator[Checked]:
    broken = registry.broken()
    yield Checked(what="adapters", found=", ".join(sorted(registry.installed().keys() - broken)) or "none")
    for name, reason in broken.items():
        problem = Problem(summary=reason, remedy="install a version of that package that fits, or uninstall it")
        yield Checked(what=f"adapter {name}", found="cannot be used", problem=problem)


async def _channels(settings: Settings) -> list[Checked]:
    gateway = Gateway.from_config(settings, working=False)
    problems = await gateway.check()
    if not gateway.channels:
        nothing = Problem(summary="no channel is configured", remedy="add a [channels.NAME] table")
        return [Checked(what="channels", found="none", problem=nothing)]
    # The form's reporters have their status page, so its channel needs no way back.
    quiet = {one.channel_id for one in settings.channels if form.opens(one) and one.options.callback_url is None}
    found = []
    for channel_id, channel in gateway.channels.items():
        own = [problem for name, problem in problems if name == channel_id and name not in quiet]
        what = f"channel {channel_id}"
        found += [Checked(what=what, found=channel.kind, problem=one) for one in own]
        if not own:
            found.append(Checked(what=what, found=f"{channel.kind}, webhooks at {gateway.webhook_url(channel_id)}"))
    return found


def _key(settings: Settings) -> Checked:
    return Checked(what="secret key", found=f"fingerprint {Keyring(settings.master_key()).fingerprint()}")


def _data_dir(folder: Path) -> Iterator[Checked]:
    there = folder
    while not there.exists():
        there = there.parent
    problem = None
    if not os.access(there, os.W_OK | os.X_OK):
        remedy = "give it to the user who runs treckk"
        problem = Problem(summary=f"{there} cannot be written", remedy=remedy, fatal=True)
    elif folder.exists() and stat.S_IMODE(folder.stat().st_mode) & 0o007:
        problem = Problem(summary="other users of this machine can look into it", remedy=f"chmod o= {folder}")
    yield Checked(what="data folder", found=str(folder), problem=problem)
    free = shutil.disk_usage(there).free
    problem = None
    if free < _GIB:
        remedy = "make room, or move data_dir to a larger disk"
        problem = Problem(summary="little room is left", remedy=remedy, fatal=free < _NO_ROOM)
    yield Checked(what="disk", found=f"{free / _GIB:.1f} GiB free", problem=problem)


def _sqlite(version: tuple[int, ...]) -> Checked:
    found = f"{'.'.join(map(str, version))}, Python's own"
    if version >= _FIXED[-1] or any(version[:2] == one[:2] and version >= one for one in _FIXED):
        return Checked(what="SQLite", found=found)
    # SQLite's release notes: the WAL-reset race of 3.7.0 to 3.51.2. Only one connection of ours writes, so we are safe.
    remedy = "let no backup or replication program checkpoint the database; mended in 3.44.6, 3.50.7 and 3.51.3"
    problem = Problem(summary="this version can lose pages when two connections checkpoint at once", remedy=remedy)
    return Checked(what="SQLite", found=found, problem=problem)


def _postgres(settings: Settings) -> Checked:
    from treckk_gateway.store.postgres import examine  # noqa: PLC0415 the extra may be absent

    assert settings.database is not None  # noqa: S101 asked before
    try:
        found = examine(settings.database.reveal(), Keyring(settings.master_key()).fingerprint())
    except StoreError as problem:
        remedy = "start the database, or mend gateway.database or its schema as told above"
        return Checked(
            what="PostgreSQL", found="not usable", problem=Problem(summary=str(problem), remedy=remedy, fatal=True)
        )
    return Checked(what="PostgreSQL", found=found)


def _port(settings: Settings, *, running: bool) -> Checked:
    listen = settings.listen
    if running:
        return Checked(what="HTTP port", found=f"{listen}, a server runs on this data folder")
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    problem = None
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listen.host, listen.port))
        except OSError as refused:
            summary = f"cannot listen there: {refused.strerror or 'no such address'}"
            problem = Problem(summary=summary, remedy="stop what uses it, or change gateway.listen", fatal=True)
    return Checked(what="HTTP port", found=str(listen), problem=problem)


def _public_url(url: str) -> Checked:
    host = urlsplit(url).hostname or ""
    problem = None
    if _private(host):
        remedy = "set gateway.public_url to what providers call; for trying things out this is fine"
        problem = Problem(summary="no provider can reach this address", remedy=remedy)
    return Checked(what="public URL", found=url, problem=problem)


def _private(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".localhost", ".internal", ".lan"))


def _clock(folder: Path, now: float) -> Checked:
    remedy = "set the clock and keep it right, with chrony or systemd-timesyncd: signatures and deadlines depend on it"
    newest = max((one.stat().st_mtime for one in folder.glob("*") if one.is_file()), default=0.0)
    problem = None
    if now < _BUILT:
        problem = Problem(summary="the clock is years behind", remedy=remedy, fatal=True)
    elif newest > now + _AHEAD:
        problem = Problem(summary="the data was written later than now: the clock went back", remedy=remedy)
    return Checked(what="clock", found=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now)), problem=problem)


def _staff(settings: Settings) -> Iterator[Checked]:
    roles = {one.role for one in settings.staff}
    found = f"{len(settings.staff)} entries"
    for role, without in ((Role.ADMIN, "nobody can work on cases"), (Role.LEADERSHIP, "nobody can instruct a team")):
        if role not in roles:
            remedy = f'add a [[staff]] entry with role = "{role}"'
            yield Checked(what="staff", found=found, problem=Problem(summary=without, remedy=remedy))
    if roles >= {Role.ADMIN, Role.LEADERSHIP}:
        yield Checked(what="staff", found=found)
