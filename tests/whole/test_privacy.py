"""Markers in every field a person can fill, sent over every channel to the real server: they stay where they belong."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import signal
import stat
import zlib

import pytest
from folk import (
    ADMIN,
    BUDI,
    COMPLAINT,
    DANRU,
    DESK,
    DUTY_MAIL,
    PERSONAL,
    PUBLIC,
    SMS,
    WAYS,
    WEB_SECRET,
    WHATSAPP,
    Person,
    free_port,
    token,
    until,
)
from process import Server, tables

from treckk_gateway.testing.sandbox.mail import MailSandbox, Written
from treckk_gateway.testing.sandbox.portal import PortalSandbox
from treckk_gateway.testing.sandbox.twilio import TwilioSandbox, Twist

MARK = "qzxjvk"
"""Stands in no word of any language, no code and no hash in hexadecimal."""
PEOPLE = {way: Person(f"+62812987650{count}", f"{MARK}-mail{count}@example.org", f"{MARK}-percakapan-{count}")
          for count, way in enumerate(("whatsapp", "sms", "email", "web"))}  # fmt: skip
NAME, TEXT, SUBJECT = f"{MARK}nama Orang", f"{COMPLAINT}, kata {MARK}teks", f"{MARK}judul"
FILE, CONTENT, PLACE = f"{MARK}berkas.txt", f"isi {MARK}lampiran".encode(), f"{MARK}tempat"
COUNTER = f"mailto:{MARK}-loket@example.org"
NUMBERS = tuple(one.number.lstrip("+") for one in PEOPLE.values())


def marks(data):
    """Which markers stand in these bytes, in any of the usual disguises."""
    found = set()
    for mark in (MARK, *NUMBERS):
        plain = mark.encode()
        for disguise in (plain, plain.upper(), mark.encode("utf-16-le"), plain.hex().encode(), *inside_base64(plain)):
            if disguise in data:
                found.add(mark)
    return found


def inside_base64(plain):
    """The middle of the base64 of something, at each of the three offsets it can have."""
    for offset in range(3):
        written = base64.b64encode(b"x" * offset + plain + b"xx")
        yield written[4 : 4 + (len(plain) - 3) // 3 * 4]


class Everything:
    """The real server, every provider, and everybody who writes."""

    def __init__(self, folder, server, twilio, portal, mail):
        self.folder, self.server, self.twilio, self.portal, self.mail = folder, server, twilio, portal, mail

    async def written(self):
        """A complaint over every channel with a marker in every field; all settled."""
        person = PEOPLE["whatsapp"]
        answer = await self.twilio.write(
            f"whatsapp:{person.number}", WHATSAPP, TEXT, name=NAME, location=(-2.33, 115.47), place=PLACE,
            files=[("image/jpeg", CONTENT)], extra={"Address": PLACE},
        )  # fmt: skip
        assert answer.status == 200
        assert (await self.twilio.write(PEOPLE["sms"].number, SMS, TEXT)).status == 200
        await self.mail.write(
            PEOPLE["email"].mail, DESK, TEXT, subject=SUBJECT, name=NAME, files=[("text/plain", FILE, CONTENT)]
        )
        file = {"content_base64": base64.b64encode(CONTENT).decode(), "content_type": "text/plain", "filename": FILE}
        answer = await self.portal.submit(
            TEXT, conversation_id=PEOPLE["web"].conversation, subject=SUBJECT,
            location={"text": PLACE, "lat": -2.3, "lng": 115.4},
            sender={"id": f"{MARK}id", "name": NAME, "address": f"mailto:{MARK}x@example.org"}, attachments=[file],
        )  # fmt: skip
        assert answer.status == 200
        status, _ = await self.api("POST", "/cases", text=TEXT, name=NAME, reply_to=COUNTER, place=PLACE)
        assert status == 201, self.server.lines[-1]
        await self.server.rested()

    async def troubled(self):
        """Forged, unreadable and refused things, each with markers: what is logged must not tell."""
        url = f"{self.server.url}/channels"
        for name in ("whatsapp", "sms", "web", "email", f"{MARK}-kanal"):
            async with self.server.http.post(f"{url}/{name}?{MARK}=1", data={"From": NAME, "Body": TEXT}) as answer:
                assert answer.status in {403, 404}
        await self.portal.post(json.dumps({"type": MARK, "data": MARK}).encode())
        await self.portal.post(f"[{MARK}".encode())
        await self.mail.deliver(
            Written(sender=PEOPLE["email"].mail, recipient=DESK, raw=b"\xff" + MARK.encode(), message_id="-")
        )
        self.twilio.script(
            Twist(status=400, code=21211), Twist(status=500), Twist(garbage=True), Twist(status=429, code=20429)
        )
        for number in range(4):
            await self.twilio.write(f"whatsapp:+62812987650{number + 4}", WHATSAPP, TEXT, name=NAME)
        refused = [
            await self.api("GET", f"/cases/{MARK}"),
            await self.api("GET", f"/{MARK}"),
            await self.api("POST", "/cases", text=TEXT, reply_to=f"{MARK}:x", post=MARK),
            await self.api("POST", "/cases", text=TEXT, post=MARK),
            await self.api(
                "POST", f"/cases/{(await self.references())[0]}/transitions", to="under_review", note=TEXT, office=MARK
            ),
        ]
        assert {status // 100 for status, _ in refused} == {4}
        assert [marks(body) for _, body in refused] == [set()] * len(refused)
        await until(lambda: sum(one["event"] == "message.not_sent" for one in self.server.lines) >= 4)

    async def api(self, method, path, *, by="rini", **body):
        headers = {"Authorization": f"Bearer {token(by)}"}
        sent = {"json": body} if body else {}
        async with self.server.http.request(
            method, f"{self.server.url}/api/v1{path}", headers=headers, **sent
        ) as answer:
            return answer.status, await answer.read()

    async def references(self):
        found = json.loads((await self.api("GET", "/cases"))[1])
        return [one["reference"] for one in found["items"]]

    def stored(self):
        """Every file below the data folder with its bytes, `-wal` too; sockets left out."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in (self.folder / "data").rglob("*")
            if stat.S_ISREG(path.lstat().st_mode)
        }


