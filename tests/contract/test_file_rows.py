"""Files in the store: taken up by one at a time, put off, and settled once."""

from __future__ import annotations

import asyncio

import pytest
from deeds import SECOND, START, person

from treckk_gateway.store.orders import FileEnd, Filing, NewAttachment, NewMessage

UNTIL = START + 60 * SECOND


async def filed(store, count=1, *, look=True, name=None):
    reporter, conversation = await person(store, 1)
    files = tuple(
        NewAttachment(kind="image", state="pending", size=None, name=name, details=b"sealed %d" % one, look=look)
        for one in range(count)
    )
    message = NewMessage(conversation_id=conversation.id, reporter_id=reporter.id, body=b"sealed", attachments=files)
    await store.file(Filing(inbox_id=None, now=START, message=message))
    return reporter


async def test_a_file_is_taken_up_once_and_again_when_nobody_settled_it(store):
    reporter = await filed(store)

    [row] = await store.claim_files(START, UNTIL, 10)
    assert (row.reporter_id, row.channel_id, row.state, row.attempts) == (reporter.id, "wa", "pending", 1)
    assert await store.claim_files(START, UNTIL, 10) == []
    [again] = await store.claim_files(UNTIL, UNTIL + SECOND, 10)
    assert (again.id, again.attempts) == (row.id, 2)


async def test_many_at_once_take_up_each_file_once(others):
    await filed(others[0], 12)

    taken = await asyncio.gather(*(one.claim_files(START, UNTIL, 3) for one in others * 4))

    ids = [row.id for rows in taken for row in rows]
    assert len(ids) == len(set(ids))
    rest = await others[0].claim_files(START, UNTIL, 20)
    assert len(ids) + len(rest) == 12


@pytest.mark.parametrize("state", ["stored", "refused", "lost"])
async def test_what_is_settled_is_never_taken_up_again(store, state):
    await filed(store)
    [row] = await store.claim_files(START, UNTIL, 1)

    ended = FileEnd(file_id=row.id, state=state, reason="why", kind="document", size=7, name="n", details=b"new")
    await store.end_file(ended)
    await store.end_file(FileEnd(file_id=row.id, state="pending", due=START))

    found = await store.file_row(row.id)
    assert (found.state, found.kind, found.size, found.name, found.details) == (state, "document", 7, "n", b"new")
    assert found.reason == "why"
    assert await store.claim_files(UNTIL * 2, UNTIL * 3, 1) == []


async def test_a_file_put_off_keeps_what_it_had(store):
    await filed(store, name="kept")
    [row] = await store.claim_files(START, UNTIL, 1)

    await store.end_file(FileEnd(file_id=row.id, state="pending", reason="later", due=START + 5 * SECOND))

    assert await store.claim_files(START + 4 * SECOND, UNTIL, 1) == []
    [again] = await store.claim_files(START + 5 * SECOND, UNTIL, 1)
    assert (again.kind, again.name, again.details, again.reason) == ("image", "kept", b"sealed 0", "later")


async def test_what_needs_no_look_is_never_taken_up(store):
    await filed(store, look=False)

    assert await store.claim_files(UNTIL, UNTIL * 2, 1) == []
