"""What is asked of the past: a reporter's cases, a conversation's words, who looked, what was given up."""

from __future__ import annotations

import pytest
from deeds import SECOND, START, begin, end, number_of, open_case, person, queue

from treckk_gateway.store.orders import Filing, NewMessage


@pytest.fixture
async def store(backend, opening):
    return await opening(backend)


async def test_a_reporters_own_cases_and_the_newest_of_them(store):
    reporter, conversation = await person(store, 1)
    stranger, elsewhere = await person(store, 2)
    assert (await store.latest_case(reporter.id), await store.cases_of(reporter.id)) == (None, [])
    made = [
        (await open_case(store, f"SM{n}", who, where, inbox_id=n)).case_id
        for n, (who, where) in enumerate(
            [(reporter, conversation), (stranger, elsewhere), (reporter, conversation)], start=1
        )
    ]
    assert [one.case_id for one in await store.cases_of(reporter.id)] == [made[0], made[2]]
    assert (await store.latest_case(reporter.id)).case_id == made[2]
    assert (await store.latest_case(stranger.id)).case_id == made[1]


async def test_the_last_words_of_a_conversation_newest_first(store):
    reporter, conversation = await person(store, 1)
    _, elsewhere = await person(store, 2)
    for number, where in enumerate([conversation, conversation, elsewhere, conversation]):
        words = NewMessage(conversation_id=where.id, reporter_id=reporter.id, body=b"sealed %d" % number)
        await store.file(Filing(inbox_id=None, now=START + number, message=words))
    found = await store.recent_messages(conversation.id, 2)
    assert [(one.body, one.at) for one in found] == [(b"sealed 3", START + 3), (b"sealed 1", START + 1)]
    assert len(await store.recent_messages(conversation.id, 10)) == 3


async def test_each_look_is_written_down_with_its_reason(store):
    reporter, conversation = await person(store, 1)
    case = (await open_case(store, "SM1", reporter, conversation, inbox_id=1)).case_id
    await store.log_access(case, "Rini", "case", START)
    await store.log_access(case, "Ketua", "identity", START + 1, b"sealed reason")
    assert [(one.at, one.actor, one.what, one.reason) for one in await store.accesses(case)] == [
        (START + 1, "Ketua", "identity", b"sealed reason"),
        (START, "Rini", "case", None),
    ]
    assert await store.accesses(case + 1) == []


async def test_what_was_given_up_or_is_uncertain_by_pages(store, backend):
    _, conversation = await person(store, 1)
    await queue(store, conversation, "a", "b", "c", "d")
    a, b, c, d = (number_of(backend, name) for name in "abcd")
    await begin(store, a, now=START + SECOND, attempt="first")
    assert (await store.attempt_started("first"), await store.attempt_started("none")) == (START + SECOND, None)
    await end(store, a, "dead", attempt_id="first")
    await begin(store, b)
    await end(store, b, "sent")
    await begin(store, c)
    await end(store, c, "uncertain")
    assert [one.id for one in await store.dead(None, 10)] == [c, a]
    assert [one.id for one in await store.dead(None, 1)] == [c]
    assert [one.id for one in await store.dead(c, 10)] == [a]
    assert (await store.outbox(d)).state == "queued"
