"""Order and the right to send (reference, section 4.1, and section 10, tests 10 to 12, 14, 17, 18, 38)."""

from __future__ import annotations

import asyncio

import pytest
from deeds import SECOND, START, begin, draft, end, event, number_of, open_case, person, queue, request_of

from treckk_gateway.model import DeliveryState, EventKind
from treckk_gateway.store.orders import ConversationFields, Filing, Heard, NewMessage, Pace
from treckk_gateway.store.rows import Go, Nothing, NotYet, Topic


@pytest.fixture
async def two(store):
    """Two messages of one conversation, in order."""
    _, conversation = await person(store, 1)
    await queue(store, conversation, "a", "b")
    return 1, 2


async def test_of_two_messages_begun_at_once_the_first_goes(others, two):
    outcomes = await asyncio.gather(*[begin(others[n], two[n % 2]) for n in range(2)])
    assert outcomes == [Go(), NotYet(None)]


async def test_a_message_begun_by_many_at_once_goes_once(others, two):
    outcomes = await asyncio.gather(*[begin(others[n % 3], two[0], attempt=f"t{n}") for n in range(9)])
    assert sum(one == Go() for one in outcomes) == 1
    assert sum(one == Nothing() for one in outcomes) == 8


async def test_the_next_goes_when_the_one_before_ended(store, two):
    await begin(store, two[0])
    assert await end(store, two[0])
    assert await begin(store, two[1]) == Go()


async def test_a_head_in_backoff_holds_its_own_conversation_only(store, backend, two):
    _, other = await person(store, 2)
    await queue(store, other, "c")
    await begin(store, two[0])
    await end(store, two[0], "queued", due=START + 60 * SECOND)
    assert await begin(store, two[1]) == NotYet(None)
    assert await begin(store, two[0], attempt="again") == NotYet(START + 60 * SECOND)
    assert await begin(store, number_of(backend, "c")) == Go()


@pytest.mark.parametrize("state", ["dead", "cancelled", "held", "sent"])
async def test_what_was_given_up_or_set_aside_holds_nobody_back(store, two, state):
    await begin(store, two[0])
    await end(store, two[0], state, outcome="over")
    assert await begin(store, two[1]) == Go()


async def test_what_is_uncertain_holds_back_until_it_is_settled(store, two):
    await begin(store, two[0])
    await end(store, two[0], "uncertain", outcome="uncertain")
    assert await begin(store, two[1]) == NotYet(None)
    assert [row.id for row in await store.uncertain(START + 1)] == [two[0]]
    assert await end(store, two[0], "sent")
    assert await begin(store, two[1]) == Go()


async def test_urgent_goes_before_others_and_waits_for_what_is_under_way(store, backend, two):
    _, conversation = await person(store, 1)
    await queue(store, conversation, "urgent", urgent=True)
    urgent = number_of(backend, "urgent")
    assert (await store.heads(START, 10))[0].row_id == urgent
    assert await begin(store, two[0]) == NotYet(None), "something urgent is due"
    assert await begin(store, urgent) == Go()
    assert await begin(store, two[0]) == NotYet(None), "one at a time"
    await end(store, urgent)
    assert await begin(store, two[0]) == Go()


async def test_what_is_due_later_is_not_begun_early(store, backend):
    _, conversation = await person(store, 1)
    await queue(store, conversation, "later", due=START + SECOND)
    assert await begin(store, 1) == NotYet(START + SECOND)
    assert await store.next_due() == START + SECOND
    assert await begin(store, 1, now=START + SECOND) == Go()


async def test_work_that_could_be_done_is_not_what_waits_behind_a_message_that_failed(store, two):
    assert await store.oldest_work(START - 1) is None
    assert await store.oldest_work(START + SECOND) == START
    await begin(store, two[0])
    assert await store.oldest_work(START + SECOND) is None, "the second waits for the first"
    await end(store, two[0], "queued", due=START + 60 * SECOND)
    assert await store.next_due() == START
    assert await store.oldest_work(START + SECOND) is None
    assert await store.oldest_work(START + 61 * SECOND) == START + 60 * SECOND
    await store.accept(request_of("SM1", now=START + 2 * SECOND))
    assert await store.oldest_work(START + 61 * SECOND) == START + 2 * SECOND


