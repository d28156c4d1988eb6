"""Twilio's words about one message, in any order and number: one final state, and never a message more than is due."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from backends import FINGERPRINT
from deeds import SECOND, START, begin, end, person, queue
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from treckk_gateway.adapters.twilio import inbound
from treckk_gateway.channel import WebhookRequest
from treckk_gateway.model.delivery import DeliveryState, shown
from treckk_gateway.store.orders import ConversationFields, Filing, Heard, NewMessage
from treckk_gateway.store.sqlite import SQLiteStore

ONE, TWO = ("SM" + digit * 32 for digit in "12")
CLOSED = ("failed", "63016")
WORDS = [
    ("queued", ""), ("sending", ""), ("sent", ""), ("delivered", ""), ("read", ""), ("undelivered", "30003"),
    ("a-new-word", ""), CLOSED,
]  # fmt: skip
SECOND_TRY = [("sent", ""), ("delivered", ""), ("read", ""), ("undelivered", "30003"), ("a-new-word", "")]
REACHED = {"delivered", "read"}


def receipt(sid, word, code):
    """What the webhook of that status means, read by the adapter and filed as intake does."""
    fields = {"MessageSid": sid, "MessageStatus": word, **({"ErrorCode": code} if code else {})}
    url = "https://aduan.example.go.id/channels/wa?delivery=d-a"
    [heard] = inbound.read(WebhookRequest.of("POST", url, (), urlencode(fields).encode()))
    return Heard(
        inbox_id=None, channel_id="wa", now=START + SECOND, state=heard.state, raw_status=heard.raw_status,
        code=heard.code or "", provider_message_id=heard.provider_message_id, delivery_id=heard.delivery_id,
        window_closed=heard.window_closed,
    )  # fmt: skip


async def told(first, answered, second):
    """The row after all of it. `answered` is where among the words Twilio's own answer to the call comes."""
    with tempfile.TemporaryDirectory() as folder:
        store = SQLiteStore(Path(folder), fingerprint=FINGERPRINT)
        await store.open()
        try:
            _, conversation = await person(store, 1)
            message = NewMessage(conversation_id=conversation.id, reporter_id=conversation.reporter_id, body=b"body")
            fields = ConversationFields(last_inbound_at=START, window_until=START + 3600 * SECOND)
            await store.file(Filing(inbox_id=None, now=START, conversation=fields, message=message))
            await queue(store, conversation, "a")
            await begin(store, 1, now=START + SECOND)
            for place in range(len(first) + 1):
                if place == min(answered, len(first)):
                    await end(store, 1, now=START + SECOND, provider_message_id=ONE, heard=DeliveryState.ACCEPTED)
                if place < len(first):
                    await store.hear(receipt(ONE, *first[place]))
            tries = 1
            if (await store.outbox(1)).state == "queued":
                tries = 2
                again = {"attempt_id": "again", "provider_message_id": TWO, "heard": DeliveryState.ACCEPTED}
                await begin(store, 1, now=START + 2 * SECOND, attempt="again")
                await end(store, 1, now=START + 2 * SECOND, **again)
                for sid, word, code in second:
                    await store.hear(receipt(sid, word, code))
            return await store.outbox(1), tries
        finally:
            await store.close()


words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8)
later = st.lists(
    st.one_of(
        st.sampled_from(SECOND_TRY).map(lambda one: (TWO, *one)),
        st.sampled_from([("queued", ""), ("sent", ""), CLOSED, ("a-new-word", "")]).map(lambda one: (ONE, *one)),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(first=words, answered=st.integers(0, 8), second=later)
def test_words_in_any_order_and_number_lead_to_one_state(first, answered, second):
    row, tries = asyncio.run(told(first, answered, second))

    heard = {word for word, _ in first}
    if CLOSED in first and not heard & REACHED:
        assert tries == 2, "nobody has it: it leaves once more"
        facts = {word for sid, word, _ in second if sid == TWO}
    else:
        assert tries == 1
        facts = heard
    expected = shown([DeliveryState.ACCEPTED, *(inbound.STATES.get(one, DeliveryState.UNKNOWN) for one in facts)])
    assert (row.state, row.heard) == ("sent", expected)
