"""What is sent: words, words with something to tap, or a template. Pure.

Source: WhatsApp Business Platform, "Messages" (text, interactive reply buttons, interactive lists, templates).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from treckk_gateway.channel import choices
from treckk_gateway.errors import Rejected, Scope
from treckk_gateway.model import Choice, OutboundMessage, Template

from treckk_whatsapp_cloud import people

LONGEST = 4096
"""Characters of a text, and of the text above a list."""
MOST_CHOICES = 10
"""Lines of a list."""

_BUTTONS, _BUTTON, _ABOVE_BUTTONS = 3, 20, 1024
_LINE, _BELOW_LINE, _LONGEST_ID = 24, 72, 200


def payload(message: OutboundMessage, list_button: str) -> dict[str, Any]:
    """The body of one call. Raises `Rejected` for what cannot be sent."""
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(message),
        **(_template(message.template) if message.template else _words(message, list_button)),
        # Comes back with every status, also before this call is answered.
        "biz_opaque_callback_data": message.delivery_id,
    }


def _recipient(message: OutboundMessage) -> dict[str, str]:
    """A number as digits; who has none is named by the business-scoped id, in a field of its own."""
    if message.recipient.scheme != people.SCHEME:
        raise Rejected("address_scheme", "this number reaches people on WhatsApp only")
    value = message.recipient.value
    if people.phone(value) is not None:
        return {"to": value.removeprefix("+")}
    if people.user(value) is None:
        raise Rejected("no_address", "neither a number nor an id of WhatsApp", scope=Scope.ADDRESS)
    return {"recipient": value}


def _template(template: Template) -> dict[str, Any]:
    parameters = [{"type": "text", "text": one} for one in template.parameters]
    body = {"components": [{"type": "body", "parameters": parameters}]} if parameters else {}
    named = {"name": template.name, "language": {"code": template.language}}
    return {"type": "template", "template": named | body}


def _words(message: OutboundMessage, list_button: str) -> dict[str, Any]:
    text = message.text.strip()
    if not text:
        raise Rejected("empty_text", "there is nothing to send")
    if len(text) > LONGEST:
        raise Rejected("text_too_long", f"the text is longer than {LONGEST} characters")
    offered = _offered(message.choices, text, list_button)
    if offered is None:  # the text names the choices too
        return {"type": "text", "text": {"preview_url": False, "body": text}}
    return {"type": "interactive", "interactive": {"body": {"text": text}} | offered}


def _offered(offered: Sequence[Choice], text: str, list_button: str) -> dict[str, Any] | None:
    """Buttons, a list, or nothing where neither is allowed."""
    ids = [choices.payload(one) for one in offered]
    if not 0 < len(offered) <= MOST_CHOICES or len(set(ids)) < len(ids) or max(map(len, ids)) > _LONGEST_ID:
        return None
    short = all(len(one.label) <= _BUTTON for one in offered) and len({one.label for one in offered}) == len(offered)
    if len(offered) <= _BUTTONS and short and len(text) <= _ABOVE_BUTTONS:
        buttons = [
            {"type": "reply", "reply": {"id": name, "title": one.label}} for name, one in zip(ids, offered, strict=True)
        ]
        return {"type": "button", "action": {"buttons": buttons}}
    rows = [{"id": name, **_line(one.label)} for name, one in zip(ids, offered, strict=True)]
    return {"type": "list", "action": {"button": list_button, "sections": [{"rows": rows}]}}


def _line(label: str) -> dict[str, str]:
    """A line of a list; a long label is cut, and stands below in full as far as it may."""
    if len(label) <= _LINE:
        return {"title": label}
    return {"title": label[: _LINE - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}", "description": label[:_BELOW_LINE]}
