"""`treckk triage`: messages in, one a line; what triage thinks of each out, for a person or for a program."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import orjson
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from treckk_gateway.model import Incident
from treckk_gateway.profile import Profile, load
from treckk_gateway.server.logs import configure_logging
from treckk_gateway.triage import Pipeline, TriageContext, default_steps
from treckk_gateway.triage.duplicates import groups, incident
from treckk_gateway.triage.lines import LineError, MessageLine, answer_of, read_line, received_at, subject_of
from treckk_gateway.triage.scoring import Scores

app = typer.Typer(
    help="Run triage over messages, one JSON object a line on standard input.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
)

ProfileOption = Annotated[str, typer.Option("--profile", help="A shipped profile's name, or a profile's folder.")]
_SHOWN = 12
"""Confusions of one field that are shown."""
_DOUBT = (
    "The messages were invented, unless you brought real ones; where one author wrote both messages and rules, these"
    " figures show that the code runs, not that it understands citizens."
)

Judged = tuple[MessageLine, dict[str, Any]]


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
    run = Run(_profile(profile))
    shown = _written if json else _table
    asyncio.run(shown(run, sys.stdin.buffer, group=group))
    if run.failed:
        raise typer.Exit(1)


@app.command()
def evaluate(
    file: Annotated[Path, typer.Argument(help="Labelled messages, one JSON object a line.", dir_okay=False)],
    *,
    json: Annotated[bool, typer.Option("--json", help="The figures as one JSON object.")] = False,
    profile: ProfileOption = "balangan",
) -> None:
    """Compare triage with the labels under `expected`: how often it agrees by field, and where it does not."""
    unit = _profile(profile)
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


class Run:
    """Messages through the steps of a profile; `failed` are the numbers of lines that were none, and why."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.failed: list[tuple[int, str]] = []
        self._pipeline = Pipeline(default_steps(profile))

    async def answers(self, lines: Iterable[bytes], *, group: bool) -> AsyncIterator[dict[str, Any]]:
        """One answer or error for each line that is not empty, in order."""
        rows = self._answers(lines)
        if not group:
            async for row, _told in rows:
                yield row
            return
        found = [pair async for pair in rows]
        names = iter(groups([told for _row, told in found if told is not None], self.profile))
        for row, told in found:
            yield row if told is None else row | {"duplicate_group": next(names)}

    async def _answers(self, lines: Iterable[bytes]) -> AsyncIterator[tuple[dict[str, Any], Incident | None]]:
        for number, raw in enumerate(lines, 1):
            if not raw.strip():
                continue
            try:
                line = read_line(raw)
            except LineError as problem:
                self.failed.append((number, str(problem)))
                yield {"line": number, "error": str(problem)}, None
                continue
            subject = subject_of(line)
            now = received_at(line, self.profile, time.time_ns() // 1_000)
            found = await self._pipeline.run(subject, TriageContext(profile=self.profile, now=now))
            at = now if line.received_at is not None else None
            yield answer_of(line, found), incident(found, subject, at)


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


def _profile(name: str) -> Profile:
    """A profile by its shipped name, or a folder; a name that is a folder here is the folder."""
    configure_logging(logging.CRITICAL)
    return load(Path(name) if Path(name).is_dir() else name)
