"""When to try again: a pure function of what happened, without clock or chance.

Source: email-and-web reference, D4; storage-and-engine reference, section 4.
"""

from __future__ import annotations

import hashlib

import attrs

from treckk_gateway.model import Instant

_SECOND = 1_000_000


@attrs.frozen(kw_only=True)
class Policy:
    """Seconds. Doubling from `base` up to `cap` for the first `quick` tries, then from `slow` up to `slowest`."""

    base: float = 5.0
    cap: float = 900.0
    quick: int = 8
    slow: float = 1800.0
    slowest: float = 86_400.0
    give_up: float = 259_200.0


def next_due(
    *, attempts: int, first: Instant, now: Instant, seed: str, after: float | None, policy: Policy
) -> Instant | None:
    """When to try again after `attempts` failures, or `None` to give up.

    `after` is the provider's own wish in seconds and wins. Otherwise full jitter, drawn from `seed` and the number of
    the attempt, so that the same history gives the same times.
    """
    if now - first >= policy.give_up * _SECOND:
        return None
    if after is not None:
        return now + int(max(after, 0.0) * _SECOND)
    if attempts <= policy.quick:
        span = min(policy.cap, policy.base * 2 ** max(attempts - 1, 0))
    else:
        span = min(policy.slowest, policy.slow * 2 ** (attempts - policy.quick - 1))
    share = int.from_bytes(hashlib.sha256(f"{seed}:{attempts}".encode()).digest()[:8], "big") / 2**64
    return now + int(span * (0.5 + share / 2) * _SECOND)
