from __future__ import annotations

import asyncio
import contextlib
from typing import ClassVar

import pytest

from treckk_gateway.channel import Accepted, Capabilities, ChannelContext, WebhookRequest
from treckk_gateway.errors import NotTaken, PayloadError, Rejected, SignatureError, Uncertain
from treckk_gateway.model import Address, DeliveryReceipt, DeliveryState, InboundMessage, OutboundMessage, Secret
from treckk_gateway.testing import Fault, HttpStandIn, MemoryChannel
from treckk_gateway.testing.conformance import ChannelConformance, Sample

SECRET = "memory-secret"


def outbound(delivery_id="d-1", *, timeout=5.0):
    return OutboundMessage(
        delivery_id=delivery_id,
        attempt_id="a-1",
        recipient=Address("memory", "budi-0001"),
        text="Laporan diterima",
        timeout=timeout,
    )


class TestMemoryConformance(ChannelConformance):
    secrets = (SECRET,)
    signature_headers = ("X-Memory-Signature",)
    unplayed: ClassVar = {
        Fault.MOVED: "there is no address to move from",
        Fault.GARBAGE: "there is no answer to spoil",
    }

    def channel(self, stand_in=None):
        context = ChannelContext(channel_id="memory", webhook_url="https://gateway.example.org/channels/memory")
        return stand_in or MemoryChannel.from_settings(MemoryChannel.Options(secret=Secret(SECRET)), context)

    def sign(self, body):
        return self.channel().signed(body)

    def samples(self):
        said = {"id": "m-1", "from": "memory:budi-0001", "text": "lampu jalan padam"}
        yield Sample("a message", self.channel().signed(said), {"text": said["text"], "sender.value": "budi-0001"})
        for status in ("sent", "delivered", "failed"):
            receipt = {"id": "r-1", "delivery_id": "d-1", "status": status}
            yield Sample(status, self.channel().signed(receipt), {"state": DeliveryState(status), "delivery_id": "d-1"})

    def unknown(self):
        yield Sample("status", self.channel().signed({"id": "r-1", "delivery_id": "d-1", "status": "lost"}))
        yield Sample("kind", self.channel().signed({"id": "m-1", "from": "memory:budi-0001", "kind": "dance"}))

    def stranger(self):
        context = ChannelContext(channel_id="memory", webhook_url="https://gateway.example.org/channels/memory")
        return MemoryChannel(MemoryChannel.Options(secret=Secret("another-secret")), context)

    @contextlib.asynccontextmanager
    async def stand_in(self):
        yield self.channel()


def test_a_webhook_it_signed_is_read_back():
    channel = MemoryChannel.named("desk")
    request = channel.signed({"id": "m-1", "from": "memory:siti", "text": " halo "})

    channel.verify(request)
    [message] = channel.parse(request)

    assert message == InboundMessage(dedupe_key="m-1", sender=Address("memory", "siti"), text="halo")
    assert channel.acknowledge(request, Accepted(new=1)).status == 204


def test_another_channels_webhook_is_refused():
    request = MemoryChannel.named("one").signed({"id": "m-1", "from": "memory:siti"})

    with pytest.raises(SignatureError):
        MemoryChannel.named("two").verify(WebhookRequest.of("POST", request.url + "x", request.headers, request.body))


@pytest.mark.parametrize("tree", [{"id": "m"}, {"id": " ", "from": "memory:a"}, {"id": "r", "status": "sent"}])
def test_a_webhook_without_what_it_needs_is_nonsense(tree):
    channel = MemoryChannel.named()

    with pytest.raises(PayloadError):
        channel.parse(channel.signed(tree))


def test_each_status_of_one_delivery_has_its_own_key():
    channel = MemoryChannel.named()
    keys = set()
    for status in ("sent", "delivered", "lost"):
        [receipt] = channel.parse(channel.signed({"id": "r-1", "delivery_id": "d-1", "status": status}))
        assert isinstance(receipt, DeliveryReceipt)
        keys.add(receipt.dedupe_key)

    assert len(keys) == 3


async def test_a_repeat_of_a_delivery_is_tried_again_but_sent_once():
    channel = MemoryChannel.named()

    first, again = await channel.send(outbound()), await channel.send(outbound())

    assert first == again
    assert [one.delivery_id for one in channel.sent] == ["d-1"]
    assert len(channel.tried) == 2


async def test_scripted_errors_come_once_each_and_in_order():
    channel = MemoryChannel.named()
    channel.fail(NotTaken("first", "scripted", after=3.0), Rejected("second", "scripted"))

    with pytest.raises(NotTaken, match="first"):
        await channel.send(outbound("d-1"))
    with pytest.raises(Rejected, match="second"):
        await channel.send(outbound("d-2"))
    await channel.send(outbound("d-3"))

    assert [one.delivery_id for one in channel.sent] == ["d-3"]


async def test_a_silent_provider_is_uncertain_when_its_time_is_over():
    channel = MemoryChannel.named()
    await channel.play(Fault.SILENT)

    with pytest.raises(Uncertain):
        await channel.send(outbound(timeout=0.01))

    assert channel.sent == []


async def test_someone_can_wait_for_a_message():
    channel = MemoryChannel.named()
    waiting = asyncio.create_task(channel.arrived(2))
    await channel.send(outbound("d-1"))
    assert not waiting.done()
    await channel.send(outbound("d-2"))

    await asyncio.wait_for(waiting, 5)


def test_it_can_claim_other_limits():
    claims = Capabilities(schemes=frozenset({"memory"}), reply_window=86_400)

    assert MemoryChannel.named(capabilities=claims).capabilities.reply_window == 86_400


async def test_a_stand_in_keeps_its_port_while_it_refuses():
    async with HttpStandIn() as provider:
        before = provider.url
        await provider.play(Fault.REFUSED)
        host, port = provider.url.removeprefix("http://").split(":")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(host, int(port))
        await provider.play(None)
        _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
        await writer.wait_closed()

        assert provider.url == before
