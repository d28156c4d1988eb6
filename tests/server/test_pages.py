from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import re
import time
from html.parser import HTMLParser

import attrs
import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from treckk_gateway import Gateway
from treckk_gateway.server import subapp
from treckk_gateway.server.api.bearer import OPERATOR
from treckk_gateway.server.app import application
from treckk_gateway.server.pages import form
from treckk_gateway.server.visitors import Patience, origin

TEXT = "Ada pedagang menutup trotoar di depan pasar Paringin sejak tadi pagi"


class Fields(HTMLParser):
    def __init__(self):
        super().__init__()
        self.names, self.tags = {}, []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        found = dict(attributes)
        if "name" in found and tag in {"input", "textarea"}:
            self.names[found["name"]] = found.get("value", "")


def read_fields(text):
    parser = Fields()
    parser.feed(text)
    return parser


@pytest.fixture
def aged(monkeypatch):
    """Forms count as filled in by a person, however quickly a test sends them."""
    monkeypatch.setattr(form, "_QUICKEST", -1.0)


async def fresh(client, served):
    async with client.get(f"{served}/lapor") as answer:
        assert answer.status == 200
        return read_fields(await answer.text()).names["kunci"]


async def submit(client, served, **fields):
    async with client.post(f"{served}/lapor", data=fields) as answer:
        return answer, await answer.text()


def link(text):
    return re.search(r'href="(s/[0-9a-f]{32})"', text)[1]


async def references(gateway):
    return [one.reference for one in (await gateway.desk.cases(OPERATOR)).items]


async def test_a_report_gets_a_number_and_a_page_of_its_own(gateway, served, client, aged):
    told = {"isi": TEXT, "lokasi": "Paringin", "nama": "Siti", "kontak": "0812-0000-0001"}
    answer, text = await submit(client, served, kunci=await fresh(client, served), **told)
    assert answer.status == 200
    numbers = await references(gateway)
    assert len(numbers) == 1
    assert numbers[0] in text

    async with client.get(f"{served}/{link(text)}") as status:
        page = await status.text()
    assert status.status == 200
    assert numbers[0] in page
    for word in ("Siti", "0812", "trotoar", "pelapor"):
        assert word not in page

    file = await gateway.desk.case_file(OPERATOR, numbers[0])
    assert TEXT in file.messages[0].text
    assert "0812-0000-0001" in file.messages[0].text
    [who] = await gateway.desk.identities(OPERATOR, numbers[0], "uji")
    assert not any("812" in one for one in who.addresses)


async def test_a_form_sent_five_times_is_one_report(gateway, served, client, aged):
    key = await fresh(client, served)
    done = await asyncio.gather(*(submit(client, served, kunci=key, isi=TEXT) for _ in range(5)))
    assert {answer.status for answer, _ in done} == {200}
    assert len({link(text) for _, text in done}) == 1
    assert await gateway.settled(10)
    assert len(await references(gateway)) == 1
    assert (await gateway.counters())["received"] == 1


async def test_another_text_under_the_same_form_is_not_lost(gateway, served, client, aged):
    key = await fresh(client, served)
    await submit(client, served, kunci=key, isi=TEXT)
    await submit(client, served, kunci=key, isi=f"{TEXT}, dan sekarang makin banyak")
    assert await gateway.settled(10)
    assert (await gateway.counters())["received"] == 2
    assert len(await references(gateway)) == 1


@pytest.mark.parametrize("sign", ["trap", "quick"])
async def test_what_a_machine_may_have_sent_is_kept_and_looks_the_same(gateway, served, client, monkeypatch, sign):
    monkeypatch.setattr(form, "_QUICKEST", 1000.0 if sign == "quick" else -1.0)
    trap = "http://spam.example.org" if sign == "trap" else ""
    answer, text = await submit(client, served, kunci=await fresh(client, served), isi=TEXT, situs=trap)
    assert (answer.status, "sudah kami terima" in text) == (200, True)
    assert (await gateway.counters())["received"] == 1


@pytest.mark.parametrize(
    ("change", "status", "kept"),
    [
        ({"isi": ""}, 422, False),
        ({"isi": "   \r\n "}, 422, False),
        ({"isi": "a" * 4001}, 422, True),
        ({"lokasi": "b" * 501}, 422, True),
        ({"kunci": "x"}, 422, True),
        ({"kunci": ""}, 422, True),
        ({"isi": "a" * 70_000}, 413, False),
    ],
)
async def test_a_form_that_is_wrong_comes_back_with_what_was_written(gateway, served, client, change, status, kept):
    fields = {"kunci": await fresh(client, served), "isi": TEXT, "lokasi": "<b>Paringin</b>"} | change
    answer, text = await submit(client, served, **fields)
    assert answer.status == status
    assert 'role="alert"' in text
    assert "<b>" not in text
    if kept:
        assert html.escape(fields["isi"]) in text
    assert (await gateway.counters())["received"] == 0


