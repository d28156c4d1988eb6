"""Where the examples are, and invented addresses that all their tests use."""

from __future__ import annotations

import base64
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
PUBLIC = "https://portal.example.go.id/aduan"
WEB_SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
DESK = "whatsapp:+6281100000000"
CITIZEN = "whatsapp:+6281200000000"
