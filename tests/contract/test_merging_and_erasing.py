"""Cases joined and parted, and reporters erased, on either database."""

from __future__ import annotations

from deeds import START, person

from treckk_gateway.model import EventKind, Intent, Role, State, Urgency
from treckk_gateway.store.orders import (
    CaseFields,
    Change,
    Draft,
    ErasedCase,
    Erasure,
    Filing,
    Merge,
    NewAttachment,
    NewCase,
    NewEvent,
    NewFinding,
    NewMessage,
    NewParty,
    Rules,
    Split,
    Undo,
)

HOUR = 3_600_000_000
MARK = b"m" * 16


def event(kind=EventKind.NOTE, **more):
    return NewEvent(actor="rini", role=Role.ADMIN, kind=kind, data=b"sealed", **more)


async def reported(store, number, *, mark=None, now=START):
    """A case of its own reporter, with a message and a file."""
    reporter, conversation = await person(store, number, now=now)
    filed = await store.file(
        Filing(
            inbox_id=None, now=now,
            opens=NewCase(
                prefix="TRK", channel_id="wa", intent=Intent.COMPLAINT, urgency=Urgency.NORMAL, language="id",
                reporter_id=reporter.id, conversation_id=conversation.id, token=b"t", token_hash=b"own %012d" % number,
            ),
            message=message(reporter, conversation, mark),
            event=event(EventKind.OPENED),
            findings=(NewFinding(step="s", field="f", confidence=1.0, data=b"sealed"),),
        )
    )  # fmt: skip
    return reporter, conversation, filed.case_id


def message(reporter, conversation, mark=None):
    file = NewAttachment(kind="image", state="stored", size=1, name=f"name{reporter.id}", details=b"sealed", mark=mark)
    return NewMessage(
        conversation_id=conversation.id, reporter_id=reporter.id, body=b"sealed", attachments=(file,) if mark else ()
    )


async def joined(store, child, parent, reporter, conversation, *, now=START + HOUR):
    one, other = await store.case(case_id=child), await store.case(case_id=parent)
    party = NewParty(
        reporter_id=reporter.id, conversation_id=conversation.id, origin_id=child, token=b"t",
        token_hash=b"merged%010d" % child,
    )  # fmt: skip
    merge = Merge(
        parent_id=parent, parent_version=other.version, state=one.state, parties=(party,), flags=("merged",),
        event=event(EventKind.MERGED),
    )  # fmt: skip
    fields = CaseFields(state=State.DUPLICATE)
    return await store.change(
        Change(case_id=child, version=one.version, now=now, fields=fields, event=event(), merge=merge)
    )


async def parted(store, child, parent, *, now=START + 3 * HOUR):
    one, other = await store.case(case_id=child), await store.case(case_id=parent)
    undo = Undo(
        parent_id=parent, root_id=parent, root_version=other.version, event=event(EventKind.UNMERGED),
        root_event=event(EventKind.UNMERGED),
    )  # fmt: skip
    held = await store.merge_of(child)
    change = Change(
        case_id=child, version=one.version, now=now, fields=CaseFields(state=held.state), event=event(), undo=undo
    )
    return await store.change(change)


async def test_a_merge_and_its_undo(store, backend):
    budi, _, first = await reported(store, 1)
    siti, at_siti, second = await reported(store, 2)
    assert (await joined(store, second, first, siti, at_siti)).state is State.DUPLICATE
    assert (await store.root(second)).case_id == first
    assert [one.reporter_id for one in await store.parties(first)] == [budi.id, siti.id]
    assert await store.is_party(first, siti.id)
    assert [one.case_id for one in await store.open_cases(siti.id)] == [first]
    waiting = Draft(delivery_id="d", conversation_id=at_siti.id, channel_id="wa", template="note", values=b"v")
    await store.file(
        Filing(
            inbox_id=None, now=START + 2 * HOUR, case_id=first, event=event(EventKind.MESSAGE), drafts=(waiting,),
            message=message(siti, at_siti),
        )
    )  # fmt: skip
    assert len((await store.case_file(first)).messages) == 3
    stale = await store.case(case_id=second)

    case = await parted(store, second, first)

    assert case.state is State.RECEIVED
    assert case.version > stale.version
    assert not await store.is_party(first, siti.id)
    assert [len((await store.case_file(one)).messages) for one in (first, second)] == [1, 2]
    assert (await store.case(case_id=first)).flags == ()
    assert backend.rows("SELECT state, reason FROM outbox") == [("cancelled", "unmerged")]
    assert (await store.case_of_reply("wa", b"merged%010d" % second, ()))[0].case_id == second
    assert await store.merge_of(second) is None
    assert (await store.case_file(second)).parent is None


