"""A real `treckk serve` (or `worker`) as a process of its own, with a configuration as an operator writes it."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pairs
from load import ACCOUNT, SENDER, TOKEN

PUBLIC = "https://aduan.example.org"
PATH = "/channels/wa"


def configured(folder: Path, provider_port: int, *, port: int = 0, more: str = "", database: str = "sqlite") -> Path:
    """Write a configuration with one WhatsApp number whose sends may go as fast as they can."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "key").write_text(base64.b64encode(bytes(range(32))).decode())
    (folder / "token").write_text(TOKEN)
    (folder / "database").write_text(database)
    path = folder / f"treckk-{port}.toml"
    path.write_text(
        f"""
[gateway]
public_url = "{PUBLIC}"
data_dir = "data"
listen = "127.0.0.1:{port}"
secret_key = "file:key"
database = "{"sqlite" if database == "sqlite" else "file:database"}"
[channels.wa]
adapter = "twilio"
account_sid = "{ACCOUNT}"
auth_token = "file:token"
sender = "{SENDER}"
api_base_url = "http://127.0.0.1:{provider_port}"
rate = 10000
[clocks]
out_of_hours = false
{more}
"""
    )
    return path


def treckk() -> str:
    """The command of this environment."""
    return str(Path(sys.executable).parent / "treckk")


def upgraded(config: Path) -> None:
    """Bring the database of a configuration to the schema of today."""
    subprocess.run([treckk(), "db", "upgrade", "--config", str(config)], check=True, capture_output=True)


@contextlib.contextmanager
def started(
    command: str, config: Path, *, port: int = 0, core: int | None = pairs.SERVER_CORE, log: Path | None = None
) -> Iterator[int]:
    """The process id of a started server or worker; ended gently."""
    out = (log or config.with_suffix(f".{command}.log")).open("ab")
    process = subprocess.Popen(
        [treckk(), command, "--config", str(config)],
        stdout=out,
        stderr=subprocess.STDOUT,
        preexec_fn=(lambda: os.sched_setaffinity(0, {core})) if core is not None else None,  # noqa: PLW1509 Linux only
    )
    try:
        if command == "serve":
            pairs.wait_for(port, process)
        wait_said(Path(out.name), b"server.started" if command == "serve" else b"worker.started", process)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        out.close()


def wait_said(path: Path, words: bytes, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Return when a log holds these words; exit with its end when the process ended before."""
    until = time.monotonic() + seconds
    while words not in path.read_bytes():
        if process.poll() is not None or time.monotonic() > until:
            sys.exit(f"the server did not start:\n{path.read_text()[-2000:]}")
        time.sleep(0.02)
