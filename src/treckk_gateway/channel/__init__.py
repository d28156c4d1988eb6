"""What a channel is: the contract, its values, and what adapters share."""

from treckk_gateway.channel.capabilities import Capabilities, ParseMode, TextForm
from treckk_gateway.channel.contract import (
    Accepted,
    Channel,
    ChannelContext,
    Checking,
    Completing,
    Deliver,
    Envelope,
    Glancing,
    Inbound,
    Listening,
    LookingUp,
    MediaHolding,
    MediaSource,
    NoOptions,
    Problem,
    Recovering,
    Templating,
    Turn,
)
from treckk_gateway.channel.templates import ApprovedTemplate, TemplateTable
from treckk_gateway.channel.webhook import WebhookRequest, WebhookResponse

__all__ = [
    "Accepted",
    "ApprovedTemplate",
    "Capabilities",
    "Channel",
    "ChannelContext",
    "Checking",
    "Completing",
    "Deliver",
    "Envelope",
    "Glancing",
    "Inbound",
    "Listening",
    "LookingUp",
    "MediaHolding",
    "MediaSource",
    "NoOptions",
    "ParseMode",
    "Problem",
    "Recovering",
    "TemplateTable",
    "Templating",
    "TextForm",
    "Turn",
    "WebhookRequest",
    "WebhookResponse",
]
