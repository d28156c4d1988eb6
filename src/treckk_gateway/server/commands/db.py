"""`treckk db`: an operator's hands on the database itself."""

from __future__ import annotations

from typing import Annotated

import typer

from treckk_gateway.errors import ConfigError
from treckk_gateway.privacy import Keyring
from treckk_gateway.server.commands.backup import progress
from treckk_gateway.server.commands.options import HERE, Config
from treckk_gateway.settings import load, read_database

app = typer.Typer(help="Set up and change the database.", no_args_is_help=True)


@app.callback()
def _main() -> None:
    pass


@app.command()
def upgrade(config: Config = HERE) -> None:
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


@app.command()
def move(
    to: Annotated[
        str,
        typer.Option(
            "--to", help="An empty PostgreSQL, as gateway.database has it: file:PATH, env:NAME or an address."
        ),
    ],
    config: Config = HERE,
) -> None:
    """Copy everything from SQLite into PostgreSQL and compare the counts. The server must be stopped; SQLite stays."""
    from treckk_gateway.server.moving import move as copy_over  # noqa: PLC0415 one command's own needs

    settings = load(config)
    if settings.database is not None:
        raise ConfigError(str(config), "gateway.database", "names PostgreSQL already: there is no SQLite to move from")
    base = config.absolute().parent
    address = read_database(to, where="treckk db move", key="--to", base=base)
    if address is None:
        raise ConfigError(
            "treckk db move", "--to", "name a PostgreSQL: file:PATH, env:NAME or postgresql://user@host/name"
        )
    with progress() as told:
        counts = copy_over(settings, address, told)
    for name, count in sorted(counts.items()):
        typer.echo(f"{name:20} {count:>10}")
    typer.echo(
        "Every row is there, and the counts agree. SQLite's file was not changed, and is not used any more once you"
    )
    typer.echo(f'write in {config}, under [gateway]:  database = "{to}"')
    typer.echo("Reporters' files stay in the data folder. Then start treckk serve.")
