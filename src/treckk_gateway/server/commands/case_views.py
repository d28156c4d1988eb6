"""`treckk case`, looking: a list, one case, who reported it, and who looked."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

import typer

from treckk_gateway.model import State
from treckk_gateway.server.commands.asking import ApiClient, case_path
from treckk_gateway.server.commands.casebook import Casebook, look
from treckk_gateway.server.commands.options import HERE, Config, Json, Reference, Why


def list_cases(
    *,
    config: Config = HERE,
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

    def question(api: ApiClient) -> Awaitable[dict[str, Any]]:
        late = "true" if overdue else None
        return api.get("/cases", state=state, post=post, q=q, overdue=late, limit=limit, cursor=cursor)

    page = look(config, question, lambda book, found: book.cases(found["items"]), as_json=as_json)
    if page["next_cursor"] and not as_json:
        typer.echo(f"There are more: --cursor {page['next_cursor']}")


def show(reference: Reference, config: Config = HERE, *, as_json: Json = False) -> None:
    """Show one case with its messages, deliveries and history. Looking is written down."""
    look(config, lambda api: api.get(case_path(reference)), Casebook.case, as_json=as_json)


def identity(reference: Reference, config: Config = HERE, *, reason: Why, as_json: Json = False) -> None:
    """Show who reported a case. It is written down with the reason, for leadership to see."""

    async def question(api: ApiClient) -> list[dict[str, Any]]:
        return list((await api.post(case_path(reference, "identities"), {"reason": reason}))["items"])

    look(config, question, Casebook.identities, as_json=as_json)


def access(reference: Reference, config: Config = HERE, *, as_json: Json = False) -> None:
    """Show who looked at a case, and why."""

    async def question(api: ApiClient) -> list[dict[str, Any]]:
        return list((await api.get(case_path(reference, "access")))["items"])

    look(config, question, Casebook.looks, as_json=as_json)
