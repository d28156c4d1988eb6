"""All commands of `treckk`."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from treckk_gateway.server.commands import adapter, backup, cases, db, holidays, mail, replay, report, triage
from treckk_gateway.server.commands.options import HERE, Config
from treckk_gateway.server.commands.printing import console

if TYPE_CHECKING:
    from treckk_gateway.server.doctor import Checked

app = typer.Typer(
    help="Citizens' complaints over WhatsApp, SMS, email and the web, and the answer on the same channel.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:  # noqa: FBT001 typer's callback
    if wanted:
        typer.echo(f"treckk {installed_version('treckk-gateway')}")
        raise typer.Exit


@app.callback()
def _main(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def init(
    folder: Annotated[Path, typer.Option("--dir", help="Where to write it.", file_okay=False)] = Path(),
    public_url: Annotated[
        str | None, typer.Option(help="What providers will call, for example https://aduan.example.go.id")
    ] = None,
) -> None:
    """Write a commented configuration with fresh secrets beside it. Nothing is ever overwritten."""
    from treckk_gateway.server.beginning import begin  # noqa: PLC0415 one command's own needs

    begun = begin(folder, public_url)
    typer.echo(f"Written: {begun.config}")
    typer.echo(
        f"The gateway's key: {begun.key}. Keep a copy of it apart from the data: without it nothing can be read."
    )
    typer.echo(f"Token of staff entry 'admin', shown only now: {begun.token}")
    typer.echo(f"Next: treckk doctor --config {begun.config}, then treckk serve --config {begun.config}")


@app.command()
def serve(config: Config = HERE) -> None:
    """Run the gateway until SIGTERM or SIGINT; then what is under way is finished."""
    from treckk_gateway.server.serving import serve_file  # noqa: PLC0415 one command's own needs

    serve_file(config)


@app.command()
def worker(config: Config = HERE) -> None:
    """Work for the servers over one PostgreSQL until SIGTERM or SIGINT. Start as many as there is work for."""
    from treckk_gateway.server.serving import work_file  # noqa: PLC0415 one command's own needs

    work_file(config)


@app.command()
def doctor(
    *,
    config: Config = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of JSON objects, one for each thing.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Ask neither providers nor the public address.")] = False,
) -> None:
    """Check machine, database, channels and the running server, and say what to mend. Exits 1 when it could not run."""
    from treckk_gateway.server.doctor import examine  # noqa: PLC0415 one command's own needs
    from treckk_gateway.server.logs import configure_logging  # noqa: PLC0415 as above
    from treckk_gateway.settings import load  # noqa: PLC0415 as above

    configure_logging(logging.CRITICAL)
    found = asyncio.run(examine(load(config), reach=not offline))
    if as_json:
        typer.echo(json.dumps([one.shown() for one in found], ensure_ascii=False, indent=1))
    else:
        _print(found)
    if any(one.state == "fatal" for one in found):
        raise typer.Exit(1)


def _print(found: Sequence[Checked]) -> None:
    out = console()
    marks = {"ok": "[green]ok   [/]", "mend": "[yellow]mend [/]", "fatal": "[red]FATAL[/]"}
    for one in found:
        out.print(f"{marks[one.state]} {one.what}: {escape(one.found)}")
        if one.problem is not None:
            out.print(f"      {escape(one.problem.summary)}\n      -> {escape(one.problem.remedy)}")


@app.command()
def demo(
    *,
    script: Annotated[bool, typer.Option("--script", help="Play the shipped messages unattended.")] = False,
    port: Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.", min=0, max=65535)] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the data in this folder instead of a temporary one.", file_okay=False)
    ] = None,
) -> None:
    """Try the whole way on this machine, without an account: citizen, desk, leadership and team on one page."""
    from treckk_gateway.server.demo import run  # noqa: PLC0415 one command's own needs

    raise typer.Exit(run(script=script, port=port, browser=not no_browser, keep=keep))


app.add_typer(adapter.app, name="adapter")
app.add_typer(cases.app, name="case")
app.add_typer(db.app, name="db")
app.add_typer(triage.app, name="triage")
app.command("replay")(replay.replay)
app.command("parse-mail")(mail.parse_mail)
app.command("holidays")(holidays.holidays)
app.command("report")(report.report)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
