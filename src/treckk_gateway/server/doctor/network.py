"""What others see of us, and what time they have: the public address, and providers' own clocks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp

from treckk_gateway.server.doctor.checked import Checked, trouble
from treckk_gateway.server.doctor.host import is_private
from treckk_gateway.server.doorway import ALIVE
from treckk_gateway.settings import Settings

_PATIENCE = 5.0
_APART = 30.0
"""Seconds: Twilio and Standard Webhooks allow five minutes, people notice less."""


async def reached(settings: Settings) -> Sequence[Checked]:
    """The public address asked from here, and our clock compared with those of providers.

    Those are asked that have an address of their own in the configuration. What cannot be reached is told.
    """
    found = []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE)) as session:
        if not is_private(urlsplit(settings.public_url).hostname or ""):
            found.append(await _public(session, settings.public_url))
        places = {getattr(one.options, "api_base_url", None): one.channel_id for one in settings.channels}
        for address, channel_id in places.items():
            if isinstance(address, str):
                found.append(await _clock(session, channel_id, address))
    return found


async def _public(session: aiohttp.ClientSession, url: str) -> Checked:
    what = "public URL from here"
    try:
        async with session.get(f"{url}/healthz", allow_redirects=False) as answer:
            body, status = await answer.content.read(1024), answer.status
    except (aiohttp.ClientError, OSError, TimeoutError) as problem:
        remedy = "look at DNS, firewall, proxy and certificate; some networks cannot call their own public address"
        return trouble(what, url, f"did not answer: {type(problem).__name__}", remedy)
    if body.strip() != ALIVE:
        remedy = "start treckk serve, and let the proxy pass the path unchanged"
        return trouble(what, url, f"/healthz answered {status}, and not as a gateway does", remedy)
    return Checked(what=what, found="a gateway answers")


async def _clock(session: aiohttp.ClientSession, channel_id: str, address: str) -> Checked:
    what = f"clock of {channel_id}'s provider"
    try:
        before = time.time()
        async with session.head(address, allow_redirects=False) as answer:
            shown = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (aiohttp.ClientError, OSError, TimeoutError, KeyError, ValueError) as problem:
        remedy = "look at DNS, firewall and proxy: without the provider nothing is sent over this channel"
        return trouble(what, urlsplit(address).hostname or "-", f"not to be had: {type(problem).__name__}", remedy)
    apart = shown - (before + time.time()) / 2
    if abs(apart) > _APART:
        said = f"{abs(apart):.0f} s {'ahead of' if apart > 0 else 'behind'} this machine's"
        remedy = "set this machine's clock and keep it right, with chrony or systemd-timesyncd"
        return trouble(what, said, "the clocks disagree: signatures with a time are refused", remedy)
    return Checked(what=what, found="agrees with this machine's")
