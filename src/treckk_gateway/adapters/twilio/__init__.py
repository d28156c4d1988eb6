"""Twilio: WhatsApp and SMS, in and out.

Verified by `signature`, read by `inbound`, sent by `sending`; what an error code means stands in `codes`.
"""

from treckk_gateway.adapters.twilio.channel import TwilioChannel

__all__ = ["TwilioChannel"]
