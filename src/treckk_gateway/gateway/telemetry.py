"""Whether traces are wanted; if not, nothing of OpenTelemetry is loaded."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from treckk_gateway.casework import Clock
from treckk_gateway.errors import ConfigError
from treckk_gateway.privacy import Keyring
from treckk_gateway.settings import Settings
from treckk_gateway.store import Store

if TYPE_CHECKING:
    from treckk_gateway.gateway.tracing import Tracing


def traced(settings: Settings, store: Store, keyring: Keyring, clock: Clock) -> Tracing | None:
    """What opens spans. Raises `ConfigError` where traces are wanted without the extra."""
    wanted, where = settings.telemetry, str(settings.source or "settings")
    if wanted.traces == "off":
        return None
    if find_spec("opentelemetry") is None:
        raise ConfigError(where, "telemetry.traces", 'needs the extra: pip install "treckk-gateway[otel]"')
    from treckk_gateway.gateway import tracing  # noqa: PLC0415 the extra may be absent, and loading it takes its time

    maker, finish = tracing.provider(wanted, where)
    known = frozenset(one.channel_id for one in settings.channels)
    return tracing.Tracing(
        store=store,
        keyring=keyring,
        clock=clock,
        known=known,
        tracer=maker.get_tracer("treckk_gateway"),
        finish=finish,
    )
