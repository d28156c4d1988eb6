"""What triage sees beside a case, end to end: the same incident told by two people, and a reporter's earlier reports."""

from __future__ import annotations

import pytest
from folk import BUDI, SITI, number_in

FIRST = "Ada orang mabuk minum tuak di pos ronda desa Layap malam ini, sangat mengganggu. Nama saya Iyan"
SECOND = "Pemuda minum tuak sampai mabuk di Layap, tolong ditertibkan sekarang. Nama saya Yuli"


@pytest.fixture
async def chats(make_town):
    return await make_town(channels=("whatsapp", "sms"))


def findings(case, field):
    return [(one["value"], one["reason"]) for one in case["findings"] if one["field"] == field]


async def report(town, way, person, text):
    """The case after triage of a message, read by its number out of the receipt."""
    before = len(town.heard(way, person))
    await town.write(way, person, text)
    receipt = (await town.hears(way, person, before + 1))[-1]
    assert await town.gateway.settled(20)
    return await town.case(number_in(receipt))


async def test_a_second_report_of_one_incident_is_proposed_and_quotes_nobody(chats):
    first = await report(chats, "whatsapp", BUDI, FIRST)
    second = await report(chats, "sms", SITI, SECOND)
    assert findings(first, "duplicate_of") == []
    assert findings(second, "duplicate_of") == [(first["reference"], "same category, same village")]
    assert second["state"] != "duplicate", "a person merges"
    assert not [text for text in chats.heard("sms", SITI) if first["reference"] in text or "Iyan" in text]


async def test_what_became_of_earlier_reports_is_a_hint_for_staff(chats):
    first = await report(chats, "whatsapp", BUDI, FIRST)
    await chats.move(first["reference"], "under_review", by="rini")
    await chats.move(first["reference"], "not_actionable", by="pak-kasat", reason="refuted")
    await chats.hears("whatsapp", BUDI, 3)
    await chats.move(first["reference"], "closed", by="rini")
    await chats.hears("whatsapp", BUDI, 4)
    again = await report(chats, "whatsapp", BUDI, SECOND.replace("Yuli", "Iyan"))
    assert again["reference"] != first["reference"]
    assert findings(again, "history") == [("1", "1 report before: 1 refuted")]
    assert "repeat_report" in again["flags"]
    assert again["state"] in {"received", "under_review"}
