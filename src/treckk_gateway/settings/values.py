"""Checked settings as frozen values. What stands here is valid: `loading` refuses everything else."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import attrs
from msgspec import Meta

from treckk_gateway.model import Secret, Staff
from treckk_gateway.settings.file import LISTEN, Listen

Network = IPv4Network | IPv6Network
Seconds = Annotated[float, Meta(gt=0, le=31536000)]
Days = Annotated[int, Meta(ge=1, le=3650)]
KeptDays = Annotated[int, Meta(ge=0, le=36500)]


@attrs.frozen(kw_only=True)
class ChannelSettings:
    """One `[channels.NAME]` table: `options` is an instance of the adapter's `Options`.

    `broken` says why the adapter cannot be used, if it cannot; then `options` is `None`.
    """

    channel_id: str
    adapter: str
    options: Any = attrs.field(repr=False)
    broken: str | None = None


@attrs.frozen(kw_only=True)
class TriageSettings:
    """The `[triage]` table: which steps run, in order (`None`: the default ones), and seconds for each."""

    steps: tuple[Annotated[str, Meta(min_length=1)], ...] | None = None
    budget: Seconds = 2.0


@attrs.frozen(kw_only=True)
class DeliverySettings:
    """The `[delivery]` table: how a message that could not be sent is tried again. All times in seconds.

    Waits grow from `base` to `cap` over the first `quick` tries, then from `slow` to `slowest`; after `give_up` the
    message is a dead letter. One attempt may take `timeout`; when it has not ended `overrun` later, its outcome is
    uncertain. Uncertain sends are looked at every `settle_every`, asked for at the provider from `look_up` after they
    began, and hold their conversation back for at most `settle`. A channel that failed `pause_after` times in a row is
    left alone, but for one try every `pause`; one that cannot be opened is tried at least every `reopen`.
    Source of the defaults: the storage and engine reference, section 4, and the channel reference, D4.
    """

    base: Seconds = 5.0
    cap: Seconds = 900.0
    quick: Annotated[int, Meta(ge=1, le=100)] = 8
    slow: Seconds = 1800.0
    slowest: Seconds = 86400.0
    give_up: Seconds = 259200.0
    timeout: Annotated[float, Meta(gt=0, le=120)] = 35.0
    overrun: Seconds = 25.0
    look_up: Seconds = 60.0
    settle: Seconds = 600.0
    settle_every: Seconds = 10.0
    pause_after: Annotated[int, Meta(ge=1, le=1000)] = 5
    pause: Seconds = 60.0
    reopen: Seconds = 30.0


Megabytes = Annotated[float, Meta(gt=0, le=1000)]


def _scanner_place(_instance: object, _field: object, value: str | None) -> None:
    if value is None or (value.startswith("unix:/") and len(value) > len("unix:/")):
        return
    parts = urlsplit(value)
    if parts.scheme != "tcp" or not parts.hostname or not parts.port or parts.path:
        raise ValueError("clamd is written tcp://host:port or unix:/path/to/clamd.sock")


@attrs.frozen(kw_only=True)
class MediaSettings:
    """The `[media]` table: bounds for files that are fetched, in MB and seconds, and who looks at them.

    `clamd` names a virus scanner: `tcp://host:port` or `unix:/path`; nothing is shown before it has looked, and what it
    finds is kept under lock. With `delete_at_provider` the provider's copy is deleted once ours is on the disk.
    Source of the defaults: email-and-web reference, C2.
    """

    image: Megabytes = 10.0
    audio: Megabytes = 15.0
    video: Megabytes = 25.0
    document: Megabytes = 15.0
    seconds: Annotated[float, Meta(gt=0, le=600)] = 30.0
    clamd: str | None = attrs.field(default=None, validator=_scanner_place)
    delete_at_provider: bool = True

    def largest(self, kind: str) -> int:
        """The most bytes of a file of that kind; its kind is a claim until it is looked at."""
        named = {"image": self.image, "sticker": self.image, "audio": self.audio, "video": self.video}
        return int(named.get(kind, self.document) * 1_000_000)


@attrs.frozen(kw_only=True)
class RetentionSettings:
    """The `[retention]` table: days after which the key of a day's unread requests ends, and with it what is parked.

    The others are days after which a reporter is erased, counted from the last that happened, by how their cases ended;
    `no_case_days` for who never had one. 0 keeps them for ever. `warn_days` before the end they are listed.
    """

    parked_days: Days = 30
    resolved_days: KeptDays = 0
    answered_days: KeptDays = 0
    not_actionable_days: KeptDays = 0
    referred_days: KeptDays = 0
    withdrawn_days: KeptDays = 0
    rejected_spam_days: KeptDays = 0
    no_case_days: KeptDays = 0
    warn_days: Annotated[int, Meta(ge=0, le=365)] = 14

    def keep_days(self) -> dict[str, int]:
        """Days by outcome, and `no_case`."""
        names = ("resolved", "answered", "not_actionable", "referred", "withdrawn", "rejected_spam", "no_case")
        return {name: getattr(self, f"{name}_days") for name in names}


@attrs.frozen(kw_only=True)
class EngineSettings:
    """The `[engine]` table: how work is found and done. All times in seconds; all but the first two for PostgreSQL.

    `slots` pieces of work run side by side in a process; what is due is looked for every `poll`. A worker gives a sign
    of life every `heartbeat` and counts as gone after `stalled` without one. Every `sweep`, what has been due for
    `overdue` is woken, and again after `again`. A process uses `connections` for the store, and waits `pool_timeout`
    for one. `serve_works`: whether `treckk serve` works too, or leaves that to `treckk worker`.
    Source of the defaults: the storage and engine reference, 6.2 and 6.5.
    """

    slots: Annotated[int, Meta(ge=1, le=1000)] = 32
    poll: Seconds = 1.0
    heartbeat: Seconds = 5.0
    stalled: Seconds = 15.0
    sweep: Seconds = 60.0
    overdue: Seconds = 60.0
    again: Seconds = 300.0
    connections: Annotated[int, Meta(ge=2, le=200)] = 8
    pool_timeout: Seconds = 5.0
    serve_works: bool = True


@attrs.frozen(kw_only=True)
class DigestSettings:
    """The `[digest]` table: when leadership is told the numbers, from `hour` (0 to 23) on, the unit's time.

    `weekly` is the weekday on which the week before is told, or `never`.
    """

    daily: bool = True
    weekly: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "never"] = "monday"
    hour: Annotated[int, Meta(ge=0, le=23)] = 7


def _otlp_place(_instance: object, _field: object, value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        raise ValueError("endpoint is written http://host:4318/v1/traces; without a user name, a password or a query")


@attrs.frozen(kw_only=True)
class TelemetrySettings:
    """The `[telemetry]` table: traces for OpenTelemetry. They hold ids, codes and seconds, nothing of a person.

    `traces`: `off`; `otlp` exports to the collector at `endpoint` (OTLP over HTTP); `host` uses what the program that
    embeds the gateway set up. `ratio` is the share of traces that is kept.
    """

    traces: Literal["off", "otlp", "host"] = "off"
    endpoint: str = attrs.field(default="http://127.0.0.1:4318/v1/traces", validator=_otlp_place)
    service: Annotated[str, Meta(min_length=1, max_length=100)] = "treckk-gateway"
    ratio: Annotated[float, Meta(ge=0, le=1)] = 1.0


@attrs.frozen(kw_only=True)
class SenderSettings:
    """The `[senders]` table: after `messages` of one person within `seconds`, theirs are kept and not answered.

    One answer says so; what tells of danger is answered all the same. The person is heard again as soon as fewer came.
    """

    messages: Annotated[int, Meta(ge=2, le=200)] = 10
    seconds: Annotated[float, Meta(gt=0, le=86400)] = 60.0


@attrs.frozen(kw_only=True)
class Settings:
    """Everything a gateway is told. Paths are absolute; `source` is the file, `None` when there was none.

    `public_url` is the address providers call, without a slash at its end. `profile` is a shipped name or an absolute
    folder; `boundaries` is a GeoJSON file. `database` is the connection string of a PostgreSQL, `None` for SQLite.
    `max_body` is in bytes. Past `queue_limit` waiting writes, or `queue_age` seconds of the oldest, new requests are
    answered 503. What the database cannot take now, or has not after `queue_age`, waits in `spool_dir`, up to
    `spool_size` MB for each process; `None` is no spool. The database is tried again every `spool_retry` seconds.
    `clocks` are limits that take the place of the profile's, by name.
    """

    public_url: str
    data_dir: Path
    secret_key: Secret
    source: Path | None = None
    database: Secret | None = None
    listen: Listen = attrs.field(factory=lambda: Listen.written(LISTEN))
    profile: str = "balangan"
    boundaries: Path | None = None
    trusted_proxies: tuple[Network, ...] = ()
    max_body: int = 1048576
    queue_limit: int = 2000
    queue_age: float = 3.0
    spool_dir: Path | None = None
    spool_size: float = 256.0
    spool_retry: float = 1.0
    channels: tuple[ChannelSettings, ...] = ()
    staff: tuple[Staff, ...] = ()
    triage: TriageSettings = TriageSettings()
    clocks: Mapping[str, object] = attrs.field(factory=dict)
    delivery: DeliverySettings = DeliverySettings()
    retention: RetentionSettings = RetentionSettings()
    engine: EngineSettings = EngineSettings()
    media: MediaSettings = MediaSettings()
    digest: DigestSettings = DigestSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    senders: SenderSettings = SenderSettings()

    def master_key(self) -> bytes:
        """The 32 bytes all keys follow from; use them at once and keep no copy."""
        return base64.b64decode(self.secret_key.reveal(), validate=True)

    def webhook_url(self, channel_id: str) -> str:
        """The public address of a channel."""
        return f"{self.public_url}/channels/{channel_id}"
