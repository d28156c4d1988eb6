"""Where requests wait, sealed, on this machine's disk while the database is away."""

from __future__ import annotations

from treckk_gateway.inbound.spool.spool import Spool, SpoolState

__all__ = ["Spool", "SpoolState"]
