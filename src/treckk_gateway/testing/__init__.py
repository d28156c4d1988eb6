"""For whoever builds on the gateway: fakes, local providers and the conformance kit.

Nothing here imports pytest but `treckk_gateway.testing.conformance`; nothing here is needed to run a gateway.
"""

from treckk_gateway.testing.fakes import MemoryChannel, MemoryOptions
from treckk_gateway.testing.stand_in import RETRY_AFTER, Fault, HttpStandIn, StandIn

__all__ = ["RETRY_AFTER", "Fault", "HttpStandIn", "MemoryChannel", "MemoryOptions", "StandIn"]
