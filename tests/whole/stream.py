"""People who write without end, and take no for no answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import count

from folk import COMPLAINT
from process import Server, sid

from treckk_gateway import Actor, Gateway, Role

CHIEF = Actor(name="test", role=Role.ADMIN, roles=frozenset({Role.ADMIN, Role.LEADERSHIP}))
TALKERS = tuple(f"+62812000{number:05d}" for number in range(1, 5))


class Stream:
    """Talkers write one numbered message after the other, newcomers once each.

    Whatever is not answered 2xx is written again under the same id, as a provider would; over `door()`, which may be
    another server each time.
    """

    def __init__(self, door: Callable[[], Server], *, pause: float = 0.0, arriving: int = 6) -> None:
        self.acknowledged: set[str] = set()
        self.said: Counter[str] = Counter()
        self.newcomers: dict[str, str] = {}
        self._door = door
        self._pause = pause
        self._arriving = arriving
        self._ids = count(1)
        self._over = False
        self._reached = asyncio.Condition()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in TALKERS:
                group.create_task(self._talk(number))
            for _ in range(self._arriving):
                group.create_task(self._arrive())

    def end(self) -> None:
        self._over = True

    async def reached(self, total: int, *, within: float = 60) -> None:
        async with asyncio.timeout(within), self._reached:
            await self._reached.wait_for(lambda: len(self.acknowledged) >= total)

    async def _talk(self, number: str) -> None:
        while not self._over:
            self.said[number] += 1
            first = self.said[number] == 1
            text = f"{COMPLAINT} #1" if first else f"Masih ramai #{self.said[number]}"
            await self._insist(next(self._ids), number, text)

    async def _arrive(self) -> None:
        while not self._over:
            one = next(self._ids)
            self.newcomers[sid(one)] = f"+62813{one:07d}"
            await self._insist(one, self.newcomers[sid(one)], COMPLAINT)

    async def _insist(self, one: int, number: str, text: str) -> None:
        while not await self._door().write(sid(one), number, text):
            await asyncio.sleep(0.02)
        async with self._reached:
            self.acknowledged.add(sid(one))
            self._reached.notify_all()
        await asyncio.sleep(self._pause)


async def words_of(server: Server, number: str) -> list[int]:
    """What a reporter said, in the order of their case, read by a gateway of our own."""
    async with Gateway.from_config(server.config, working=False) as gateway:
        page = await gateway.desk.cases(CHIEF, q=f"whatsapp:{number}")
        [case] = page.items
        file = await gateway.desk.case_file(CHIEF, case.reference)
        return [int(one.text.rpartition("#")[2]) for one in file.messages if one.direction == "in"]
