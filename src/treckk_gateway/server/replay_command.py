"""`treckk replay`: what could not be read or could not be told, run again through the API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from treckk_gateway.server.asking import ApiClient, ask
from treckk_gateway.server.options import Config


def replay(
    numbers: Annotated[list[int] | None, typer.Argument(metavar="ID", help="What to run again.")] = None,
    *,
    config: Config = Path("treckk.toml"),
    parked: Annotated[bool, typer.Option("--parked", help="Requests nobody could read.")] = False,
    dead: Annotated[bool, typer.Option("--dead", help="Messages given up.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="All of them; messages of uncertain fate only when named.")
    ] = False,
) -> None:
    """Run parked requests or dead letters again, once what was wrong with them is mended."""
    if parked == dead or bool(numbers) == everything:
        raise typer.BadParameter("say either --parked or --dead, and either IDs or --all")
    path = "/parked" if parked else "/dead-letters"

    async def question(api: ApiClient) -> list[tuple[int, bool]]:
        wanted = numbers or [one["id"] async for one in api.all(path) if one.get("state") != "uncertain"]
        return [(one, await _replayed(api, path, one)) for one in wanted]

    done = ask(config, question)
    for number, replayed in done:
        if not replayed:
            typer.echo(f"{number}: nothing to do", err=True)
    typer.echo(f"{sum(replayed for _, replayed in done)} of {len(done)} run again")


async def _replayed(api: ApiClient, path: str, number: int) -> bool:
    return bool((await api.post(f"{path}/{number}/replay"))["replayed"])
