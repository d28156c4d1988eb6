"""The visitor's page in a real browser: write as a citizen, act as the unit, read every update on the phone."""

from __future__ import annotations

import os
import shutil

import pytest
import pytest_asyncio

from treckk_gateway.server.demo.page import add_routes
from treckk_gateway.server.demo.world import World

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        CHROMIUM is None, reason="no Chromium on this machine: `make browser` installs one where it can"
    ),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    """One for the module: each test has a profile of its own in it."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 only where a browser is

    async with async_playwright() as play:
        opened = await play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="module")
async def world(tmp_path):
    async with World(tmp_path, add_routes) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser, world):
    profile = await browser.new_context(viewport={"width": 1400, "height": 900})
    opened = await profile.new_page()
    troubles = []
    opened.on("pageerror", lambda problem: troubles.append(str(problem)))
    opened.on("console", lambda line: troubles.append(line.text) if line.type == "error" else None)
    await opened.goto(world.url)
    yield opened
    if "KEEP_SCREENSHOT" in os.environ:
        await opened.screenshot(path=os.environ["KEEP_SCREENSHOT"])
    await profile.close()
    assert troubles == []


async def write(page, channel, text):
    await page.click(f"[data-channel={channel}]")
    await page.fill("#text", text)
    await page.click("#write button")


async def reads(page, words):
    await page.locator("#chat li.unit", has_text=words).first.wait_for(timeout=15_000)


async def act(page, role, to, **fields):
    form = page.locator(f"[data-role={role}] form[data-to={to}]")
    await form.wait_for(timeout=15_000)
    for name, value in fields.items():
        field = form.locator(f"[name={name}]")
        await (field.select_option(value) if name in {"post", "reason", "office"} else field.fill(value))
    await form.locator("button").click()


async def test_a_whatsapp_complaint_goes_all_the_way_and_each_update_arrives(page):
    await write(page, "whatsapp", "Ada pedagang jualan di trotoar depan pasar Paringin tiap pagi, jadi macet")
    await reads(page, "laporan Anda sudah kami terima")
    await act(page, "admin", "under_review")
    await reads(page, "ditelaah pimpinan")
    await act(page, "leadership", "instructed", post="paringin")
    await reads(page, "telah menugaskan")
    await act(page, "team", "en_route")
    await reads(page, "menuju lokasi")
    await act(page, "team", "resolved", note="Pedagang dipindahkan ke dalam pasar")
    await reads(page, "Pedagang dipindahkan ke dalam pasar")
    await act(page, "admin", "closed")
    await reads(page, "nyatakan selesai")
    assert await page.locator("#chat li.unit").count() == 6


@pytest.mark.parametrize(
    ("channel", "receipt"),
    [("sms", "Laporan Anda diterima"), ("email", "telah kami terima"), ("web", "sudah kami terima")],
)
async def test_every_channel_answers_on_itself(page, channel, receipt):
    await write(page, channel, "Ada sapi lepas di jalan Desa Layap sejak pagi")
    await reads(page, receipt)
    await act(page, "admin", "under_review")
    await reads(page, "ditelaah")
    for other in {"whatsapp", "sms", "email", "web"} - {channel}:
        await page.click(f"[data-channel={other}]")
        assert await page.locator("#chat li").count() == 0


async def test_what_a_role_may_not_do_is_not_offered(page):
    await write(page, "whatsapp", "Ada parkir liar di trotoar depan pasar Paringin tiap hari")
    await page.locator("[data-role=admin] form[data-to=under_review]").wait_for(timeout=15_000)
    assert await page.locator("[data-role=team] form").count() == 0
    assert await page.locator("form[data-to=instructed]").count() == 0


async def test_a_greeting_is_answered_and_opens_no_case(page):
    await write(page, "whatsapp", "halo")
    await reads(page, "La-Lisa")
    assert await page.locator("#cases button").count() == 0
