"""The values everything else speaks in: frozen, without I/O, clock or randomness."""

from treckk_gateway.model.act import Act
from treckk_gateway.model.address import Address
from treckk_gateway.model.case import (
    OPENS_CASE,
    Actor,
    Case,
    CaseEvent,
    CaseUpdate,
    EventKind,
    Finding,
    Intent,
    Questions,
    Reporter,
    Urgency,
)
from treckk_gateway.model.clock import CaseClock, ClockName, ClockState
from treckk_gateway.model.delivery import DeliveryState
from treckk_gateway.model.incident import Incident, OpenCase, PriorCase
from treckk_gateway.model.lifecycle import Reason, Role, State, Transition
from treckk_gateway.model.message import (
    Attachment,
    Choice,
    Consent,
    DeliveryReceipt,
    InboundMessage,
    Instant,
    Location,
    MediaKind,
    OutboundMessage,
    PlaceSource,
    SendResult,
    Template,
    Thread,
)
from treckk_gateway.model.secret import Secret
from treckk_gateway.model.staff import Staff
from treckk_gateway.model.subject import Subject

__all__ = [
    "OPENS_CASE",
    "Act",
    "Actor",
    "Address",
    "Attachment",
    "Case",
    "CaseClock",
    "CaseEvent",
    "CaseUpdate",
    "Choice",
    "ClockName",
    "ClockState",
    "Consent",
    "DeliveryReceipt",
    "DeliveryState",
    "EventKind",
    "Finding",
    "InboundMessage",
    "Incident",
    "Instant",
    "Intent",
    "Location",
    "MediaKind",
    "OpenCase",
    "OutboundMessage",
    "PlaceSource",
    "PriorCase",
    "Questions",
    "Reason",
    "Reporter",
    "Role",
    "Secret",
    "SendResult",
    "Staff",
    "State",
    "Subject",
    "Template",
    "Thread",
    "Transition",
    "Urgency",
]
