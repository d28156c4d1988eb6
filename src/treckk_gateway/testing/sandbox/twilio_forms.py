"""The forms Twilio posts: a person's message, and what became of one of ours.

Source: Twilio docs, Twilio's request to your webhook URL; Outbound message status callback.
"""

from __future__ import annotations

from collections.abc import Mapping

from treckk_gateway.testing.sandbox.twilio_ledger import Message


def inbound_form(message: Message, account_sid: str, media: Mapping[str, str]) -> dict[str, str]:
    """The fields every inbound message has. `media` is address to content type, in order."""
    return {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "SmsMessageSid": message.sid,
        "AccountSid": account_sid,
        "From": message.sender,
        "To": message.recipient,
        "Body": message.body,
        "NumMedia": str(len(media)),
        "NumSegments": "1",
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
        **{f"MediaUrl{number}": url for number, url in enumerate(media)},
        **{f"MediaContentType{number}": kind for number, kind in enumerate(media.values())},
    }


def person_form(sender: str, name: str | None, user_id: str | None) -> dict[str, str]:
    """What is said of the sender. On WhatsApp without a number the business-scoped id stands in both places."""
    if not sender.startswith("whatsapp:"):
        return {"FromCountry": "", "FromCity": "", "FromState": "", "FromZip": ""}
    value = sender.partition(":")[2]
    found = {"ProfileName": name or "Warga", "MessageType": "text"}
    if value.startswith("+"):
        found["WaId"] = value[1:]
    if user_id or not value.startswith("+"):
        found["ExternalUserId"] = user_id or value
    return found


def extras_form(
    *, location: tuple[float, float] | None, place: str | None, button: str | None, answers: str | None, to: str
) -> dict[str, str]:
    """A pin with its label, a tapped button, a reply to a message of the number `to`."""
    return {
        **({"Latitude": str(location[0]), "Longitude": str(location[1])} if location else {}),
        **({"Label": place} if place else {}),
        **({"ButtonText": button, "ButtonPayload": button} if button else {}),
        **({"OriginalRepliedMessageSid": answers, "OriginalRepliedMessageSender": to} if answers else {}),
    }


def status_form(message: Message, account_sid: str, status: str, code: int | None) -> dict[str, str]:
    """A status callback."""
    return {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "MessageStatus": status,
        "SmsStatus": status,
        "AccountSid": account_sid,
        "From": message.sender,
        "To": message.recipient,
        "ApiVersion": "2010-04-01",
        **({"ErrorCode": str(code)} if code else {}),
        **({"ChannelPrefix": "whatsapp", "ChannelToAddress": message.recipient} if message.whatsapp else {}),
        **({"EventType": "READ"} if status == "read" else {}),
    }
