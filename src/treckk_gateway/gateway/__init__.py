"""The whole, composed: the only place that knows every stage."""

from treckk_gateway.gateway.gateway import Gateway
from treckk_gateway.gateway.health import ChannelHealth, Health

__all__ = ["ChannelHealth", "Gateway", "Health"]
