"""The citizen's form as values: its key, its fields, and the signed webhook it becomes."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl

import attrs
import msgspec

from treckk_gateway.casework.desk import status_key
from treckk_gateway.channel import WebhookRequest, standard_webhooks
from treckk_gateway.settings import ChannelSettings

CHANNEL = "lapor"
"""The channel the form speaks to, where it is configured with the adapter `web`."""
LIMITS: Mapping[str, int] = {"isi": 4000, "lokasi": 500, "nama": 100, "kontak": 200}
"""The fields a person fills in, and how many characters each may have."""
TRAP = "situs"
"""A field that people do not see and machines fill in."""
KEY = "kunci"

MOST_BYTES = 65536
_MOST_FIELDS = 20
_OLDEST = 86400.0
_QUICKEST = 3.0
_KEY = re.compile(r"([0-9a-f]{32})\.([0-9]{1,12})\.([0-9a-f]{64})")


def opens(channel: ChannelSettings) -> bool:
    """Whether it is the channel that the form speaks to."""
    return channel.channel_id == CHANNEL and channel.adapter == "web" and channel.broken is None


@attrs.frozen(kw_only=True)
class FormKey:
    """What a form was issued with: the reporter's secret token, and when."""

    token: str = attrs.field(repr=False)
    issued: float


@attrs.frozen
class Keys:
    """Issues and reads form keys, signed so that nobody makes their own."""

    _secret: bytes = attrs.field(repr=False)

    @classmethod
    def of(cls, master: bytes) -> Keys:
        """Under a key of their own."""
        return cls(hmac.digest(master, b"form key", "sha256"))

    def issue(self, now: float) -> str:
        """A new key: a token of 128 random bits, the time, a signature."""
        stem = f"{secrets.token_hex(16)}.{int(now)}"
        return f"{stem}.{self._sign(stem)}"

    def read(self, written: str, now: float) -> FormKey | None:
        """The key, if it is ours and of the last day."""
        parts = _KEY.fullmatch(written)
        if parts is None or not hmac.compare_digest(self._sign(f"{parts[1]}.{parts[2]}"), parts[3]):
            return None
        issued = float(parts[2])
        return FormKey(token=parts[1], issued=issued) if now - _OLDEST <= issued <= now + 1 else None

    def _sign(self, stem: str) -> str:
        return hmac.digest(self._secret, stem.encode(), "sha256").hex()


@attrs.frozen(kw_only=True)
class Entry:
    """What was filled in, without outer blanks. `problem` says which field is wrong: `isi` empty, any too long."""

    fields: Mapping[str, str] = attrs.field(repr=False)
    key: str = attrs.field(repr=False)
    trapped: bool = False
    problem: str | None = None


def read_entry(body: bytes) -> Entry | None:
    """The form's fields from its body; `None` when it is no form."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="replace")
    except ValueError:
        return None
    given = dict(pairs)
    fields = {name: given.get(name, "").replace("\x00", "").replace("\r\n", "\n").strip() for name in LIMITS}
    problem = next((name for name, most in LIMITS.items() if len(fields[name]) > most), None)
    if not fields["isi"]:
        problem = "isi"
    return Entry(fields=fields, key=given.get(KEY, ""), trapped=bool(given.get(TRAP)), problem=problem)


def suspected(entry: Entry, key: FormKey, now: float) -> bool:
    """Whether a machine may have filled it in. It is kept and marked, never lost: a person looks at it anyway."""
    return entry.trapped or now - key.issued < _QUICKEST


def webhook(
    entry: Entry, key: FormKey, *, again: bool, doubtful: bool, secret: str, url: str, now: float
) -> WebhookRequest:
    """The entry as a signed Standard Webhook to our own channel.

    Its id follows from the form's token, so that sending a form twice is one message; `again` is for another text
    under the same token. The contact goes into the text and is no address of the sender: nobody has shown that it is
    theirs, and a case of its true owner must not open to a stranger.
    """
    known_as = status_key(key.token)
    text = entry.fields["isi"]
    if entry.fields["kontak"]:
        text = f"{text}\n\nKontak: {entry.fields['kontak']}"
    message_id = f"{known_as}-{digest(entry)[:16]}" if again else known_as
    data: dict[str, object] = {"id": message_id, "conversation_id": known_as, "text": text}
    if entry.fields["nama"]:
        data["sender"] = {"name": entry.fields["nama"]}
    if entry.fields["lokasi"]:
        data["location"] = {"text": entry.fields["lokasi"]}
    kind = "complaint.suspected" if doubtful else "complaint.created"
    body = msgspec.json.encode({"type": kind, "timestamp": int(now), "data": data})
    headers = standard_webhooks.sign((standard_webhooks.key(secret),), message_id, int(now), body)
    return WebhookRequest.of("POST", url, headers, body)


def digest(entry: Entry) -> str:
    """What tells two entries of one form apart."""
    return hashlib.sha256("\0".join(entry.fields.values()).encode()).hexdigest()
