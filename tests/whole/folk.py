"""Who lives in the town: people, the unit's staff, their addresses, and the town's clock."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Self

import attrs

PUBLIC = "https://aduan.example.go.id"
WHATSAPP = "whatsapp:+6281100000000"
SMS = "+6281100000001"
DESK = "aduan@satpolpp.example.go.id"
WEB_SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
WAYS = ("whatsapp", "sms", "email", "web")
COMPLAINT = "Ada pedagang jualan di trotoar depan pasar Paringin tiap pagi, jadi macet. Nama saya Iyan"
PATIENCE = 20.0
PERSONAL = re.compile(r"62812\d{4,}|warga\d+@|percakapan-\d|pasar Paringin")
"""What stands in people's addresses and complaints: no log line holds it."""


@attrs.frozen
class Person:
    """Somebody who can be reached over every channel; the same phone for WhatsApp and SMS."""

    number: str
    mail: str
    conversation: str

    @classmethod
    def numbered(cls, count: int) -> Self:
        return cls(f"+62812000{count:05d}", f"warga{count}@example.org", f"percakapan-{count}")

    def at(self, way: str) -> str:
        """The address as the staff's API writes it."""
        return {"whatsapp": f"whatsapp:{self.number}", "sms": f"sms:{self.number}", "email": f"mailto:{self.mail}"}[way]


BUDI, SITI, ARIF = (Person.numbered(count) for count in (1, 2, 3))

ADMIN, KASAT, DANRU, BIDANG = ("+6281300000001", "+6281300000002", "+6281300000003", "+6281300000005")
JUAI, DUTY_MAIL = "+6281300000006", "piket@satpolpp.example.go.id"
STAFF = (
    ("rini", "admin", None, f"whatsapp:{ADMIN}"),
    ("pak-kasat", "leadership", None, f"whatsapp:{KASAT}"),
    ("danru-paringin", "team", "paringin", f"whatsapp:{DANRU}"),
    ("piket-mako", "duty", "mako", f"mailto:{DUTY_MAIL}"),
    ("bidang-trantibum", "holder", None, f"sms:{BIDANG}"),
    ("danru-juai", "team", "juai", f"whatsapp:{JUAI}"),
)


def token(name: str) -> str:
    return f"token-of-{name}-0123456789"


class Clock:
    """Time that runs as it does, and leaps when told."""

    START = 1_795_500_000.0  # 2026-11-24T06:00:00Z

    def __init__(self, start: float = START) -> None:
        self._ahead = start - time.monotonic()

    def now(self) -> int:
        return round(self.seconds() * 1_000_000)

    def seconds(self) -> float:
        return time.monotonic() + self._ahead

    def advance(self, seconds: float = 0, *, hours: float = 0) -> None:
        self._ahead += seconds + 3600 * hours


def staff_entry(name: str, role: str, post: str | None, address: str) -> dict[str, Any]:
    entry = {"name": name, "role": role, "addresses": [address]}
    return entry | {"token_sha256": sha256(token(name).encode()).hexdigest()} | ({"post": post} if post else {})


async def until(true: Callable[[], object], *, within: float = PATIENCE) -> None:
    """Return once `true()` is, for conditions nobody announces."""
    async with asyncio.timeout(within):
        while not true():
            await asyncio.sleep(0.01)


def number_in(text: str) -> str:
    """The case number a text names; all mentions must agree."""
    [found] = set(re.findall(r"TRK-\d{4}-\d{5}", text))
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
