"""Meta's error codes and what each means for us: a table, since the list grows.

Source: WhatsApp Business Platform, "WhatsApp error codes". A code comes with the answer to a send or, often only there,
with a later status; both go through this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import attrs
from treckk_gateway.channel.outcome import from_status, retry_after
from treckk_gateway.errors import NotTaken, Rejected, Scope, SendError, WindowClosed

PAIR_PAUSE = 60.0
"""Seconds after too many messages to one person (131056): Meta lets about one in six seconds pass."""


class Meaning(StrEnum):
    """What a code says, in our words."""

    AGAIN = "again"
    PAIR = "pair"
    WINDOW = "window"
    ADDRESS = "address"
    CHANNEL = "channel"
    MESSAGE = "message"


_CODES: dict[Meaning, tuple[int, ...]] = {
    Meaning.AGAIN: (1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131057, 133004),
    Meaning.PAIR: (131056,),
    Meaning.WINDOW: (131047,),
    Meaning.ADDRESS: (130497, 131021, 131026, 131030),
    Meaning.CHANNEL: (0, 3, 10, 33, 190, 368, 131005, 131031, 131037, 131042, 131045, 133010),
    Meaning.MESSAGE: (
        100, 130472, 131008, 131009, 131049, 131050, 131051, 131052, 131053, 131062,
        132000, 132001, 132005, 132007, 132012, 132015, 132016, 132068, 132069, 135000,
    ),
}  # fmt: skip
MEANING: Mapping[int, Meaning] = {code: meaning for meaning, codes in _CODES.items() for code in codes}
"""Known codes; 200 to 219 are missing rights, hence the channel. Of others the HTTP status decides."""

_RIGHTS = range(200, 220)
_REASON = {
    Meaning.AGAIN: "Meta asked to come again",
    Meaning.PAIR: "too many messages to one person in a short time",
    Meaning.WINDOW: "the reply window is closed, only a template passes",
    Meaning.ADDRESS: "the recipient cannot be reached on WhatsApp",
    Meaning.CHANNEL: "Meta refuses this number or account: check the channel's settings",
    Meaning.MESSAGE: "Meta refuses the message",
}
_SCOPE = {
    Meaning.WINDOW: Scope.MESSAGE,
    Meaning.ADDRESS: Scope.ADDRESS,
    Meaning.CHANNEL: Scope.CHANNEL,
    Meaning.MESSAGE: Scope.MESSAGE,
}


@attrs.frozen(kw_only=True)
class Failure:
    """A failure told by a status: `scope` is what it holds for, `None` when it may pass."""

    code: str | None = None
    scope: Scope | None = None
    window_closed: bool = False


def failure_of(errors: object) -> Failure:
    """What the `errors` of a status come to: the first code counts."""
    first = errors[0] if isinstance(errors, list) and errors else None
    code = _code(first)
    meaning = _meaning(code)
    return Failure(
        code=None if code is None else str(code),
        scope=_SCOPE.get(meaning) if meaning else None,
        window_closed=meaning is Meaning.WINDOW,
    )


def error_of(status: int, headers: Mapping[str, str], said: Mapping[str, Any], *, now: float) -> SendError:
    """The typed error an answer that is no success stands for. Its texts are ours; Meta's may name a number.

    429 was never processed. From 500 on the request was read, so it may have been taken whatever the code says.
    """
    code = _code(said.get("error"))
    meaning = _meaning(code)
    plain = from_status(status, headers, now=now, where="Meta")
    if meaning is None or not 400 <= status < 500:
        return plain
    after = retry_after(headers, now)
    if status == 429 or meaning is Meaning.AGAIN:
        return NotTaken(str(code), _REASON[Meaning.AGAIN], after=after)
    if meaning is Meaning.PAIR:
        return NotTaken(str(code), _REASON[meaning], after=after or PAIR_PAUSE)
    if meaning is Meaning.WINDOW:
        return WindowClosed(str(code), _REASON[meaning])
    return Rejected(str(code), _REASON[meaning], scope=_SCOPE[meaning])


def _meaning(code: int | None) -> Meaning | None:
    if code is None:
        return None
    return Meaning.CHANNEL if code in _RIGHTS else MEANING.get(code)


def _code(error: object) -> int | None:
    code = error.get("code") if isinstance(error, dict) else None
    return code if type(code) is int and 0 <= code < 10_000_000 else None
