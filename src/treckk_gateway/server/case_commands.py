"""`treckk case` and `treckk replay`: an operator's hands on cases and letters, through the API."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from treckk_gateway.model import Reason, State
from treckk_gateway.server.asking import Desk, ask
from treckk_gateway.server.options import Config

app = typer.Typer(help="Look at cases and take steps on them, as an operator.", no_args_is_help=True)

_HERE = Path("treckk.toml")

Reference = Annotated[str, typer.Argument(help="The case's number, for example TRK-2611-00123.")]
Json = Annotated[bool, typer.Option("--json", help="Print the API's JSON instead.")]


@app.command("list")
def list_cases(
    *,
    config: Config = _HERE,
    state: Annotated[State | None, typer.Option(help="Only cases in this state.")] = None,
    post: Annotated[str | None, typer.Option(help="Only cases of this post.")] = None,
    q: Annotated[str | None, typer.Option("--search", "-q", help="Number, category, place, or one address.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    cursor: Annotated[str | None, typer.Option(help="Go on where an earlier list ended.")] = None,
    as_json: Json = False,
) -> None:
    """List cases, newest first."""

    async def question(desk: Desk) -> dict[str, Any]:
        return await desk.get("/cases", state=state, post=post, q=q, limit=limit, cursor=cursor)

    page = ask(config, question)
    if as_json:
        _print_json(page)
        return
    table = Table("number", "state", "urgency", "post", "category", "channel", "opened", box=None)
    for one in page["items"]:
        row = (one["reference"], one["state"], one["urgency"], one["post"], one["category"], one["channel_id"])
        table.add_row(*(str(cell or "-") for cell in row), _minute(one["opened_at"]))
    _console().print(table)
    if page["next_cursor"]:
        typer.echo(f"There are more: --cursor {page['next_cursor']}")


@app.command()
def show(reference: Reference, config: Config = _HERE, *, as_json: Json = False) -> None:
    """Show one case with its messages, deliveries and history. Looking is written down."""

    async def question(desk: Desk) -> dict[str, Any]:
        return await desk.get(f"/cases/{quote(reference, safe='')}")

    case = ask(config, question)
    if as_json:
        _print_json(case)
        return
    console = _console()
    line = f"{case['reference']}  {case['state']}  {case['intent']}, {case['urgency']}  post {case['post'] or '-'}"
    console.print(line, style="bold")
    for message in case["messages"]:
        said = f"{message['by']}: {_said(message)}"
        console.print(Text(f"{_minute(message['at'])}  {message['direction']:3}  {said}"))
    for delivery in case["deliveries"]:
        why = f" ({delivery['reason']})" if delivery["reason"] else ""
        console.print(Text(f"{_minute(delivery['created_at'])}  {delivery['template']}: {delivery['state']}{why}"))
    for event in case["events"]:
        step = f" {event['source']} -> {event['target']}" if event["target"] else ""
        console.print(Text(f"{_minute(event['at'])}  {event['kind']}{step} by {event['actor']}"))
        for name, value in event["data"].items():
            console.print(Text(f"{'':18}{name}: {value}"))


def _said(message: Mapping[str, Any]) -> str:
    """The text, with what came beside it or in its place."""
    kind, files = message["unsupported"], len(message["attachments"])
    beside = [f"[cannot be shown: {kind}]" if kind else "", f"[{files} file{'s' * (files > 1)}]" if files else ""]
    return " ".join(one for one in (message["text"], *beside, "[pin]" if message["location"] else "") if one)


@app.command()
def move(
    reference: Reference,
    to: Annotated[State, typer.Argument(help="The state to move it to.")],
    *,
    config: Config = _HERE,
    reason: Annotated[Reason | None, typer.Option(help="Why nothing can be done.")] = None,
    post: Annotated[str | None, typer.Option(help="The post it is given to.")] = None,
    note: Annotated[str | None, typer.Option(help="What the reporter may read: outcome or answer, no names.")] = None,
    office: Annotated[str | None, typer.Option(help="The office it is referred to.")] = None,
    topic: Annotated[str | None, typer.Option(help="What a question is about.")] = None,
    parent: Annotated[str | None, typer.Option(help="The case it repeats.")] = None,
    missing: Annotated[list[str] | None, typer.Option(help="What the reporter is asked for; may repeat.")] = None,
) -> None:
    """Take one step of the lifecycle; the reporter is told what the table says."""
    body: dict[str, object] = {"to": to, "reason": reason, "post": post, "note": note, "office": office}
    body |= {"topic": topic, "parent": parent, "missing": missing}
    _act(config, reference, "transitions", body)


@app.command()
def merge(
    reference: Reference,
    parent: Annotated[str, typer.Argument(help="The case it repeats.")],
    config: Config = _HERE,
) -> None:
    """Merge a case into another: its reporter follows that one from now on, by their own number."""
    _act(config, reference, "transitions", {"to": State.DUPLICATE, "parent": parent})


@app.command()
def unmerge(
    reference: Reference,
    config: Config = _HERE,
    *,
    note: Annotated[str | None, typer.Option(help="Why; kept with the case, never sent.")] = None,
) -> None:
    """Undo a merge: the case returns to the state it had, with its reporter and their messages."""
    _act(config, reference, "unmerge", {"note": note})


@app.command()
def split(
    reference: Reference,
    message: Annotated[int, typer.Argument(help="The message's id, as `treckk case show --json` prints it.")],
    config: Config = _HERE,
) -> None:
    """Make a case of its own of one message; whoever wrote it gets a number for it."""
    _act(config, reference, f"messages/{message}/split", {})


@app.command()
def assign(
    reference: Reference,
    post: Annotated[str, typer.Argument(help="The post that has it from now on.")],
    config: Config = _HERE,
    *,
    note: Annotated[str | None, typer.Option(help="Why; kept with the case, never sent.")] = None,
) -> None:
    """Give a case to another post. The history tells who had it before."""
    _act(config, reference, "assignment", {"post": post, "note": note})


Why = Annotated[str, typer.Option("--reason", help="Why; written down and shown to leadership.")]


@app.command()
def identity(reference: Reference, config: Config = _HERE, *, reason: Why, as_json: Json = False) -> None:
    """Show who reported a case. It is written down with the reason, for leadership to see."""

    async def question(desk: Desk) -> dict[str, Any]:
        return await desk.post(_path(reference, "identities"), {"reason": reason})

    found = ask(config, question)
    if as_json:
        _print_json(found["items"])
        return
    for one in found["items"]:
        _console().print(Text(f"{one['pseudonym']}  {one['name'] or '-'}  {', '.join(one['addresses']) or '-'}"))


@app.command()
def access(reference: Reference, config: Config = _HERE, *, as_json: Json = False) -> None:
    """Show who looked at a case, and why."""

    async def question(desk: Desk) -> dict[str, Any]:
        return await desk.get(_path(reference, "access"))

    found = ask(config, question)
    if as_json:
        _print_json(found["items"])
        return
    for one in found["items"]:
        _console().print(Text(f"{_minute(one['at'])}  {one['what']:9}{one['actor']}  {one['reason'] or ''}"))


@app.command()
def hold(
    reference: Reference,
    config: Config = _HERE,
    *,
    reason: Why,
    release: Annotated[bool, typer.Option("--release", help="No longer.")] = False,
) -> None:
    """Keep a case and its reporters from being erased."""
    _act(config, reference, "hold", {"hold": not release, "reason": reason})


@app.command()
def erase(
    reference: Reference,
    config: Config = _HERE,
    *,
    reason: Why,
    pseudonym: Annotated[str | None, typer.Option(help="Which of several; else whose case it is.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget the reporter of a case: what they wrote can never be read again. The case stays, and is counted."""
    if not yes:
        typer.confirm(f"Erase the reporter of {reference} for good?", abort=True)

    async def question(desk: Desk) -> dict[str, Any]:
        return await desk.post(_path(reference, "erasure"), {"reason": reason, "pseudonym": pseudonym})

    typer.echo(f"{ask(config, question)['pseudonym']}: erased")


