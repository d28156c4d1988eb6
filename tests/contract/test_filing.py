"""What belongs together is stored together, once (reference, section 10, tests 7, 8, 13 and 38)."""

from __future__ import annotations

import asyncio

import pytest
from deeds import START, change, draft, event, open_case, opening_of, person, queue, request_of

from treckk_gateway.model import State
from treckk_gateway.store.orders import CaseFields, Change, ConversationFields, Filing, NewMessage, NewTimer


@pytest.fixture
async def opened(store):
    """A case with its receipt and timer."""
    reporter, conversation = await person(store, 1)
    filed = await open_case(store, "SM1", reporter, conversation, inbox_id=1)
    return await store.case(case_id=filed.case_id)


async def test_filing_a_message_is_one_whole(store, backend, opened):
    file = await store.case_file(opened.case_id)
    assert (opened.reference, opened.state, opened.version) == ("TRK-2611-00001", State.RECEIVED, 1)
    assert [len(one) for one in (file.messages, file.events, file.parties, file.outbox)] == [1, 1, 1, 1]
    assert file.outbox[0].send_key == f"case:{opened.case_id}/1/to:1/wa/receipt"
    assert backend.rows("SELECT state FROM inbox") == [("filed",)]
    assert backend.rows("SELECT kind, state FROM timer ORDER BY kind") == [("clock", "queued"), ("dispatch", "queued")]


async def test_filed_again_nothing_happens(store, backend, opened):
    reporter, conversation = await person(store, 1)
    again = await open_case(store, "SM1", reporter, conversation, inbox_id=1)
    assert (again.fresh, again.case_id) == (False, None)
    assert backend.rows("SELECT count(*) FROM cases") == [(1,)]


async def test_what_fails_in_the_middle_leaves_nothing(store, backend, opened):
    _, conversation = await person(store, 1)
    await store.accept(request_of("SM2"))
    lost = Filing(
        inbox_id=2, now=START, case_id=opened.case_id, fields=CaseFields(post="mako"), event=event(),
        message=NewMessage(conversation_id=conversation.id, reporter_id=None, body=b"sealed"),
        drafts=(draft(conversation, "a"), draft(conversation, "b", values=None)),
    )  # fmt: skip
    before = {table: backend.rows(f"SELECT count(*) FROM {table}") for table in ("message", "case_event", "outbox")}
    with pytest.raises(Exception, match=r"NOT NULL|null value"):
        await store.file(lost)
    after = {table: backend.rows(f"SELECT count(*) FROM {table}") for table in before}
    assert after == before
    assert (await store.inbox(2)).state == "new"
    assert (await store.case(case_id=opened.case_id)).version == 1


async def test_twenty_filings_of_one_message_make_one_case(others, backend):
    reporter, conversation = await person(others[0], 1)
    await others[0].accept(request_of("SM1"))
    outcomes = await asyncio.gather(
        *[
            others[n % 3].file(
                Filing(inbox_id=1, now=START, opens=opening_of(reporter, conversation, token=b"%d" % n), event=event())
            )
            for n in range(20)
        ]
    )
    assert sum(one.fresh for one in outcomes) == 1
    assert backend.rows("SELECT count(*) FROM cases") == [(1,)]


async def test_numbers_run_on_without_a_gap_whoever_opens_cases(others, backend):
    async def opens(n):
        reporter, conversation = await person(others[n % 3], n)
        await others[n % 3].file(
            Filing(inbox_id=None, now=START, opens=opening_of(reporter, conversation, token=b"%d" % n))
        )

    await asyncio.gather(*[opens(n) for n in range(30)])
    found = [reference for (reference,) in backend.rows("SELECT reference FROM cases ORDER BY reference")]
    assert found == [f"TRK-2611-{n:05}" for n in range(1, 31)]


async def test_one_person_met_by_several_at_once_is_one_reporter(others, backend):
    found = await asyncio.gather(*[person(others[n % 3], 7) for n in range(12)])
    assert len({reporter.id for reporter, _ in found}) == 1
    assert len({conversation.id for _, conversation in found}) == 1
    assert backend.rows("SELECT count(*) FROM reporter") == [(1,)]


