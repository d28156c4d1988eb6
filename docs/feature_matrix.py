"""Writes `reference/feature-matrix.md` from what the adapters claim: `python docs/feature_matrix.py`.

The conformance kit holds an adapter to its claims, so the page says what was checked. `--check` writes nothing and
exits 1 when the page is not current.
"""
# ruff: noqa: INP001 a script beside the page it writes

from __future__ import annotations

import base64
import sys
import tomllib
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from treckk_gateway.adapters.twilio.content import Offering
from treckk_gateway.channel import ApprovedTemplate, Capabilities, Channel, ChannelContext, registry
from treckk_gateway.model import DeliveryState, Secret

PAGE = Path(__file__).parent / "reference" / "feature-matrix.md"
PACKAGES = Path(__file__).parent.parent / "adapters"

_TOKEN = Secret("0123456789abcdef0123456789abcdef")
_LOGIN = Secret("service:0123456789abcdef")
_TWILIO: dict[str, object] = {"account_sid": "AC" + "0" * 32, "auth_token": _TOKEN}
_SID = "HX" + "0" * 32
_CONTENTS: dict[str, object] = {
    "templates": {"answer_waiting": {"id": ApprovedTemplate(name=_SID)}},
    "choices": Offering(lists={"10": _SID}),
}
_EMAIL: dict[str, object] = {
    "smtp": "smtp://127.0.0.1:25",
    "address": "aduan@example.go.id",
}
_WEB: dict[str, object] = {"secret": (Secret("whsec_" + base64.b64encode(bytes(32)).decode()),)}

Column = tuple[str, str, dict[str, object]]
"""A heading, an adapter, and the settings that change what it can do."""

CHANNELS: tuple[Column, ...] = (
    ("WhatsApp, Twilio", "twilio", _TWILIO | {"sender": "whatsapp:+6281100000000"} | _CONTENTS),
    ("SMS, Twilio, number abroad", "twilio", _TWILIO | {"sender": "+15550000000"}),
    ("SMS, Twilio, Indonesian number or name", "twilio", _TWILIO | {"sender": "SATPOLPP"}),
    ("email, LMTP or SMTP", "email", _EMAIL | {"listen": "lmtp://127.0.0.1:8024"}),
    ("email, IMAP", "email", _EMAIL | {"imap": "imaps://office@mail.example.go.id", "imap_password": _TOKEN}),
    ("email, webhook (Mailgun, SendGrid, SES)", "email", _EMAIL | {"webhook": "mailgun", "webhook_secret": (_TOKEN,)}),
    ("email, webhook (Postmark)", "email", _EMAIL | {"webhook": "postmark", "webhook_login": (_LOGIN,)}),
    ("web, with callback", "web", _WEB | {"callback_url": "https://portal.example.go.id/updates"}),
    ("web, without (the form)", "web", _WEB),
)
"""What comes with the gateway."""

OTHERS: tuple[Column, ...] = (
    (
        "WhatsApp, Meta's Cloud API",
        "whatsapp-cloud",
        {"app_secret": _TOKEN, "verify_token": _TOKEN, "access_token": _TOKEN, "phone_number_id": "100000000000000"}
        | {"templates": _CONTENTS["templates"]},
    ),
    ("Telegram", "telegram", {"bot_token": _TOKEN, "webhook_secret": _TOKEN}),
    (
        "SMS, Android phone, SMSGate",
        "smsgate",
        {"signing_key": _TOKEN, "username": "u", "password": _TOKEN},
    ),
    ("SMS, GSM modem, Gammu", "gammu", {"database": "/var/lib/gammu/smsd.db"}),
    ("SMS, Android phone, httpSMS", "httpsms", {"signing_key": _TOKEN, "api_key": _TOKEN, "phone": "+6281100000000"}),
)
"""What is a package of its own, in the folder `adapters`."""

