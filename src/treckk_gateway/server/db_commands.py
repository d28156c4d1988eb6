"""`treckk db`: an operator's hands on the database itself."""

from __future__ import annotations

from pathlib import Path

import typer

from treckk_gateway.privacy import Keyring
from treckk_gateway.server.options import Config
from treckk_gateway.settings import load

app = typer.Typer(help="Set up and change the database.", no_args_is_help=True)


@app.callback()
def _main() -> None:
    pass


@app.command()
def upgrade(config: Config = Path("treckk.toml")) -> None:
    """Bring PostgreSQL's tables up to this version. Run it once before servers and workers of a new version start."""
    settings = load(config)
    if settings.database is None:
        typer.echo("Nothing to do: treckk serve brings SQLite up to date itself.")
        return
    from treckk_gateway.store.postgres import upgrade as bring_up  # noqa: PLC0415 the extra may be absent

    done = bring_up(settings.database.reveal(), Keyring(settings.master_key()).fingerprint())
    for one in done:
        typer.echo(one)
    typer.echo("The database is up to date.")