@app.command()
def message(reference: Reference, text: str, config: Config = _HERE) -> None:
    """Write to the reporter, on the channel the complaint came by."""
    _act(config, reference, "messages", {"text": text})


@app.command()
def takeover(reference: Reference, config: Config = _HERE) -> None:
    """Hold a case: the machine asks its reporter nothing and writes nothing by itself."""
    _act(config, reference, "takeover", {})


@app.command()
def release(reference: Reference, config: Config = _HERE) -> None:
    """Give a case back: the machine asks again for what is missing."""
    _act(config, reference, "release", {})


@app.command()
def note(reference: Reference, text: str, config: Config = _HERE) -> None:
    """Add an internal note. It never leaves the house."""
    _act(config, reference, "notes", {"text": text})


def replay(
    numbers: Annotated[list[int] | None, typer.Argument(metavar="ID", help="What to run again.")] = None,
    *,
    config: Config = _HERE,
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

    async def question(desk: Desk) -> list[tuple[int, bool]]:
        wanted = numbers or [one["id"] async for one in desk.all(path) if one.get("state") != "uncertain"]
        return [(one, await _replayed(desk, path, one)) for one in wanted]

    done = ask(config, question)
    for number, replayed in done:
        if not replayed:
            typer.echo(f"{number}: nothing to do", err=True)
    typer.echo(f"{sum(replayed for _, replayed in done)} of {len(done)} run again")


async def _replayed(desk: Desk, path: str, number: int) -> bool:
    return bool((await desk.post(f"{path}/{number}/replay"))["replayed"])


def _path(reference: str, what: str) -> str:
    return f"/cases/{quote(reference, safe='')}/{what}"


def _act(config: Path, reference: str, what: str, body: dict[str, object]) -> None:
    async def question(desk: Desk) -> dict[str, Any]:
        return await desk.post(f"/cases/{quote(reference, safe='')}/{what}", body)

    case = ask(config, question)
    typer.echo(f"{case['reference']}: {case['state']}")


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value)).decode() + "\n")


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")
