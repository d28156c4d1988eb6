"""The file itself, and what is wanted of it before all else: where to listen. Loads little, and checks nothing more."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from treckk_gateway.errors import ConfigError

LISTEN = "127.0.0.1:8080"
"""Where the server listens when the file does not say."""
_HIGHEST_PORT = 65535


@attrs.frozen(kw_only=True)
class Listen:
    """Where the HTTP server listens; port 0 takes any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def written(cls, text: object) -> Listen:
        """From `host:port`. Raises `ValueError` that says how to write it."""
        host, colon, port = text.rpartition(":") if isinstance(text, str) else ("", "", "")
        host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        digits = port.isascii() and port.isdigit() and len(port) <= len(str(_HIGHEST_PORT))
        if not (colon and host and digits and int(port) <= _HIGHEST_PORT):
            reason = "write host:port, for example 127.0.0.1:8080 or [::1]:8080"
            raise ValueError(reason)
        return cls(host=host, port=int(port))


def read_file(path: Path | str) -> Mapping[str, Any]:
    """The tables of the file as written. Raises `ConfigError` when it cannot be read or is no TOML."""
    where = str(path)
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as problem:
        raise ConfigError(where, "", f"cannot be read: {problem.strerror}; `treckk init` writes one") from problem
    except UnicodeDecodeError as problem:
        raise ConfigError(where, "", "is not UTF-8 text: save it as UTF-8") from problem
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(where, "", f"is not valid TOML: {problem}") from problem


def read_listen(path: Path | str) -> Listen:
    """Where the file says to listen. Raises `ConfigError`; of all else in the file nothing is known after it."""
    gateway = read_file(path).get("gateway")
    try:
        return Listen.written(gateway.get("listen", LISTEN) if isinstance(gateway, Mapping) else LISTEN)
    except ValueError as problem:
        raise ConfigError(str(path), "gateway.listen", str(problem)) from None
