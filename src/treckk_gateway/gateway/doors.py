"""Channels are opened side by side: one that raises or hangs is named, tried again, and stops no other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import attrs
import structlog

from treckk_gateway.channel import Channel, Listening, WebhookRequest, WebhookResponse
from treckk_gateway.errors import described
from treckk_gateway.outbound.breaker import Breakers

NOT_OPEN = "not_open"
"""The code of a channel that cannot be opened."""

Hand = Callable[[Channel, WebhookRequest], Awaitable[WebhookResponse]]

log = structlog.get_logger(__name__)


@attrs.define(kw_only=True)
class Doors:
    """`shut` names the channels that are not open, each with what kept it: their webhooks are answered 503.

    Opening and listening may take `limit` seconds each time; the next try comes after `first` seconds, then twice as
    many, `longest` at most, which is `delivery.reopen`. The gateway's own start waits no longer than `patience` for any
    of them.
    """

    breakers: Breakers
    shut: dict[str, str]
    hint: Callable[[], None]
    limit: float = 30.0
    first: float = 1.0
    longest: float = 30.0
    patience: float = 5.0
    _tries: list[asyncio.Task[None]] = attrs.field(factory=list, init=False)

    async def open(self, channels: Iterable[Channel], hand: Hand | None) -> None:
        """Open them, and let those listen that do where `hand` takes what they hear."""
        begun = [(one, asyncio.get_running_loop().create_future()) for one in channels]
        self._tries = [
            asyncio.create_task(self._bring(one, hand, first), name=f"treckk-open-{one.channel_id}")
            for one, first in begun
        ]
        if begun:
            _, slow = await asyncio.wait([first for _, first in begun], timeout=self.patience)
            for one, first in begun:
                if first in slow:
                    self._fail(one, "it takes long")

    async def close(self) -> None:
        """Try no more."""
        for one in self._tries:
            one.cancel()
        await asyncio.gather(*self._tries, return_exceptions=True)

    async def _bring(self, channel: Channel, hand: Hand | None, first: asyncio.Future[None]) -> None:
        pause = min(self.first, self.longest)
        while True:
            try:
                async with asyncio.timeout(self.limit):
                    await channel.open()
                    if hand is not None and isinstance(channel, Listening):
                        await channel.listen(lambda request: hand(channel, request))
            except Exception as problem:  # noqa: BLE001 whatever it is, the other channels go on
                log.error("channel.not_open", channel_id=channel.channel_id, seconds=pause, **described(problem))
                self._fail(channel, described(problem)["problem"])
            else:
                self._succeed(channel)
                return
            finally:
                if not first.done():
                    first.set_result(None)
            await self._give_back(channel)
            await asyncio.sleep(pause)
            pause = min(2 * pause, self.longest)

    def _fail(self, channel: Channel, why: str) -> None:
        self.shut[channel.channel_id] = why
        self.breakers.failed(channel.channel_id, NOT_OPEN, at_once=True)

    def _succeed(self, channel: Channel) -> None:
        if self.shut.pop(channel.channel_id, None) is not None:
            self.breakers.reopened(channel.channel_id)
            self.hint()

    async def _give_back(self, channel: Channel) -> None:
        """What a half-opened channel already holds, so that the next try can take it."""
        try:
            async with asyncio.timeout(self.limit):
                if isinstance(channel, Listening):
                    await channel.quiet()
                await channel.close()
        except Exception as problem:  # noqa: BLE001 told in the log; the next try tells whether it matters
            log.warning("channel.close_failed", channel_id=channel.channel_id, **described(problem))
