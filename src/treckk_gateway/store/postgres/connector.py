"""How the engine asks the database: in threads and by connections of ours, as the store does.

Through asyncio fetching a job costs half as much processor time again; here its signs of life also wait for nobody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import psycopg
from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException, NoResult

from treckk_gateway.errors import StoreError

Ask = Callable[[str, Mapping[str, Any]], Awaitable[Sequence[dict[str, Any]]]]
"""A statement and its values; the rows by their columns' names."""


class LentConnector(PsycopgConnector):
    """Procrastinate's own for listening; what else it asks goes to `ask`."""

    def __init__(self, ask: Ask, **pool: Any) -> None:  # noqa: ANN401 the pool's own arguments
        super().__init__(**pool)
        self._ask = ask

    async def execute_query_async(self, query: str, **arguments: Any) -> None:  # noqa: ANN401 the statement's values
        """A statement without an answer."""
        await self._asked(query, arguments)

    async def execute_query_one_async(self, query: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 as above
        """The first row. Raises `NoResult` without one."""
        rows = await self._asked(query, arguments)
        if not rows:
            raise NoResult
        return rows[0]

    async def execute_query_all_async(self, query: str, **arguments: Any) -> list[dict[str, Any]]:  # noqa: ANN401 as above
        """All rows."""
        return list(await self._asked(query, arguments))

    async def _asked(self, query: str, arguments: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
        try:
            return await self._ask(query, arguments)
        except (psycopg.Error, StoreError) as problem:
            raise ConnectorException from problem
