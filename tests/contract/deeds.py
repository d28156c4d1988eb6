"""What stages ask of a store, in short."""

from __future__ import annotations

from typing import Any

from treckk_gateway.model import EventKind, Intent, Role, State, Urgency
from treckk_gateway.store.orders import (
    CaseFields,
    Change,
    ConversationFields,
    Draft,
    Ended,
    Filing,
    NewCase,
    NewEvent,
    NewItem,
    NewMessage,
    NewRequest,
    NewTimer,
    Pace,
    Start,
)

START = 1_795_500_000_000_000
SECOND = 1_000_000
FREE = Pace(interval=0, burst=0)


def request_of(key, *, channel="wa", lane=b"lane", now=START, items=1, parked=None, day="20781"):
    return NewRequest(
        channel_id=channel,
        items=tuple(
            NewItem(dedupe_key=f"{key}/{n}" if items > 1 else key, kind="message", lane=lane, item=n)
            for n in range(items)
        ),
        raw=b"sealed " + key.encode(),
        key_day=day,
        received_at=now,
        parked=parked,
    )


async def person(store: Any, number: int, *, now: int = START) -> tuple[Any, Any]:
    """A reporter and a conversation with them."""
    identity = b"identity %08d" % number
    reporter = await store.ensure_reporter([identity], f"P{number}", b"key", now)
    conversation = await store.ensure_conversation("wa", identity, b"sealed address", reporter_id=reporter.id)
    return reporter, conversation


def draft(conversation: Any, name: str, **more: Any) -> Draft:
    given = {"template": "receipt", "values": b"sealed values", "once": name} | more
    return Draft(delivery_id=f"d-{name}", conversation_id=conversation.id, channel_id="wa", **given)


async def queue(store: Any, conversation: Any, *names: str, now: int = START, **more: Any) -> None:
    """Put messages into a conversation's outbox, each in a transaction of its own."""
    for name in names:
        await store.file(Filing(inbox_id=None, now=now, drafts=(draft(conversation, name, **more),)))


def number_of(backend: Any, name: str) -> int:
    [(found,)] = backend.rows("SELECT id FROM outbox WHERE delivery_id = ?", f"d-{name}")
    return int(found)


async def begin(store: Any, outbox_id: int, *, now: int = START, attempt: str | None = None, pace: Pace = FREE) -> Any:
    attempt = attempt or f"attempt-{outbox_id}"
    return await store.begin_send(
        Start(
            outbox_id=outbox_id, now=now, attempt_id=attempt, text=b"sealed text", until=now + 60 * SECOND, pace=pace
        )
    )  # fmt: skip


async def end(store: Any, outbox_id: int, state: str = "sent", *, now: int = START, **more: Any) -> bool:
    given = {"attempt_id": f"attempt-{outbox_id}", "outcome": "accepted"} | more
    done: bool = await store.record(Ended(outbox_id=outbox_id, now=now, state=state, **given))
    return done


def opening_of(reporter: Any, conversation: Any, *, token: bytes = b"token") -> NewCase:
    return NewCase(
        prefix="TRK", channel_id="wa", intent=Intent.COMPLAINT, urgency=Urgency.NORMAL, language="id",
        reporter_id=reporter.id, conversation_id=conversation.id, token=b"sealed", token_hash=token,
    )  # fmt: skip


def event(kind: EventKind = EventKind.NOTE, **more: Any) -> NewEvent:
    return NewEvent(actor="test", role=Role.ADMIN, kind=kind, data=b"sealed data", **more)


async def open_case(store: Any, key: str, reporter: Any, conversation: Any, **more: Any) -> Any:
    """Accept a message and file it as a case with a receipt and a timer; what filing made."""
    await store.accept(request_of(key, lane=b"%d" % conversation.id))
    now = more.pop("now", START)
    inbox_id = more.pop("inbox_id")
    return await store.file(
        Filing(
            inbox_id=inbox_id, now=now, opens=opening_of(reporter, conversation, token=key.encode()), event=event(),
            message=NewMessage(conversation_id=conversation.id, reporter_id=reporter.id, body=b"sealed body"),
            conversation=ConversationFields(last_inbound_at=now, window_until=now + SECOND),
            drafts=(draft(conversation, f"receipt-{key}", once=None),),
            timers=(NewTimer(kind="dispatch", instance="opened", due=now),),
            **more,
        )
    )  # fmt: skip


async def change(store: Any, case: Any, **more: Any) -> Any:
    given = {"fields": CaseFields(state=State.UNDER_REVIEW), "now": START} | more
    return await store.change(Change(case_id=case.case_id, version=case.version, **given))
