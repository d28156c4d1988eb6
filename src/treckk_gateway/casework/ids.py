"""Chance, in one place, so that tests can take it away."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable

import attrs

from treckk_gateway.model import Instant

Clock = Callable[[], Instant]


def wall_clock() -> Instant:
    """Now, in microseconds since the epoch."""
    return time.time_ns() // 1000


@attrs.frozen
class Ids:
    """Ids and tokens from a source of random bytes."""

    random: Callable[[int], bytes] = os.urandom

    def new(self) -> str:
        """A short id without meaning, 20 hex digits: of a delivery, an attempt."""
        return self.random(10).hex()

    def pseudonym(self) -> str:
        """A reporter's public name, `P-` and eight letters or digits; says nothing about the person."""
        return "P-" + base64.b32encode(self.random(5)).decode()

    def token(self) -> str:
        """A secret of 130 random bits, 26 small letters and digits: fits a mail address and survives folded case."""
        return base64.b32encode(self.random(17)).decode().lower()[:26]
