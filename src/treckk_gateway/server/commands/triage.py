"""`treckk triage`: messages in, one a line; what triage thinks of each out, for a person or for a program."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated, Any, BinaryIO

import orjson
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from treckk_gateway.profile import Profile
from treckk_gateway.server.commands.evaluate import evaluate
from treckk_gateway.server.commands.triage_run import ProfileOption, Run, profile_of

app = typer.Typer(
    help="Run triage over messages, one JSON object a line on standard input.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def triage(
    context: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON line per message, in order, as they come.")] = False,
    group: Annotated[
        bool, typer.Option("--group", help="Also propose which messages are one incident; answers when all are read.")
    ] = False,
    profile: ProfileOption = "balangan",
) -> None:
    """Read messages from standard input and tell what triage thinks of each. Nothing is stored or sent.

    Each line is independent. Keys: id, channel, text; optional: lang, subject, sender_name, attachments, history,
    open_cases, received_at. A line that is no message gives an error with its number; the others are answered all
    the same, and the exit code is 1.
    """
    if context.invoked_subcommand is not None:
        return
    run = Run(profile_of(profile))
    shown = _written if json else _table
    asyncio.run(shown(run, sys.stdin.buffer, group=group))
    if run.failed:
        raise typer.Exit(1)


async def _written(run: Run, lines: BinaryIO, *, group: bool) -> None:
    async for row in run.answers(lines, group=group):
        sys.stdout.buffer.write(orjson.dumps(row) + b"\n")
        sys.stdout.buffer.flush()


async def _table(run: Run, lines: BinaryIO, *, group: bool) -> None:
    table = Table(box=SIMPLE)
    for name in (*_COLUMNS, *(["one incident"] if group else [])):
        table.add_column(name, overflow="fold")
    async for row in run.answers(lines, group=group):
        if "error" in row:
            typer.echo(f"line {row['line']}: {row['error']}", err=True)
            continue
        table.add_row(*map(escape, _cells(row, run.profile)), *([row["duplicate_group"] or ""] if group else []))
    if table.row_count:
        Console().print(table)


_COLUMNS = ("id", "intent", "category", "place", "urgency", "missing", "flags", "refer to")


def _cells(row: dict[str, Any], profile: Profile) -> tuple[str, ...]:
    place = profile.place_name(row["village"], row["district"]) or ", ".join(
        f"{profile.place_name(None, code)}?" for code in row["district_candidates"]
    )
    category = row["category"] or ("?" if row["also"] else "")
    also = f" (also {', '.join(row['also'])})" if row["also"] else ""
    listed = (", ".join(row[field]) for field in ("missing", "flags", "refer_to"))
    return (str(row["id"]), row["intent"], category + also, place, row["urgency"], *listed)


app.command()(evaluate)
