from __future__ import annotations

import asyncio
from functools import partial

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.model import Address, Finding, InboundMessage, Subject
from treckk_gateway.model import subject as judged
from treckk_gateway.profile import load
from treckk_gateway.triage import Pipeline, TriageContext, default_steps

PROFILE = load("balangan")
SECRET = "parang di rumah Budi"


def subject(text=SECRET, **fields):
    return Subject(
        message=InboundMessage(dedupe_key="m-1", sender=Address("sms", "+6281200000000"), text=text), **fields
    )


def context():
    return TriageContext(profile=PROFILE, now=1_795_500_000_000_000)


def finding(step="own", field="flag", value="seen", confidence=0.9, reason=""):
    return Finding(step=step, field=field, value=value, confidence=confidence, reason=reason)


async def seen(_subject, _context):
    return [finding()]


async def nothing(_subject, _context):
    return None


async def raises(_subject, _context):
    raise ValueError(SECRET)


async def never_ends(_subject, _context):
    await asyncio.Event().wait()


async def lets_a_cancellation_out(_subject, _context):
    raise asyncio.CancelledError


async def recurses(one, other):
    return await recurses(one, other)


class Stepping:
    async def __call__(self, _subject, _context):
        return (finding(value="called"),)


def returning(what):
    async def returns(_subject, _context):
        return what

    return returns


async def run(*steps, budget=2.0, given=None):
    return await Pipeline(steps, budget).run(given or subject(), context())


async def test_findings_come_in_the_order_of_the_steps():
    found = await run(seen, nothing, Stepping(), partial(seen))
    assert [one.value for one in found] == ["seen", "called", "seen"]


async def test_a_step_sees_what_the_steps_before_it_found():
    looked = []

    async def looks(_subject, context):
        looked.append((context.found, context.values("flag"), context.values("other")))
        return []

    await run(looks, seen, looks)
    assert looked == [((), (), ()), ((finding(),), ("seen",), ())]


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (raises, "ValueError"),
        (never_ends, "TimeoutError"),
        (lets_a_cancellation_out, "CancelledError"),
        (recurses, "RecursionError"),
        (returning("intent"), "TypeError"),
        (returning(finding()), "TypeError"),
        (returning({"intent": "help"}), "TypeError"),
        (returning(["help"]), "TypeError"),
        (returning([None]), "TypeError"),
        (returning(iter([finding()])), "TypeError"),
        (returning([finding()] * 101), "TypeError"),
        (returning([finding(value=7)]), "TypeError"),
        (returning([finding(field="")]), "TypeError"),
        (returning([finding(value="x" * 501)]), "TypeError"),
        (returning([finding(reason="x" * 2001)]), "TypeError"),
        (lambda _subject, _context: [finding()], "TypeError"),
    ],
)
async def test_a_step_in_trouble_is_recorded_and_skipped(step, error):
    found = await run(seen, step, seen, budget=0.05)
    assert [one.value for one in found] == ["seen", "needs_human", "seen"]
    assert found[1].field == "flag"
    assert error in found[1].reason


async def test_a_step_that_blocks_past_its_budget_is_noticed():
    loop = asyncio.get_running_loop()

    async def blocks(_subject, _context):
        until = loop.time() + 0.03
        while loop.time() < until:
            pass
        return [finding(value="late")]

    found = await run(blocks, seen, budget=0.01)
    assert [one.value for one in found] == ["needs_human", "seen"]


async def test_the_step_after_one_in_trouble_has_its_whole_budget():
    async def late(_subject, _context):
        await asyncio.sleep(0.2)
        return [finding(value="late")]

    found = await run(late, seen, budget=0.1)
    assert [one.value for one in found] == ["needs_human", "seen"]


async def test_a_cancelled_run_is_cancelled():
    started = asyncio.Event()

    async def waits(_subject, _context):
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(run(waits, seen))
    await asyncio.wait_for(started.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_nothing_of_the_message_is_logged():
    with structlog.testing.capture_logs() as logged:
        await run(raises)
    assert logged == [{"event": "step.skipped", "step": "raises", "error": "ValueError", "log_level": "warning"}]


async def test_runs_at_the_same_time_do_not_mix():
    pipeline = Pipeline(default_steps(PROFILE))
    texts = ["halo", "terima kasih pak", "STOP", "ada kebakaran di Layap"] * 5
    found = await asyncio.gather(*(pipeline.run(subject(text), context()) for text in texts))
    assert [str(judged.intent(one)) for one in found] == ["help", "feedback", "opt_out", "complaint"] * 5


async def test_a_step_of_somebody_else_can_outweigh_ours():
    async def knows(_subject, _context):
        return [finding("knows", "intent", "spam", 0.99)]

    assert judged.intent(await run(*default_steps(PROFILE), knows, given=subject("halo"))) == "spam"


def test_a_context_shows_no_message_in_its_repr():
    shown = context()
    shown.read(subject())
    assert "Budi" not in repr(shown)


@given(text=st.text(max_size=200), line=st.none() | st.text(max_size=40))
async def test_no_text_brings_a_default_step_into_trouble(text, line):
    message = InboundMessage(dedupe_key="m-1", sender=Address("sms", "+6281200000000"), text=text, subject=line)
    with structlog.testing.capture_logs() as logged:
        found = await Pipeline(default_steps(PROFILE)).run(Subject(message=message), context())
    assert logged == []
    assert sum(one.field == "intent" for one in found) == 1


@pytest.mark.parametrize(
    "part", ["kebakaran ", "ancam mati ", "buang sampah bau asap ", "a@", "> \n", "lokasi: x\n", "e\u0301"]
)
async def test_a_hostile_text_ends_soon(part):
    loop = asyncio.get_running_loop()
    begun = loop.time()
    with structlog.testing.capture_logs() as logged:
        await run(*default_steps(PROFILE), given=subject(part * (100_000 // len(part))))
    assert logged == []
    assert loop.time() - begun < 1.0
