"""`treckk case`, acting: an operator's hands on cases, through the API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from treckk_gateway.model import Reason, State
from treckk_gateway.server.commands import case_views
from treckk_gateway.server.commands.asking import ApiClient, ask, case_path
from treckk_gateway.server.commands.options import HERE, Config, Reference, Why


def move(
    reference: Reference,
    to: Annotated[State, typer.Argument(help="The state to move it to.")],
    *,
    config: Config = HERE,
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


def merge(
    reference: Reference,
    parent: Annotated[str, typer.Argument(help="The case it repeats.")],
    config: Config = HERE,
) -> None:
    """Merge a case into another: its reporter follows that one from now on, by their own number."""
    _act(config, reference, "transitions", {"to": State.DUPLICATE, "parent": parent})


def unmerge(
    reference: Reference,
    config: Config = HERE,
    *,
    note: Annotated[str | None, typer.Option(help="Why; kept with the case, never sent.")] = None,
) -> None:
    """Undo a merge: the case returns to the state it had, with its reporter and their messages."""
    _act(config, reference, "unmerge", {"note": note})


def split(
    reference: Reference,
    message: Annotated[int, typer.Argument(help="The message's id, as `treckk case show --json` prints it.")],
    config: Config = HERE,
) -> None:
    """Make a case of its own of one message; whoever wrote it gets a number for it."""
    _act(config, reference, f"messages/{message}/split", {})


def assign(
    reference: Reference,
    post: Annotated[str, typer.Argument(help="The post that has it from now on.")],
    config: Config = HERE,
    *,
    note: Annotated[str | None, typer.Option(help="Why; kept with the case, never sent.")] = None,
) -> None:
    """Give a case to another post. The history tells who had it before."""
    _act(config, reference, "assignment", {"post": post, "note": note})


def hold(
    reference: Reference,
    config: Config = HERE,
    *,
    reason: Why,
    release: Annotated[bool, typer.Option("--release", help="No longer.")] = False,
) -> None:
    """Keep a case and its reporters from being erased."""
    _act(config, reference, "hold", {"hold": not release, "reason": reason})


def erase(
    reference: Reference,
    config: Config = HERE,
    *,
    reason: Why,
    pseudonym: Annotated[str | None, typer.Option(help="Which of several; else whose case it is.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget the reporter of a case: what they wrote can never be read again. The case stays, and is counted."""
    if not yes:
        typer.confirm(f"Erase the reporter of {reference} for good?", abort=True)

    async def question(api: ApiClient) -> dict[str, Any]:
        return await api.post(case_path(reference, "erasure"), {"reason": reason, "pseudonym": pseudonym})

    typer.echo(f"{ask(config, question)['pseudonym']}: erased")


def message(reference: Reference, text: str, config: Config = HERE) -> None:
    """Write to the reporter, on the channel the complaint came by."""
    _act(config, reference, "messages", {"text": text})


def takeover(reference: Reference, config: Config = HERE) -> None:
    """Hold a case: the machine asks its reporter nothing and writes nothing by itself."""
    _act(config, reference, "takeover", {})


def release(reference: Reference, config: Config = HERE) -> None:
    """Give a case back: the machine asks again for what is missing."""
    _act(config, reference, "release", {})


def note(reference: Reference, text: str, config: Config = HERE) -> None:
    """Add an internal note. It never leaves the house."""
    _act(config, reference, "notes", {"text": text})


def _act(config: Path, reference: str, what: str, body: dict[str, object]) -> None:
    async def question(api: ApiClient) -> dict[str, Any]:
        return await api.post(case_path(reference, what), body)

    case = ask(config, question)
    typer.echo(f"{case['reference']}: {case['state']}")


_LOOKS_AND_ACTS: tuple[Callable[..., None], ...] = (
    case_views.show, move, merge, unmerge, split, assign, case_views.identity, case_views.access,
    hold, erase, message, takeover, release, note,
)  # fmt: skip

app = typer.Typer(help="Look at cases and take steps on them, as an operator.", no_args_is_help=True)
app.command("list")(case_views.list_cases)
for command in _LOOKS_AND_ACTS:
    app.command()(command)
