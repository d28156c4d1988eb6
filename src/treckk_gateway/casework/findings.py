"""What triage found about a message, as the store keeps it: one sealed row for each look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.model import Finding
from treckk_gateway.privacy import Box
from treckk_gateway.store.orders import NewFinding
from treckk_gateway.store.rows import FindingRow

_EVERY = "*"
"""The field of a row that holds everything one look found, in order; any other row holds one finding, as all did."""


@attrs.frozen(kw_only=True)
class FindingBody:
    """What is sealed in the row of a single finding."""

    value: str = attrs.field(repr=False)
    reason: str = attrs.field(repr=False)


def sealed(box: Box, findings: Iterable[Finding]) -> tuple[NewFinding, ...]:
    """What one look found, sealed together: a message brings a dozen or two."""
    found = tuple(findings)
    if not found:
        return ()
    return (NewFinding(step="", field=_EVERY, confidence=1.0, data=box.seal_value(Purpose.FINDING, found)),)


def opened(rows: Iterable[FindingRow], box: Box) -> Iterator[Finding]:
    """What was found about a case, in the order it was found."""
    for row in rows:
        if row.field == _EVERY:
            yield from box.open_value(Purpose.FINDING, row.data, tuple[Finding, ...])
        else:
            body = box.open_value(Purpose.FINDING, row.data, FindingBody)
            yield Finding(
                step=row.step, field=row.field, value=body.value, confidence=row.confidence, reason=body.reason
            )
