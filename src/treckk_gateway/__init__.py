"""Citizens' complaints over WhatsApp, SMS, email and the web: one case model, the answer on the same channel.

`Gateway` is the whole; `WebhookRequest` and `WebhookResponse` carry an HTTP exchange from and to any framework; the
rest are the values it speaks in and the errors it raises. Channels are built on `treckk_gateway.channel`, tests on
`treckk_gateway.testing`, and `treckk_gateway.server.subapp` mounts the whole in an aiohttp application.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

_HOMES = {
    "Actor": "model",
    "Case": "model",
    "CaseFile": "casework.views",
    "ChannelHealth": "gateway",
    "Finding": "model",
    "Gateway": "gateway",
    "Given": "casework.views",
    "Health": "gateway",
    "InboundMessage": "model",
    "Intent": "model",
    "Page": "casework.views",
    "Role": "model",
    "Settings": "settings",
    "State": "model",
    "Step": "triage",
    "Subject": "model",
    "TreckkError": "errors",
    "TriageContext": "triage",
    "Urgency": "model",
    "WalkIn": "casework.views",
    "WebhookRequest": "channel",
    "WebhookResponse": "channel",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for: a channel's author needs none of the gateway."""
    home = _HOMES.get(name)
    if home is None:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
