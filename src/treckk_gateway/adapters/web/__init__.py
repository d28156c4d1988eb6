"""The web channel: Standard Webhooks from a portal in, signed callbacks out."""

from treckk_gateway.adapters.web.channel import WebChannel, WebOptions

__all__ = ["WebChannel", "WebOptions"]
