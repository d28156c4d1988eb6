"""`treckk backup` and `treckk restore`, and how long work shows that it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn

from treckk_gateway.privacy import Keyring
from treckk_gateway.server.commands.options import HERE, Config
from treckk_gateway.settings import load
from treckk_gateway.store.copying import Told

_KEY = "The gateway's key is not in it: keep a copy of the key apart from it. Without it nothing can be read."


def backup(
    target: Annotated[Path, typer.Argument(metavar="DEST", help="A new folder; it must not be there yet.")],
    config: Config = HERE,
) -> None:
    """Write all data and files, as of one moment, into a new folder. The server may run meanwhile."""
    from treckk_gateway.server.backups import back_up  # noqa: PLC0415 one command's own needs

    with progress() as told:
        made = back_up(load(config), target, told)
    typer.echo(f"Written: {target} ({made.rows} rows, {made.files} files)")
    if made.missing:
        typer.echo(
            f"{made.missing} files are not in it: they were not in the data folder. Reporters erased meanwhile are one"
            " reason; if the number stays, files were lost."
        )
    typer.echo(_KEY)


def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="A folder that treckk backup wrote.")],
    *,
    config: Config = HERE,
    check: Annotated[
        bool, typer.Option("--check", help="Only look whether the backup is whole; restore nothing.")
    ] = False,
) -> None:
    """Check a backup and put its data where the configuration has none. Servers must be stopped."""
    from treckk_gateway.server import restoring  # noqa: PLC0415 one command's own needs

    settings = load(config)
    with progress() as told:
        if check:
            found = restoring.check(source, Keyring(settings.master_key()), told)
        else:
            found = restoring.restore(settings, source, told)
    rows = sum(found.counts.values())
    typer.echo(f"Backup of {found.made_at}: {rows} rows, {len(found.files) - 1} files, version {found.version}.")
    if check:
        typer.echo("It is whole, unchanged and sealed with this secret_key. Nothing was restored.")
    else:
        typer.echo(
            "Restored, and the counts agree. Erase again whom you erased after that moment, then start treckk serve."
        )


@contextmanager
def progress() -> Iterator[Told]:
    """Show on standard error how far work is, where somebody looks at it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task("", total=None)

        def told(what: str, done: int, total: int) -> None:
            shown.update(task, description=what, completed=done, total=total)

        yield told
