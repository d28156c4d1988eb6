from __future__ import annotations

import asyncio
import io
import struct
from contextlib import asynccontextmanager

import pytest
from folk import BUDI, token, until
from PIL import Image
from town import Town

from treckk_gateway.errors import NotAllowed
from treckk_gateway.inbound.showing import FileForm
from treckk_gateway.model import Actor, Role

ADMIN = Actor(name="rini", role=Role.ADMIN)
PLACE = {"district", "village", "post"}
TEXT = "Ada pedagang jualan di trotoar, jalan macet"


def photo(*, place=True, size=(640, 480)):
    """A picture as a phone takes it, with what it says of where and with which camera."""
    picture, data = Image.new("RGB", size, "green"), Image.Exif()
    data[0x010F] = "KAMERA-RAHASIA"
    if place:
        data[0x8825] = {1: "S", 2: (2.0, 20.0, 2.4), 3: "E", 4: (115.0, 29.0, 7.8)}
    made = io.BytesIO()
    picture.save(made, "JPEG", exif=data)
    return made.getvalue()


async def file_of(town):
    [case] = await town.cases()
    found = await town.gateway.desk.case_file(ADMIN, case["reference"])
    return case["reference"], next(one for message in found.messages for one in message.attachments)


async def collected(town):
    await town.settled()
    while await town.gateway._parts.collector.collect():
        pass
    await town.settled()
    return await file_of(town)


async def test_a_photo_is_fetched_after_the_text_and_shown_without_what_it_held(town: Town):
    original = photo()
    assert await town.write("whatsapp", BUDI, TEXT, files=[("image/jpeg", original)]) == 200
    reference, file = await collected(town)

    assert (file.state, file.kind, file.content_type, file.size) == ("stored", "image", "image/jpeg", len(original))
    shown = await town.gateway.file(ADMIN, reference, file.id)
    assert Image.open(io.BytesIO(shown.content)).size == (640, 480)
    assert b"KAMERA" not in shown.content
    assert not Image.open(io.BytesIO(shown.content)).getexif()
    assert BUDI.number.encode() not in shown.filename.encode()

    small = await town.gateway.file(ADMIN, reference, file.id, FileForm.THUMBNAIL)
    assert Image.open(io.BytesIO(small.content)).size == (320, 240)
    whole = await town.gateway.file(ADMIN, reference, file.id, FileForm.ORIGINAL)
    assert whole.content == original

    stored = [one.read_bytes() for one in (town.folder / "data" / "files").rglob("*") if one.is_file()]
    assert len(stored) == 1
    assert b"KAMERA" not in stored[0]


async def fetched(town, path, *, by="rini"):
    headers = {"Authorization": f"Bearer {token(by)}"}
    async with town.http.get(f"{town.url}/api/v1{path}", headers=headers) as answer:
        return answer.status, answer.headers, await answer.read()


async def test_the_interface_hands_files_over_to_be_stored_and_never_to_be_run(town: Town):
    original = photo()
    await town.write("whatsapp", BUDI, TEXT, files=[("image/jpeg", original)])
    reference, file = await collected(town)
    [listed] = (await town.case(reference))["messages"][0]["attachments"]
    assert (listed["id"], listed["state"], listed["reason"]) == (file.id, "stored", None)
    place = f"/cases/{reference}/files/{file.id}"

    status, headers, body = await fetched(town, f"{place}/picture")
    assert (status, headers["Content-Type"]) == (200, "image/jpeg")
    assert b"KAMERA" not in body
    status, headers, body = await fetched(town, f"{place}/original")
    assert (status, headers["Content-Type"], body) == (200, "application/octet-stream", original)
    assert headers["Content-Disposition"] == f'attachment; filename="{reference}-{file.id}.jpeg"'
    assert headers["X-Content-Type-Options"] == "nosniff"

    assert (await fetched(town, f"{place}/picture", by="bidang-trantibum"))[0] in {200, 404}
    assert (await fetched(town, f"{place}/original", by="danru-paringin"))[0] in {403, 404}
    assert (await fetched(town, f"/cases/{reference}/files/{file.id + 99}/picture"))[0] == 404


async def test_the_providers_copy_is_deleted_and_where_it_was_taken_is_a_hint(town: Town):
    await town.write("whatsapp", BUDI, TEXT, files=[("image/jpeg", photo())])
    await town.settled()
    case = await town.only_case()
    before = {name: value for name, value in case.items() if name in PLACE}
    reference, _file = await collected(town)

    assert town.twilio._ledger.files == {}
    case = await town.case(reference)
    assert {name: value for name, value in case.items() if name in PLACE} == before != {}
    findings = case["findings"]
    [hint] = [one for one in findings if one["field"] == "photo_place"]
    assert hint["value"] == "-2.33400,115.48550"
    assert hint["confidence"] == 0.2


