"""The wake-up of a case's clocks, telling once, and a clock that was set back, on both databases."""

from __future__ import annotations

import asyncio

import pytest
from deeds import SECOND, START, begin, change, draft, end, event, number_of, open_case, person, queue, request_of

from treckk_gateway.model import EventKind, State, Urgency
from treckk_gateway.store.orders import (
    CaseFields,
    CaseFilter,
    Change,
    ClocksSet,
    ConversationFields,
    Filing,
    NewMessage,
)
from treckk_gateway.store.rows import QUIET_HOURS, Nothing, Topic

HOUR = 3600 * SECOND
CLOCK = "SELECT due, state FROM timer WHERE kind = 'clock'"


@pytest.fixture
async def talk(store):
    return await person(store, 1)


@pytest.fixture
async def case(store, talk):
    filed = await open_case(store, "SM1", *talk, inbox_id=1)
    return await store.case(case_id=filed.case_id)


async def slept(store, case, *, due=None, wake=START + HOUR, **more):
    """What a look at the clocks found is kept."""
    history = await store.history(case.case_id)
    timers = [one for one in await store.heads(START + 999 * HOUR, 99) if one.topic is Topic.TIMER]
    found = [await store.timer(one.row_id) for one in timers]
    [timer] = [one for one in found if one is not None and one.kind == "clock"] or [None]
    given = {
        "timer_id": timer.id if timer else 0,
        "case_id": case.case_id,
        "version": case.version,
        "seq": history[-1].seq,
    }
    return await store.set_clocks(ClocksSet(**given | more, due=due, wake=wake))


async def lone(store, backend):
    """Work off the dispatch timer, so that the clock's is the only one."""
    for (timer,) in backend.rows("SELECT id FROM timer WHERE kind = 'dispatch'"):
        await store.finish_timer(timer)


@pytest.mark.parametrize(
    "moves",
    [
        {
            "fields": CaseFields(state=State.UNDER_REVIEW),
            "event": event(EventKind.TRANSITION, target=State.UNDER_REVIEW),
        },
        {"fields": CaseFields(urgency=Urgency.EMERGENCY), "event": event(EventKind.MESSAGE)},
        {"fields": CaseFields(category="pkl"), "event": event(EventKind.FINDINGS)},
        {"fields": CaseFields(), "event": event(EventKind.NOTE)},
        {"fields": CaseFields(), "event": event(EventKind.CONFIRMED)},
    ],
)
async def test_whatever_may_move_a_clock_wakes_it_in_the_same_transaction(store, backend, case, moves):
    await lone(store, backend)
    assert await slept(store, case)
    assert backend.rows(CLOCK) == [(START + HOUR, "queued")]
    await change(store, case, now=START + 5, **moves)
    assert backend.rows(CLOCK) == [(START + 5, "queued")]


@pytest.mark.parametrize("kind", [EventKind.REMINDED, EventKind.ESCALATED, EventKind.PROPOSED, EventKind.FINDINGS])
async def test_what_clocks_did_wakes_none(store, backend, case, kind):
    await lone(store, backend)
    await slept(store, case)
    await change(store, case, fields=CaseFields(), event=event(kind))
    assert backend.rows(CLOCK) == [(START + HOUR, "queued")]


async def test_a_message_wakes_the_clocks_only_of_a_case_that_waits_for_one(store, backend, case):
    await lone(store, backend)
    joins = Filing(inbox_id=None, now=START + 7, case_id=case.case_id, event=event(EventKind.MESSAGE))
    await slept(store, case)
    await store.file(joins)
    assert backend.rows(CLOCK) == [(START + HOUR, "queued")]
    waiting = await change(store, case, fields=CaseFields(state=State.NEEDS_INFO), event=event())
    await slept(store, waiting)
    await store.file(joins)
    assert backend.rows(CLOCK) == [(START + 7, "queued")]


async def test_what_was_found_about_clocks_is_kept_only_if_nothing_happened_meanwhile(store, backend, case):
    await lone(store, backend)
    moved = await change(store, case, event=event())
    assert not await slept(store, case)
    assert not await slept(store, moved, seq=1)
    assert backend.rows(CLOCK) == [(START, "queued")]
    assert await slept(store, moved, due=START + 3)
    assert (await store.case(case_id=case.case_id)).due_at == START + 3


async def test_a_timer_with_nothing_to_wait_for_sleeps_until_the_case_is_opened_again(store, backend, case):
    await lone(store, backend)
    assert await slept(store, case, wake=None)
    assert backend.rows(CLOCK) == [(START, "done")]
    await change(store, case, event=event(), now=START + 9)
    assert backend.rows(CLOCK) == [(START + 9, "queued")]


async def test_cases_that_are_late_are_listed_by_when_they_are_due(store, backend, talk, case):
    await lone(store, backend)
    await slept(store, case, due=START + 5)
    assert [one.case_id for one in await store.cases(CaseFilter(due_by=START + 5))] == [case.case_id]
    assert list(await store.cases(CaseFilter(due_by=START + 4))) == []
    await slept(store, case, due=None)
    assert list(await store.cases(CaseFilter(due_by=START + 999))) == []


