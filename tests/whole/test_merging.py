"""Several reporters of one incident: each is told on their own channel by their own number, and none learns of another."""

from __future__ import annotations

import re

import pytest
from folk import ARIF, BUDI, SITI, number_in

TEXTS = {
    "whatsapp": "Ada pedagang jualan di trotoar depan pasar Paringin tiap pagi, MARKAWA jadi macet",
    "sms": "Pedagang kaki lima di trotoar pasar Paringin tiap pagi MARKASMS menutup jalan",
    "email": "Trotoar pasar Paringin dipakai pedagang kaki lima tiap pagi, MARKAMAIL mohon ditertibkan",
}
PEOPLE = {"whatsapp": BUDI, "sms": SITI, "email": ARIF}


async def reported(town, *ways):
    """The number each of them was given."""
    numbers = {}
    for way in ways:
        await town.write(way, PEOPLE[way], TEXTS[way])
        numbers[way] = number_in((await town.hears(way, PEOPLE[way]))[0])
    assert len(set(numbers.values())) == len(ways)
    return numbers


async def merge(town, child, parent, *, by="rini"):
    await town.move(child, "duplicate", by=by, parent=parent)


async def unmerge(town, child):
    status, told = await town.api("POST", f"/cases/{child}/unmerge", by="rini", note="bukan kejadian yang sama")
    assert status == 200, told
    return told


def nothing_of_others(town, numbers):
    """Whatever reached somebody holds their own number and words only."""
    for way, person in PEOPLE.items():
        said = "\n".join(town.heard(way, person))
        for other, number in numbers.items():
            if other != way:
                assert number not in said
                assert re.search(r"MARKA\w+", TEXTS[other])[0] not in said
                assert PEOPLE[other].number not in said


def told_each(town):
    """How much each was told; a question for what a report lacks comes when its time is there, however slow we are."""
    return [sum("?" not in one for one in town.heard(way, who)) for way, who in PEOPLE.items()]


async def test_three_reporters_over_three_channels_a_merge_updates_and_its_undo(town):
    numbers = await reported(town, "whatsapp", "sms", "email")
    parent = numbers["whatsapp"]
    await town.move(parent, "under_review", by="rini")
    for way in ("sms", "email"):
        await merge(town, numbers[way], parent)
    await town.settled()
    assert told_each(town) == [2, 2, 2]

    await town.move(parent, "instructed", by="pak-kasat", post="paringin")
    await town.settled()
    for way, who in PEOPLE.items():
        assert len(town.heard(way, who)) == 3, way
        assert number_in(town.heard(way, who)[-1]) == numbers[way]
    nothing_of_others(town, numbers)

    told = await unmerge(town, numbers["sms"])
    assert (told["reference"], told["state"]) == (numbers["sms"], "received")
    await town.settled()
    assert told_each(town) == [3, 4, 3]
    await town.move(parent, "en_route", by="danru-paringin")
    await town.move(parent, "resolved", by="danru-paringin", note="Pedagang dipindahkan")
    await town.settled()
    assert told_each(town) == [5, 4, 5]
    assert number_in(town.heard("email", ARIF)[-1]) == numbers["email"]
    await town.move(numbers["sms"], "under_review", by="rini")
    await town.settled()
    assert told_each(town) == [5, 5, 5]
    nothing_of_others(town, numbers)

    events = [(one["kind"], one["data"]) for one in (await town.case(parent))["events"]]
    assert ("merged", {"merged": numbers["sms"]}) in events
    assert ("unmerged", {"unmerged": numbers["sms"]}) in events
    child = await town.case(numbers["sms"])
    steps = [(one["kind"], one["source"], one["target"]) for one in child["events"] if one["kind"] != "asked"]
    assert steps[-3:-1] == [("transition", "received", "duplicate"), ("unmerged", "duplicate", "received")]
    assert not re.search(r"62812\d|example\.org", str([one["events"] for one in (child, await town.case(parent))]))