ROWS: tuple[tuple[str, Callable[[Capabilities], object]], ...] = (
    ("people can write to it", lambda one: one.inbound),
    ("people can be told", lambda one: one.outbound),
    ("addresses", lambda one: ", ".join(f"`{scheme}:`" for scheme in sorted(one.schemes))),
    ("comes in by", lambda one: " and ".join(_ways(one))),
    ("parsed", lambda one: {"inline": "before the answer", "deferred": "after the commit, apart"}[one.parse]),
    ("wording", lambda one: {"whatsapp": "chat", "sms": "short", "email": "letter"}[one.form]),
    ("subject line", lambda one: one.subject),
    ("answers keep their thread", lambda one: one.threads),
    ("bold", lambda one: one.bold),
    ("files in", lambda one: one.media_in),
    ("files out", lambda one: one.media_out),
    ("places in", lambda one: one.location),
    ("receipts", lambda one: ", ".join(state for state in DeliveryState if state in one.receipts)),
    ("free text only within", lambda one: f"{one.reply_window // 3600} hours" if one.reply_window else None),
    ("approved templates", lambda one: one.templates),
    ("answers to tap", lambda one: f"{one.choices} at most" if one.choices else None),
    ("longest text", lambda one: f"{one.max_text} characters" if one.max_text else None),
    ("sent in parts", lambda one: one.segments),
    ("pace", lambda one: f"{_pace(one.rate)}, {one.burst} at once"),
    ("a repeat sends once", lambda one: one.idempotent_send),
    ("an uncertain send can be looked up", lambda one: one.lookup),
)
"""The rows: what it is called, and how it is read from the claims."""


def capabilities(adapter: str, settings: dict[str, object]) -> Capabilities:
    """What an adapter claims with these settings."""
    kind = _packaged(adapter) or registry.load(adapter)
    context = ChannelContext(channel_id="example", webhook_url="https://aduan.example.go.id/channels/example")
    return kind.from_settings(kind.Options(**settings), context).capabilities


def _packaged(adapter: str) -> type[Channel] | None:
    """An adapter of a package in this repository, whether it is installed or not."""
    for file in PACKAGES.glob("*/pyproject.toml"):
        points = tomllib.loads(file.read_text(encoding="utf-8"))["project"]["entry-points"][registry.GROUP]
        if adapter in points:
            sys.path.insert(0, str(file.parent / "src"))
            module, _, name = points[adapter].partition(":")
            try:
                found: type[Channel] = getattr(import_module(module), name)
            finally:
                sys.path.pop(0)
            return found
    return None


def page() -> str:
    """The whole page."""
    lines = [
        "# What each channel can do",
        "",
        "Written by `python docs/feature_matrix.py` from the `Capabilities` of the adapters; a test keeps it current.",
        "",
        "With the gateway come [Twilio](channels/twilio.md), [email](channels/email.md) and [web](channels/web.md).",
        "",
        *_table(CHANNELS),
        "",
        f"Packages of their own: {', '.join(f'[{name}](channels/{name}.md)' for _, name, _ in OTHERS)}.",
        "",
        *_table(OTHERS),
        "",
        '"-" means no, or no such limit. On a web channel without a callback nobody can be told: whoever used the form',
        "looks at the status page instead.",
        "",
    ]
    return "\n".join(lines)


def _table(columns: Sequence[Column]) -> list[str]:
    claims = [capabilities(adapter, settings) for _, adapter, settings in columns]
    return [
        f"| | {' | '.join(heading for heading, _, _ in columns)} |",
        f"|---|{'---|' * len(columns)}",
        *(f"| {name} | {' | '.join(_cell(read(one)) for one in claims)} |" for name, read in ROWS),
    ]


def _ways(one: Capabilities) -> list[str]:
    return [*(["webhook"] if one.webhook else []), *(["its own listener"] if one.listens else [])]


def _pace(rate: float) -> str:
    return f"{rate:g} a second" if rate >= 1 else f"1 in {1 / rate:g} seconds"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "-"
    return str(value or "-")


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        sys.exit(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
