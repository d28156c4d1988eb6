"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Option("--config", "-c", help="The configuration, a TOML file.", dir_okay=False)]
"""Defaults to `treckk.toml` in the current folder."""
