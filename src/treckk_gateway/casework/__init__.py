"""The only code that applies a transition, and the look-ups around it."""

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.clocks import Clocks
from treckk_gateway.casework.coordination import Coordination
from treckk_gateway.casework.desk import Desk
from treckk_gateway.casework.erasing import Erasing
from treckk_gateway.casework.ids import Clock, Ids, wall_clock
from treckk_gateway.casework.people import People
from treckk_gateway.casework.roster import Roster
from treckk_gateway.casework.views import Given, WalkIn
from treckk_gateway.casework.wording import Wording

__all__ = [
    "Casework",
    "Clock",
    "Clocks",
    "Coordination",
    "Desk",
    "Erasing",
    "Given",
    "Ids",
    "People",
    "Roster",
    "WalkIn",
    "Wording",
    "wall_clock",
]