@pytest.mark.parametrize("by", ["thread", "number", "only open case"])
async def test_a_message_to_the_merged_case_joins_the_other_and_returns_with_the_undo(town, by):
    numbers = await reported(town, "whatsapp", "email")
    parent, child = numbers["whatsapp"], numbers["email"]
    await merge(town, child, parent)
    await town.settled()
    text = "MARKASUSUL mereka masih di sana sampai siang"
    if by == "thread":
        await town.mail.reply(town.mail.mailbox(ARIF.mail)[0], text)
    else:
        await town.write("email", ARIF, f"{child} {text}" if by == "number" else text)
    await town.settled()

    joined = await town.case(parent)
    assert any("MARKASUSUL" in one["text"] for one in joined["messages"])
    assert any("MARKAMAIL" in one["text"] for one in joined["messages"]), "staff judge sameness by all texts"
    assert joined["merged"] == [child]
    assert (await town.case(child))["parent"] == parent
    assert len(await town.cases()) == 2

    await unmerge(town, child)
    kept, returned = await town.case(parent), await town.case(child)
    assert not any("MARKASUSUL" in one["text"] or "MARKAMAIL" in one["text"] for one in kept["messages"])
    assert sum("MARKA" in one["text"] and one["direction"] == "in" for one in returned["messages"]) == 2
    assert (kept["merged"], returned["parent"]) == ([], None)
    nothing_of_others(town, numbers)


async def test_the_status_of_a_merged_report_follows_by_its_own_number(town):
    numbers = await reported(town, "whatsapp", "sms")
    await merge(town, numbers["sms"], numbers["whatsapp"])
    await town.move(numbers["whatsapp"], "under_review", by="rini")
    await town.settled()
    before = len(town.heard("sms", SITI))
    await town.write("sms", SITI, "STATUS")
    await town.settled()
    [answer] = town.heard("sms", SITI)[before:]
    assert number_in(answer) == numbers["sms"]
    assert town.gateway.profile.state_word("under_review", "id") in answer
    await town.write("sms", SITI, f"status {numbers['sms']}")
    await town.write("sms", SITI, f"status {numbers['whatsapp']}")
    await town.settled()
    nothing_of_others(town, numbers)


async def test_who_joins_a_case_with_an_outcome_is_told_it(town):
    numbers = await reported(town, "whatsapp", "sms")
    for to, by, more in (
        ("under_review", "rini", {}), ("instructed", "pak-kasat", {"post": "paringin"}),
        ("en_route", "danru-paringin", {}), ("resolved", "danru-paringin", {"note": "Pedagang dipindahkan"}),
    ):  # fmt: skip
        await town.move(numbers["whatsapp"], to, by=by, **more)
    await merge(town, numbers["sms"], numbers["whatsapp"])
    await town.settled()
    assert [number_in(one) for one in town.heard("sms", SITI)] == [numbers["sms"]] * 3
    assert "sudah ditindaklanjuti" in town.heard("sms", SITI)[-1]
    assert number_in(town.heard("sms", SITI)[-1]) == numbers["sms"]


async def test_chains_lead_on_and_an_undo_takes_along_what_was_merged_before(town):
    numbers = await reported(town, "whatsapp", "sms", "email")
    first, second, third = (numbers[way] for way in ("whatsapp", "sms", "email"))
    await merge(town, third, second)
    await merge(town, second, first)
    await town.settled()
    heard = {way: len(town.heard(way, who)) for way, who in PEOPLE.items()}
    assert heard["sms"] == heard["email"] == 2
    await town.move(first, "under_review", by="rini")
    await town.settled()
    assert {way: len(town.heard(way, who)) - heard[way] for way, who in PEOPLE.items()} == dict.fromkeys(PEOPLE, 1)

    await unmerge(town, second)
    await town.move(second, "under_review", by="rini")
    await town.settled()
    assert {way: len(town.heard(way, who)) - heard[way] for way, who in PEOPLE.items()} == {
        "whatsapp": 1, "sms": 3, "email": 2,
    }  # fmt: skip
    nothing_of_others(town, numbers)


