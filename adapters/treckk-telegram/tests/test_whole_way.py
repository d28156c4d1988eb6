"""Over real sockets: a complaint in, its receipt out, a question with buttons, and a tap that answers it."""

from __future__ import annotations

import json

import aiohttp
from provider import Telegram
from treckk_gateway.server.trial import trial

from treckk_telegram.channel import SECRET

TOKEN, WEBHOOK_SECRET = "110201543:kit-token-made-up-0001", "kit-webhook-secret-0001"
CHAT = {"id": 700100200, "type": "private", "first_name": "Siti"}
MORNING = 1_795_658_400_000_000


async def post(url, update, secret=WEBHOOK_SECRET):
    async with aiohttp.ClientSession() as http, http.post(url, json=update, headers={SECRET: secret}) as answer:
        return answer.status, await answer.text()


async def test_a_complaint_is_answered_and_a_place_chosen_with_a_tap(tmp_path):
    late = [MORNING]
    async with Telegram(TOKEN) as telegram:
        channel = {"adapter": "telegram", "bot_token": "file:token", "webhook_secret": "file:secret"}
        settings = {"telegram": channel | {"api_base_url": telegram.url}}
        secrets = {"token": TOKEN, "secret": WEBHOOK_SECRET}
        async with trial(tmp_path, settings, secrets=secrets, clock=lambda: late[0]) as whole:
            url = whole.webhook("telegram")
            message = {"message_id": 1, "from": CHAT, "chat": CHAT, "date": MORNING // 1_000_000}
            said = {"update_id": 1, "message": message | {"text": "Ada yang mabuk-mabukan di Galumbang tadi malam"}}
            assert (await post(url, said, "another-webhook-secret"))[0] == 403
            assert (await post(url, said))[0] == 200
            assert (await post(url, said))[0] == 200
            await whole.settled()
            late[0] += 10_000_000
            whole.gateway._parts.wakeups.hint()
            await whole.settled()
            receipt, question = (json.loads(one.body) for one in telegram.requests)
            [case] = await whole.cases()
            assert case.case.reference in receipt["text"]
            rows = question["reply_markup"]["inline_keyboard"]
            assert [row[0]["text"] for row in rows] == ["Juai", "Paringin Selatan", "Tidak tahu"]

            tap = {"id": "4382", "from": CHAT, "message": message, "data": rows[1][0]["callback_data"]}
            status, body = await post(url, {"update_id": 2, "callback_query": tap})
            assert (status, json.loads(body)["method"]) == (200, "answerCallbackQuery")
            await whole.settled()
            [case] = await whole.cases()

    assert case.case.district == "63.11.07"
    assert len([one for one in case.messages if one.direction == "in"]) == 2
