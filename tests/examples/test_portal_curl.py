"""examples/portal_curl: real openssl and curl against a real gateway, both ways."""

from __future__ import annotations

import asyncio
import os
import shutil
import time

import pytest
from aiohttp import web
from places import EXAMPLES, WEB_SECRET

from treckk_gateway import Actor, Gateway, Role
from treckk_gateway.channel import standard_webhooks
from treckk_gateway.server import subapp

NEEDED = ("bash", "openssl", "curl", "od", "mktemp")
MISSING = [name for name in NEEDED if shutil.which(name) is None]
FOLDER = EXAMPLES / "portal_curl"
ADMIN = Actor(name="rini", role=Role.ADMIN)
KEY = standard_webhooks.key(WEB_SECRET)

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed here: {', '.join(MISSING)}")


@pytest.fixture
def run(tmp_path):
    """Runs one of the scripts with the shared secret; returns exit code, output and complaints."""
    secret = tmp_path / "portal.secret"
    secret.write_text(WEB_SECRET + "\n", encoding="utf-8")

    async def start(script, *arguments, given=b"", secret_file=secret):
        process = await asyncio.create_subprocess_exec(
            "bash",
            str(FOLDER / script),
            *map(str, arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "TRECKK_SECRET": str(secret_file)},
        )
        async with asyncio.timeout(30):
            out, err = await process.communicate(given)
        return process.returncode, out.decode().strip(), err.decode().strip()

    return start


@pytest.fixture
async def callbacks(serve):
    """A portal's own server that keeps what it is called with; says where, and hands out what came."""
    came: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def take(request):
        await came.put((dict(request.headers), await request.read()))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/updates", take)
    return f"{await serve(app)}/updates", came


@pytest.fixture
async def gateway(configure, callbacks):
    portal = {"adapter": "web", "secret": "file:web.secret", "callback_url": callbacks[0]}
    async with Gateway.from_config(configure({"portal": portal})) as running:
        yield running


@pytest.fixture
async def url(gateway, serve):
    return f"{await serve(subapp(gateway))}/channels/portal"


async def test_the_sample_message_opens_one_case_however_often_it_is_sent(gateway, url, run):
    for _ in range(2):
        code, out, _ = await run("send.sh", url, FOLDER / "message.json")
        assert (code, out) == (0, '200 {"status":"accepted"}')
    assert await gateway.settled(10)

    [case] = (await gateway.desk.cases(ADMIN)).items
    file = await gateway.desk.case_file(ADMIN, case.reference)
    [told, *_] = file.messages
    assert "balap liar" in told.text
    assert (told.location.lat, told.location.lng) == (-2.33, 115.46)
    assert [one.state for one in told.attachments] == ["stored"]
    [who] = await gateway.desk.identities(ADMIN, case.reference, "uji")
    assert who.name == "Warga Contoh"


async def test_the_callback_of_the_receipt_passes_verify_and_an_altered_one_does_not(gateway, url, run, callbacks):
    await run("send.sh", url, FOLDER / "message.json")
    async with asyncio.timeout(15):
        headers, body = await callbacks[1].get()
    named = [headers[name] for name in standard_webhooks.HEADERS]

    assert (await run("verify.sh", *named, given=body))[0] == 0
    code, _, complaint = await run("verify.sh", *named, given=body.replace(b"TRK", b"TRX"))
    assert (code, complaint) == (1, "refused: no signature fits")


async def test_a_wrong_secret_is_refused_and_leaves_nothing(gateway, url, run, tmp_path):
    wrong = tmp_path / "wrong.secret"
    wrong.write_text("whsec_" + "A" * 44)
    code, out, _ = await run("send.sh", url, FOLDER / "message.json", secret_file=wrong)
    assert (code, out) == (1, "403")
    assert (await gateway.counters())["received"] == 0


async def test_a_gateway_that_is_not_there_asks_for_another_try(run):
    code, out, _ = await run("send.sh", "http://127.0.0.1:9/channels/portal", FOLDER / "message.json")
    assert (code, out) == (75, "000")


def signed(body, *, at=0.0, keys=(KEY,), message_id="msg_1"):
    headers = standard_webhooks.sign(keys, message_id, int(time.time() + at), body)
    return [headers[name] for name in standard_webhooks.HEADERS]


@pytest.mark.parametrize("body", [b"", b"{}", b"\x00\xff\r\n", "🙏 café".encode(), b"x" * 100_000])
async def test_both_scripts_sign_bytes_as_the_library_does(run, body):
    assert (await run("verify.sh", *signed(body), given=body))[0] == 0


async def test_while_the_secret_is_changed_one_of_several_signatures_fits(run):
    named = signed(b"{}", keys=(bytes(32), KEY))
    assert (await run("verify.sh", *named, given=b"{}"))[0] == 0


REFUSED = {
    "too old": (lambda: signed(b"{}", at=-400), "the timestamp is more than 300 seconds off"),
    "too new": (lambda: signed(b"{}", at=400), "the timestamp is more than 300 seconds off"),
    "another key": (lambda: signed(b"{}", keys=(bytes(32),)), "no signature fits"),
    "no signature": (lambda: [*signed(b"{}")[:2], ""], "no signature fits"),
    "another id": (lambda: ["msg_2", *signed(b"{}")[1:]], "no signature fits"),
    "an id with a full stop": (lambda: ["msg.1", *signed(b"{}")[1:]], "the id is not plain"),
    "a timestamp that is a sum": (lambda: ["msg_1", "1+1", "v1,x"], "the timestamp is not plain digits"),
}


@pytest.mark.parametrize(("named", "reason"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_is_not_shown_to_be_genuine_is_refused(run, named, reason):
    assert await run("verify.sh", *named(), given=b"{}") == (1, "", f"refused: {reason}")


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="])
@pytest.mark.parametrize("script", ["send.sh", "verify.sh"])
async def test_no_script_works_with_a_key_that_everybody_could_guess(run, tmp_path, script, secret):
    broken = tmp_path / "broken.secret"
    broken.write_text(secret)
    given = ("http://127.0.0.1:9/", FOLDER / "message.json") if script == "send.sh" else signed(b"{}")
    code, out, complaint = await run(script, *given, given=b"{}", secret_file=broken)
    assert (code, out) == (1, "")
    assert "whsec_" in complaint