async def test_what_cannot_be_merged_is_refused_with_the_reason(phones):
    numbers = []
    for person in (BUDI, SITI):
        await phones.write("whatsapp", person, TEXTS["whatsapp"])
        numbers.append(number_in((await phones.hears("whatsapp", person))[0]))
    one, two = numbers

    async def refused(child, parent, *, by="rini"):
        status, told = await phones.api("POST", f"/cases/{child}/transitions", by=by, to="duplicate", parent=parent)
        assert status in {404, 409, 422}, told
        return told["detail"]

    assert "itself" in await refused(one, one)
    assert "no case has that number" in await refused(one, "TRK-2611-99999")
    await merge(phones, one, two)
    assert "itself" in await refused(two, one), "the other way round would be a circle"
    assert "cannot become duplicate" in await refused(one, two)
    status, told = await phones.api("POST", f"/cases/{two}/unmerge", by="rini")
    assert (status, told["detail"]) in {(409, "this case is not merged into another"), (415, told["detail"])}
    status, told = await phones.api("POST", f"/cases/{one}/unmerge", by="danru-paringin", note="x")
    assert status == 403
    await phones.write("whatsapp", ARIF, TEXTS["sms"])
    third = number_in((await phones.hears("whatsapp", ARIF))[0])
    await phones.move(two, "rejected_spam", by="rini")
    assert "nothing can be merged into it" in await refused(third, two)


async def test_a_complaint_about_the_unit_is_merged_with_its_like_only(phones):
    await phones.write("whatsapp", BUDI, TEXTS["whatsapp"])
    ordinary = number_in((await phones.hears("whatsapp", BUDI))[0])
    secret = []
    for person in (SITI, ARIF):
        await phones.write("whatsapp", person, "Saya mau mengadukan anggota Satpol PP yang minta uang kepada pedagang")
        await phones.settled()
        secret.append(number_in(phones.heard("whatsapp", person)[0]))
    assert {(await phones.get(f"/cases/{one}", by="pak-kasat"))["category"] for one in secret} == {"layanan_satpol"}

    for by, child, parent, expected in (
        ("rini", ordinary, secret[0], 404), ("pak-kasat", ordinary, secret[0], 422),
        ("pak-kasat", secret[0], ordinary, 422), ("pak-kasat", secret[0], secret[1], 200),
    ):  # fmt: skip
        status, told = await phones.api("POST", f"/cases/{child}/transitions", by=by, to="duplicate", parent=parent)
        assert status == expected, told


async def test_one_message_becomes_a_case_of_its_own(phones):
    await phones.write("whatsapp", BUDI, TEXTS["whatsapp"])
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])
    await phones.write("whatsapp", BUDI, "Foto menyusul, di Layap juga ada warung jual miras MARKALAIN")
    await phones.settled()
    before = len(phones.heard("whatsapp", BUDI))
    messages = [one for one in (await phones.case(reference))["messages"] if one["direction"] == "in"]

    status, made = await phones.api("POST", f"/cases/{reference}/messages/{messages[-1]['id']}/split", by="rini")

    assert status == 201, made
    await phones.settled()
    assert made["reference"] != reference
    other = await phones.case(made["reference"])
    assert ["MARKALAIN" in one["text"] for one in other["messages"] if one["direction"] == "in"] == [True]
    kept = [one["text"] for one in (await phones.case(reference))["messages"] if one["direction"] == "in"]
    assert kept == [TEXTS["whatsapp"]]
    [receipt] = phones.heard("whatsapp", BUDI)[before:]
    assert number_in(receipt) == made["reference"]
    assert other["category"] == "miras"
    status, told = await phones.api("POST", f"/cases/{reference}/messages/{messages[-1]['id']}/split", by="rini")
    assert status == 404
    status, told = await phones.api("POST", f"/cases/{reference}/messages/{messages[0]['id']}/split", by="rini")
    assert (status, "only message" in told["detail"]) == (409, True)


async def test_who_has_a_case_is_an_event_with_before_and_after(phones):
    await phones.write("whatsapp", BUDI, TEXTS["whatsapp"])
    reference = number_in((await phones.hears("whatsapp", BUDI))[0])
    for post, expected in (("juai", 200), ("juai", 409), (None, 200), ("bulan", 422)):
        status, _ = await phones.api("POST", f"/cases/{reference}/assignment", by="rini", post=post, note="dekat sana")
        assert status == expected
    await phones.move(reference, "under_review", by="rini")
    await phones.move(reference, "instructed", by="pak-kasat", post="awayan")
    events = [(one["kind"], one["data"]) for one in (await phones.case(reference))["events"]]
    assert [data for kind, data in events if kind == "assigned"] == [
        {"before": "paringin", "after": "juai", "note": "dekat sana"},
        {"before": "juai", "after": "mako", "note": "dekat sana"},
    ]
    assert ("transition", {"post": "awayan", "post_before": "mako"}) in events
    assert (await phones.api("POST", f"/cases/{reference}/assignment", by="danru-juai", post="juai"))[0] == 403
