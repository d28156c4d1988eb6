"""Wishes of a sender about themselves."""

from __future__ import annotations

import pytest

from treckk_gateway.model import Address, InboundMessage, Subject
from treckk_gateway.profile import load
from treckk_gateway.triage import TriageContext
from treckk_gateway.triage.steps import wishes

PROFILE = load("balangan")


async def flags(text):
    message = InboundMessage(dedupe_key="1", sender=Address("whatsapp", "+628120000001"), text=text)
    found = await wishes(Subject(message=message), TriageContext(profile=PROFILE, now=0))
    return {one.value for one in found}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ada warung jual miras di Halong. Jangan balas ya, hp dipakai suami", {"silent"}),
        ("gak usah dibalas min, yang penting ditindak: orgen tunggal sampai subuh", {"silent"}),
        ("Please keep my name secret, and do not contact me: they sell drugs here", {"silent", "confidential"}),
        ("sdh sy lapor, mohon dirahasiakan", {"confidential"}),
        ("orangnya tidak membalas salam saya", set()),
        ("laporan saya tidak dibalas sampai sekarang", set()),
        ("petugas jangan hubungi pelaku dulu", set()),
    ],
)
async def test_a_wish_is_a_phrase_and_not_a_word(text, found):
    assert await flags(text) == found
