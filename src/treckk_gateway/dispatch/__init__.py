"""A case is brought to the people who decide and act; what they answer is recorded as theirs."""

from treckk_gateway.dispatch.acts import Acts
from treckk_gateway.dispatch.clocks import Watch
from treckk_gateway.dispatch.digest import Digest
from treckk_gateway.dispatch.evidence import Evidence
from treckk_gateway.dispatch.notices import Notices

__all__ = ["Acts", "Digest", "Evidence", "Notices", "Watch"]
