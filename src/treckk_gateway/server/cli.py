"""The command `treckk`. `serve` is read here by hand: it need not wait for what the other commands load."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from treckk_gateway.errors import AdapterError, ConfigError, ProfileError, TreckkError

_DEFAULT = "treckk.toml"
_MISUSED, _FAILED, _STOPPED = 2, 1, 130
_SETTINGS = (ConfigError, ProfileError, AdapterError)


def main() -> None:
    """Run one command. Exits 2 for settings that are refused, 1 for other failures; never with a traceback."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit code of one command."""
    try:
        return _command(arguments)
    except KeyboardInterrupt:
        return _STOPPED
    except TreckkError as problem:
        return _say(str(problem), _MISUSED if isinstance(problem, _SETTINGS) else _FAILED)
    except OSError as problem:
        return _say(f"{problem.filename or 'the system'}: {problem.strerror or type(problem).__name__}", _FAILED)
    except Exception as problem:  # a fault of ours: one line all the same, and how to see more
        if "TRECKK_DEBUG" in os.environ:
            raise
        return _say(f"a fault in treckk: {type(problem).__name__}; set TRECKK_DEBUG=1 to see where", _FAILED)


def _command(arguments: Sequence[str]) -> int:
    config = _only_serve(arguments)
    if config is not None:
        from treckk_gateway.server.serving import serve_file  # noqa: PLC0415 the other commands do without it

        serve_file(config)
        return 0
    from treckk_gateway.server.commands.commands import app  # noqa: PLC0415 `serve` does without it

    try:
        app(args=list(arguments), prog_name="treckk")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _only_serve(arguments: Sequence[str]) -> Path | None:
    """The configuration when the command is plainly `serve`; anything unusual is left to the full command line."""
    match list(arguments):
        case ["serve"]:
            return Path(_DEFAULT)
        case ["serve", "--config" | "-c", file] if not file.startswith("-"):
            return Path(file)
        case ["serve", joined] if joined.startswith("--config="):
            return Path(joined.removeprefix("--config="))
    return None


def _say(text: str, code: int) -> int:
    print(f"treckk: {text}", file=sys.stderr)  # noqa: T201 a command's one line of complaint
    return code
