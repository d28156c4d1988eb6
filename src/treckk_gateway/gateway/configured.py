"""Channels as the settings name them, each with what an adapter may use of the gateway."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from treckk_gateway.casework import Clock
from treckk_gateway.channel import Channel, ChannelContext, MediaSource, registry
from treckk_gateway.channel.broken import BrokenChannel
from treckk_gateway.errors import TreckkError
from treckk_gateway.inbound.fetching import Bounds, Fetcher
from treckk_gateway.settings import ChannelSettings, Settings

_SECOND = 1_000_000

log = structlog.get_logger(__name__)


def configured(settings: Settings, fetcher: Fetcher, clock: Clock) -> Mapping[str, Channel]:
    """Every channel by its id. Raises `ConfigError` and `AdapterError` for options an adapter refuses."""

    async def fetch(source: MediaSource, most: int) -> bytes:
        return await fetcher.fetch(source, Bounds(most=most))

    def context(channel_id: str) -> ChannelContext:
        return ChannelContext(
            channel_id=channel_id,
            webhook_url=settings.webhook_url(channel_id),
            clock=lambda: clock() / _SECOND,
            fetch=fetch,
        )

    return {one.channel_id: _build(one, context(one.channel_id)) for one in settings.channels}


def _build(settings: ChannelSettings, context: ChannelContext) -> Channel:
    """The configured channel, or what keeps its place: one adapter that fails must not stop the others."""
    reason = settings.broken
    if reason is None:
        try:
            return registry.load(settings.adapter).from_settings(settings.options, context)
        except TreckkError:
            raise
        except Exception as problem:  # noqa: BLE001 told in the log, in health and by the doctor
            reason = f"adapter {settings.adapter!r} cannot make the channel: {type(problem).__name__}"
    log.error("channel.broken", channel_id=context.channel_id, adapter=settings.adapter)
    return BrokenChannel(context.channel_id, reason)
