"""The `[clocks]` table: limits an operator sets otherwise than the profile does."""

from __future__ import annotations

from collections.abc import Mapping

from treckk_gateway.errors import ConfigError
from treckk_gateway.profile import read_limits

FROM_THE_PROFILE = "refuse_unanswered"
"""Whether a case may be refused without anybody's word is the unit's decision, not the operator's."""


def read_clocks(table: Mapping[str, object], *, where: str) -> Mapping[str, object]:
    """The limits that the table names. Raises `ConfigError`."""
    if FROM_THE_PROFILE in table:
        raise ConfigError(where, f"clocks.{FROM_THE_PROFILE}", "stands in the profile: it is the unit's own decision")
    try:
        return read_limits(table)
    except ValueError as problem:
        name, reason = problem.args
        raise ConfigError(where, f"clocks.{name}", reason) from None
