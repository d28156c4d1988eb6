"""What the provider says became of our message: facts in any order, one state shown."""

from __future__ import annotations

from itertools import permutations

import pytest
from folk import BUDI, COMPLAINT, Person

from treckk_gateway.testing.sandbox.twilio import Callbacks


async def own(town, reference=None):
    """The deliveries to the reporter."""
    case = await (town.case(reference) if reference else town.only_case())
    return [one for one in case["deliveries"] if one["to"].startswith("P-")]


async def callback(town, channel, sid, status, *, query="", code=None):
    pairs = [("MessageSid", sid), ("MessageStatus", status), ("AccountSid", town.twilio.account_sid)]
    pairs += [("ErrorCode", str(code))] if code else []
    return (await town.post(town.twilio_request(channel, pairs, query=query)))[0]


@pytest.mark.parametrize("order", [Callbacks.SHUFFLED, Callbacks.DOUBLED, Callbacks.EARLY])
@pytest.mark.parametrize(("way", "state"), [("whatsapp", "read"), ("sms", "delivered")])
async def test_callbacks_out_of_order_twice_or_before_the_answer_give_the_same_state(phones, order, way, state):
    phones.twilio.callbacks = order
    await phones.write(way, BUDI, COMPLAINT)
    await phones.hears(way, BUDI, 1)

    [delivery] = await own(phones)
    assert (delivery["state"], delivery["attempts"]) == (state, 1)
    assert delivery["provider_message_id"] == phones.twilio.phone(BUDI.at(way).removeprefix("sms:"))[0].sid
    kinds = {"whatsapp": 3, "sms": 2}[way]
    assert phones.rows("SELECT count(*) FROM receipt") == [(kinds,)]


async def test_every_order_of_the_same_facts_shows_the_same(phones):
    phones.twilio.callbacks = Callbacks.NONE
    cases = [
        (facts, shown)
        for words, shown in [
            (("sent", "delivered", "read"), "read"),
            (("sent", "failed"), "failed"),
            (("sent", "undelivered", "delivered"), "delivered"),
            (("sent", "a-new-word-of-theirs"), "sent"),
        ]
        for facts in permutations(words)
    ]
    people = [Person.numbered(count) for count in range(100, 100 + len(cases))]
    for person in people:
        await phones.write("whatsapp", person, COMPLAINT)
    await phones.settled()

    for person, (facts, _) in zip(people, cases, strict=True):
        sid = phones.twilio.phone(f"whatsapp:{person.number}")[0].sid
        for word in facts:
            assert (
                await phones.twilio.report(sid, word, 30003 if word in {"failed", "undelivered"} else None)
            ).status == 200
    await phones.settled()

    query = "SELECT attempt.provider_message_id, heard FROM attempt JOIN outbox ON outbox.id = outbox_id"
    found = dict(phones.rows(query))
    for person, (facts, shown) in zip(people, cases, strict=True):
        assert found[phones.twilio.phone(f"whatsapp:{person.number}")[0].sid] == shown, facts


async def test_after_the_provider_took_it_it_is_not_called_delivered(phones):
    phones.twilio.callbacks = Callbacks.NONE
    await phones.write("whatsapp", BUDI, COMPLAINT)
    await phones.hears("whatsapp", BUDI, 1)

    assert [one["state"] for one in await own(phones)] == ["accepted"]


async def test_a_callback_of_another_channel_with_the_same_id_changes_nothing(phones):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    await phones.hears("whatsapp", BUDI, 1)
    [delivery] = await own(phones)
    sid = delivery["provider_message_id"]

    assert await callback(phones, "sms", sid, "failed", code=30005) == 200
    assert await callback(phones, "sms", sid, "failed", query=f"?delivery={delivery['delivery_id']}") == 200
    assert await callback(phones, "whatsapp", "SM" + "f" * 32, "failed", code=30005) == 200
    await phones.settled()

    assert await own(phones) == [delivery]
    assert phones.rows("SELECT count(*) FROM suppression") == [(0,)]
    assert phones.rows("SELECT count(*) FROM receipt WHERE outbox_id IS NULL") == [(3,)]


async def test_a_late_word_never_moves_it_back(phones):
    await phones.write("whatsapp", BUDI, COMPLAINT)
    await phones.hears("whatsapp", BUDI, 1)
    [before] = await own(phones)

    for word in ("queued", "sent", "failed", "undelivered"):
        await phones.twilio.report(before["provider_message_id"], word)
    await phones.settled()

    assert before["state"] == "read"
    assert await own(phones) == [before]


async def test_an_opt_out_told_only_by_a_callback_silences_the_address_until_its_owner_asks(phones):
    phones.twilio.callbacks = Callbacks.NONE
    await phones.write("whatsapp", BUDI, COMPLAINT)
    await phones.hears("whatsapp", BUDI, 1)
    [delivery] = await own(phones)
    await phones.twilio.report(delivery["provider_message_id"], "failed", 21610)
    await phones.settled()
    reference = (await phones.only_case())["reference"]
    await phones.move(reference, "under_review", by="rini")
    await phones.hears("whatsapp", BUDI, 1)
    assert [(one["state"], one["reason"]) for one in await own(phones)] == [
        ("failed", None), ("cancelled", "opted_out"),
    ]  # fmt: skip
    assert await phones.api("POST", f"/cases/{reference}/reach") == (200, {"addresses": 0}), "only its owner lifts it"

    await phones.write("whatsapp", BUDI, "MULAI")
    await phones.hears("whatsapp", BUDI, 2)
    await phones.move(reference, "instructed", by="pak-kasat", post="paringin")
    await phones.hears("whatsapp", BUDI, 3)


async def test_a_failure_told_only_by_a_callback_keeps_the_rest_from_a_dead_number(phones):
    phones.twilio.callbacks = Callbacks.NONE
    await phones.write("whatsapp", BUDI, COMPLAINT)
    await phones.hears("whatsapp", BUDI, 1)
    [delivery] = await own(phones)
    await phones.twilio.report(delivery["provider_message_id"], "undelivered", 63024)
    await phones.settled()

    reference = (await phones.only_case())["reference"]
    await phones.move(reference, "under_review", by="rini")
    await phones.hears("whatsapp", BUDI, 1)

    assert [(one["state"], one["reason"]) for one in await own(phones)] == [
        ("failed", None), ("cancelled", "63024"),
    ]  # fmt: skip
