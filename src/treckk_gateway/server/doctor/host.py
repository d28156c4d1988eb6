"""This machine: key, folders and their room, ports, clock."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from treckk_gateway.channel import Problem
from treckk_gateway.inbound.spool.file import ASIDE, SUFFIX
from treckk_gateway.privacy import Keyring
from treckk_gateway.server.doctor.checked import Checked, trouble
from treckk_gateway.settings import Listen, Settings
from treckk_gateway.settings.file import read_file

_GIB = 1 << 30
_NO_ROOM = 100 << 20
_BUILT = 1_793_000_000
"""Seconds since the epoch, late October 2026: a clock before that is wrong."""
_AHEAD = 300.0
_ANSWER_SECONDS = 1.0


def key(settings: Settings) -> Checked:
    """The key's public name."""
    return Checked(what="secret key", found=f"fingerprint {Keyring(settings.master_key()).fingerprint()}")


def secret_files(settings: Settings) -> Iterator[Checked]:
    """Files of secrets that everybody on this machine can read."""
    if settings.source is None:
        return
    for name in sorted(set(_named(read_file(settings.source)))):
        path = settings.source.parent / name
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o004:
            yield trouble("secret", str(path), "other users of this machine can read it", f"chmod o= {path}")


def _named(written: object) -> Iterator[str]:
    if isinstance(written, str) and written.startswith("file:"):
        yield written.removeprefix("file:")
    elif isinstance(written, dict | list):
        for one in written.values() if isinstance(written, dict) else written:
            yield from _named(one)


def data_dir(folder: Path) -> Iterator[Checked]:
    """Whether the folder can be written, is nobody else's, and has room."""
    there = _existing(folder)
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


def spool(settings: Settings) -> Iterator[Checked]:
    """What waits for the database, what was set aside, and whether there is room for as much as is allowed."""
    folder = settings.spool_dir
    if folder is None:
        return
    there = _existing(folder)
    if not os.access(there, os.W_OK | os.X_OK):
        remedy = "give it to the user who runs treckk"
        yield trouble("spool", str(folder), f"{there} cannot be written", remedy, fatal=True)
        return
    files = list(folder.iterdir()) if folder.is_dir() else []
    waiting = [one for one in files if one.suffix == SUFFIX]
    aside = sum(1 for one in files if one.suffix == ASIDE)
    size = sum(one.stat().st_size for one in waiting) / 1_000_000
    free = shutil.disk_usage(there).free / 1_000_000
    found = f"{folder}, empty" if not waiting else f"{folder}, {len(waiting)} files with {size:.1f} MB wait"
    if aside:
        remedy = "read 'Files set aside' on the page 'When the database is away'"
        yield trouble("spool", found, f"{aside} files hold something that could not be replayed", remedy)
    if waiting:
        remedy = "bring the database back; a running server replays it, or treckk serve once it is started"
        yield trouble("spool", found, "requests wait for the database", remedy)
    if free + size < settings.spool_size:
        summary = f"{free:.0f} MB are free, spool_size is {settings.spool_size:g} MB"
        yield trouble("spool", found, summary, "make room, or set gateway.spool_size to what may be used")
    elif not waiting and not aside:
        yield Checked(what="spool", found=found)


def port(settings: Settings, *, running: bool) -> Checked:
    """Whether the HTTP port is free, or held by the server that runs here."""
    listen = settings.listen
    if running:
        return Checked(what="HTTP port", found=f"{listen}, a server runs there")
    refused = _taken(listen.host, listen.port)
    if refused is None:
        return Checked(what="HTTP port", found=str(listen))
    remedy = "stop what uses it, or change gateway.listen"
    if is_gateway(listen):
        remedy = "another gateway, over another data folder, answers there: stop it, or change gateway.listen"
    return trouble("HTTP port", str(listen), f"cannot listen there: {refused}", remedy, fatal=True)


def listeners(settings: Settings, *, running: bool) -> Iterator[Checked]:
    """The ports at which channels listen themselves, as mail does."""
    for channel in settings.channels:
        written = getattr(channel.options, "listen", None)
        parts = urlsplit(str(written)) if written is not None else None
        if parts is None or parts.hostname is None or not parts.port:
            continue
        what = f"port of {channel.channel_id}"
        refused = None if running else _taken(parts.hostname, parts.port)
        if refused is None:
            yield Checked(what=what, found=f"{written}{', held by the running server' if running else ''}")
        else:
            remedy = f"stop what uses it, or change channels.{channel.channel_id}.listen"
            yield trouble(what, str(written), f"cannot listen there: {refused}", remedy, fatal=True)


def public_url(url: str) -> Checked:
    """Whether a provider could reach the address at all."""
    if is_private(urlsplit(url).hostname or ""):
        remedy = "set gateway.public_url to what providers call; for trying things out this is fine"
        return trouble("public URL", url, "no provider can reach this address", remedy)
    return Checked(what="public URL", found=url)


def is_private(host: str) -> bool:
    """Whether the name or address means something on this network only."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".localhost", ".internal", ".lan"))


def clock(folder: Path) -> Checked:
    """Whether the time can be right, as far as this machine alone can tell."""
    now = time.time()
    remedy = "set the clock and keep it right, with chrony or systemd-timesyncd: signatures and deadlines depend on it"
    found = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    newest = max((one.stat().st_mtime for one in folder.glob("*") if one.is_file()), default=0.0)
    if now < _BUILT:
        return trouble("clock", found, "the clock is years behind", remedy, fatal=True)
    if newest > now + _AHEAD:
        return trouble("clock", found, "the data was written later than now: the clock went back", remedy)
    return Checked(what="clock", found=found)


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _taken(host: str, number: int) -> str | None:
    """Why nobody can listen there; `None` when one can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as refused:
            return refused.strerror or "no such address"
    return None


def is_gateway(listen: Listen) -> bool:
    """Whether a gateway answers there."""
    try:
        with socket.create_connection((listen.host, listen.port), timeout=_ANSWER_SECONDS) as asked:
            asked.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            return b'{"status":"ok"}' in asked.recv(1024)
    except OSError:
        return False
