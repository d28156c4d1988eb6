"""Whatever a reporter writes, in whatever order: the case stays in its lifecycle, and nobody is pestered."""

from __future__ import annotations

import asyncio
import base64
import tempfile
from collections import Counter
from pathlib import Path
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from treckk_gateway import Gateway
from treckk_gateway.casework.questions import MOST_TRIES
from treckk_gateway.channel import WebhookRequest
from treckk_gateway.gateway.work import Work
from treckk_gateway.model import Actor, Role, lifecycle
from treckk_gateway.profile import load
from treckk_gateway.settings import from_mapping
from treckk_gateway.store.rows import Topic

URL = "https://aduan.example.go.id"
ACCOUNT, TOKEN = "AC" + "0" * 32, "a-token-of-twilio"
PROFILE = load("balangan")
DESK = Actor(name="rini", role=Role.ADMIN)

SAID = st.sampled_from(
    [
        "Ada sapi lepas mengganggu warga", "Ada yang mabuk-mabukan di Galumbang tadi malam", "di Desa Layap dekat mesjid",
        "dekat mesjid", "tadi malam", "1", "2", "3", "dua", "Budi Santoso", "rahasia", "tidak tahu", "kada tahu",
        "sama seperti tadi", "pokoknya di sana itu", "ok", "terima kasih", "halo", "STATUS", "SELESAI", "BELUM",
        "batalkan laporan saya", "YA CABUT", "ya", "HAPUS DATA", "Apa syarat izin keramaian?", "jangan balas ya",
        "Nama: Budi\nLokasi: Desa Layap\nWaktu: tadi malam\nUraian: sapi lepas", "masih ada juga", "baru",
        "TOLONG ada perampokan sekarang!!", "Di Halong ada warung jual miras sampai subuh", "",
    ]
)  # fmt: skip
ACTS = st.one_of(SAID, st.sampled_from(["<pause>", "<pause>", "<take>", "<release>", "<day>"]))


class Street:
    """One person and a gateway that files, asks and never sends: what it would send stands in its outbox."""

    def __init__(self, folder: Path) -> None:
        for name, text in (("key", base64.b64encode(bytes(32)).decode()), ("twilio", TOKEN)):
            (folder / name).write_text(text)
        self.now = 1_795_500_000_000_000
        twilio = {"adapter": "twilio", "account_sid": ACCOUNT, "auth_token": "file:twilio", "sender": "whatsapp:+62811"}
        table = {
            "gateway": {"public_url": URL, "secret_key": "file:key", "data_dir": "data"},
            "channels": {"wa": twilio | {"sender": "whatsapp:+6281100000000"}},
        }
        self.gateway = Gateway(from_mapping(table, base=folder), profile=PROFILE, clock=lambda: self.now, working=False)
        self.parts = self.gateway._parts
        self.count = 0

    async def write(self, text: str) -> None:
        self.count += 1
        self.now += 1_000_000
        pairs = {
            "MessageSid": f"SM{self.count:032d}", "AccountSid": ACCOUNT, "From": "whatsapp:+628120000001",
            "To": "whatsapp:+6281100000000", "Body": text, "NumMedia": "0", "SmsStatus": "received",
        }  # fmt: skip
        headers = {
            "X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(f"{URL}/channels/wa", pairs),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        request = WebhookRequest.of("POST", f"{URL}/channels/wa", headers, urlencode(pairs).encode())
        assert (await self.gateway.receive("wa", request)).status == 200
        await self.parts.intake.handle(self.count)
        assert (await self.parts.store.inbox(self.count)).state == "filed"

    async def pause(self, seconds: int) -> None:
        self.now += seconds * 1_000_000
        for wake in await self.parts.store.heads(self.now, 200):
            if wake.topic is Topic.TIMER:
                await Work(self.parts).handle(wake)

    async def act(self, what: str) -> None:
        cases = [] if what[:1] != "<" else (await self.gateway.desk.cases(DESK)).items
        match what:
            case "<pause>":
                await self.pause(20)
            case "<day>":
                await self.pause(86_400)
            case "<take>" if cases:
                await self.gateway.desk.take(DESK, cases[0].reference)
            case "<release>" if cases:
                await self.gateway.desk.release(DESK, cases[0].reference)
            case _ if what[:1] != "<":
                await self.write(what)

    async def check(self, known: dict[int, int]) -> None:
        """What must hold after whatever was said; `known` are outbox rows by case before it."""
        for case in (await self.gateway.desk.cases(DESK)).items:
            rows = await self.parts.store.case_file(case.case_id)
            asked = Counter(case.questions.asked)
            assert max(asked.values(), default=0) <= MOST_TRIES, asked
            assert set(case.questions.pending) <= set(case.missing)
            assert set(case.missing) <= set(PROFILE.form.needed)
            for event in rows.events:
                if event.target is not None:
                    lifecycle.step(event.source, event.target, {event.role})
            told = Counter((one.event_seq, one.conversation_id, one.template) for one in rows.outbox)
            assert max(told.values(), default=0) <= 1, told
            if case.taken is not None and case.case_id in known:
                new = [one for one in rows.outbox if one.id > known[case.case_id] and not one.urgent]
                assert not [one for one in new if one.template not in {"opt_out", "opt_in", "privacy_ack"}], new
            known[case.case_id] = max((one.id for one in rows.outbox), default=0)


async def live(acts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        street = Street(Path(folder))
        async with street.gateway:
            known: dict[int, int] = {}
            for one in acts:
                await street.act(one)
                await street.check(known)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTS, min_size=3, max_size=14))
def test_any_conversation_stays_in_the_lifecycle_and_asks_nothing_more_than_twice(acts):
    asyncio.run(live(["Ada sapi lepas mengganggu warga", *acts]))
