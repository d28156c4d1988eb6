"""The checks of the kit: nothing is told of people or secrets."""

from __future__ import annotations

import pytest

from treckk_gateway.testing.conformance.hooks import Hooks, check
from treckk_gateway.testing.judging import discretion
from treckk_gateway.testing.stand_in import Fault


class Discretion(Hooks):
    """Nothing is told of people or secrets."""

    @check()
    async def test_receiving_tells_nothing_in_logs_or_errors(
        self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Quote no body and no header in errors, logs and answers, and cut the chain with `from None`."""
        channel, requests = self.channel(), [one.request for one in self.samples()]
        forged = [two for one in requests for _, two in self._forged(one)] if channel.capabilities.webhook else []
        hostile = [request for _, request in self._hostile()]
        with self._listening(caplog) as events:
            told = await discretion.of_receiving(channel, requests, [*forged, *hostile])
        self._search("receiving", [*told, repr(events), repr(channel), *self._logged(caplog, capsys)])

    @check(outbound=True)
    async def test_sending_tells_nothing_in_logs_or_errors(
        self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Put neither the provider's words nor an address into an error: they quote who is written to."""
        faults = [None, *(one for one in Fault if one not in self.unplayed)]
        with self._listening(caplog) as events:
            async with self._sending() as (channel, stand_in):
                told = await discretion.of_sending(channel, stand_in, faults, self._message)
        self._search("sending", [*told, repr(events), *self._logged(caplog, capsys)])
