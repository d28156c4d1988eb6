"""Over real sockets: a text in, a case, the receipt out through the phone, and its delivery heard."""

from __future__ import annotations

import json

import phone
import service
from treckk_gateway.server.trial import trial

COMPLAINT = "Ada pedagang jualan di trotoar depan pasar Paringin tiap pagi, jadi macet"
CITIZEN = "+6281200000001"


async def test_a_complaint_over_smsgate_is_answered_and_the_answer_delivered(tmp_path):
    async with phone.Phone() as sim:
        channel = {"adapter": "smsgate", "signing_key": "file:key", "username": phone.USER, "password": "file:password"}
        settings, secrets = {"sms": channel | {"api_base_url": sim.url}}, {"key": phone.KEY, "password": phone.PASSWORD}
        async with trial(tmp_path, settings, secrets=secrets) as whole:
            webhook = whole.webhook("sms")
            said = {"messageId": "x", "message": COMPLAINT, "sender": CITIZEN, "receivedAt": "2026-11-26T08:46:11Z"}
            assert await sim.says(webhook, "sms:received", signed_with="a-forger-s-key", **said) == 403
            assert await sim.says(webhook, "sms:received", **said) == 200
            assert await sim.says(webhook, "sms:received", **said) == 200
            await whole.settled()
            [case] = await whole.cases()
            assert [one.text for one in case.messages if one.direction == "in"] == [COMPLAINT]
            [delivery] = case.deliveries
            assert (delivery.state, list(sim.messages)) == ("accepted", [delivery.delivery_id])
            posted = json.loads(next(one.body for one in sim.requests if one.method == "POST"))
            assert case.case.reference in posted["textMessage"]["text"]
            assert posted["phoneNumbers"] == [CITIZEN]

            about = {"messageId": delivery.delivery_id, "recipient": CITIZEN}
            for event in ("sms:delivered", "sms:sent", "sms:delivered"):
                assert await sim.says(webhook, event, **about) == 200
            await whole.settled()
            [case] = await whole.cases()
            assert [one.state for one in case.deliveries] == ["delivered"]


async def test_a_complaint_over_httpsms_is_answered_and_the_answer_delivered(tmp_path):
    async with service.Service() as cloud:
        channel = {"adapter": "httpsms", "signing_key": "file:key", "api_key": "file:api", "phone": service.PHONE}
        settings, secrets = {"sms": channel | {"api_base_url": cloud.url}}, {"key": service.KEY, "api": service.API_KEY}
        async with trial(tmp_path, settings, secrets=secrets) as whole:
            webhook = whole.webhook("sms")
            said = {"message_id": "m-1", "content": COMPLAINT, "contact": CITIZEN, "owner": service.PHONE}
            assert await cloud.says(webhook, "message.phone.received", **said) == 200
            await whole.settled()
            [case] = await whole.cases()
            [delivery] = case.deliveries
            assert delivery.provider_message_id == "hs-2"
            assert case.case.reference in json.loads(cloud.requests[0].body)["content"]

            about = {"id": "hs-2", "request_id": delivery.delivery_id, "contact": CITIZEN}
            assert await cloud.says(webhook, "message.phone.delivered", **about) == 200
            await whole.settled()
            [case] = await whole.cases()
            assert [one.state for one in case.deliveries] == ["delivered"]
