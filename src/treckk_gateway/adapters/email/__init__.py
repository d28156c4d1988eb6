"""Email: mail comes in over LMTP or SMTP from the office's own border server, and leaves over SMTP."""

from treckk_gateway.adapters.email.channel import EmailChannel

__all__ = ["EmailChannel"]
