"""WhatsApp by Meta's own Cloud API, without a provider between.

`signature` shows what is genuine, `inbound` reads it, `outbound` words what is sent; what an error code means stands in
`codes`.
"""

from treckk_whatsapp_cloud.channel import WhatsAppCloudChannel, WhatsAppCloudOptions

__all__ = ["WhatsAppCloudChannel", "WhatsAppCloudOptions"]
