"""The checks of the conformance kit, filled in for SMSD's tables."""

from __future__ import annotations

import pytest
from daemon import Daemon, utf16
from making import CITIZEN, make, sent, written
from treckk_gateway.errors import NotTaken, Rejected
from treckk_gateway.model import Address, DeliveryState
from treckk_gateway.testing import Fault
from treckk_gateway.testing.conformance import ChannelConformance, Sample

_NOT_HTTP = "a file has no such fault: it is there or not, free or held"
UNPLAYED = {fault: _NOT_HTTP for fault in set(Fault) - {Fault.REFUSED, Fault.BUSY, Fault.GONE}}


class TestGammu(ChannelConformance):
    outcomes = ChannelConformance.outcomes | {
        Fault.REFUSED: (NotTaken,),
        Fault.BUSY: (NotTaken,),
        Fault.GONE: (Rejected,),
    }
    unplayed = UNPLAYED
    retry_after = None

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path

    def channel(self, stand_in=None):
        return make(stand_in.path) if stand_in else make()

    def stand_in(self):
        return Daemon(self.folder)

    def sign(self, body):
        return make().request(body)

    def samples(self):
        who = {"sender": Address("sms", CITIZEN), "unsupported": None, "automatic": False}
        yield Sample("a text", written(["Lampu jalan padam"]), who | {"text": "Lampu jalan padam"})
        parts = ["Pohon \ud83c", "\udf33 tumbang"]
        joined = who | {"text": "Pohon \U0001f333 tumbang"}
        yield Sample("in parts, cut through a sign", written(parts, header="050003A7"), joined)
        yield Sample("from a number as dialled at home", written(["Lapor"], sender="081200000001"), who)
        bank = {"automatic": True, "sender": Address("sms", "BANK-X")}
        yield Sample("from a name", written(["Saldo"], sender="BANK-X"), bank)
        yield Sample("data", written(["\x01"], Coding="8bit"), {"unsupported": "data", "text": ""})
        yield Sample("nothing", written([""]), {"unsupported": "empty"})
        yield Sample("spoilt", written(["x"], Text="zz", TextDecoded="masih terbaca"), who | {"text": "masih terbaca"})
        yield Sample("an answer of the network", written(["Pulsa Anda"], Class=127))
        ours = {"delivery_id": "d-1", "provider_message_id": "7"}
        sent_ok = ours | {"state": DeliveryState.SENT, "code": None}
        yield Sample("sent", sent("SendingOK"), sent_ok | {"raw_status": "SendingOK"})
        yield Sample("sent in parts", sent("SendingOK", "DeliveryOK", delivery_id="d-2"), {"state": DeliveryState.SENT})
        yield Sample("not all parts yet", sent("SendingOK", delivery_id="d-3", total=2))
        there = {"state": DeliveryState.DELIVERED, "raw_status": "DeliveryOK"}
        yield Sample("delivered", sent("DeliveryOK", "DeliveryOK", delivery_id="d-4"), there)
        failed = {"state": DeliveryState.FAILED, "code": "69"}
        yield Sample("failed", sent("DeliveryOK", "DeliveryFailed", delivery_id="d-5", error=69), failed)
        yield Sample("not sent", sent("SendingError"), ours | {"state": DeliveryState.FAILED, "code": "SendingError"})

    def unknown(self):
        yield Sample("a report that does not know", sent("DeliveryUnknown"))
        yield Sample("a new word", sent("DeliveryDreamt"))

    async def test_a_message_reaches_the_provider_under_our_id(self):
        """The kit's check sends twice and looks for both: here the second finds the first, and leaves no trace."""
        async with self._sending() as (channel, stand_in):
            for attempt in ("kit-attempt-1", "kit-attempt-2"):
                assert await channel.send(self._message("kit-delivery-1", attempt_id=attempt))
            assert stand_in.saw("kit-delivery-1") == 1
            stand_in.work()
            await channel.send(self._message("kit-delivery-1"))
            assert stand_in.saw("kit-delivery-1") == 1


def test_the_tables_of_the_stand_in_hold_what_smsd_writes():
    assert utf16("\U0001f333") == "D83CDF33"
