"""The clocks of a case are set when it opens, just as a look at them right afterwards sets them."""

from __future__ import annotations

import pytest
from folk import BUDI, COMPLAINT, Person

from treckk_gateway.store.sql.store import SqlStore

TOLD = {
    "a complaint": COMPLAINT,
    "danger": "Tolong, ada orang mengamuk bawa parang di depan pasar Paringin, sudah ada yang luka",
    "about the unit": "Saya melaporkan anggota Satpol PP yang meminta uang kepada pedagang di pasar Paringin",
    "a request": "Mohon informasi syarat izin keramaian untuk acara pernikahan",
    "an event": "Mohon bantuan pengamanan acara haul di Desa Layap Paringin hari Minggu, massa 500 orang",
}


def clocks(town):
    return town.rows(
        "SELECT cases.id, cases.due_at, timer.due, timer.state FROM cases LEFT JOIN timer"
        " ON timer.case_id = cases.id AND timer.kind = 'clock' ORDER BY cases.id"
    )


@pytest.mark.parametrize("hours", [0, 10], ids=["by day", "by night"])
async def test_set_at_the_opening_they_are_as_looked_at_afterwards(town, hours):
    town.clock.advance(hours * 3600)
    for number, text in enumerate(TOLD.values()):
        await town.write("whatsapp", Person.numbered(100 + number), text)
    await town.settled()
    set_then = clocks(town)
    assert len(set_then) == len(TOLD)
    assert all(due is not None for _case, _due_at, due, _state in set_then)

    await town.gateway._parts.store.recount("other rules", int(town.clock.seconds() * 1_000_000))
    town.wake()
    await town.settled()
    assert clocks(town) == set_then


async def test_a_case_that_opens_is_not_looked_at_again_for_its_clocks(town, monkeypatch):
    looked_at = []
    handle = SqlStore.set_clocks

    async def set_clocks(self, found):
        looked_at.append(found)
        return await handle(self, found)

    monkeypatch.setattr(SqlStore, "set_clocks", set_clocks)
    await town.write("whatsapp", BUDI, COMPLAINT)
    await town.settled()
    [(_case, due_at, due, state)] = clocks(town)
    assert (state, looked_at) == ("queued", [])
    assert min(due_at, due) > town.clock.now()