async def test_a_merge_into_a_case_that_moved_on_changes_nothing(store):
    _budi, _, first = await reported(store, 1)
    siti, at_siti, second = await reported(store, 2)
    other = await store.case(case_id=first)
    await store.change(Change(case_id=first, version=other.version, now=START, fields=CaseFields(post="mako")))
    merge = Merge(
        parent_id=first, parent_version=other.version, state=State.RECEIVED, parties=(), flags=(), event=event()
    )
    one = await store.case(case_id=second)
    change = Change(
        case_id=second, version=one.version, now=START, fields=CaseFields(state=State.DUPLICATE), merge=merge
    )
    assert await store.change(change) is None
    assert (await store.case(case_id=second)) == one
    assert await joined(store, second, first, siti, at_siti) is not None


async def test_a_message_split_off_opens_a_case_once(store):
    budi, at_budi, first = await reported(store, 1)
    filed = await store.file(
        Filing(inbox_id=None, now=START, case_id=first, event=event(), message=message(budi, at_budi))
    )
    case = await store.case(case_id=first)
    opens = NewCase(
        prefix="TRK", channel_id="wa", intent=Intent.COMPLAINT, urgency=Urgency.NORMAL, language="id",
        reporter_id=budi.id, conversation_id=at_budi.id, token=b"t", token_hash=b"another token   ",
    )  # fmt: skip
    filing = Filing(inbox_id=None, now=START, opens=opens, event=event(), earlier=(filed.message_id,))
    split = Split(message_id=filed.message_id, case_id=first, version=case.version, event=event(), filing=filing)
    made = await store.split(split)
    assert [one.id for one in (await store.case_file(made.case_id)).messages] == [filed.message_id]
    assert (await store.split(split)).stale
    assert len((await store.case_file(first)).messages) == 1


async def test_erasing_leaves_a_stub(store, backend):
    budi, at_budi, first = await reported(store, 1, mark=MARK)
    case = await store.case(case_id=first)
    emptied = ErasedCase(
        case_id=first, version=case.version, event=event(EventKind.ERASED), reason=b"why", events=((1, b"anew"),)
    )
    order = Erasure(reporter_id=budi.id, now=START + HOUR, cases=(emptied,))
    assert await store.erase(Erasure(reporter_id=budi.id, now=START, cases=())) is None, "a case was opened meanwhile"

    assert await store.erase(order) == (f"name{budi.id}",)

    assert await store.erase(order) is None
    assert (await store.reporter(budi.id)).wrapped is None
    assert await store.known_reporter([b"identity %08d" % 1]) is None
    assert (await store.case(case_id=first)).reporter_id is None
    file = await store.case_file(first)
    assert [one.data for one in file.events] == [b"anew", b"sealed"]
    assert file.findings == ()
    assert backend.rows("SELECT length(sealed_body) FROM message") == [(0,)]
    assert await store.parties(first) == []
    assert (await store.case_of_reply("wa", b"own %012d" % 1, ()))[0].case_id == first, "the link still answers"
    [looked] = await store.accesses(first)
    assert (looked.what, looked.reason) == ("erased", b"why")
    late = Filing(inbox_id=None, now=START, case_id=first, event=event(), message=message(budi, at_budi))
    assert (await store.file(late)).stale, "nothing more is sealed under a key that is gone"


async def test_retention_counts_from_the_last_that_happened(store):
    for number, state in ((1, State.RESOLVED), (2, State.CLOSED), (3, State.RECEIVED), (4, State.WITHDRAWN)):
        _, _, case_id = await reported(store, number)
        for target in (State.RESOLVED, State.CLOSED) if state is State.CLOSED else (state,):
            case = await store.case(case_id=case_id)
            await store.change(
                Change(
                    case_id=case_id, version=case.version, now=START + number * HOUR, fields=CaseFields(state=target),
                    event=event(EventKind.TRANSITION, source=case.state, target=target),
                )
            )  # fmt: skip
    await person(store, 5)
    rules = Rules(outcomes={State.RESOLVED: 10 * HOUR}, without_case=HOUR)
    found = await store.expiring(rules, START + 100 * HOUR, 10)
    assert [(one.reporter_id, one.ends - START) for one in found] == [(5, HOUR), (1, 11 * HOUR), (2, 12 * HOUR)]
    assert [len(one.references) for one in found] == [0, 1, 1]
    assert await store.expiring(rules, START + HOUR, 10) == []
    assert await store.expiring(Rules(outcomes={}), START + 100 * HOUR, 10) == []
    case = await store.case(case_id=1)
    await store.change(Change(case_id=1, version=case.version, now=START, fields=CaseFields(flags=("legal_hold",))))
    assert [one.reporter_id for one in await store.expiring(rules, START + 100 * HOUR, 10)] == [5, 2]


async def test_the_same_file_is_noticed_once_for_a_case(store, backend):
    _, _, first = await reported(store, 1, mark=MARK)
    siti, at_siti, second = await reported(store, 2, mark=MARK)
    await store.file(
        Filing(inbox_id=None, now=START, case_id=second, event=event(), message=message(siti, at_siti, MARK))
    )
    assert backend.rows("SELECT case_id, instance FROM timer WHERE kind = 'evidence'") == [(second, MARK.hex())]
    assert [one.case_id for one in await store.same_file(second, MARK)] == [first]
    assert await store.same_file(second, b"another") == []
