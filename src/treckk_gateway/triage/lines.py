"""Messages as lines of JSON: what `treckk triage` reads, one object a line, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from treckk_gateway.model import (
    Address,
    Attachment,
    Case,
    Finding,
    InboundMessage,
    Instant,
    Intent,
    Location,
    MediaKind,
    PriorCase,
    Reason,
    State,
    Subject,
    Urgency,
)
from treckk_gateway.model import subject as judged
from treckk_gateway.profile import Profile

LONGEST = 4 * 1024 * 1024
"""Bytes a line may have."""
_SCHEMES = {"email": "mailto"}
_EARLIER = 10

Text = Annotated[str, msgspec.Meta(min_length=1)]


class LineError(ValueError):
    """A line that is no message; the text says why."""


class AttachmentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A file or a pin. `lat` and `lng` are those of a pin, WGS84 degrees."""

    type: Literal["image", "audio", "video", "document", "contact", "sticker", "location", "other"]
    mime: str | None = None
    seconds: float | None = None
    lat: float | None = None
    lng: float | None = None
    text: str | None = None


class CaseEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A case of the sender that is open."""

    reference: Text = "-"
    state: State = State.UNDER_REVIEW
    category: str | None = None
    district: str | None = None
    village: str | None = None


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier message of the sender (`text`), or an earlier case and what became of it."""

    text: str | None = None
    state: State | None = None
    reason: Reason | None = None
    category: str | None = None
    district: str | None = None
    village: str | None = None


class MessageLine(msgspec.Struct, frozen=True, kw_only=True):
    """One message. Keys it does not know are left alone: labelled files have more.

    `history` are the sender's earlier messages (texts) and cases, oldest first; `open_cases` their open cases, or how
    many there are; `received_at` is ISO 8601, in the profile's zone where it names none.
    """

    id: Text | int
    channel: str = "whatsapp"
    lang: str | None = None
    text: str = ""
    subject: str | None = None
    sender_name: str | None = None
    attachments: list[AttachmentEntry] = []
    history: list[str | HistoryEntry] = []
    open_cases: int | list[str | CaseEntry] = 0
    received_at: datetime | None = None


_DECODER = msgspec.json.Decoder(MessageLine)


def read_line(line: bytes) -> MessageLine:
    """The message of one line. Raises `LineError`."""
    if len(line) > LONGEST:
        raise LineError(f"longer than {LONGEST >> 20} MiB")
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise LineError(f"is no message: {problem}") from None


def subject_of(line: MessageLine) -> Subject:
    """The message as triage is shown it."""
    pins = [Location.read(one.lat, one.lng, one.text) for one in line.attachments if one.type == "location"]
    open_cases = line.open_cases if isinstance(line.open_cases, list) else []
    known = [one for one in open_cases if isinstance(one, CaseEntry)]
    count = len(open_cases) if isinstance(line.open_cases, list) else max(line.open_cases, 0)
    return Subject(
        message=InboundMessage(
            dedupe_key=f"line:{line.id}",
            sender=Address(_SCHEMES.get(line.channel, line.channel) or "whatsapp", "-"),
            text=line.text,
            subject=line.subject,
            sender_name=line.sender_name,
            attachments=tuple(_attachment(one) for one in line.attachments if one.type != "location"),
            location=next((one for one in pins if one is not None), None),
        ),
        earlier=tuple(text for one in line.history if (text := _text(one)))[-_EARLIER:],
        history=tuple(
            PriorCase(
                state=one.state, reason=one.reason, category=one.category, district=one.district, village=one.village
            )
            for one in line.history
            if isinstance(one, HistoryEntry) and one.state is not None
        ),
        case=_case(known[0]) if count == 1 and known else None,
        open_cases=count,
    )


def received_at(line: MessageLine, profile: Profile, now: Instant) -> Instant:
    """When it was received, in microseconds; `now` where the line does not say."""
    if line.received_at is None:
        return now
    at = line.received_at
    aware = at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(profile.zone))
    return round(aware.timestamp() * 1_000_000)


def answer_of(line: MessageLine, findings: Sequence[Finding]) -> dict[str, Any]:
    """What was found, in codes, and `reasons` by field for a person to read."""

    def best(field: str) -> str | None:
        found = judged.best(findings, field)
        return found.value if found else None

    def every(field: str) -> list[str]:
        return list(dict.fromkeys(one.value for one in findings if one.field == field))

    candidates = every("district_candidate")
    return {
        "id": line.id,
        "intent": judged.intent(findings).value,
        "category": best("category"),
        "also": [one for one in every("also") if one != best("category")],
        "district": None if candidates else best("district"),
        "village": None if candidates else best("village"),
        "district_candidates": candidates,
        "location_quality": best("location_quality") or "none",
        "urgency": judged.urgency(findings).value,
        "missing": every("missing"),
        "flags": list(judged.flags(findings)),
        "refer_to": every("refer_to"),
        "reasons": _reasons(findings),
    }


def _text(entry: str | HistoryEntry) -> str | None:
    return entry if isinstance(entry, str) else entry.text


def _attachment(entry: AttachmentEntry) -> Attachment:
    return Attachment(kind=MediaKind(entry.type), content_type=entry.mime or "application/octet-stream")


def _case(entry: CaseEntry) -> Case:
    return Case(
        case_id=0,
        reference=entry.reference,
        state=entry.state,
        version=1,
        channel_id="line",
        intent=Intent.COMPLAINT,
        urgency=Urgency.NORMAL,
        category=entry.category,
        district=entry.district,
        village=entry.village,
    )


def _reasons(findings: Iterable[Finding]) -> dict[str, list[str]]:
    reasons: dict[str, dict[str, None]] = {}
    for one in findings:
        told = f"{one.value}: {one.reason}" if one.reason else one.value
        reasons.setdefault(one.field, {})[f"{told} ({one.confidence:.0%})"] = None
    return {field: list(told) for field, told in reasons.items()}
