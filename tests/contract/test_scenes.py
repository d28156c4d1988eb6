"""What is read together around one message, on both stores: whoever writes, and what is about to leave."""

from __future__ import annotations

from deeds import START, begin, draft, end, number_of, open_case, opening_of, person, queue, request_of

from treckk_gateway.model import Urgency
from treckk_gateway.store.orders import ConversationFields, Filing, NewConversation
from treckk_gateway.store.rows import Acquaintance

KEY = b"key"
NEW = NewConversation(channel_id="wa", address_hash=b"address hash", address=b"sealed address")


async def test_of_a_stranger_nothing_is_known(store):
    assert await store.acquaintance([b"nobody"], "wa", b"nowhere", 10) == Acquaintance()


async def test_whoever_writes_is_known_with_their_messages_and_open_cases(store):
    reporter, conversation = await person(store, 1)
    somebody, elsewhere = await person(store, 2)
    first = await open_case(store, "one", reporter, conversation, inbox_id=1)
    second = await open_case(store, "two", reporter, conversation, inbox_id=2, now=START + 1)
    await open_case(store, "three", somebody, elsewhere, inbox_id=3)
    identity = b"identity %08d" % 1
    found = await store.acquaintance([b"nobody", identity], "wa", identity, 10)
    assert found.reporter == reporter
    assert found.conversation.id == conversation.id
    assert [one.id for one in found.recent] == [second.message_id, first.message_id]
    assert [one.case_id for one in found.open_cases] == [second.case_id, first.case_id]
    assert len((await store.acquaintance([identity], "wa", identity, 1)).recent) == 1
    there = await store.acquaintance([identity], "mail", identity, 10)
    assert there.conversation is None, "another channel is another conversation"
    assert there.recent == ()
    assert len(there.open_cases) == 2


async def test_a_stranger_is_met_with_reporter_and_conversation_at_once(store):
    reporter, conversation = await store.meet([b"one", b"other"], "P1", KEY, START, NEW)
    assert (conversation.reporter_id, conversation.address) == (reporter.id, NEW.address)
    for identity in (b"one", b"other"):
        assert await store.known_reporter([identity]) == reporter
    again = await store.acquaintance([b"other"], "wa", NEW.address_hash, 10)
    assert (again.reporter, again.conversation) == (reporter, conversation)


async def test_nothing_is_sealed_under_a_key_that_came_too_late(store):
    known, _none = await store.meet([b"one"], "P1", KEY, START, NEW)
    late = NewConversation(channel_id="sms", address_hash=b"other hash", address=b"sealed under a key nobody has")
    met, conversation = await store.meet([b"one", b"more"], "P2", b"later key", START, late)
    assert (met, conversation) == (known, None)
    assert await store.known_conversation("sms", b"other hash") is None
    assert await store.known_reporter([b"more"]) == known


async def test_what_is_about_to_leave_comes_with_all_that_decides_about_it(store, backend):
    reporter, conversation = await person(store, 1)
    filed = await open_case(store, "one", reporter, conversation, inbox_id=1)
    outbox_id = number_of(backend, "receipt-one")
    found = await store.outgoing(outbox_id)
    assert found.row == await store.outbox(outbox_id)
    assert found.conversation.id == conversation.id
    assert found.case.case_id == filed.case_id
    assert found.suppressed is None
    await queue(store, conversation, "notice")
    alone = await store.outgoing(number_of(backend, "notice"))
    assert alone.case is None
    assert await store.outgoing(999_999) is None


async def test_an_address_that_gets_nothing_says_why(store, backend):
    _reporter, conversation = await person(store, 1)
    await queue(store, conversation, "one", "two")
    await begin(store, number_of(backend, "one"))
    await end(store, number_of(backend, "one"), "dead", outcome="rejected", suppress="21610")
    assert (await store.outgoing(number_of(backend, "two"))).suppressed == "21610"


async def test_the_cases_that_opened_just_before_are_counted_by_what_they_are(store):
    reporter, conversation = await person(store, 1)
    cases = []
    for number, urgency in enumerate((Urgency.NORMAL, Urgency.EMERGENCY, Urgency.NORMAL), 1):
        await store.accept(request_of(str(number)))
        opens = opening_of(reporter, conversation, token=b"%d" % number)
        filing = Filing(
            inbox_id=number, now=START + number, drafts=(draft(conversation, str(number)),),
            opens=type(opens)(**{name: getattr(opens, name) for name in opens.__struct_fields__} | {"urgency": urgency}),
            conversation=ConversationFields(),
        )  # fmt: skip
        cases.append((await store.file(filing)).case_id)
    found = await store.earlier(cases[2], 20)
    assert [(one.opened_at - START, one.urgency, one.category) for one in found] == [
        (2, "emergency", None),
        (1, "normal", None),
    ]
    assert len(await store.earlier(cases[2], 1)) == 1
    assert await store.earlier(cases[0], 20) == []
