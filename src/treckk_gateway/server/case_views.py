"""`treckk case`, looking: a list, one case, who reported it, and who looked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from treckk_gateway.model import State
from treckk_gateway.server.asking import ApiClient, ask, case_path
from treckk_gateway.server.options import Config, Json, Reference, Why
from treckk_gateway.server.printing import console, print_json

_HERE = Path("treckk.toml")


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

    async def question(api: ApiClient) -> dict[str, Any]:
        return await api.get("/cases", state=state, post=post, q=q, limit=limit, cursor=cursor)

    page = ask(config, question)
    if as_json:
        print_json(page)
        return
    table = Table("number", "state", "urgency", "post", "category", "channel", "opened", box=None)
    for one in page["items"]:
        row = (one["reference"], one["state"], one["urgency"], one["post"], one["category"], one["channel_id"])
        table.add_row(*(str(cell or "-") for cell in row), _minute(one["opened_at"]))
    console().print(table)
    if page["next_cursor"]:
        typer.echo(f"There are more: --cursor {page['next_cursor']}")


def show(reference: Reference, config: Config = _HERE, *, as_json: Json = False) -> None:
    """Show one case with its messages, deliveries and history. Looking is written down."""

    async def question(api: ApiClient) -> dict[str, Any]:
        return await api.get(case_path(reference))

    case = ask(config, question)
    if as_json:
        print_json(case)
        return
    out = console()
    line = f"{case['reference']}  {case['state']}  {case['intent']}, {case['urgency']}  post {case['post'] or '-'}"
    out.print(line, style="bold")
    for message in case["messages"]:
        said = f"{message['by']}: {_said(message)}"
        out.print(Text(f"{_minute(message['at'])}  {message['direction']:3}  {said}"))
    for delivery in case["deliveries"]:
        why = f" ({delivery['reason']})" if delivery["reason"] else ""
        out.print(Text(f"{_minute(delivery['created_at'])}  {delivery['template']}: {delivery['state']}{why}"))
    for event in case["events"]:
        step = f" {event['source']} -> {event['target']}" if event["target"] else ""
        out.print(Text(f"{_minute(event['at'])}  {event['kind']}{step} by {event['actor']}"))
        for name, value in event["data"].items():
            out.print(Text(f"{'':18}{name}: {value}"))


def _said(message: Mapping[str, Any]) -> str:
    """The text, with what came beside it or in its place."""
    kind, files = message["unsupported"], len(message["attachments"])
    beside = [f"[cannot be shown: {kind}]" if kind else "", f"[{files} file{'s' * (files > 1)}]" if files else ""]
    return " ".join(one for one in (message["text"], *beside, "[pin]" if message["location"] else "") if one)


def identity(reference: Reference, config: Config = _HERE, *, reason: Why, as_json: Json = False) -> None:
    """Show who reported a case. It is written down with the reason, for leadership to see."""

    async def question(api: ApiClient) -> dict[str, Any]:
        return await api.post(case_path(reference, "identities"), {"reason": reason})

    found = ask(config, question)
    if as_json:
        print_json(found["items"])
        return
    for one in found["items"]:
        console().print(Text(f"{one['pseudonym']}  {one['name'] or '-'}  {', '.join(one['addresses']) or '-'}"))


def access(reference: Reference, config: Config = _HERE, *, as_json: Json = False) -> None:
    """Show who looked at a case, and why."""

    async def question(api: ApiClient) -> dict[str, Any]:
        return await api.get(case_path(reference, "access"))

    found = ask(config, question)
    if as_json:
        print_json(found["items"])
        return
    for one in found["items"]:
        console().print(Text(f"{_minute(one['at'])}  {one['what']:9}{one['actor']}  {one['reason'] or ''}"))


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")
