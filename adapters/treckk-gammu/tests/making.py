"""A channel and rows of SMSD's, for the tests."""

from __future__ import annotations

from daemon import utf16
from treckk_gateway.channel import ChannelContext
from treckk_gateway.model import Address, OutboundMessage

from treckk_gammu import GammuChannel, events
from treckk_gammu.events import Found

CITIZEN = "+6281200000001"  # invented


def make(path="/nowhere/smsd.db", **more):
    """A channel over this file; there is none at the default."""
    options = GammuChannel.Options(database=str(path), **({"every": 0.02} | more))
    context = ChannelContext(channel_id="sms", webhook_url="https://gateway.example.org/channels/sms")
    return GammuChannel.from_settings(options, context)


def written(pieces, sender=CITIZEN, header="", **more):
    """The request that brings these parts."""
    first = hash((tuple(pieces), sender, *sorted(more))) % 1000
    rows = []
    for number, piece in enumerate(pieces, 1):
        numbered = f"{header}{len(pieces):02X}{number:02X}" if header else ""
        row = {"ID": first + number, "SenderNumber": sender, "Text": utf16(piece), "TextDecoded": "?", "UDH": numbered}
        row |= {"Coding": "Unicode_No_Compression", "Class": -1, "ReceivingDateTime": "2026-11-26 08:46:11"}
        rows.append(row | more)
    return make().request(events.written(Found(inbox=rows)))


def sent(*words, delivery_id="d-1", total=None, error=-1):
    """The request that brings the fate of a text whose parts have these words."""
    total = total or len(words)
    rows = [
        {
            "ID": 7,
            "CreatorID": f"treckk:{delivery_id}",
            "SequencePosition": number,
            "Status": word,
            "StatusError": error if "Failed" in word else -1,
            "UDH": f"050003A7{total:02X}{number:02X}" if total > 1 else "",
        }
        for number, word in enumerate(words, 1)
    ]
    return make().request(events.written(Found(sent=rows)))


def message(text="Petugas menuju lokasi", name="d-1", to=CITIZEN, **more):
    recipient = Address("sms", to)
    return OutboundMessage(delivery_id=name, attempt_id="a-1", recipient=recipient, text=text, timeout=5.0, **more)
