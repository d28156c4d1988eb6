"""`treckk case`, looking: a list, one case, who reported it, and who looked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from treckk_gateway.model import State
from treckk_gateway.server.commands.asking import ApiClient, ask, case_path
from treckk_gateway.server.commands.casebook import Casebook
from treckk_gateway.server.commands.options import Config, Json, Reference, Why
from treckk_gateway.server.commands.printing import print_json

_HERE = Path("treckk.toml")


def list_cases(
    *,
    config: Config = _HERE,
    state: Annotated[State | None, typer.Option(help="Only cases in this state.")] = None,
    post: Annotated[str | None, typer.Option(help="Only cases of this post.")] = None,
    q: Annotated[
        str | None, typer.Option("--search", "-q", help="Numbers, categories, places by name; or one address.")
    ] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only cases with a clock that is over.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    cursor: Annotated[str | None, typer.Option(help="Go on where an earlier list ended.")] = None,
    as_json: Json = False,
) -> None:
    """List cases, newest first."""

    async def question(api: ApiClient) -> tuple[dict[str, Any], Casebook]:
        late = "true" if overdue else None
        found = await api.get("/cases", state=state, post=post, q=q, overdue=late, limit=limit, cursor=cursor)
        return found, Casebook(api.profile)

    page, book = ask(config, question)
    if as_json:
        print_json(page)
        return
    book.cases(page["items"])
    if page["next_cursor"]:
        typer.echo(f"There are more: --cursor {page['next_cursor']}")


def show(reference: Reference, config: Config = _HERE, *, as_json: Json = False) -> None:
    """Show one case with its messages, deliveries and history. Looking is written down."""

    async def question(api: ApiClient) -> tuple[dict[str, Any], Casebook]:
        return await api.get(case_path(reference)), Casebook(api.profile)

    case, book = ask(config, question)
    if as_json:
        print_json(case)
        return
    book.case(case)


def identity(reference: Reference, config: Config = _HERE, *, reason: Why, as_json: Json = False) -> None:
    """Show who reported a case. It is written down with the reason, for leadership to see."""

    async def question(api: ApiClient) -> tuple[dict[str, Any], Casebook]:
        return await api.post(case_path(reference, "identities"), {"reason": reason}), Casebook(api.profile)

    found, book = ask(config, question)
    if as_json:
        print_json(found["items"])
        return
    book.identities(found["items"])


def access(reference: Reference, config: Config = _HERE, *, as_json: Json = False) -> None:
    """Show who looked at a case, and why."""

    async def question(api: ApiClient) -> tuple[dict[str, Any], Casebook]:
        return await api.get(case_path(reference, "access")), Casebook(api.profile)

    found, book = ask(config, question)
    if as_json:
        print_json(found["items"])
        return
    book.looks(found["items"])
