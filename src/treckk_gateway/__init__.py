"""Citizens' complaints over WhatsApp, SMS, email and the web: one case model, the answer on the same channel.

`Gateway` is the whole; `WebhookRequest` and `WebhookResponse` carry an HTTP exchange from and to any framework; the
rest are the values it speaks in and the errors it raises. Channels are built on `treckk_gateway.channel`, tests on
`treckk_gateway.testing`, and `treckk_gateway.server.subapp` mounts the whole in an aiohttp application.
"""

from treckk_gateway.casework.views import CaseFile, Given, Page, WalkIn
from treckk_gateway.channel import WebhookRequest, WebhookResponse
from treckk_gateway.errors import TreckkError
from treckk_gateway.gateway import ChannelHealth, Gateway, Health
from treckk_gateway.model import Actor, Case, Finding, InboundMessage, Intent, Role, State, Subject, Urgency
from treckk_gateway.settings import Settings
from treckk_gateway.triage import Step, TriageContext

__version__ = "0.1.0"

__all__ = [
    "Actor",
    "Case",
    "CaseFile",
    "ChannelHealth",
    "Finding",
    "Gateway",
    "Given",
    "Health",
    "InboundMessage",
    "Intent",
    "Page",
    "Role",
    "Settings",
    "State",
    "Step",
    "Subject",
    "TreckkError",
    "TriageContext",
    "Urgency",
    "WalkIn",
    "WebhookRequest",
    "WebhookResponse",
    "__version__",
]
