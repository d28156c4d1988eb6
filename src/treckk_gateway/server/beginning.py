"""`treckk init`: a configuration that is valid at once, with fresh secrets beside it."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path

import attrs

from treckk_gateway.errors import ConfigError
from treckk_gateway.settings import starter

CONFIG = "treckk.toml"
_KEY = "secrets/gateway.key"
_WEB = "secrets/web.secret"
_TOKEN_BYTES, _KEY_BYTES, _WEB_BYTES = 32, 32, 32


@attrs.frozen(kw_only=True)
class Begun:
    """What was written. `token` is the first admin's; it stands nowhere else."""

    config: Path
    key: Path
    token: str = attrs.field(repr=False)


def begin(folder: Path, public_url: str | None = None) -> Begun:
    """Write the file and its secrets, readable for their owner only. Raises `ConfigError` rather than overwrite any."""
    config = folder / CONFIG
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    hashed = hashlib.sha256(token.encode()).hexdigest()
    text = starter(token_sha256=hashed, public_url=public_url) if public_url else starter(token_sha256=hashed)
    written = {
        folder / _KEY: base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode(),
        folder / _WEB: "whsec_" + base64.b64encode(secrets.token_bytes(_WEB_BYTES)).decode(),
        config: text.rstrip("\n"),
    }
    for path in written:
        if path.exists():
            raise ConfigError(str(path), "", "is there already; nothing was written")
    (folder / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
    done: list[Path] = []
    try:
        for path, content in written.items():
            _write(path, f"{content}\n")
            done.append(path)
    except OSError as problem:
        for path in done:
            with suppress(OSError):
                path.unlink()
        raise ConfigError(str(path), "", f"cannot be written: {problem.strerror}") from problem
    return Begun(config=config, key=folder / _KEY, token=token)


def _write(path: Path, content: str) -> None:
    # O_EXCL: whoever else writes there at this moment, nothing is overwritten.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as end:
        end.write(content)
