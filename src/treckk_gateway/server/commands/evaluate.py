"""`treckk triage evaluate`: how often triage agrees with labels, and where it does not."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from treckk_gateway.server.commands.triage_run import ProfileOption, Run, profile_of
from treckk_gateway.triage.scoring import Scores

_SHOWN = 12
"""Confusions of one field that are shown."""
_DOUBT = (
    "The messages were invented, unless you brought real ones; where one author wrote both messages and rules, these"
    " figures show that the code runs, not that it understands citizens."
)


def evaluate(
    file: Annotated[Path, typer.Argument(help="Labelled messages, one JSON object a line.", dir_okay=False)],
    *,
    json: Annotated[bool, typer.Option("--json", help="The figures as one JSON object.")] = False,
    profile: ProfileOption = "balangan",
) -> None:
    """Compare triage with the labels under `expected`: how often it agrees by field, and where it does not."""
    unit = profile_of(profile)
    run, scores = Run(unit), Scores(asks_nothing=unit.asks_nothing)
    with file.open("rb") as lines:
        asyncio.run(_scored(run, lines, scores))
    if json:
        sys.stdout.buffer.write(orjson.dumps(_figures(scores)) + b"\n")
    else:
        _report(scores)
    for number, reason in run.failed:
        typer.echo(f"line {number}: {reason}", err=True)
    if not scores.messages:
        typer.echo(f"{file}: holds no labelled messages; a label stands under the key expected", err=True)
    if run.failed or not scores.messages:
        raise typer.Exit(1)


async def _scored(run: Run, lines: Iterable[bytes], scores: Scores) -> None:
    labelled = [(raw, _expected(raw)) for raw in lines]
    rows = [row async for row in run.answers([raw for raw, _wanted in labelled], group=True)]
    wanted = [expected for raw, expected in labelled if raw.strip()]
    pairs = []
    for row, expected in zip(rows, wanted, strict=True):
        if expected is None or "error" in row:
            continue
        scores.add(expected, row)
        if "duplicate_group" in expected:
            pairs.append((str(row["id"]), expected["duplicate_group"], row["duplicate_group"]))
    scores.group(pairs)


def _expected(raw: bytes) -> dict[str, Any] | None:
    """The labels of a line, none where it has none."""
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    expected = found.get("expected") if isinstance(found, dict) else None
    return expected if isinstance(expected, dict) else None


def _figures(scores: Scores) -> dict[str, Any]:
    return {
        "messages": scores.messages,
        "fields": {
            name: {
                "judged": one.judged,
                "right": one.right,
                "confused": [
                    {"wanted": wanted, "found": found, "messages": which}
                    for (wanted, found), which in one.confused.items()
                ],
            }
            for name, one in scores.fields.items()
        },
        "emergencies": scores.emergencies,
        "undercalled": scores.undercalled,
        "overcalled": scores.overcalled,
        "guessed": scores.guessed,
        "note": _DOUBT,
    }


def _report(scores: Scores) -> None:
    console = Console(highlight=False)
    table = Table("field", "right", "of", "share", title=f"{scores.messages} labelled messages", title_justify="left")
    for name, one in scores.fields.items():
        table.add_row(name, str(one.right), str(one.judged), f"{one.share:.1%}")
    console.print(table)
    for name, one in scores.fields.items():
        _confusions(console, name, list(one.confused.items()))
    missed = ", ".join(scores.undercalled)
    console.print(
        f"Emergencies not called one: {escape(missed) or 'none'} ({scores.emergencies} labelled)."
        f" Called one and labelled less: {escape(', '.join(scores.overcalled)) or 'none'}."
    )
    console.print(f"A district guessed where several are labelled: {escape(', '.join(scores.guessed)) or 'none'}.")
    console.print(_DOUBT, style="italic")


def _confusions(console: Console, name: str, confused: list[tuple[tuple[str, str], list[str]]]) -> None:
    if not confused:
        return
    confused.sort(key=lambda entry: -len(entry[1]))
    console.print(f"\n{name}: labelled -> found")
    for (wanted, found), which in confused[:_SHOWN]:
        console.print(f"  {len(which):>3}  {escape(wanted)} -> {escape(found)}: {escape(', '.join(which))}")
    if len(confused) > _SHOWN:
        console.print(f"  ... and {len(confused) - _SHOWN} more kinds; --json has them all")
