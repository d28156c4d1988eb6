"""examples/embed_aiohttp: the portal's own page and the gateway in one application."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from places import CITIZEN, DESK, PUBLIC

from treckk_gateway import WalkIn
from treckk_gateway.errors import ConfigError


@pytest.fixture
async def town(example, configure, whatsapp, twilio, serve):
    """The example, served, with a WhatsApp number that leads to it."""
    module = example("embed_aiohttp/portal.py")
    app = module.portal(configure({"whatsapp": whatsapp}))
    url = await serve(app)
    twilio.connect(DESK, webhook_url=f"{PUBLIC}/channels/whatsapp", post_to=f"{url}/aduan/channels/whatsapp")
    return module, app, url


async def shown(client, url):
    async with client.get(url) as answer:
        assert answer.status == 200
        return int(re.search(r"Cases: <b>(\d+)</b>", await answer.text())[1])


async def test_a_complaint_over_the_mounted_gateway_is_counted_on_the_portals_own_page(town, twilio, client):
    module, app, url = town
    assert await shown(client, f"{url}/") == 0

    async with asyncio.timeout(20):
        answer = await twilio.write(CITIZEN, DESK, "Ada balap liar di Jl. Lingkar Paringin tiap malam")
        assert answer.status == 200
        [receipt] = await twilio.heard(CITIZEN)

    assert re.search(r"TRK-\d{4}-\d{5}", receipt.body)
    assert await app[module.GATEWAY].settled(10)
    assert await shown(client, f"{url}/") == 1


async def test_cases_are_counted_beyond_one_page(town, monkeypatch):
    module, app, _url = town
    gateway = app[module.GATEWAY]
    cases = gateway.desk.cases
    sizes = []

    async def in_small_pages(actor, **asked):
        sizes.append(asked["cursor"])
        return await cases(actor, **asked | {"limit": 2})

    for number in range(5):
        await gateway.desk.open_walk_in(module.READER, WalkIn(text=f"Parkir liar di depan pasar {number}"))
    monkeypatch.setattr(type(gateway.desk), "cases", lambda _desk, actor, **asked: in_small_pages(actor, **asked))

    assert (await module.count(gateway)).total() == 5
    assert len(sizes) == 3


async def test_the_gateways_own_pages_are_below_the_prefix_only(town, client):
    _module, _app, url = town
    async with client.get(f"{url}/aduan/readyz") as answer:
        assert answer.status == 200
    async with client.get(f"{url}/readyz") as answer:
        assert answer.status == 404


async def test_a_forged_webhook_is_logged_without_what_it_says(town, client, capfd, own_logging):
    module, _app, url = town
    module.private_log()
    form = {"From": CITIZEN, "Body": "rahasia sekali"}
    async with client.post(f"{url}/aduan/channels/whatsapp", data=form) as answer:
        assert answer.status == 403
    [line] = map(json.loads, capfd.readouterr().out.splitlines())
    assert (line["event"], line["channel_id"]) == ("request.refused", "whatsapp")
    assert "rahasia" not in str(line)
    assert "6281200000000" not in str(line)


async def test_before_it_is_open_it_takes_nothing_and_asks_to_come_again(example, configure, whatsapp):
    module = example("embed_aiohttp/portal.py")
    gateway = module.portal(configure({"whatsapp": whatsapp}))[module.GATEWAY]
    assert not (await gateway.health()).ready


async def test_a_mistake_in_the_configuration_is_refused_before_anything_listens(example, configure):
    module = example("embed_aiohttp/portal.py")
    with pytest.raises(ConfigError, match=r"gateway\.public_url"):
        module.portal(configure({}, public_url="https://portal.example.go.id/aduan/"))
