"""`treckk adapter`: for whoever writes a channel of their own."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Write an adapter of your own.", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)


@app.callback()
def _main() -> None:
    pass


@app.command()
def new(
    name: Annotated[str, typer.Argument(help='What operators will write: adapter = "NAME". For example sms-gate.')],
    folder: Annotated[
        Path, typer.Option("--dir", help="Where the package's folder is made; by default here.", file_okay=False)
    ] = Path(),
) -> None:
    """Write a package treckk-NAME: an adapter for an invented provider, its tests, and the conformance kit filled in.

    Its tests pass as it is; put your provider's protocol in place of the invented one. Nothing is ever overwritten.
    """
    from treckk_gateway.server.adapter_package import checked, write  # noqa: PLC0415 one command's own needs

    python = shlex.quote(sys.executable)  # another environment would look for treckk-gateway elsewhere
    names = checked(name)
    target = write(names, folder)
    typer.echo(f"Written: {target}")
    typer.echo("Next:")
    typer.echo(f"  cd {target}")
    typer.echo(f"  {python} -m pip install -e '.[test]'   # beside treckk-gateway; makes the adapter known")
    typer.echo(f"  {python} -m pytest   # all green: now put your provider's protocol in, piece by piece")
    typer.echo(
        f'Then, in treckk.toml: [channels.{name}] with adapter = "{name}"; `treckk doctor` tells whether it is found.'
    )
