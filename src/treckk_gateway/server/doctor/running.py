"""What only the running server knows, asked over its control socket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import aiohttp

from treckk_gateway.channel.broken import CODE
from treckk_gateway.server import control
from treckk_gateway.server.doctor.checked import Checked, trouble
from treckk_gateway.settings import Settings

_PATIENCE = 10.0
_REMEDY = "its adapter cannot be used: the line of the adapter says why"
_RESUMED = (
    "mend it at the provider or in the configuration; a try is made every delivery.pause seconds (60),"
    " and what waits leaves then"
)


async def asked(settings: Settings, *, socket: bool) -> Sequence[Checked]:
    """The running server's own word on its readiness and its channels, over its `socket` or at its port."""
    opened = control.client(settings.data_dir / control.NAME) if socket else aiohttp.ClientSession()
    place = "control" if socket else str(settings.listen)
    try:
        async with opened as session:
            timeout = aiohttp.ClientTimeout(total=_PATIENCE)
            async with session.get(f"http://{place}/readyz", timeout=timeout) as answer:
                health = await answer.json()
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
        said = f"does not answer: {type(problem).__name__}"
        found = "its socket is there" if socket else f"its port {place} is taken"
        return [trouble("running server", found, said, "look at its log; restart it once")]
    return [_whole(health), *_channels(health["channels"])]


def _whole(health: dict[str, Any]) -> Checked:
    said = "takes messages" if health["ready"] else "takes no messages"
    own = [one for one in health["problems"] if " does not send: " not in one]
    if not own:
        return Checked(what="running server", found=said)
    return trouble("running server", said, "; ".join(own), "see the database's and the spool's lines, and its log")


def _channels(channels: Sequence[dict[str, Any]]) -> Iterator[Checked]:
    for one in channels:
        what = f"sending over {one['channel_id']}"
        if one["paused"]:
            remedy = _REMEDY if one["paused"] == CODE else _RESUMED
            yield trouble(what, "paused", f"nothing is sent: {one['paused']}", remedy)
        else:
            yield Checked(what=what, found=f"open; last success {one['last_outbound_at'] or 'not since the start'}")
        if one["refused"]:
            remedy = "if genuine ones are among them, compare public_url and the channel's secret with the provider's"
            yield trouble(
                f"requests of {one['channel_id']}", f"{one['refused']} refused", "signatures that fail", remedy
            )
