"""Chance, in one place, so that tests can take it away."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import attrs

from treckk_gateway.model import Instant
from treckk_gateway.privacy import Draws

_BYTES = 26
"""Random bytes of a token; shorter ids leave the rest."""
_LETTERS = b"abcdefghijklmnopqrstuvwxyz234567" * 8
"""Five bits of each byte are a letter or a digit."""

Clock = Callable[[], Instant]


def wall_clock() -> Instant:
    """Now, in microseconds since the epoch."""
    return time.time_ns() // 1000


@attrs.frozen
class Ids:
    """Ids and tokens from a source of random bytes."""

    random: Callable[[int], bytes] = os.urandom
    _draws: Draws = attrs.field(init=False, repr=False, eq=False)

    @_draws.default
    def _from_random(self) -> Draws:
        return Draws(_BYTES, self.random)

    def new(self) -> str:
        """A short id without meaning, 20 hex digits: of a delivery, an attempt."""
        return self._draws.next()[:10].hex()

    def pseudonym(self) -> str:
        """A reporter's public name, `P-` and eight letters or digits; says nothing about the person."""
        return "P-" + self._draws.next()[:8].translate(_LETTERS).decode().upper()

    def token(self) -> str:
        """A secret of 130 random bits, 26 small letters and digits: fits a mail address and survives folded case."""
        return self._draws.next().translate(_LETTERS).decode()
