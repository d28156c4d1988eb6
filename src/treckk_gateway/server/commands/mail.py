"""`treckk parse-mail`: what the email channel reads in a mail, for looking into one that was read wrongly."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

_LARGEST = 64 * 1024 * 1024

Files = Annotated[
    list[Path], typer.Argument(help="Raw mails (.eml); - reads one from standard input.", metavar="FILE...")
]


def parse_mail(
    files: Files,
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON line per file.")] = False,
) -> None:
    """Show what is read in mails: sender, text, files, threading, and whether a machine wrote them.

    Nothing is stored or sent. Exits 1 when a file cannot be read as a mail; the others are shown all the same.
    """
    failed = False
    for file in files:
        try:
            found = _parsed(_read(file))
        except (OSError, ValueError) as problem:
            failed = True
            reason = (problem.strerror if isinstance(problem, OSError) else None) or str(problem)
            found = {"error": reason}
        row = {"file": str(file)} | found
        if json:
            sys.stdout.buffer.write(orjson.dumps(row) + b"\n")
        else:
            typer.echo("\n".join(f"{name}: {_shown(value)}" for name, value in row.items()) + "\n")
    sys.stdout.flush()
    if failed:
        raise typer.Exit(1)


def _read(file: Path) -> bytes:
    if str(file) == "-":
        raw = sys.stdin.buffer.read(_LARGEST + 1)
    else:
        with file.open("rb") as opened:
            raw = opened.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise ValueError(f"larger than {_LARGEST >> 20} MiB: no mail of that size is taken")
    return raw


def _parsed(raw: bytes) -> dict[str, Any]:
    from treckk_gateway.adapters.email.mail import open_mail  # noqa: PLC0415 one command's own needs

    mail = open_mail(raw)
    bounce = mail.bounce
    return {
        "from": mail.sender,
        "from_name": mail.sender_name,
        "subject": mail.subject,
        "text": mail.text,
        "reply_text": (mail.own_words if mail.reply else None) or mail.text,
        "attachments": [
            {"filename": one.filename, "content_type": one.content_type, "size": one.size} for one in mail.carried
        ],
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to,
        "references": list(mail.references),
        "automatic": bool(mail.signals),
        "signals": list(mail.signals),
        "bounce": bounce is not None,
        "bounced": bounce
        and {
            "action": bounce.action,
            "status": bounce.status,
            "recipient": bounce.recipient,
            "message_id": bounce.original_id,
        },
        "unsupported": mail.unsupported,
    }


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value) or "-"
    if isinstance(value, dict):
        return "; ".join(f"{name} {_shown(one)}" for name, one in value.items())
    return "-" if value is None else str(value)