async def test_of_decisions_made_at_once_on_one_version_one_holds(others, backend, opened):
    done = await asyncio.gather(*[change(others[n % 3], opened, event=event()) for n in range(9)])
    assert sum(one is not None for one in done) == 1
    assert (await others[0].case(case_id=opened.case_id)).version == 2
    assert backend.rows("SELECT count(*) FROM case_event") == [(2,)]


async def test_events_of_messages_that_join_at_once_stand_in_a_row(others, backend, opened):
    joining = [Filing(inbox_id=None, now=START, case_id=opened.case_id, event=event()) for _ in range(12)]
    await asyncio.gather(*[others[n % 3].file(one) for n, one in enumerate(joining)])
    assert [seq for (seq,) in backend.rows("SELECT seq FROM case_event ORDER BY seq")] == list(range(1, 14))


async def test_a_timer_is_worked_off_once_however_many_begin(others, backend, opened):
    [(timer,)] = backend.rows("SELECT id FROM timer WHERE kind = 'dispatch'")
    _, conversation = await person(others[0], 1)

    def telling(n):
        return Filing(
            inbox_id=None, now=START, case_id=opened.case_id, finishes=timer, drafts=(draft(conversation, f"{n}", once=None),)
        )  # fmt: skip

    done = await asyncio.gather(*[others[n % 3].file(telling(n)) for n in range(9)])
    assert sum(one.fresh for one in done) == 1
    assert backend.rows("SELECT count(*) FROM outbox WHERE template = 'receipt'") == [(2,)]
    assert await others[0].timer(timer) is None


async def test_a_change_whose_timer_was_worked_off_does_nothing_again(store, backend, opened):
    [(timer,)] = backend.rows("SELECT id FROM timer WHERE kind = 'dispatch'")
    first = await change(store, opened, event=event(), finishes=timer)
    again = await change(store, first, event=event(), finishes=timer)
    assert again == first
    assert backend.rows("SELECT count(*) FROM case_event") == [(2,)]


async def test_a_repeated_trigger_queues_nothing_more(store, backend):
    _, conversation = await person(store, 1)
    for _ in range(3):
        await queue(store, conversation, "once")
    assert backend.rows("SELECT count(*) FROM outbox") == [(1,)]


async def test_a_timer_set_twice_stays_as_it_was(store, backend, opened):
    soon = Change(
        case_id=opened.case_id, version=1, now=START, fields=CaseFields(),
        timers=(NewTimer(kind="dispatch", instance="opened", due=START + 99),),
    )  # fmt: skip
    await store.change(soon)
    assert backend.rows("SELECT due FROM timer WHERE kind = 'dispatch'") == [(START,)]


async def test_ids_of_a_conversation_are_given_in_the_order_of_commits(others, backend):
    """A smaller id that becomes visible after a larger one was sent would be sent too late."""
    _, conversation = await person(others[0], 1)
    seen = []

    async def watch():
        while len(seen) < 30:
            rows = await others[0]._read(lambda db: db.execute("SELECT id FROM outbox ORDER BY id").fetchall())
            known = [row[0] for row in rows]
            assert known[: len(seen)] == seen, "nothing appears before what was there"
            seen[:] = known
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*[queue(others[n % 3], conversation, f"m{n}") for n in range(30)])
    await watching


async def test_what_was_held_leaves_when_the_person_writes(store, backend):
    reporter, conversation = await person(store, 1)
    await queue(store, conversation, "held")
    await store.hold(1, "held", "window_closed", None)
    assert await store.heads(START, 10) == []
    await store.accept(request_of("SM1"))
    await store.file(
        Filing(
            inbox_id=1, now=START + 5, conversation=ConversationFields(last_inbound_at=START + 5),
            message=NewMessage(conversation_id=conversation.id, reporter_id=reporter.id, body=b"sealed"),
        )
    )  # fmt: skip
    assert [wake.row_id for wake in await store.heads(START + 5, 10)] == [1]
    assert (await store.outbox(1)).state == "queued"
