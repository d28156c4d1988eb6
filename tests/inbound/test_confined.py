"""Work on foreign bytes ends within its bounds, and the next piece of work is done all the same."""

from __future__ import annotations

import time
from concurrent.futures.process import BrokenProcessPool
from functools import partial

import pytest

from treckk_gateway.inbound import confined
from treckk_gateway.inbound.confined import Confined


@pytest.fixture
async def make():
    made = []

    def new(**bounds):
        made.append(Confined(**{"seconds": 60.0} | bounds))
        return made[-1]

    yield new
    for one in made:
        await one.close()


async def test_work_that_hangs_is_ended_and_the_next_is_done(make):
    apart = make(seconds=0.5)
    with pytest.raises(TimeoutError):
        await apart.run(time.sleep, 600)
    apart._seconds = 60.0

    assert await apart.run(len, bytes(24_000_000)) == 24_000_000


async def test_work_that_wants_more_memory_than_there_is_is_ended(make):
    apart = make(memory=400 << 20)
    with pytest.raises((MemoryError, BrokenProcessPool)):
        await apart.run(bytes, 1 << 30)

    assert await apart.run(abs, -1) == 1


async def test_the_time_a_process_takes_to_begin_is_no_part_of_the_work(make, monkeypatch):
    monkeypatch.setattr(confined, "_ready", partial(time.sleep, 2.0))

    assert await make(seconds=1.9).run(abs, -1) == 1


async def test_a_process_that_does_not_begin_is_given_up(make, monkeypatch):
    monkeypatch.setattr(confined, "_ready", partial(time.sleep, 600))
    monkeypatch.setattr(confined, "START", 0.1)

    with pytest.raises(BrokenProcessPool):
        await make().run(abs, -1)
