"""The checks of the conformance kit, filled in for WhatsApp at Meta. Samples have the form of Meta's reference."""

from __future__ import annotations

import pytest
from making import CITIZEN, URL, USER, make, post, said, status
from meta import NUMBER, SECRET, TOKEN, VERIFY, Meta, notification, refusal, value
from meta import signed as headers
from treckk_gateway.errors import NotTaken, Rejected, Scope, WindowClosed
from treckk_gateway.model import Address, DeliveryState, MediaKind
from treckk_gateway.testing.conformance import ChannelConformance, Refusal, Sample

from treckk_whatsapp_cloud.signature import HEADER

WHO = {"sender": Address("whatsapp", f"+{CITIZEN}"), "sender_name": "Siti Contoh", "unsupported": None}
OUR = {"from": NUMBER, "id": "wamid.our1"}


def sample(name, message, *expected, **more):
    return Sample(name, post(notification(value(messages=[said(**message, **more)], contacts=people()))), *expected)


def people(**more):
    return [{"profile": {"name": "Siti Contoh"}, "wa_id": CITIZEN} | more]


class TestWhatsAppCloud(ChannelConformance):
    secrets = (SECRET, TOKEN, VERIFY)
    signature_headers = (HEADER,)
    signs_url = False
    refusals = (
        Refusal("after a day", refusal(400, 131047), WindowClosed),
        Refusal("not on WhatsApp", refusal(400, 131026), Rejected, Scope.ADDRESS),
        Refusal("token over", refusal(401, 190), Rejected, Scope.CHANNEL),
        Refusal("no such template", refusal(404, 132001), Rejected, Scope.MESSAGE),
        Refusal("too fast", refusal(400, 130429), NotTaken),
        Refusal("too much to one", refusal(400, 131056), NotTaken),
    )

    def channel(self, stand_in=None):
        return make(stand_in.url) if stand_in else make()

    def stranger(self):
        return make(secrets=("another-app-secret",))

    def stand_in(self):
        return Meta()

    def sign(self, body):
        return post(body)

    def samples(self):
        written = {"text": "Lampu jalan padam \U0001f64f", "dedupe_key": "wamid.t1", "claimed_at": 1795500000000000}
        yield sample("a text", {"id": "wamid.t1", "text": {"body": "Lampu jalan padam \U0001f64f"}}, WHO | written)
        yield sample(
            "an answer",
            {"id": "wamid.t2", "text": {"body": "ya"}, "context": OUR},
            WHO | {"reply_ids": ("wamid.our1",)},
        )
        yield from self.files()
        yield from self.chosen()
        place = {"latitude": -2.33, "longitude": 115.45, "name": "Pasar", "address": "Paringin"}
        found = {"location.lat": -2.33, "location.lng": 115.45, "location.text": "Pasar, Paringin"}
        yield sample("a pin", {"id": "wamid.l1", "location": place}, WHO | found)
        card = {"name": {"formatted_name": "Pak RT"}, "phones": [{"phone": "+62 812", "wa_id": "62812"}]}
        content = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Pak RT\r\nTEL:+62 812\r\nEND:VCARD\r\n"
        yield sample("a contact", {"id": "wamid.c1", "contacts": [card]}, WHO | {"attachments.0.content": content})
        yield from self.quiet()
        yield from self.receipts()
        yield from self.others()

    def files(self):
        kinds = {
            "image": ({"mime_type": "image/jpeg", "caption": "Pohon"}, MediaKind.IMAGE),
            "video": ({"mime_type": "video/mp4"}, MediaKind.VIDEO),
            "audio": ({"mime_type": "audio/ogg; codecs=opus", "voice": True}, MediaKind.AUDIO),
            "document": ({"mime_type": "application/pdf", "filename": "surat.pdf"}, MediaKind.DOCUMENT),
            "sticker": ({"mime_type": "image/webp", "animated": False}, MediaKind.STICKER),
        }
        for kind, (more, media) in kinds.items():
            holder = {"id": f"media-{kind}", "sha256": "x"} | more
            wanted = {
                "attachments.0.kind": media,
                "attachments.0.ref": f"media-{kind}",
                "text": more.get("caption", ""),
            }
            yield sample(kind, {"id": f"wamid.{kind}", kind: holder}, WHO | wanted)

    def chosen(self):
        ours = {"type": "button_reply", "button_reply": {"id": "jawab:3", "title": "Satpol PP"}}
        yield sample("a button of ours", {"id": "wamid.b1", "interactive": ours, "context": OUR}, WHO | {"text": "3"})
        line = {"type": "list_reply", "list_reply": {"id": "x", "title": "Lainnya", "description": "-"}}
        yield sample("a line not of ours", {"id": "wamid.b2", "interactive": line}, WHO | {"text": "Lainnya"})
        form = {"type": "nfm_reply", "nfm_reply": {"response_json": "{}", "body": "Sent", "name": "flow"}}
        yield sample("a form", {"id": "wamid.b3", "interactive": form}, {"unsupported": "form"})
        yield sample(
            "a template's button", {"id": "wamid.b4", "button": {"payload": "p", "text": "Ya"}}, {"text": "Ya"}
        )

    def quiet(self):
        liked = {"message_id": "wamid.our1", "emoji": "\U0001f44d"}
        wanted = {"unsupported": "reaction", "automatic": True, "reply_ids": ("wamid.our1",), "text": "\U0001f44d"}
        yield sample("a reaction", {"id": "wamid.r1", "reaction": liked}, wanted)
        moved = {"body": "User Siti changed", "wa_id": "6281200000099", "type": "user_changed_number"}
        new = {
            "automatic": True,
            "unsupported": "system",
            "text": "",
            "aliases.0": Address("whatsapp", "+6281200000099"),
        }
        yield sample("a new number", {"id": "wamid.s1", "system": moved}, new)
        again = {"original_message_id": "wamid.t1", "message": {"type": "text", "text": {"body": "di Layap"}}}
        yield sample("edited", {"id": "wamid.e1", "edit": again}, WHO | {"text": "di Layap", "automatic": False})
        caption = {"original_message_id": "wamid.image", "message": {"type": "image", "image": {"caption": "Pohon"}}}
        yield sample("an edited caption", {"id": "wamid.e2", "edit": caption}, {"text": "Pohon", "unsupported": None})
        odd = {"original_message_id": "wamid.t1", "message": {"type": "hologram"}}
        yield sample("edited into what we cannot read", {"id": "wamid.e3", "edit": odd}, {"unsupported": "edit"})
        gone = {"original_message_id": "wamid.t1"}
        yield sample("taken back", {"id": "wamid.v1", "revoke": gone}, {"unsupported": "revoke", "automatic": True})

    def receipts(self):
        states = {"sent": "sent", "delivered": "delivered", "read": "read"}
        for word, state in states.items():
            request = post(notification(value(statuses=[status(word)])))
            wanted = {"state": DeliveryState(state), "provider_message_id": "wamid.our1", "delivery_id": "d-1"}
            yield Sample(word, request, wanted | {"claimed_at": 1795500060000000})
        closed = status("failed", errors=[{"code": 131047, "title": "Re-engagement message"}])
        wanted = {"state": DeliveryState.FAILED, "code": "131047", "window_closed": True}
        yield Sample("window closed", post(notification(value(statuses=[closed]))), wanted)
        away = status("failed", errors=[{"code": 131026, "title": "Message undeliverable"}])
        yield Sample("not there", post(notification(value(statuses=[away]))), {"code": "131026", "scope": "address"})

    def others(self):
        user = {"from": None, "from_user_id": USER, "id": "wamid.u1", "text": {"body": "tanpa nomor"}}
        contacts = [{"profile": {"name": "Budi", "username": "@budi"}, "user_id": USER}]
        request = post(notification(value(messages=[said(**user)], contacts=contacts)))
        yield Sample(
            "from a user without a number", request, {"sender": Address("whatsapp", USER), "sender_name": "Budi"}
        )
        both = said(id="wamid.u2", from_user_id=USER, text={"body": "dengan nomor"})
        request = post(notification(value(messages=[both], contacts=people(user_id=USER))))
        yield Sample("from a user with both", request, WHO | {"aliases": (Address("whatsapp", USER),)})
        yield sample("in a group", {"id": "wamid.g1", "group_id": "g", "text": {"body": "halo semua"}})
        yield Sample("of the account", post(notification({"event": "DISABLED_UPDATE"})))

    def unknown(self):
        yield sample("unsupported", {"id": "wamid.x1", "type": "unsupported", "errors": [{"code": 131051}]})
        yield sample("an order", {"id": "wamid.x2", "order": {"catalog_id": "1", "product_items": []}})
        yield sample("a new kind", {"id": "wamid.x3", "hologram": {"id": "h"}})
        yield Sample("a new status", post(notification(value(statuses=[status("pondered")]))))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            b'{"object":"whatsapp_business_account","entry":[]}',
            "510d12d4b2bb7d1a444237f279f38baad03dc76224055d77dd5e69c2ad4965f1",
        ),
        (
            rb'{"object":"whatsapp_business_account","text":"\ud83d\ude4f"}',
            "a63718e2355ef6c6a3fdc3c03af4e0e76869ca37f810cd580db12f4ba5a37d9f",
        ),
    ],
)
def test_the_signature_is_that_of_the_documentation(body, expected):
    """Computed from the documented rule, over the bytes as they come: escapes stay escapes."""
    assert headers(body, "treckk-demo-app-secret")[HEADER] == f"sha256={expected}"
    assert URL
