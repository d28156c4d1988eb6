"""What is looked up beside a case, on both stores: running cases of a district, and a reporter's earlier outcomes."""

from __future__ import annotations

import itertools

from deeds import START, person

from treckk_gateway.model import EventKind, Intent, Role, State, Urgency
from treckk_gateway.store.orders import CaseFields, Change, Filing, Nearby, NewCase, NewEvent

HOUR = 3_600_000_000
NUMBERS = itertools.count(1)


async def case(store, *steps, when=START, category="miras", district="63.11.06", village=None, reporter_id=None):
    opens = NewCase(
        prefix="TRK", channel_id="wa", intent=Intent.COMPLAINT, urgency=Urgency.NORMAL, language="id",
        reporter_id=reporter_id, conversation_id=None, token=b"t", token_hash=b"%016d" % next(NUMBERS),
        category=category, district=district, village=village,
    )  # fmt: skip
    filed = await store.file(Filing(inbox_id=None, now=when, opens=opens))
    known = await store.case(case_id=filed.case_id)
    for target in steps:
        event = NewEvent(
            actor="a", role=Role.ADMIN, kind=EventKind.TRANSITION, source=known.state, target=target,
            data=b"sealed " + target.encode(),
        )  # fmt: skip
        known = await store.change(
            Change(
                case_id=known.case_id,
                version=known.version,
                now=when,
                event=event,
                fields=CaseFields(state=target),
            )
        )
    return known


async def test_running_cases_of_the_district_and_category_are_found_newest_first(store):
    old = await case(store, when=START - 49 * HOUR)
    first, second = await case(store), await case(store, when=START + HOUR)
    others = [
        await case(store, category="ternak"),
        await case(store, district="63.11.01"),
        await case(store, category=None),
        await case(store, State.RESOLVED),
        await case(store, State.WITHDRAWN),
    ]
    wanted = {"district": "63.11.06", "categories": ("miras", "keributan"), "since": START - 48 * HOUR}
    found = await store.nearby(Nearby(**wanted, but=0))
    assert [one.case_id for one in found] == [second.case_id, first.case_id]
    assert not {one.case_id for one in found} & {one.case_id for one in (old, *others)}
    assert [one.case_id for one in await store.nearby(Nearby(**wanted, but=second.case_id))] == [first.case_id]
    assert len(await store.nearby(Nearby(**wanted, but=0, limit=1))) == 1


async def test_of_a_village_that_is_known_other_villages_are_no_part(store):
    here, there, unknown = [await case(store, village=one) for one in ("63.11.06.2001", "63.11.06.2002", None)]
    wanted = {"district": "63.11.06", "categories": ("miras",), "since": START - HOUR, "but": 0}
    found = await store.nearby(Nearby(**wanted, village="63.11.06.2001"))
    assert {one.case_id for one in found} == {here.case_id, unknown.case_id}
    everywhere = await store.nearby(Nearby(**wanted))
    assert {one.case_id for one in everywhere} == {here.case_id, there.case_id, unknown.case_id}


async def test_a_reporters_earlier_cases_come_with_the_outcome_they_had(store):
    reporter, _conversation = await person(store, 1)
    somebody, _conversation = await person(store, 2)
    await case(store, State.RESOLVED, reporter_id=somebody.id)
    resolved = await case(store, State.RESOLVED, State.CLOSED, reporter_id=reporter.id)
    refused = await case(store, State.UNDER_REVIEW, State.NOT_ACTIONABLE, reporter_id=reporter.id)
    runs = await case(store, State.UNDER_REVIEW, reporter_id=reporter.id)
    now = await case(store, reporter_id=reporter.id)
    found = await store.outcomes(reporter.id, now.case_id, 20)
    assert [(one.case.case_id, one.outcome, one.data) for one in found] == [
        (runs.case_id, None, None),
        (refused.case_id, State.NOT_ACTIONABLE, b"sealed not_actionable"),
        (resolved.case_id, State.RESOLVED, b"sealed resolved"),
    ]
    assert len(await store.outcomes(reporter.id, now.case_id, 2)) == 2
