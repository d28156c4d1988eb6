"""The `[gateway]` table: addresses, folder, key and bounds."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import attrs
from msgspec import Meta

from treckk_gateway.channel.options import read_options, read_secret
from treckk_gateway.errors import ConfigError
from treckk_gateway.model import Secret
from treckk_gateway.settings.file import LISTEN, Listen
from treckk_gateway.settings.values import Network, Seconds

KEY_BYTES = 32

_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~%/\-]*)?")


@attrs.frozen(kw_only=True)
class GatewayTable:
    """The table as written; the names of its fields are the keys an operator may use."""

    public_url: str
    secret_key: Secret
    data_dir: Annotated[str, Meta(min_length=1)] = "data"
    database: str = "sqlite"
    listen: str = LISTEN
    profile: Annotated[str, Meta(min_length=1)] = "balangan"
    boundaries: Annotated[str, Meta(min_length=1)] | None = None
    trusted_proxies: tuple[str, ...] = ()
    max_body: Annotated[int, Meta(ge=1024, le=33554432)] = 1048576
    queue_limit: Annotated[int, Meta(ge=1, le=100000)] = 2000
    queue_age: Seconds = 3.0
    spool_dir: Annotated[str, Meta(min_length=1)] | None = None
    spool_size: Annotated[float, Meta(ge=0, le=100000)] = 256.0
    spool_retry: Seconds = 1.0


def read_gateway(table: Mapping[str, object], *, where: str, base: Path) -> dict[str, Any]:
    """The fields of `Settings` that the table gives. Raises `ConfigError`."""
    written = read_options(GatewayTable, table, where=where, prefix="gateway", base=base)
    try:
        database = _database(written.database, where=where, base=base)
        return {
            **attrs.asdict(written, recurse=False),
            "public_url": _public_url(written.public_url),
            "secret_key": _secret_key(written.secret_key),
            "data_dir": _folder("data_dir", base / written.data_dir),
            "database": database,
            "spool_dir": _spool_dir(written, base, shared=database is not None),
            "listen": _listen(written.listen),
            "profile": _profile(written.profile, base),
            "boundaries": _boundaries(written.boundaries, base),
            "trusted_proxies": tuple(_network(one) for one in written.trusted_proxies),
        }
    except _Refused as problem:
        key, reason = problem.args
        raise ConfigError(where, f"gateway.{key}", reason) from None


def read_database(written: str, *, where: str, key: str, base: Path) -> Secret | None:
    """The address of a database, written as `gateway.database` is; `None` for SQLite. Raises `ConfigError`."""
    try:
        return _database(written, where=where, base=base, key=key)
    except _Refused as problem:
        raise ConfigError(where, key, problem.args[1]) from None


class _Refused(Exception):
    """A key of the table and why its value is refused."""


def _public_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in {"http", "https"}:
        raise _Refused("public_url", "write the whole address providers call, for example https://aduan.example.go.id")
    if "?" in text or "#" in text:
        raise _Refused("public_url", "leave out the query and the fragment: they belong to the provider's console")
    if text.endswith("/"):
        raise _Refused("public_url", "leave out the slash at the end")
    if parts.scheme == "http" and not _loopback(host):
        raise _Refused("public_url", "must begin with https://; http:// is only for this machine's own address")
    if not _PLAIN_URL.fullmatch(text):
        raise _Refused("public_url", "use a plain host, port and path: no user name, spaces or other characters")
    return text


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _secret_key(secret: Secret) -> Secret:
    try:
        size = len(base64.b64decode(secret.reveal(), validate=True))
    except (binascii.Error, ValueError):
        raise _Refused("secret_key", f"must be base64 of {KEY_BYTES} random bytes; `treckk init` makes one") from None
    if size != KEY_BYTES:
        raise _Refused("secret_key", f"must be base64 of {KEY_BYTES} bytes, not of {size}; `treckk init` makes one")
    return secret


def _folder(key: str, folder: Path) -> Path:
    if folder.exists() and not folder.is_dir():
        raise _Refused(key, "is a file; name a folder of its own")
    return folder.absolute()


def _spool_dir(written: GatewayTable, base: Path, *, shared: bool) -> Path | None:
    """The folder of the spool. SQLite has one only where it is named: it usually shares the disk that failed."""
    if not written.spool_size:
        return None
    if written.spool_dir is not None:
        return _folder("spool_dir", base / written.spool_dir)
    return _folder("spool_dir", base / written.data_dir / "spool") if shared else None


def _database(written: str, *, where: str, base: Path, key: str = "gateway.database") -> Secret | None:
    """The connection string of a PostgreSQL; `None` for the embedded database."""
    if written == "sqlite":
        return None
    if written.startswith(("env:", "file:")):
        secret = read_secret(written, where=where, key=key, base=base)
    else:
        secret = Secret(written)
        if _holds_password(written):
            raise _Refused("database", "a password is a secret: write the whole address as env:NAME or file:PATH")
    if not secret.reveal().startswith(("postgresql://", "postgres://")):
        raise _Refused("database", 'write "sqlite", or postgresql://user@host/name, or env:NAME or file:PATH for one')
    if find_spec("psycopg") is None or find_spec("procrastinate") is None:
        raise _Refused("database", 'PostgreSQL needs the extra: pip install "treckk-gateway[postgres]"')
    return secret


def _holds_password(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return True
    return parts.password is not None or "password=" in parts.query.lower()


def _listen(text: str) -> Listen:
    try:
        return Listen.written(text)
    except ValueError as problem:
        raise _Refused("listen", str(problem)) from None


def _profile(text: str, base: Path) -> str:
    if "/" not in text and not text.startswith("."):
        return text
    folder = (base / text).absolute()
    if not folder.is_dir():
        raise _Refused("profile", "no such folder; name a shipped profile or a folder")
    return str(folder)


def _boundaries(text: str | None, base: Path) -> Path | None:
    if text is None:
        return None
    file = (base / text).absolute()
    if not file.is_file():
        raise _Refused("boundaries", "no such file; name a GeoJSON file, or leave it out")
    return file


def _network(text: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise _Refused("trusted_proxies", "write addresses or networks, for example 127.0.0.1 or 10.0.0.0/8") from None