@pytest.mark.parametrize("body", [b"\xff\xfe", b"&".join(b"a%d=1" % n for n in range(50)), b"%ZZ=&=&&"])
async def test_what_is_no_form_is_refused(served, client, body):
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"):
        async with client.post(f"{served}/lapor", data=body, headers={"Content-Type": kind}) as answer:
            assert answer.status in {400, 422}


def test_form_keys_are_ours_and_of_today():
    keys, now = form.Keys.of(bytes(32)), 1_795_500_000.0
    written = keys.issue(now)
    assert keys.read(written, now + 10).token == written[:32]
    assert keys.read(written, now + 86_401) is None
    assert keys.read(written, now - 5) is None
    assert form.Keys.of(b"other" * 8).read(written, now) is None
    assert keys.read(written[:-1] + ("0" if written[-1] != "0" else "1"), now) is None
    assert len({keys.issue(now) for _ in range(50)}) == 50


async def test_every_wrong_token_gets_the_same_answer(gateway, served, client, aged):
    _, text = await submit(client, served, kunci=await fresh(client, served), isi=TEXT)
    right = link(text).removeprefix("s/")
    number = (await references(gateway))[0]
    seen = set()
    for token in (
        right[:-1],
        right[::-1],
        right + "0",
        number,
        "x",
        "0" * 32,
        "%00",
        "a" * 5000,
        "..",
        "%C3%A9",
    ):
        async with client.get(f"{served}/s/{token}", allow_redirects=False) as answer:
            if answer.url.path.startswith("/s/"):
                seen.add((answer.status, await answer.read()))
    assert len(seen) == 1
    assert seen.pop()[0] == 404


async def test_pages_carry_strict_headers_and_no_scripts(served, client):
    for path in ("/lapor", "/s/unknown"):
        async with client.get(served + path) as answer:
            text = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
        style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
        hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert policy.startswith("default-src 'none'; style-src 'sha256-" + hashed)
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert {"script", "img", "link", "iframe"}.isdisjoint(read_fields(text).tags)
        assert not re.search(r'\b(style|on\w+)="', text)
        assert len(text) < 8000


@pytest.mark.parametrize("bare", ["/", "/lapor/", "/aduan", "/aduan/", "/aduan/lapor/"])
async def test_the_bare_address_leads_to_the_form(make_settings, start, client, bare):
    async with Gateway.from_config(make_settings(public_url="https://example.go.id/aduan")) as gateway:
        server = await start(application(gateway))
        async with client.get(server.make_url(bare), allow_redirects=False, headers={"Host": "evil.example"}) as answer:
            assert (answer.status, answer.headers["Location"]) == (302, "https://example.go.id/aduan/lapor")
        async with client.get(server.make_url("/aduan/other"), allow_redirects=False) as answer:
            assert answer.status == 404


async def test_without_a_channel_named_lapor_there_is_no_form(make_settings, start, client):
    settings = make_settings()
    settings = attrs.evolve(settings, channels=tuple(one for one in settings.channels if one.channel_id != "lapor"))
    async with Gateway.from_config(settings) as gateway:
        server = await start(subapp(gateway))
        async with client.get(server.make_url("/lapor")) as answer:
            assert answer.status == 404


async def test_a_flood_from_one_place_is_slowed_and_keeps_its_text(gateway, served, client, aged):
    for n in range(30):
        answer, _ = await submit(client, served, kunci=await fresh(client, served), isi=f"{TEXT} {n}")
        assert answer.status == 200
    answer, text = await submit(client, served, kunci=await fresh(client, served), isi=TEXT)
    assert answer.status == 429
    assert TEXT in text


def test_patience_grows_back_and_forgets_nobody_else():
    now = [0.0]
    patience = Patience(burst=2, seconds=10.0, clock=lambda: now[0])
    assert [patience.allows("a") for _ in range(3)] == [True, True, False]
    assert patience.allows("b")
    now[0] = 10.0
    assert [patience.allows("a") for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    ("remote", "forwarded", "seen"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["nonsense"], ""),
        ("127.0.0.1", ["2001:db8:1:2:3::4"], "2001:db8:1:2::/64"),
        ("2001:db8::1", ["198.51.100.1"], "2001:db8::/64"),
    ],
)
def test_only_configured_proxies_are_believed_about_where_a_visitor_is(make_settings, remote, forwarded, seen):
    trusted = make_settings(trusted_proxies=["127.0.0.1", "10.0.0.0/8"]).trusted_proxies
    headers = CIMultiDict([("X-Forwarded-For", one) for one in forwarded])
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=remote)
    assert origin(request, trusted) == seen


def test_the_webhook_of_a_form_names_no_address_of_its_sender():
    key = form.FormKey(token="0" * 32, issued=0.0)
    entry = form.Entry(fields={"isi": TEXT, "lokasi": "", "nama": "", "kontak": "+6281200000009"}, key="")
    secret = "whsec_" + base64.b64encode(bytes(32)).decode()
    sent = form.webhook(
        entry, key, again=False, doubtful=False, secret=secret, url="https://x/channels/lapor", now=time.time()
    )
    assert b'"address"' not in sent.body
    assert b"0" * 32 not in sent.body