async def test_a_late_end_is_kept_as_a_fact_and_moves_nothing(store, backend, two):
    await begin(store, two[0])
    await end(store, two[0], "dead", outcome="uncertain")
    assert not await end(store, two[0], "sent", provider_message_id="P1")
    assert (await store.outbox(two[0])).state == "dead"
    assert backend.rows("SELECT outcome, provider_message_id FROM attempt") == [("accepted", "P1")]


async def test_an_end_of_an_older_attempt_moves_nothing(store, two):
    await begin(store, two[0], attempt="first")
    await end(store, two[0], "queued", attempt_id="first", due=START)
    await begin(store, two[0], attempt="second")
    assert not await end(store, two[0], "sent", attempt_id="first")
    assert (await store.outbox(two[0])).state == "sending"


async def test_a_provider_that_repeats_an_id_loses_us_no_end(store, backend, two):
    for number in two:
        await begin(store, number)
        assert await end(store, number, provider_message_id="P1")
    assert backend.rows("SELECT provider_message_id FROM attempt ORDER BY outbox_id") == [("P1",), (None,)]


async def test_a_dead_letter_replayed_twice_is_sent_once(others, backend, two):
    await begin(others[0], two[0])
    await end(others[0], two[0], "dead", outcome="rejected")
    done = await asyncio.gather(*[others[n % 3].revive(two[0], None, START + n) for n in range(6)])
    assert sum(done) == 1
    assert (await others[0].outbox(two[0])).attempts == 0


