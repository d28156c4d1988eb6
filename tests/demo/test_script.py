from __future__ import annotations

import asyncio
import io

from rich.console import Console

from treckk_gateway.server.demo import script
from treckk_gateway.server.demo.page import add_routes
from treckk_gateway.server.demo.script import play, samples
from treckk_gateway.server.demo.world import World
from treckk_gateway.testing.sandbox.twilio import TwilioSandbox


async def test_the_unattended_demo_files_every_sample_and_says_what_became_of_it(tmp_path):
    shown = io.StringIO()
    async with World(tmp_path, add_routes) as world:
        assert await play(world, Console(file=shown, width=300, force_terminal=False)) is True, shown.getvalue()
        books = await world.gateway.counters()
    text = shown.getvalue()
    wanted = samples("balangan")
    assert len(wanted) == 40
    assert all(one["id"] in text for one in wanted)
    assert "TRK-" in text
    assert books["received"] == books["filed"]
    assert (books["parked"], books["new"], books["outbox"], books["dead"], books["refused"]) == (0, 0, 0, 0, 0)


async def test_its_books_wait_for_a_provider_that_reports_late(tmp_path, monkeypatch):
    at_once = TwilioSandbox._call_back

    async def late(*given):
        await asyncio.sleep(0.5)
        await at_once(*given)

    first = [one for one in samples("balangan") if one["channel"] == "whatsapp"][:1]
    monkeypatch.setattr(TwilioSandbox, "_call_back", late)
    monkeypatch.setattr(script, "samples", lambda _profile: first)
    shown = io.StringIO()

    async with World(tmp_path, add_routes) as world:
        assert await play(world, Console(file=shown, width=300, force_terminal=False)) is True

    assert "received 4 = filed 4 + parked 0 + new 0" in shown.getvalue()  # the message, and sent, delivered, read