async def test_other_rules_have_every_clock_looked_at_once(store, backend, case):
    await lone(store, backend)
    await store.recount("ten days", START)
    await slept(store, case)
    assert await store.recount("ten days", START + 1) == 0
    assert await store.recount("three days", START + 2) == 1
    assert backend.rows(CLOCK) == [(START + 2, "queued")]


async def test_a_promise_stands_with_its_event(store, case):
    await change(store, case, event=event(EventKind.TRANSITION, target=State.RESOLVED, promised=START + 99))
    assert [one.promised for one in await store.history(case.case_id)] == [None, START + 99]


# Telling


async def test_a_step_taken_again_after_a_lost_answer_tells_nobody_twice(others, backend, case):
    [(conversation,)] = backend.rows("SELECT conversation_id FROM case_party")
    there = await others[0].conversation(conversation)

    def step(n):
        return Change(
            case_id=case.case_id, version=case.version, now=START, fields=CaseFields(state=State.UNDER_REVIEW),
            event=event(EventKind.TRANSITION, source=State.RECEIVED, target=State.UNDER_REVIEW),
            drafts=(draft(there, f"review-{n}", once=None, template="under_review"),),
        )  # fmt: skip

    done = await asyncio.gather(*[others[n % 3].change(step(n)) for n in range(6)])
    again = await others[0].change(step(7))
    assert (sum(one is not None for one in done), again) == (1, None)
    assert backend.rows("SELECT send_key FROM outbox WHERE template = 'under_review'") == [
        (f"case:{case.case_id}/2/to:{conversation}/wa/under_review",)
    ]


async def test_one_step_tells_one_recipient_once_and_another_step_tells_again(store, backend, case):
    [(conversation,)] = backend.rows("SELECT conversation_id FROM case_party")
    there = await store.conversation(conversation)
    for state in (State.UNDER_REVIEW, State.NEEDS_INFO, State.UNDER_REVIEW):
        twice = tuple(draft(there, f"{case.version}-{n}", once=None, template=state) for n in range(2))
        case = await change(store, case, fields=CaseFields(state=state), event=event(), drafts=twice)
    assert backend.rows("SELECT count(*) FROM outbox WHERE template = 'under_review'") == [(2,)]
    assert backend.rows("SELECT count(*) FROM outbox WHERE template = 'needs_info'") == [(1,)]


# Quiet hours


async def test_what_quiet_hours_hold_comes_up_in_the_morning_and_blocks_nobody(store, backend, talk):
    _, conversation = talk
    await queue(store, conversation, "news", "answer")
    news, answer = number_of(backend, "news"), number_of(backend, "answer")
    await store.hold(news, "held", QUIET_HOURS, START + 8 * HOUR)
    assert [one.row_id for one in await store.heads(START, 9) if one.topic is Topic.OUTBOX] == [answer]
    await begin(store, answer)
    await end(store, answer)
    assert await store.next_due() == START + 8 * HOUR
    assert [one.row_id for one in await store.heads(START + 8 * HOUR, 9) if one.topic is Topic.OUTBOX] == [news]
    assert isinstance(await begin(store, news, now=START + 8 * HOUR), Nothing)
    await store.hold(news, "queued", None, None)
    assert await begin(store, news, now=START + 8 * HOUR)


async def test_whoever_writes_at_night_gets_what_was_held(store, backend, talk):
    reporter, conversation = talk
    await queue(store, conversation, "news")
    await store.hold(number_of(backend, "news"), "held", QUIET_HOURS, START + 8 * HOUR)
    await store.accept(request_of("SM9", lane=b"9"))
    message = NewMessage(conversation_id=conversation.id, reporter_id=reporter.id, body=b"sealed")
    [(inbox_id,)] = backend.rows("SELECT id FROM inbox")
    touched = ConversationFields(last_inbound_at=START + 3)
    await store.file(Filing(inbox_id=inbox_id, now=START + 3, message=message, conversation=touched))
    assert backend.rows("SELECT state, due FROM outbox") == [("queued", START + 3)]


# A clock that was set back


async def test_a_clock_set_back_leaves_nothing_waiting_for_the_lost_hour(store, backend, talk, case):
    _, conversation = talk
    await lone(store, backend)
    await queue(store, conversation, "now", "again", "morning", now=START)
    again, morning = number_of(backend, "again"), number_of(backend, "morning")
    await store.hold(again, "queued", None, START + 60 * SECOND)
    await store.hold(morning, "held", QUIET_HOURS, START + 8 * HOUR)
    await store.accept(request_of("SM2", lane=b"2"))
    back = START - HOUR
    assert await store.rewind(back, START) > 0
    assert dict(backend.rows("SELECT delivery_id, due FROM outbox WHERE template = 'receipt' AND id >= ?", again - 1)) == {
        "d-now": back, "d-again": back + 60 * SECOND, "d-morning": START + 8 * HOUR,
    }  # fmt: skip
    assert backend.rows(CLOCK) == [(back, "queued")]
    assert backend.rows("SELECT due FROM inbox WHERE state = 'new'") == [(back,)]


async def test_a_start_with_an_earlier_clock_is_noticed_by_the_newest_row(store, backend, talk):
    await queue(store, talk[1], "now", now=START)
    assert await store.rewind(START + 1) == 0
    assert await store.rewind(START - HOUR) == 1
    assert backend.rows("SELECT due FROM outbox") == [(START - HOUR,)]
