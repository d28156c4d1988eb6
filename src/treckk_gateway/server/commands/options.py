"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Option("--config", "-c", help="The configuration, a TOML file.", dir_okay=False)]
HERE = Path("treckk.toml")
"""What `Config` defaults to: the file in the current folder."""

Reference = Annotated[str, typer.Argument(help="The case's number, for example TRK-2611-00123.")]
Json = Annotated[bool, typer.Option("--json", help="Print the API's JSON instead.")]
Why = Annotated[str, typer.Option("--reason", help="Why; written down and shown to leadership.")]
