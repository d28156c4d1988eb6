from __future__ import annotations

import io

from rich.console import Console

from treckk_gateway.server.demo.page import add_routes
from treckk_gateway.server.demo.script import play, samples
from treckk_gateway.server.demo.world import World


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
