"""Whatever citizens write, staff answer, clocks do and restarts interrupt: a case stays inside its lifecycle.

Nobody but leadership instructs, and nobody is told the same step twice.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path

from folk import ADMIN, BUDI, DANRU, KASAT, SITI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from town import Town

from treckk_gateway.model import Role, State, lifecycle

SAID = (
    "Ada pedagang jualan di trotoar depan pasar Paringin tiap pagi, jadi macet",
    "Ada yang jualan miras, mohon ditertibkan",
    "tolong ada orang berkelahi pakai parang di pasar Paringin sekarang",
    "di Desa Layap, Paringin", "tidak tahu", "1", "2", "halo", "terima kasih", "STATUS", "BELUM", "SELESAI",
    "batalkan laporan saya", "ya cabut", "berhenti", "mulai", "HAPUS DATA", "masih terjadi pak, belum ada tindakan",
)  # fmt: skip
ACTS = (
    "{} telaah", "{} instruksi paringin", "{} berangkat", "{} selesai sudah dipindahkan", "{} tolak not_a_violation",
    "{} usul tolak data belum cukup", "{} setuju", "{} tidak setuju", "{} tutup", "{} buka", "{} rujuk pln", "{} sahkan",
    "{} minta data lokasi", "{} lokasi desa layap paringin", "1", "2", "menu", "batal", "{} perintahkan ke mako",
)  # fmt: skip
STAFF = (ADMIN, KASAT, DANRU)

writes = st.tuples(st.just("writes"), st.sampled_from((BUDI, SITI)), st.sampled_from(SAID))
acts = st.tuples(st.just("acts"), st.sampled_from(STAFF), st.sampled_from(ACTS))
waits = st.tuples(st.just("waits"), st.sampled_from((120, 3 * 3600, 26 * 3600, 8 * 86400)), st.none())
restarts = st.tuples(st.just("restarts"), st.none(), st.none())
days = st.lists(writes | acts | acts | acts | waits | restarts, min_size=4, max_size=16)

ALLOWED = {(one.source, one.target): set[Role]() for one in lifecycle.TRANSITIONS}
for _one in lifecycle.TRANSITIONS:
    ALLOWED[_one.source, _one.target] |= _one.roles


async def live(town, day):
    await town.write("whatsapp", BUDI, SAID[0])
    await town.settled()
    for what, who, with_what in day:
        if what == "writes":
            await town.write("whatsapp", who, with_what)
        elif what == "acts":
            references = [one["reference"] for one in await town.cases()]
            await town.staff_writes(who, with_what.format(references[0] if references else "TRK-2611-00001"))
        elif what == "waits":
            town.clock.advance(who)
            town.wake()
        else:
            await town.stop()
            await town.start()
        await town.settled()


MANY = os.environ.get("SEQUENCES")
"""`SEQUENCES=200` looks at that many new ones; without it the same few are looked at each time."""


@given(day=days)
@settings(
    max_examples=int(MANY or 5), derandomize=MANY is None, deadline=None, phases=(Phase.generate,), database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
async def test_no_sequence_leaves_the_lifecycle_or_tells_a_step_twice(day):
    with tempfile.TemporaryDirectory() as folder:
        async with Town(Path(folder), channels=("whatsapp",)) as town:
            await live(town, day)
            await told_once(town)
            for one in await town.cases():
                steps(await town.case(one["reference"]))
            await town.books()


def steps(case):
    """Every step stands in the table, follows the one before, and was taken by somebody who may."""
    state = State.RECEIVED
    for event in (one for one in case["events"] if one["kind"] == "transition"):
        source, target, role = State(event["source"]), State(event["target"]), Role(event["role"])
        assert source is state, case["events"]
        assert role in ALLOWED[source, target], event
        if target is State.INSTRUCTED:
            assert event["actor"] == "pak-kasat"
        state = target
    assert case["state"] == state


async def told_once(town):
    """One text for each step and person; what was begun is not begun again."""
    rows = town.rows(
        "SELECT case_id, event_seq, conversation_id, template FROM outbox WHERE event_seq IS NOT NULL AND template IN"
        " ('under_review', 'instructed', 'en_route', 'resolved', 'not_actionable', 'referred', 'reopened', 'closed',"
        " 'withdrawn', 'duplicate')"
    )
    assert [one for one, count in Counter(rows).items() if count > 1] == []
    sent = town.rows("SELECT outbox_id FROM attempt WHERE outcome = 'accepted'")
    assert [one for one, count in Counter(sent).items() if count > 1] == []
