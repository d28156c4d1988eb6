"""Leadership's digest: once for each day and week, by chat and by mail, with nobody in it."""

from __future__ import annotations

from datetime import date

import pytest
from folk import BUDI, DESK, KASAT, SITI, SMS, WHATSAPP, Person
from town import Town

from treckk_gateway.dispatch.digest import Edition

TEXT = "Ada pedagang jualan di trotoar depan pasar Paringin tiap pagi, MARKAWA jadi macet"
MARK = "qzxjvk"
"""Stands in no word of any language."""
MARKED = Person("+6281298765432", f"{MARK}-mail@example.org", f"{MARK}-percakapan")
OTHER = "+6281298765433"
PLACE, POINT, FILE = f"{MARK}tempat", (-2.3312, 115.4731), f"{MARK}berkas.txt"
HEAD_MAIL = "kasat@satpolpp.example.go.id"


class LedTown(Town):
    """A town whose head reads mail too."""

    def table(self):
        table = super().table()
        for one in table["staff"]:
            if one["role"] == "leadership":
                one["addresses"] = [*one["addresses"], f"mailto:{HEAD_MAIL}"]
        return table


@pytest.fixture
async def led(tmp_path):
    async with LedTown(tmp_path) as town:
        yield town


async def round_of(town):
    sent = await town.gateway._parts.digest.send()
    await town.settled()
    return sent


def letters(town):
    return [one for one in town.mail.mailbox(HEAD_MAIL) if "Ringkasan" in one.subject]


async def test_a_day_is_told_once_by_chat_and_by_mail(led):
    await led.staff_writes(KASAT, "halo")
    await led.write("whatsapp", BUDI, TEXT)
    await led.settled()
    await led.write("sms", SITI, "Saya mau mengadukan anggota Satpol PP yang minta uang kepada pedagang")
    await led.settled()
    assert await round_of(led) == 0
    led.clock.advance(hours=18)  # the next morning, 08.00

    await round_of(led)
    await round_of(led)
    await led.stop()
    await led.start()
    await round_of(led)

    [letter] = letters(led)
    [chat] = [one for one in led.phone(KASAT) if one.startswith(("*Ringkasan", "Ringkasan"))]
    for text in (letter.text, chat):
        assert "24/11" in text
        assert "Masuk: 2" in text
        assert "Paringin: 1" in text
        assert "Juai: 0" in text
        assert "TRK-2611-00002" in text, "complaints about the unit are listed"
        assert "MARKAWA" not in text
        assert BUDI.number not in text
    rows = led.rows("SELECT count(*) FROM outbox WHERE template = 'digest'")
    assert rows == [(2,)]


def everything(mail):
    """Its head and all its parts, decoded."""
    parts = [str(one.get_content()) for one in mail.message.walk() if one.get_content_maintype() == "text"]
    return "\n".join([*(f"{name}: {value}" for name, value in mail.message.items()), *parts])


async def marked_reports(town):
    """A report over every channel and one written down by staff, with a marker in every field a person can fill."""
    text = f"{TEXT}. Nama saya {MARK}nama, alamat {MARK}alamat, kata {MARK}teks"
    name, content = f"{MARK}nama Orang", f"isi {MARK}lampiran".encode()
    await town.twilio.write(
        f"whatsapp:{MARKED.number}", WHATSAPP, text, name=name, location=POINT, place=PLACE,
        files=[("image/jpeg", content)], extra={"Address": PLACE},
    )  # fmt: skip
    await town.twilio.write(OTHER, SMS, f"Saya mengadukan anggota Satpol PP minta uang, {MARK}sms")
    await town.mail.write(
        MARKED.mail, DESK, text, subject=f"{MARK}judul", name=name, files=[("text/plain", FILE, content)]
    )
    await town.portal.submit(
        text, conversation_id=MARKED.conversation, subject=f"{MARK}judul",
        location={"text": PLACE, "lat": POINT[0], "lng": POINT[1]},
        sender={"id": f"{MARK}id", "name": name, "address": f"mailto:{MARK}x@example.org"},
    )  # fmt: skip
    status, _ = await town.api(
        "POST", "/cases", text=text, name=name, reply_to=f"mailto:{MARK}-loket@example.org", place=PLACE
    )
    assert status == 201
    await town.settled()


@pytest.mark.parametrize(("days", "editions"), [(0, 1), (5, 2)], ids=["daily", "daily-and-weekly"])
async def test_nothing_of_a_reporter_stands_in_a_digest(led, days, editions):
    await marked_reports(led)
    reports = (await led.get("/cases", by="pak-kasat"))["items"]
    led.clock.advance(hours=18 + 24 * days)  # 08.00, of the next morning or of the Monday after
    await led.staff_writes(KASAT, "halo")  # opens the window for texts over WhatsApp
    await round_of(led)

    mails = letters(led)
    chats = [one for one in led.phone(KASAT) if one.startswith(("*Ringkasan", "Ringkasan"))]
    assert (len(reports), len(mails), len(chats)) == (5, editions, editions)
    told = "\n".join([*chats, *map(everything, mails)]).casefold()
    assert "masuk: 5" in told
    numbers = (MARKED.number.removeprefix("+62"), OTHER.removeprefix("+62"))
    assert [one for one in (MARK, *numbers, "-2.33", "115.47", "jualan", "minta uang") if one in told] == []


async def test_before_its_hour_and_for_a_unit_that_just_began_nothing_is_told(led):
    led.clock.advance(hours=12)  # 02.00
    assert await round_of(led) == 0
    led.clock.advance(hours=6)
    assert await round_of(led) == 0
    assert led.rows("SELECT count(*) FROM outbox WHERE template = 'digest'") == [(0,)]


@pytest.mark.parametrize(
    ("today", "closed", "expected"),
    [
        (date(2026, 11, 24), (), [("daily", "2026-11-23", "2026-11-24")]),
        (date(2026, 11, 23), (5, 6), [("daily", "2026-11-20", "2026-11-23"), ("weekly", "2026-11-16", "2026-11-23")]),
        (
            date(2026, 11, 24),
            (5, 6, 0),
            [("daily", "2026-11-20", "2026-11-24"), ("weekly", "2026-11-16", "2026-11-23")],
        ),
        (date(2026, 11, 22), (5, 6), []),
    ],
)
async def test_days_without_service_are_covered_by_the_next_digest(led, today, closed, expected):
    digest = led.gateway._parts.digest
    digest.works = lambda day: day.weekday() not in closed
    led.clock.advance(86400 * (today - date(2026, 11, 24)).days)
    assert list(digest.due()) == [Edition(k, date.fromisoformat(a), date.fromisoformat(b)) for k, a, b in expected]