@pytest.fixture
async def everything(tmp_path):
    listener = f"lmtp://127.0.0.1:{free_port()}"
    async with TwilioSandbox() as twilio, PortalSandbox(WEB_SECRET) as portal, MailSandbox(listener) as mail:
        (tmp_path / "web.secret").write_text(WEB_SECRET, encoding="utf-8")
        sms = {"adapter": "twilio", "account_sid": twilio.account_sid, "auth_token": "file:twilio.secret"}
        channels = {
            "sms": sms | {"sender": SMS, "inbound": True, "api_base_url": twilio.url},
            "email": {"adapter": "email", "listen": listener, "smtp": mail.url, "address": DESK},
            "web": {"adapter": "web", "secret": "file:web.secret", "callback_url": portal.callback_url},
        }
        async with Server(tmp_path, tables(tmp_path, twilio.url, **channels)) as server:
            portal.webhook_url = f"{server.url}/channels/web"
            for name, sender in (("whatsapp", WHATSAPP), ("sms", SMS)):
                twilio.connect(sender, webhook_url=f"{PUBLIC}/channels/{name}", post_to=f"{server.url}/channels/{name}")
            yield Everything(tmp_path, server, twilio, portal, mail)


async def test_no_marker_stands_in_the_data_folder_the_log_or_the_metrics(everything):
    await everything.written()
    await everything.troubled()
    stored = everything.stored()
    async with everything.server.http.get(f"{everything.server.url}/metrics") as answer:
        metrics = await answer.read()
    async with everything.server.http.get(f"{everything.server.url}/readyz") as answer:
        ready = await answer.read()

    assert {name for name in stored if name.startswith("data/treckk.db")} >= {"data/treckk.db", "data/treckk.db-wal"}
    assert sum(name.startswith("data/files/") for name in stored) >= 1
    assert {name: marks(data) for name, data in stored.items() if marks(data) or marks(name.encode())} == {}
    assert marks(metrics) == marks(ready) == set()
    assert await everything.server.end(signal.SIGTERM) == 0
    assert {name: marks(data) for name, data in everything.stored().items() if marks(data)} == {}
    logged = b"".join(everything.server.raw)
    assert {"request.refused", "message.not_sent"} <= {one["event"] for one in everything.server.lines}
    assert marks(logged) == set()
    assert b"Traceback" not in logged


