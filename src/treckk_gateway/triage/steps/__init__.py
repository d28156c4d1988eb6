"""The steps that ship. Each is one coroutine function that works with any profile: words and places are data."""

from treckk_gateway.triage.steps.automatic import automatic
from treckk_gateway.triage.steps.category import category
from treckk_gateway.triage.steps.completeness import completeness
from treckk_gateway.triage.steps.duplicates import duplicates
from treckk_gateway.triage.steps.event import event
from treckk_gateway.triage.steps.history import history
from treckk_gateway.triage.steps.intent import intent
from treckk_gateway.triage.steps.language import language
from treckk_gateway.triage.steps.marks import marks
from treckk_gateway.triage.steps.media import media
from treckk_gateway.triage.steps.place import place
from treckk_gateway.triage.steps.referral import referral
from treckk_gateway.triage.steps.superiors import superiors
from treckk_gateway.triage.steps.time import time
from treckk_gateway.triage.steps.urgency import urgency
from treckk_gateway.triage.steps.wishes import wishes

__all__ = [
    "automatic",
    "category",
    "completeness",
    "duplicates",
    "event",
    "history",
    "intent",
    "language",
    "marks",
    "media",
    "place",
    "referral",
    "superiors",
    "time",
    "urgency",
    "wishes",
]
