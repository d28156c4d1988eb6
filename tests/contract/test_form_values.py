"""A form in the store: what is missing, what was asked and given, and a step that follows a message."""

from __future__ import annotations

import pytest

from treckk_gateway.model import EventKind, Intent, Questions, Role, State, Urgency
from treckk_gateway.store.orders import (
    CaseFields,
    Change,
    Draft,
    Filing,
    Further,
    NewCase,
    NewEvent,
    NewTimer,
    NewValue,
)

NOW = 1_795_500_000_000_000


def event(kind, source=None, target=None):
    return NewEvent(actor="R-1", role=Role.SYSTEM, kind=kind, data=b"sealed", source=source, target=target)


def value(field, text, *, by_staff=False):
    return NewValue(field=field, value=text.encode(), by_staff=by_staff)


def draft(number, conversation, step):
    return Draft(
        delivery_id=f"d{number}", conversation_id=conversation.id, channel_id="wa", template=step, values=b"", step=step
    )


@pytest.fixture
async def conversation(store):
    reporter = await store.ensure_reporter([b"identity"], "R-1", b"wrapped", NOW)
    return await store.ensure_conversation("wa", b"hash", b"sealed", reporter_id=reporter.id)


def opening(conversation, **more):
    opens = NewCase(
        prefix="TRK", channel_id="wa", intent=Intent.COMPLAINT, urgency=Urgency.NORMAL, language="id",
        reporter_id=conversation.reporter_id, conversation_id=conversation.id, token=b"t", token_hash=b"h",
        missing=("location", "name"), completeness=0.5,
    )  # fmt: skip
    return Filing(inbox_id=None, now=NOW, opens=opens, event=event(EventKind.OPENED), **more)


async def test_a_case_opens_with_what_is_missing_and_what_was_given(store, conversation):
    filed = await store.file(opening(conversation, values=(value("time", "tadi malam"),)))
    case = await store.case(case_id=filed.case_id)
    assert (case.missing, case.completeness, case.questions) == (("location", "name"), 0.5, Questions())
    [given] = await store.form_values(case.case_id, ["time", "location"])
    assert (given.field, given.value, given.by_staff, given.at) == ("time", b"tadi malam", False, NOW)


async def test_only_the_fields_asked_for_are_read(store, conversation):
    filed = await store.file(opening(conversation, values=(value("name", "Budi"), value("location", "pasar"))))
    assert [one.field for one in await store.form_values(filed.case_id, ["location", "time"])] == ["location"]
    assert [one.field for one in (await store.case_file(filed.case_id)).values] == ["name", "location"]


async def test_the_step_a_message_leads_to_is_an_event_of_its_own_in_the_same_transaction(store, conversation):
    further = Further(
        fields=CaseFields(state=State.NEEDS_INFO, questions=Questions(asked=("location",), pending=("location",))),
        event=event(EventKind.TRANSITION, State.RECEIVED, State.NEEDS_INFO),
        drafts=(draft(2, conversation, "ask_place"),),
        timers=(NewTimer(kind="dispatch", instance="needs_info:2", due=NOW),),
    )
    filed = await store.file(opening(conversation, drafts=(draft(1, conversation, "receipt"),), further=further))
    rows = await store.case_file(filed.case_id)
    assert [(one.kind, one.target) for one in rows.events] == [
        (EventKind.OPENED, None),
        (EventKind.TRANSITION, State.NEEDS_INFO),
    ]
    assert [(one.template, one.event_seq) for one in rows.outbox] == [("receipt", 1), ("ask_place", 2)]
    assert (rows.case.state, rows.case.version) == (State.NEEDS_INFO, 2)
    assert rows.case.questions.pending == ("location",)


async def test_a_stale_filing_leaves_neither_values_nor_a_step(store, conversation):
    filed = await store.file(opening(conversation))
    stale = Filing(
        inbox_id=None, now=NOW, case_id=filed.case_id, version=7, fields=CaseFields(missing=()),
        values=(value("location", "pasar"),), event=event(EventKind.MESSAGE),
        further=Further(fields=CaseFields(state=State.UNDER_REVIEW), event=event(EventKind.TRANSITION)),
    )  # fmt: skip
    assert (await store.file(stale)).stale
    rows = await store.case_file(filed.case_id)
    assert (rows.values, len(rows.events), rows.case.missing) == ((), 1, ("location", "name"))


async def test_a_case_is_taken_and_given_back_and_a_correction_is_kept_beside_the_word_of_the_reporter(
    store, conversation
):
    filed = await store.file(opening(conversation, values=(value("location", "pasar"),)))
    taken = await store.change(
        Change(
            case_id=filed.case_id, version=1, now=NOW, fields=CaseFields(taken="rini", missing=(), completeness=1.0),
            values=(value("location", "pasar Awayan", by_staff=True),),
        )
    )  # fmt: skip
    assert (taken.taken, taken.missing, taken.completeness) == ("rini", (), 1.0)
    back = await store.change(Change(case_id=filed.case_id, version=2, now=NOW, fields=CaseFields(taken="")))
    assert back.taken is None
    found = await store.form_values(filed.case_id, ["location"])
    assert [(one.value, one.by_staff) for one in found] == [(b"pasar", False), (b"pasar Awayan", True)]
