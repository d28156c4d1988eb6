"""Values of the desk to the API's JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from treckk_gateway.casework.views import (
    AccessView,
    CaseFile,
    DeadLetterView,
    DeliveryView,
    ExpiringView,
    FileView,
    IdentityView,
    MessageView,
    Page,
    ParkedView,
)
from treckk_gateway.model import Case, CaseClock, CaseEvent, Finding, Instant, Location, Transition
from treckk_gateway.server.api.shapes.books import DeadLetterItem, DeadLetterPage, ParkedItem, ParkedPage
from treckk_gateway.server.api.shapes.casefile import (
    CaseDetail,
    ClockItem,
    DeliveryItem,
    EventItem,
    FileItem,
    FindingItem,
    FormItem,
    MessageItem,
    PlaceItem,
)
from treckk_gateway.server.api.shapes.cases import CaseItem, CasePage, StepItem, Steps
from treckk_gateway.server.api.shapes.people import Accesses, AccessItem, Expiring, ExpiringItem, Identities, Identity

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(at: Instant) -> datetime:
    """Microseconds since the epoch as a time in UTC, exactly."""
    return _EPOCH + timedelta(microseconds=at)


def case_item(case: Case) -> CaseItem:
    """A case as it stands in a list."""
    return CaseItem(
        reference=case.reference,
        state=case.state,
        channel_id=case.channel_id,
        intent=case.intent,
        urgency=case.urgency,
        post=case.post,
        category=case.category,
        district=case.district,
        village=case.village,
        language=case.language,
        flags=list(case.flags),
        version=case.version,
        missing=list(case.missing),
        completeness=case.completeness,
        completeness_at_instruct=case.completeness_at_instruct,
        taken_by=case.taken,
        opened_at=moment(case.opened_at),
        changed_at=moment(case.changed_at),
        due_at=_perhaps(case.due_at),
    )


def case_detail(file: CaseFile) -> CaseDetail:
    """A case with all that belongs to it."""
    item = case_item(file.case)
    return CaseDetail(
        **{name: getattr(item, name) for name in item.__struct_fields__},
        messages=[_message(one) for one in file.messages],
        deliveries=[_delivery(one) for one in file.deliveries],
        events=[_event(one) for one in file.events],
        clocks=[_clock(one) for one in file.clocks],
        findings=[_finding(one) for one in file.findings],
        form=[FormItem(field=one.field, value=one.value, by_staff=one.by_staff) for one in file.form],
        parent=file.parent,
        merged=list(file.merged),
    )


def case_page(page: Page[Case]) -> CasePage:
    """One page of cases."""
    return CasePage(items=[case_item(one) for one in page.items], next_cursor=page.next_cursor)


def steps(found: tuple[Transition, ...]) -> Steps:
    """What may be done next."""
    return Steps(items=[StepItem(to=one.target, needs=list(one.needs), tells=one.tells is not None) for one in found])


def parked_page(page: Page[ParkedView]) -> ParkedPage:
    """One page of parked requests."""
    items = [
        ParkedItem(
            id=one.id, channel_id=one.channel_id, received_at=moment(one.received_at), kind=one.kind, reason=one.reason
        )
        for one in page.items
    ]
    return ParkedPage(items=items, next_cursor=page.next_cursor)


def dead_letter_page(page: Page[DeadLetterView]) -> DeadLetterPage:
    """One page of dead letters."""
    items = [
        DeadLetterItem(
            id=one.id,
            channel_id=one.channel_id,
            reference=one.reference,
            template=one.template,
            state=one.state,
            reason=one.reason,
            attempts=one.attempts,
            created_at=moment(one.created_at),
        )
        for one in page.items
    ]
    return DeadLetterPage(items=items, next_cursor=page.next_cursor)


def _message(view: MessageView) -> MessageItem:
    return MessageItem(
        id=view.id,
        at=moment(view.at),
        direction=view.direction,
        text=view.text,
        by=view.by,
        automatic=view.automatic,
        location=_place(view.location),
        attachments=[_file(one) for one in view.attachments],
        unsupported=view.unsupported,
    )


def _place(location: Location | None) -> PlaceItem | None:
    if location is None:
        return None
    return PlaceItem(lat=location.lat, lng=location.lng, text=location.text, source=location.source)


def _file(view: FileView) -> FileItem:
    return FileItem(
        id=view.id,
        kind=view.kind,
        state=view.state,
        content_type=view.content_type,
        filename=view.filename,
        size=view.size,
        reason=view.reason,
    )


def _delivery(view: DeliveryView) -> DeliveryItem:
    return DeliveryItem(
        id=view.id,
        delivery_id=view.delivery_id,
        channel_id=view.channel_id,
        template=view.template,
        state=view.state,
        provider_message_id=view.provider_message_id,
        attempts=view.attempts,
        created_at=moment(view.created_at),
        to=view.to,
        reason=view.reason,
        code=view.code,
    )


def _event(event: CaseEvent) -> EventItem:
    return EventItem(
        seq=event.seq,
        at=moment(event.at),
        actor=event.actor,
        role=event.role,
        kind=event.kind,
        source=event.source,
        target=event.target,
        data=event.data,
    )


def _clock(clock: CaseClock) -> ClockItem:
    return ClockItem(
        name=clock.name,
        limit=clock.limit,
        started=moment(clock.started),
        due=_perhaps(clock.due),
        paused=_perhaps(clock.paused),
        ended=_perhaps(clock.ended),
        remaining=clock.remaining // 1_000_000,
        state=clock.state,
        provisional=clock.provisional,
    )


def _perhaps(at: Instant | None) -> datetime | None:
    return moment(at) if at is not None else None


def _finding(finding: Finding) -> FindingItem:
    return FindingItem(
        step=finding.step,
        field=finding.field,
        value=finding.value,
        confidence=finding.confidence,
        reason=finding.reason,
    )


def identities(views: tuple[IdentityView, ...]) -> Identities:
    """Who reported."""
    items = [
        Identity(pseudonym=one.pseudonym, name=one.name, addresses=list(one.addresses), form=dict(one.form))
        for one in views
    ]
    return Identities(items=items)


def accesses(views: tuple[AccessView, ...]) -> Accesses:
    """Who looked."""
    items = [AccessItem(at=moment(one.at), actor=one.actor, what=one.what, reason=one.reason) for one in views]
    return Accesses(items=items)


def expiring(views: tuple[ExpiringView, ...]) -> Expiring:
    """Whose retention ends."""
    items = [
        ExpiringItem(pseudonym=one.pseudonym, references=list(one.references), ends_at=moment(one.ends))
        for one in views
    ]
    return Expiring(items=items)
