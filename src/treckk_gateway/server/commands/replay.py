"""`treckk replay`: what could not be read or could not be told, run again through the API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from treckk_gateway.server.commands.asking import ApiClient, ask
from treckk_gateway.server.commands.casebook import Casebook, look
from treckk_gateway.server.commands.options import HERE, Config


def replay(
    numbers: Annotated[list[int] | None, typer.Argument(metavar="ID", help="What to run again.")] = None,
    *,
    config: Config = HERE,
    parked: Annotated[bool, typer.Option("--parked", help="Requests nobody could read.")] = False,
    dead: Annotated[bool, typer.Option("--dead", help="Messages given up.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="All of them; messages of uncertain fate only when named.")
    ] = False,
) -> None:
    """Run parked requests or dead letters again, once what was wrong with them is mended; without IDs, list them."""
    if parked == dead or (numbers and everything):
        raise typer.BadParameter("say either --parked or --dead, and IDs or --all; without these they are listed")
    path = "/parked" if parked else "/dead-letters"
    if not numbers and not everything:
        _list(config, path)
        return

    async def question(api: ApiClient) -> list[tuple[int, bool]]:
        wanted = numbers or [one["id"] async for one in api.all(path) if one.get("state") != "uncertain"]
        return [(one, await _replayed(api, path, one)) for one in wanted]

    done = ask(config, question)
    for number, replayed in done:
        if not replayed:
            typer.echo(f"{number}: nothing to do", err=True)
    typer.echo(f"{sum(replayed for _, replayed in done)} of {len(done)} run again")


def _list(config: Path, path: str) -> None:
    async def question(api: ApiClient) -> list[dict[str, Any]]:
        return [one async for one in api.all(path)]

    look(config, question, Casebook.parked if path == "/parked" else Casebook.letters)


async def _replayed(api: ApiClient, path: str, number: int) -> bool:
    return bool((await api.post(f"{path}/{number}/replay"))["replayed"])
