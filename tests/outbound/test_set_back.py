"""A clock that is set back makes no pause of a minute one of hours."""

from __future__ import annotations

from treckk_gateway.outbound.breaker import Breakers

MINUTE = 60_000_000


def test_a_paused_channel_is_tried_again_after_its_pause_and_not_after_the_lost_hour(clock):
    breakers = Breakers(clock.now, threshold=2, pause=60)
    breakers.failed("sms", "20003", at_once=True)
    assert breakers.closed_until("sms") == clock.now() + MINUTE
    clock.advance(hours=-1)
    assert breakers.closed_until("sms") == clock.now() + MINUTE
    clock.advance(seconds=61)
    assert breakers.closed_until("sms") is None
    assert breakers.paused("sms") == "20003"
    breakers.succeeded("sms")
    assert breakers.paused("sms") is None
