"""SMS over a GSM modem: the tables of Gammu's SMS daemon (SMSD) read and written, no line of Gammu's loaded.

`database` is all that touches the tables, `parts` cuts long texts and joins them, `events` reads what was found.
"""

from treckk_gammu.channel import GammuChannel, GammuOptions

__all__ = ["GammuChannel", "GammuOptions"]
