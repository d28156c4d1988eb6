"""`/healthz`: the process lives. `/readyz`: messages can be taken, and how each channel does."""

from __future__ import annotations

import attrs
import msgspec
from aiohttp import web

from treckk_gateway.gateway import Gateway
from treckk_gateway.inbound.spool import SpoolState
from treckk_gateway.server.api.presentation import moment
from treckk_gateway.server.doorway import ALIVE

_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}


@attrs.frozen
class HealthPages:
    """For the supervisor and the proxy."""

    gateway: Gateway

    async def alive(self, _request: web.Request) -> web.Response:
        """200 as long as the process answers."""
        return web.Response(body=ALIVE, headers=_HEADERS)

    async def ready(self, _request: web.Request) -> web.Response:
        """200 when messages can be taken, else 503; what is wrong, by channel."""
        health = await self.gateway.health()
        shown = {
            "ready": health.ready,
            "storing": health.storing,
            "problems": list(health.problems),
            "spool": None if health.spool is None else _spool(health.spool),
            "channels": [
                {
                    "channel_id": one.channel_id,
                    "adapter": one.adapter,
                    "last_inbound_at": _moment(one.last_inbound_at),
                    "last_outbound_at": _moment(one.last_outbound_at),
                    "refused": one.refused,
                    "paused": one.paused,
                    "failures": one.failures,
                    "paused_until": _moment(one.paused_until),
                    "shut": one.shut,
                    "recovered": one.recovered,
                    "looked_at": _moment(one.looked_at),
                }
                for one in health.channels
            ],
        }
        return web.Response(body=msgspec.json.encode(shown), status=200 if health.ready else 503, headers=_HEADERS)


def _spool(state: SpoolState) -> dict[str, object]:
    return attrs.asdict(state) | {"oldest_at": _moment(state.oldest_at)}


def _moment(at: int | None) -> object:
    return None if at is None else moment(at)