async def test_the_field_learns_only_what_an_order_holds(everything):
    for number in (DANRU, ADMIN):
        await everything.twilio.write(f"whatsapp:{number}", WHATSAPP, "halo")
    await everything.written()
    for reference in await everything.references():
        for by, step in (("rini", {"to": "under_review"}), ("pak-kasat", {"to": "instructed", "post": "paringin"})):
            status, told = await everything.api("POST", f"/cases/{reference}/transitions", by=by, **step)
            assert status == 200, told
    await everything.server.rested()

    orders = [one.body for one in everything.twilio.phone(f"whatsapp:{DANRU}") if "Perintah tugas" in one.body]
    assert len(orders) == 5
    notices = [one.body for number in (DANRU, ADMIN) for one in everything.twilio.phone(f"whatsapp:{number}")]
    letters = [one.raw for one in everything.mail.mailbox(DUTY_MAIL)]
    assert marks("\n".join(notices).encode() + b"".join(letters)) == set()
    for reference in await everything.references():
        status, seen = await everything.api("GET", f"/cases/{reference}", by="danru-paringin")
        assert (status, marks(seen)) == (200, set())
        assert json.loads(seen)["messages"] == []
        assert (await everything.api("POST", f"/cases/{reference}/identities", by="danru-paringin", reason="x"))[
            0
        ] == 403
    assert marks((await everything.api("GET", "/cases", by="danru-paringin"))[1]) == set()
    assert marks((await everything.api("GET", f"/cases?q=whatsapp:{BUDI.number}", by="danru-paringin"))[1]) == set()


async def test_the_desk_sees_everything_and_its_look_is_written_down(everything):
    await everything.written()
    references = await everything.references()
    assert everything.server.rows("SELECT count(*) FROM access_log") == [(0,)]

    seen = b""
    for reference in references:
        seen += (await everything.api("GET", f"/cases/{reference}"))[1]
        seen += (await everything.api("POST", f"/cases/{reference}/identities", reason="uji"))[1]
    [(local,)] = everything.server.rows("SELECT min(reference) FROM cases WHERE post = 'paringin'")
    await everything.api("GET", f"/cases/{local}", by="danru-paringin")

    for value in (NAME, TEXT, FILE, PLACE, PEOPLE["email"].mail, PEOPLE["web"].conversation):
        assert value.encode() in seen
    looked = everything.server.rows("SELECT actor, count(*) FROM access_log GROUP BY actor ORDER BY actor")
    assert looked == [("danru-paringin", 1), ("rini", 2 * len(references))]


async def test_a_note_never_leaves_the_house(everything):
    await everything.written()
    note = f"catatan {MARK}rahasia"
    for reference in await everything.references():
        assert (await everything.api("POST", f"/cases/{reference}/notes", text=note))[0] == 200
        await everything.api("POST", f"/cases/{reference}/transitions", to="under_review")
    await everything.server.rested()
    for reference in await everything.references():
        assert note.encode() in (await everything.api("GET", f"/cases/{reference}"))[1]
        assert note.encode() not in (await everything.api("GET", f"/cases/{reference}", by="danru-paringin"))[1]

    sent = [one.body.encode() for one in everything.twilio.messages if one.direction != "inbound"]
    sent += [one.raw for one in everything.mail.mails] + [one.text.encode() for one in everything.portal.updates]
    assert len(sent) >= 10
    assert not any(f"{MARK}rahasia".encode() in one for one in sent)
    assert marks(everything.stored()["data/treckk.db"]) == set()


async def test_no_library_tells_of_anybody_at_any_level(town, caplog, log):
    caplog.set_level(logging.DEBUG)
    for way in WAYS:
        await town.write(way, BUDI, COMPLAINT)
        await town.settled()
    town.twilio.script(Twist(status=400, code=21211))
    await town.move((await town.cases())[-1]["reference"], "under_review", by="rini")
    await town.settled()

    assert town.heard("email", BUDI)
    assert {one["event"] for one in log.lines} >= {"message.not_sent"}
    assert PERSONAL.findall(" ".join(f"{one.getMessage()} {one.args}" for one in caplog.records)) == []


def test_the_search_for_markers_would_find_one():
    for hidden in (
        MARK.encode(), MARK.upper().encode(), MARK.encode("utf-16-le"), MARK.encode().hex().encode(),
        *(base64.b64encode(b"y" * offset + MARK.encode() + b"tail") for offset in range(6)),
    ):  # fmt: skip
        assert marks(b"before" + hidden + b"after") == {MARK}
    assert marks(gzip.compress(b"x")) == marks(zlib.compress(b"y" * 1000)) == set()
