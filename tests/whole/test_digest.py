"""Leadership's digest: once for each day and week, by chat and by mail, with nobody in it."""

from __future__ import annotations

from datetime import date

import pytest
from folk import BUDI, KASAT, SITI
from town import Town

from treckk_gateway.dispatch.digest import Edition

TEXT = "Ada pedagang jualan di trotoar depan pasar Paringin tiap pagi, MARKAWA jadi macet"
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
