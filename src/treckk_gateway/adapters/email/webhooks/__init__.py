"""Mail by webhook: what mail services post to us. Each service is one module with one class, named in `PROVIDERS`."""

from __future__ import annotations

from collections.abc import Mapping

from treckk_gateway.adapters.email.webhooks.mailgun import Mailgun
from treckk_gateway.adapters.email.webhooks.postmark import Postmark
from treckk_gateway.adapters.email.webhooks.provider import Arrived, Provider
from treckk_gateway.adapters.email.webhooks.sendgrid import SendGrid
from treckk_gateway.adapters.email.webhooks.ses import Ses

__all__ = ["PROVIDERS", "Arrived", "Provider"]

PROVIDERS: Mapping[str, type[Provider]] = {
    "mailgun": Mailgun,
    "postmark": Postmark,
    "sendgrid": SendGrid,
    "ses": Ses,
}
"""By the word that stands in `webhook = "..."`."""
