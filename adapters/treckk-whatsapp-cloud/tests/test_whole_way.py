"""Over real sockets: a subscription, a complaint with a picture, the answer, its receipts, and news after a day."""

from __future__ import annotations

from making import CITIZEN, USER, said, status
from meta import NUMBER_ID, PICTURE, SECRET, TOKEN, VERIFY, Meta, value
from treckk_gateway import Actor, Given, Role, State
from treckk_gateway.server.trial import trial

MORNING = 1_795_658_400_000_000
"""Ten o'clock in Balangan: at night news would wait for it."""
COMPLAINT = "Ada pedagang jualan di trotoar depan pasar Paringin tiap pagi, jadi macet"


def settings(meta):
    channel = {"adapter": "whatsapp-cloud", "app_secret": "file:app", "verify_token": "file:verify"}
    channel |= {"access_token": "file:token", "phone_number_id": NUMBER_ID, "api_base_url": meta.url}
    channel["templates"] = {"under_review": {"id": {"name": "laporan_ditelaah", "variables": ["nomor"]}}}
    return {"whatsapp": channel}, {"app": SECRET, "verify": VERIFY, "token": TOKEN}


async def test_a_complaint_is_answered_and_the_answer_read(tmp_path):
    async with Meta() as meta:
        channels, secrets = settings(meta)
        async with trial(tmp_path, channels, secrets=secrets) as whole:
            webhook = whole.webhook("whatsapp")
            assert await meta.subscribe(webhook) == (200, "1158201444")
            assert (await meta.subscribe(webhook, "another-token-0001"))[0] == 403

            picture = said(id="wamid.1", image={"id": "media-1", "mime_type": "image/jpeg", "caption": COMPLAINT})
            assert await meta.says(webhook, value(messages=[picture]), secret="another-secret") == 403
            assert await meta.says(webhook, value(messages=[picture])) == 200
            assert await meta.says(webhook, value(messages=[picture])) == 200
            await whole.settled()
            [case] = await whole.cases()
            [message] = [one for one in case.messages if one.direction == "in"]
            assert (message.text, message.attachments[0].state) == (COMPLAINT, "stored")
            assert message.attachments[0].size == len(PICTURE)
            [delivery] = case.deliveries
            assert (delivery.state, delivery.provider_message_id) == ("accepted", "wamid.out1")
            assert case.case.reference in meta.sent[0]["text"]["body"]
            assert meta.sent[0]["to"] == CITIZEN

            done = {"id": "wamid.out1", "biz_opaque_callback_data": delivery.delivery_id}
            heard = [status(word, **done) for word in ("read", "sent", "delivered", "pondered")]
            assert await meta.says(webhook, value(statuses=heard)) == 200
            await whole.settled()
            [case] = await whole.cases()
            assert [one.state for one in case.deliveries] == ["read"]


async def test_after_a_day_news_leaves_as_a_template(tmp_path):
    late, admin = [MORNING], Actor(name="rini", role=Role.ADMIN)
    async with Meta() as meta:
        channels, secrets = settings(meta)
        async with trial(tmp_path, channels, secrets=secrets, clock=lambda: late[0]) as whole:
            webhook = whole.webhook("whatsapp")
            assert await meta.says(webhook, value(messages=[said(id="wamid.1", text={"body": COMPLAINT})])) == 200
            await whole.settled()
            [case] = await whole.cases()
            late[0] += 25 * 3600 * 1_000_000
            meta.away.add(CITIZEN)
            await whole.gateway.desk.move(admin, case.case.reference, State.UNDER_REVIEW, Given())
            await whole.settled()

            assert [one["type"] for one in meta.sent] == ["text", "template"]
            assert meta.sent[1]["template"]["name"] == "laporan_ditelaah"
            parameters = meta.sent[1]["template"]["components"][0]["parameters"]
            assert parameters == [{"type": "text", "text": case.case.reference}]


async def test_a_place_is_chosen_with_a_tap(tmp_path):
    late = [MORNING]
    async with Meta() as meta:
        channels, secrets = settings(meta)
        async with trial(tmp_path, channels, secrets=secrets, clock=lambda: late[0]) as whole:
            webhook, drunk = whole.webhook("whatsapp"), "Ada yang mabuk-mabukan di Galumbang tadi malam"
            assert await meta.says(webhook, value(messages=[said(id="wamid.1", text={"body": drunk})])) == 200
            await whole.settled()
            late[0] += 10_000_000
            whole.gateway._parts.wakeups.hint()
            await whole.settled()
            offered = meta.sent[-1]["interactive"]["action"]["buttons"]
            assert [one["reply"]["title"] for one in offered] == ["Juai", "Paringin Selatan", "Tidak tahu"]

            tapped = {"type": "button_reply", "button_reply": offered[1]["reply"]}
            assert await meta.says(webhook, value(messages=[said(id="wamid.2", interactive=tapped)])) == 200
            await whole.settled()
            [case] = await whole.cases()
            assert case.case.district == "63.11.07"