async def test_a_file_that_comes_late_is_asked_for_again_and_one_that_never_comes_is_lost(town: Town):
    await town.write("whatsapp", BUDI, TEXT, files=[("image/jpeg", photo())])
    kept, town.twilio._ledger.files = town.twilio._ledger.files, {}
    _reference, file = await collected(town)
    assert (file.state, file.reason) == ("pending", "its host answered 404")

    town.twilio._ledger.files = kept
    town.clock.advance(3)
    _reference, file = await collected(town)
    assert file.state == "stored"

    await town.write("whatsapp", BUDI, "ini fotonya", files=[("image/jpeg", photo(place=False))])
    town.twilio._ledger.files = {}
    for _ in range(9):
        await collected(town)
        town.clock.advance(hours=19)
    [(state, reason)] = town.rows("SELECT state, reason FROM attachment ORDER BY id DESC LIMIT 1")
    assert (state, reason) == ("lost", "its host answered 404")


async def test_a_photo_by_mail_is_kept_at_once_and_loses_nothing(town: Town):
    await town.write("email", BUDI, TEXT, files=[("image/jpeg", "foto.jpg", photo())])
    reference, file = await collected(town)

    assert (file.state, file.filename) == ("stored", "foto.jpg")
    assert b"KAMERA" not in (await town.gateway.file(ADMIN, reference, file.id)).content
    assert [one for one in (await town.case(reference))["findings"] if one["field"] == "photo_place"]


async def test_what_claims_to_be_a_picture_and_is_a_program_is_never_shown(town: Town):
    await town.write("email", BUDI, TEXT, files=[("image/jpeg", "foto.jpg", b"MZ\x90\x00" + b"\x00" * 600)])
    reference, file = await collected(town)

    assert file.kind == "other"
    with pytest.raises(ValueError, match="only of pictures"):
        await town.gateway.file(ADMIN, reference, file.id)
    whole = await town.gateway.file(ADMIN, reference, file.id, FileForm.ORIGINAL)
    assert whole.content_type == "application/octet-stream"
    assert whole.filename.endswith(".bin")


async def test_a_picture_with_too_many_points_is_not_decoded(town: Town):
    made = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(made, "PNG")
    await town.write("email", BUDI, TEXT, files=[("image/png", "bom.png", made.getvalue())])
    reference, file = await collected(town)

    with pytest.raises(ValueError, match=r"picture|points"):
        await town.gateway.file(ADMIN, reference, file.id)


async def test_the_field_sees_no_files_and_every_look_is_written_down(town: Town):
    await town.write("whatsapp", BUDI, TEXT, files=[("image/jpeg", photo())])
    reference, file = await collected(town)
    [(post,)] = town.rows("SELECT post FROM cases")

    with pytest.raises(NotAllowed):
        await town.gateway.file(Actor(name="danru", role=Role.TEAM, post=post), reference, file.id)
    with pytest.raises(NotAllowed):
        await town.gateway.file(Actor(name="bidang", role=Role.HOLDER), reference, file.id, FileForm.ORIGINAL)
    await town.gateway.file(ADMIN, reference, file.id)
    assert ("rini", f"file {file.id} picture") in town.rows("SELECT actor, what FROM access_log")


class Clamd:
    """A virus scanner that speaks INSTREAM and knows one virus."""

    @asynccontextmanager
    async def up(self, path):
        server = await asyncio.start_unix_server(self._serve, path)
        async with server:
            yield

    async def _serve(self, reader, writer):
        assert await reader.readexactly(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!L", await reader.readexactly(4))[0]:
            content += await reader.readexactly(size)
        writer.write(b"stream: Eicar-Signature FOUND\0" if b"EICAR" in content else b"stream: OK\0")
        await writer.drain()
        writer.close()


async def test_what_the_scanner_finds_is_kept_under_lock(tmp_path):
    place = tmp_path / "clamd.sock"
    async with Town(tmp_path, media={"clamd": f"unix:{place}"}) as town:
        await town.write("email", BUDI, TEXT, files=[("application/pdf", "surat.pdf", b"%PDF-1.4 EICAR")])
        reference, file = await collected(town)
        assert (file.state, file.reason) == ("pending", "the virus scanner gave no answer (FileNotFoundError)")

        async with Clamd().up(place):
            town.clock.advance(3)
            reference, file = await collected(town)
        assert (file.state, file.reason) == ("refused", "the virus scanner found Eicar-Signature; kept under lock")
        with pytest.raises(NotAllowed):
            await town.gateway.file(ADMIN, reference, file.id, FileForm.ORIGINAL)
        chief = Actor(name="pak-kasat", role=Role.LEADERSHIP)
        assert b"EICAR" in (await town.gateway.file(chief, reference, file.id, FileForm.ORIGINAL)).content


async def test_files_are_collected_while_the_gateway_runs(town: Town):
    await town.write("whatsapp", BUDI, TEXT, files=[("image/jpeg", photo(place=False))])
    await town.settled()

    await until(lambda: town.rows("SELECT 1 FROM attachment WHERE state = 'stored'"))
