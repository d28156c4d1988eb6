"""The command line's questions to the API over the control socket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
import attrs
import msgspec

from treckk_gateway.errors import TreckkError
from treckk_gateway.server.control import BASE, operating
from treckk_gateway.server.logs import configure_logging
from treckk_gateway.settings import Settings, load

T = TypeVar("T")


@attrs.frozen
class ApiClient:
    """The API as an operator reaches it. Raises `TreckkError` with the problem's own words when it refuses."""

    session: aiohttp.ClientSession
    settings: Settings = attrs.field(repr=False)

    async def get(self, path: str, **query: str | int | None) -> dict[str, Any]:
        """What is there."""
        async with self.session.get(BASE + path, params=_given(query)) as answer:
            return await _read(answer)

    async def text(self, path: str, **query: str | int | None) -> str:
        """What is there, as it is written."""
        async with self.session.get(BASE + path, params=_given(query)) as answer:
            if not answer.ok:
                await _read(answer)
            return await answer.text()

    async def post(self, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        """Do something; what is `None` in the body is left out."""
        given = {name: value for name, value in (body or {}).items() if value is not None}
        async with self.session.post(BASE + path, json=given) as answer:
            return await _read(answer)

    async def all(self, path: str, **query: str | int | None) -> AsyncIterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        cursor: str | None = None
        while True:
            page = await self.get(path, **query, cursor=cursor, limit=200)
            for item in page["items"]:
                yield item
            cursor = page["next_cursor"]
            if cursor is None:
                return


def ask(config: Path, question: Callable[[ApiClient], Awaitable[T]]) -> T:
    """Put one question, to the running server or, where none runs, over the data itself."""
    configure_logging(logging.CRITICAL)  # the answer stands alone on standard output

    async def asking() -> T:
        settings = load(config)
        async with operating(settings) as session:
            return await question(ApiClient(session, settings))

    return asyncio.run(asking())


def case_path(reference: str, *parts: str) -> str:
    """A case in the API, or what lies below it."""
    return "/".join(("/cases", quote(reference, safe=""), *parts))


def _given(query: Mapping[str, str | int | None]) -> dict[str, str]:
    return {name: str(value) for name, value in query.items() if value is not None}


async def _read(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(await answer.read())
    if answer.ok:
        return told
    missing = f" (missing: {', '.join(told['missing'])})" if told.get("missing") else ""
    raise TreckkError(f"{told.get('detail') or told.get('title')}{missing}")