async def test_every_kind_of_message_is_filed_and_none_is_parked(tmp_path):
    card = {"name": {"formatted_name": "Pak RT"}, "phones": [{"phone": "+62 812"}]}
    edit = {"original_message_id": "wamid.0", "message": {"type": "text", "text": {"body": "Di Desa Layap"}}}
    kinds = {
        "location": {"latitude": -2.33, "longitude": 115.45},
        "contacts": [card],
        "audio": {"id": "media-1", "voice": True},
        "video": {"id": "media-2"},
        "document": {"id": "media-3", "filename": "surat.pdf"},
        "sticker": {"id": "media-4"},
        "reaction": {"message_id": "wamid.out1", "emoji": "\U0001f44d"},
        "button": {"payload": "p", "text": "Ya"},
        "interactive": {"type": "list_reply", "list_reply": {"id": "x", "title": "Lainnya"}},
        "edit": edit,
        "revoke": {"original_message_id": "wamid.0"},
        "order": {"catalog_id": "1"},
        "hologram": {"id": "h"},
        "unsupported": {"type": "unknown"},
    }
    async with Meta() as meta:
        channels, secrets = settings(meta)
        async with trial(tmp_path, channels, secrets=secrets) as whole:
            webhook = whole.webhook("whatsapp")
            assert await meta.says(webhook, value(messages=[said(id="wamid.0", text={"body": COMPLAINT})])) == 200
            await whole.settled()
            batch = [said(id=f"wamid.{count}", **{kind: one}) for count, (kind, one) in enumerate(kinds.items(), 1)]
            assert await meta.says(webhook, value(messages=batch)) == 200
            await whole.settled()
            books = await whole.gateway.counters()
            [case] = await whole.cases()

    heard = [one for one in case.messages if one.direction == "in"]
    taken_back = 1  # filed, and no part of what the reporter said
    assert (books["parked"], len(heard)) == (0, 1 + len(kinds) - taken_back)
    odd = [one.unsupported for one in heard if one.unsupported]
    assert odd == ["reaction", "order", "hologram", "unsupported"]


async def test_somebody_with_a_new_number_goes_on_with_their_case(tmp_path):
    async with Meta() as meta:
        channels, secrets = settings(meta)
        async with trial(tmp_path, channels, secrets=secrets) as whole:
            webhook, new = whole.webhook("whatsapp"), "6281200000099"
            moved = {"type": "user_changed_number", "wa_id": new, "body": "Siti changed her number"}
            said_later = {"id": "wamid.3", "text": {"body": "Sekarang sudah sampai badan jalan"}, "from": new}
            for message in (
                {"id": "wamid.1", "text": {"body": COMPLAINT}},
                {"id": "wamid.2", "system": moved},
                said_later,
            ):
                assert await meta.says(webhook, value(messages=[said(**message)])) == 200
                await whole.settled()
            [case] = await whole.cases()

    assert [one.text for one in case.messages if one.direction == "in"] == [
        COMPLAINT,
        "Sekarang sudah sampai badan jalan",
    ]
    assert len(meta.sent) == 1


async def test_a_body_with_many_people_makes_a_case_of_each(tmp_path):
    async with Meta() as meta:
        channels, secrets = settings(meta)
        async with trial(tmp_path, channels, secrets=secrets) as whole:
            one = said(id="wamid.1", text={"body": COMPLAINT})
            other = said(id="wamid.2", text={"body": "Pohon tumbang di Juai"}, from_user_id=USER, **{"from": None})
            liked = said(id="wamid.3", reaction={"message_id": "wamid.x", "emoji": "\U0001f44d"})
            answered = await meta.says(whole.webhook("whatsapp"), value(messages=[one]), value(messages=[other, liked]))
            await whole.settled()

            assert answered == 200
            assert len(await whole.cases()) == 2
            assert {str(sent.get("to") or sent.get("recipient")) for sent in meta.sent} == {CITIZEN, USER}