async def test_together_they_stay_below_the_rate(others):
    """Ten a second with a burst of five, asked by several as fast as they can for a while of the clock's own."""
    pace, names = Pace(interval=SECOND // 10, burst=4 * (SECOND // 10)), [f"m{n}" for n in range(60)]
    for n, name in enumerate(names):
        _, conversation = await person(others[0], n)
        await queue(others[0], conversation, name)
    gone, span = [], 2 * SECOND
    for now in range(START, START + span, SECOND // 50):
        rows = [wake.row_id for wake in await others[0].heads(now, 8)]
        outcomes = await asyncio.gather(
            *[begin(others[n % 3], row, now=now, pace=pace) for n, row in enumerate(rows)]
        )  # fmt: skip
        gone += [now for one in outcomes if one == Go()]
    assert 20 <= len(gone) <= 5 + span // (SECOND // 10)


async def test_a_clock_set_back_by_an_hour_stops_no_channel(store, two):
    pace = Pace(interval=SECOND, burst=0)
    assert await begin(store, two[0], now=START + 3600 * SECOND, pace=pace) == Go()
    await end(store, two[0])
    assert await begin(store, two[1], now=START, pace=pace) == Go()


RECEIPTS = [
    DeliveryState.SENT,
    DeliveryState.DELIVERED,
    DeliveryState.FAILED,
    DeliveryState.READ,
    DeliveryState.UNKNOWN,
]


def heard(state, **more):
    given = {"channel_id": "wa", "delivery_id": "d-a", "raw_status": str(state)} | more
    return Heard(inbox_id=None, now=START, state=state, **given)


@pytest.mark.parametrize("order", [RECEIPTS, RECEIPTS[::-1], RECEIPTS[2:] + RECEIPTS[:2]])
async def test_receipts_only_move_a_delivery_forward(store, backend, two, order):
    await begin(store, two[0])
    await end(store, two[0])
    for one in [*order, *order]:
        await store.hear(heard(one))
    assert (await store.outbox(two[0])).heard is DeliveryState.READ
    assert backend.rows("SELECT count(*) FROM receipt") == [(5,)]


async def test_a_receipt_settles_what_was_uncertain_and_frees_the_next(store, backend, two):
    await begin(store, two[0])
    await end(store, two[0], "uncertain", outcome="uncertain")
    await store.hear(heard(DeliveryState.DELIVERED, provider_message_id="P9"))
    assert (await store.outbox(two[0])).state == "sent"
    assert backend.rows("SELECT provider_message_id FROM attempt") == [("P9",)]
    assert await begin(store, two[1]) == Go()


async def test_a_receipt_of_another_channel_is_not_ours(store, two):
    await begin(store, two[0])
    await end(store, two[0], provider_message_id="P1")
    await store.hear(heard(DeliveryState.READ, channel_id="sms") if False else Heard(
        inbox_id=None, channel_id="sms", now=START, state=DeliveryState.READ, raw_status="read", provider_message_id="P1",
    ))  # fmt: skip
    assert (await store.outbox(two[0])).heard is not DeliveryState.READ


async def test_what_a_receipt_names_is_found_by_our_id_or_the_providers_on_its_own_channel(store, two):
    await begin(store, two[0])
    await end(store, two[0], provider_message_id="P1")
    [ours, channel_id] = [(await store.outbox(two[0])).delivery_id, (await store.outbox(two[0])).channel_id]

    for named in ((ours, None), (None, "P1"), (ours, "P2"), ("unknown", "P1")):
        assert (await store.sent_as(channel_id, *named)).id == two[0]
    assert await store.sent_as("other", ours, "P1") is None
    assert await store.sent_as(channel_id, None, None) is None


async def test_an_address_that_wants_silence_gets_none_until_it_writes(store, two):
    _, conversation = await person(store, 1)
    await begin(store, two[0])
    await end(store, two[0], "dead", outcome="optedout", suppress="opted_out", opted_out=True)
    assert (await store.outgoing(two[1])).suppressed == "opted_out"
    assert (await store.conversation(conversation.id)).opted_out_at == START


async def test_addresses_set_aside_are_lifted_but_for_who_opted_out_and_it_stands_on_the_case(store, backend):
    reporter, conversation = await person(store, 1)
    filed = await open_case(store, "SM1", reporter, conversation, inbox_id=1)
    note = event(EventKind.REPLAYED)
    assert await store.lift(filed.case_id, note, START) == 0
    row = number_of(backend, "receipt-SM1")
    await begin(store, row)
    await end(store, row, "dead", outcome="rejected", suppress="30005")
    _, other = await person(store, 2)
    await queue(store, other, "other")
    stranger = number_of(backend, "other")
    await begin(store, stranger)
    await end(store, stranger, "dead", outcome="rejected", suppress="30006")
    events = len((await store.case_file(filed.case_id)).events)

    assert await store.lift(filed.case_id, note, START + SECOND) == 1
    assert [(await store.outgoing(one)).suppressed for one in (row, stranger)] == [None, "30006"]
    assert await store.lift(filed.case_id, note, START + 2 * SECOND) == 0
    told = (await store.case_file(filed.case_id)).events
    assert (len(told), told[-1].kind, told[-1].at) == (events + 1, EventKind.REPLAYED, START + SECOND)

    await queue(store, conversation, "later")
    later = number_of(backend, "later")
    await begin(store, later)
    await end(store, later, "dead", outcome="optedout", suppress="opted_out", opted_out=True)
    assert await store.lift(filed.case_id, note, START + 3 * SECOND) == 0
    assert (await store.outgoing(later)).suppressed == "opted_out"
    assert len((await store.case_file(filed.case_id)).events) == events + 1


async def test_what_was_under_way_when_its_time_ran_out_is_uncertain(store, two):
    await begin(store, two[0])
    assert await store.recover(START + 3600 * SECOND) == 1
    assert (await store.outbox(two[0])).state == "uncertain"
    assert await store.recover(START + 3600 * SECOND) == 0


async def test_the_case_of_a_reply_is_found_by_what_we_sent(store, backend):
    reporter, conversation = await person(store, 1)
    filed = await open_case(store, "SM1", reporter, conversation, inbox_id=1)
    row = number_of(backend, "receipt-SM1")
    await begin(store, row)
    await end(store, row, provider_message_id="<mail-id>")
    case, party = await store.case_of_reply("wa", None, ["<other>", "<mail-id>"])
    assert (case.case_id, party.reporter_id) == (filed.case_id, reporter.id)
    assert await store.case_of_reply("sms", None, ["<mail-id>"]) is None
    assert (await store.case_of_reply("wa", b"SM1", []))[0].case_id == filed.case_id
    assert (await store.case_of_request("wa", "SM1")).case_id == filed.case_id


async def test_heads_are_the_first_of_each_conversation(store, backend):
    for n in range(3):
        _, conversation = await person(store, n)
        await store.file(
            Filing(inbox_id=None, now=START, drafts=tuple(draft(conversation, f"{n}-{m}") for m in range(40)))
        )  # fmt: skip
    wakes = await store.heads(START, 10)
    assert [(wake.topic, wake.row_id) for wake in wakes] == [(Topic.OUTBOX, 1), (Topic.OUTBOX, 41), (Topic.OUTBOX, 81)]


async def opened(store, conversation, *, at=START, until=START + 100 * SECOND):
    """Its person wrote: what was held may leave."""
    fields = ConversationFields(last_inbound_at=at, window_until=until)
    message = NewMessage(conversation_id=conversation.id, reporter_id=conversation.reporter_id, body=b"sealed body")
    await store.file(Filing(inbox_id=None, now=at, conversation=fields, message=message))


async def test_what_is_refused_for_the_window_goes_back_where_we_thought_it_open(store, two):
    _, conversation = await person(store, 1)
    await opened(store, conversation)
    await begin(store, two[0])

    assert await end(store, two[0], "held", reason="window_closed", window_closed=True)

    row = await store.outbox(two[0])
    assert (row.state, row.reason, row.heard) == ("queued", "window_closed", DeliveryState.PENDING)
    assert (await store.conversation(conversation.id)).window_until == START
    await begin(store, two[0], now=START + SECOND, attempt="again")
    await end(store, two[0], "held", attempt_id="again", reason="window_closed", window_closed=True)
    assert (await store.outbox(two[0])).state == "held", "it was known to be closed: nothing else helps"


async def test_who_wrote_meanwhile_is_answered_and_not_held(store, two):
    _, conversation = await person(store, 1)
    await begin(store, two[0])
    await opened(store, conversation, at=START + SECOND)

    await end(store, two[0], "held", reason="window_closed", window_closed=True, now=START + 2 * SECOND)

    assert (await store.outbox(two[0])).state == "queued"
    assert (await store.conversation(conversation.id)).window_until == START + 100 * SECOND
    await store.hold(two[1], "held", "window_closed", None, unless_open=START + 50 * SECOND)
    assert (await store.outbox(two[1])).state == "queued"
    await store.hold(two[1], "held", "window_closed", None, unless_open=START + 101 * SECOND)
    assert (await store.outbox(two[1])).state == "held"


async def test_a_late_word_that_the_window_was_closed_brings_it_back_once(store, two):
    _, conversation = await person(store, 1)
    await opened(store, conversation)
    await begin(store, two[0])
    await end(store, two[0], provider_message_id="P1")
    late = heard(DeliveryState.FAILED, provider_message_id="P1", code="63016", window_closed=True)
    await store.hear(late)
    assert (await store.outbox(two[0])).state == "queued"

    await begin(store, two[0], attempt="again")
    for one in (late, heard(DeliveryState.SENT, provider_message_id="P1")):
        await store.hear(one)
    await end(store, two[0], attempt_id="again", provider_message_id="P2")
    await store.hear(late)

    row = await store.outbox(two[0])
    assert (row.state, row.heard) == ("sent", DeliveryState.PENDING)
    await store.hear(heard(DeliveryState.READ, provider_message_id="P2"))
    assert (await store.outbox(two[0])).heard is DeliveryState.READ


async def test_what_reached_its_reader_after_all_does_not_leave_again(store, two):
    _, conversation = await person(store, 1)
    await opened(store, conversation)
    await begin(store, two[0])
    await end(store, two[0], provider_message_id="P1")
    await store.hear(heard(DeliveryState.FAILED, provider_message_id="P1", window_closed=True))
    await store.hear(heard(DeliveryState.DELIVERED, provider_message_id="P1"))

    row = await store.outbox(two[0])
    assert (row.state, row.heard) == ("sent", DeliveryState.DELIVERED)


async def test_a_word_heard_before_the_providers_answer_counts_too(store, two):
    _, conversation = await person(store, 1)
    await opened(store, conversation)
    await begin(store, two[0])
    await store.hear(heard(DeliveryState.FAILED, provider_message_id="P1", window_closed=True))
    assert (await store.outbox(two[0])).state == "sending"

    assert await end(store, two[0], provider_message_id="P1")

    assert (await store.outbox(two[0])).state == "queued"


async def test_the_word_that_something_waits_ends_when_its_reader_writes(store, backend):
    _, conversation = await person(store, 1)
    await queue(store, conversation, "news", template="answer_waiting")
    assert not await store.told_of_waiting(conversation.id)
    await begin(store, 1)
    await end(store, 1)
    assert await store.told_of_waiting(conversation.id)
    await queue(store, conversation, "more", template="answer_waiting", due=START + 50 * SECOND)

    await opened(store, conversation, at=START + SECOND)

    assert not await store.told_of_waiting(conversation.id)
    assert [(row.state, row.reason) for row in [await store.outbox(number_of(backend, "more"))]] == [
        ("cancelled", "answered")
    ]


async def test_an_answer_takes_the_next_slot_before_a_notice_that_asked_first(store, backend):
    """A notice may run ahead less (`outbound.turns.pace_of`), so its turn comes a little later."""
    answer, notice = Pace(interval=SECOND, burst=0), Pace(interval=SECOND, burst=-SECOND // 4)
    for n, name in enumerate("abc"):
        _, conversation = await person(store, n)
        await queue(store, conversation, name)
    first, bulk, reply = (number_of(backend, name) for name in "abc")
    assert await begin(store, first, pace=answer) == Go()

    assert await begin(store, bulk, pace=notice) == NotYet(START + SECOND + SECOND // 4)
    assert await begin(store, reply, pace=answer) == NotYet(START + SECOND)

    assert await begin(store, reply, now=START + SECOND, pace=answer) == Go()
    assert isinstance(await begin(store, bulk, now=START + SECOND + SECOND // 4, pace=notice), NotYet)
    assert await begin(store, bulk, now=START + 9 * SECOND // 4, pace=notice) == Go()


async def test_an_id_that_a_receipt_told_first_is_kept_when_the_providers_answer_comes(store, backend, two):
    await begin(store, two[0])
    await store.hear(heard(DeliveryState.SENT, provider_message_id="P1"))
    await end(store, two[0], provider_message_id="P1")
    assert backend.rows("SELECT provider_message_id FROM attempt") == [("P1",)]


async def test_what_was_heard_before_the_providers_answer_is_not_taken_back_by_it(store, two):
    await begin(store, two[0])
    await store.hear(heard(DeliveryState.DELIVERED, provider_message_id="P1"))

    assert await end(store, two[0], provider_message_id="P1", heard=DeliveryState.ACCEPTED)

    row = await store.outbox(two[0])
    assert (row.state, row.heard) == ("sent", DeliveryState.DELIVERED)


async def test_a_word_of_the_providers_answer_that_nobody_knows_moves_nothing(store, two):
    await begin(store, two[0])
    await end(store, two[0], heard=DeliveryState.UNKNOWN)
    assert (await store.outbox(two[0])).heard is DeliveryState.PENDING
