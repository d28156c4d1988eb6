"""What the unit's own people need of a store, on both."""

from __future__ import annotations

import asyncio

import pytest
from deeds import START, begin, change, end, number_of, open_case, person, queue

from treckk_gateway.store.orders import CaseFields, CaseFilter, Filing, NewPersonnel, PersonnelAnswer


async def test_a_conversation_has_one_secret_and_is_found_by_it(store):
    conversation = await store.ensure_conversation("mail", b"hash", b"sealed", staff="rini")
    first = await store.conversation_token(conversation.id, b"token hash", b"sealed token")
    again = await store.conversation_token(conversation.id, b"another hash", b"another token")
    assert (first, again) == (b"sealed token", b"sealed token")
    assert await store.conversation_of_token(b"token hash") == conversation.id
    assert await store.conversation_of_token(b"another hash") is None


async def test_only_notices_that_left_are_remembered_newest_first(store, backend):
    conversation = await store.ensure_conversation("wa", b"hash", b"sealed", staff="rini")
    await queue(store, conversation, "one", "two", "three", template="staff_reply")
    await queue(store, conversation, "four", template="receipt")
    for name in ("one", "two", "four"):
        await begin(store, number_of(backend, name), attempt=f"attempt-{number_of(backend, name)}")
        await end(store, number_of(backend, name), provider_message_id=f"SM-{name}")
    found = await store.notices(conversation.id, 5)
    assert [one.delivery_id for one in found] == ["d-two", "d-one"]
    assert (await store.notice_answered("wa", ["SM-none", "SM-one"])).delivery_id == "d-one"
    assert await store.notice_answered("sms", ["SM-one"]) is None


async def test_numbers_are_given_once(store):
    assert [await store.next_number("personnel") for _ in range(3)] == [1, 2, 3]
    assert await store.next_number("other") == 1


@pytest.fixture
async def asked(store):
    row = NewPersonnel(id=7, post="paringin", wanted=4, asked_by="danru", reason=b"sealed reason")
    await store.file(Filing(inbox_id=None, now=START, personnel=row))
    return row


def answering(name, *, granted=True):
    answer = PersonnelAnswer(id=7, granted=granted, answered_by=name, answer=b"sealed answer")
    return Filing(inbox_id=None, now=START + 5, personnel=answer)


async def test_a_request_waits_until_it_is_answered_once(store, asked):
    assert [one.id for one in await store.personnel_requests(waiting=True)] == [7]
    outcomes = await asyncio.gather(*[store.file(answering(f"mako-{n}", granted=n == 0)) for n in range(5)])
    assert sorted(one.stale for one in outcomes) == [False, True, True, True, True]
    row = await store.personnel_request(7)
    assert row.answered_by in {f"mako-{n}" for n in range(5)}
    assert row.granted == (row.answered_by == "mako-0")
    assert (row.answered_at, row.answer) == (START + 5, b"sealed answer")
    assert list(await store.personnel_requests(waiting=True)) == []
    assert [one.id for one in await store.personnel_requests(post="paringin")] == [7]
    assert list(await store.personnel_requests(post="juai")) == []


async def test_a_flag_hides_a_case_from_a_list(store):
    reporter, conversation = await person(store, 1)
    filed = await open_case(store, "SM1", reporter, conversation, inbox_id=1)
    case = await store.case(case_id=filed.case_id)
    await change(
        store, case, fields=CaseFields(flags=("integrity", "about_leadership"), village="", district="63.11.06")
    )
    assert list(await store.cases(CaseFilter(hide_flags=("about_leadership",)))) == []
    [found] = await store.cases(CaseFilter(hide_flags=("about_unit",)))
    assert (found.village, found.district) == (None, "63.11.06")


async def test_a_case_is_found_by_one_of_each_of_what_is_asked(store):
    reporter, conversation = await person(store, 1)
    filed = await open_case(store, "SM1", reporter, conversation, inbox_id=1)
    case = await store.case(case_id=filed.case_id)
    await change(store, case, fields=CaseFields(district="63.11.06", village="63.11.06.2009", category="pkl"))

    for words, found in (
        ((("63.11.01", "63.11.06"),), 1),
        ((("63.11.06.2009",), ("ternak", "pkl"), (case.reference,)), 1),
        ((("63.11.06",), ("ternak",)), 0),
        ((("63.11",),), 0),
    ):
        assert len(await store.cases(CaseFilter(words=words))) == found, words
