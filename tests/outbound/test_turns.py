"""No channel takes all that send at once, and bulk takes less of it than answers do."""

from __future__ import annotations

import asyncio

import pytest

from treckk_gateway.channel import Capabilities
from treckk_gateway.model import DeliveryState
from treckk_gateway.outbound.turns import Turns, bulk, pace_of
from treckk_gateway.store.rows import OutboxRow


def row(number, channel="wa", *, reply=True, urgent=False):
    return OutboxRow(
        id=number, delivery_id=f"d{number}", send_key=f"k{number}", case_id=None, event_seq=None, conversation_id=number,
        channel_id=channel, template="receipt", values=b"", text=None, urgent=urgent, reply=reply, state="queued", due=0,
        attempts=0, attempt_id=None, expires_at=None, reason=None, created_at=0, heard=DeliveryState.PENDING,
    )  # fmt: skip


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def turns(now):
    return Turns(slots=16, channels=3, slow=0.05, clock=lambda: now[0])


async def test_a_channel_takes_a_quarter_and_bulk_half_of_that(turns):
    assert [await turns.take(row(n, reply=False)) is None for n in range(3)] == [True, True, False]
    assert [await turns.take(row(10 + n)) is None for n in range(3)] == [True, True, False]


async def test_who_waits_gets_the_turn_that_is_given_back(turns):
    rows = [row(n) for n in range(5)]
    for one in rows[:4]:
        assert await turns.take(one) is None
    waiting = asyncio.create_task(turns.take(rows[4]))
    await asyncio.sleep(0)
    await turns.give_back(rows[0])
    assert await waiting is None


async def test_where_a_send_takes_long_nobody_waits_and_a_crowd_is_looked_at_seldom(turns, now):
    for n in range(4):
        await turns.take(row(n))
    now[0] = 1.0
    pauses = [await turns.take(row(100 + n)) for n in range(200)]
    assert None not in pauses
    assert pauses[0] < pauses[-1] == 200 / 50 * 0.5
    await turns.give_back(row(0))
    assert await turns.take(row(100)) is None


async def test_each_other_channel_finds_a_turn_whatever_the_rest_does(now):
    turns = Turns(slots=8, channels=6, slow=0.05, clock=lambda: now[0])
    for n, channel in enumerate("abc" * 3):
        await turns.take(row(n, channel))
    for n, channel in enumerate("def"):
        assert await turns.take(row(50 + n, channel)) is None, channel


async def test_a_single_place_is_enough_to_send_at_all():
    turns = Turns(slots=1, channels=2, slow=0.05)
    assert await turns.take(row(1)) is None
    assert await turns.take(row(2)) is not None
    assert await turns.take(row(3, "sms")) is None


def test_bulk_is_neither_an_answer_nor_urgent_and_runs_ahead_less():
    assert [bulk(row(1)), bulk(row(1, reply=False)), bulk(row(1, reply=False, urgent=True))] == [False, True, False]
    claims = Capabilities(schemes=frozenset({"sms"}), rate=1.0, burst=1)
    answer, notice = (pace_of(row(1, reply=one), claims, 1) for one in (True, False))
    assert answer.interval == notice.interval == 1_000_000
    assert answer.burst == 0
    assert notice.burst == -250_000


async def test_an_only_channel_takes_all_there_is_for_sending(now):
    turns = Turns(slots=8, channels=1, slow=0.05, clock=lambda: now[0])
    assert [await turns.take(row(n)) is None for n in range(7)] == [True] * 6 + [False]
