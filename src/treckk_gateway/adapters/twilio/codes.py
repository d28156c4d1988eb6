"""Twilio's error codes and what each means for us: a table, since the list drifts.

Source: Twilio docs, Error and Warning Dictionary. A code comes with the answer to a send or, often only there, with a
later status callback; both go through this table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum

from treckk_gateway.channel.outcome import from_status, retry_after
from treckk_gateway.errors import NotTaken, OptedOut, Rejected, Scope, SendError, Uncertain, WindowClosed

SOME_MINUTES = 600.0
"""Seconds to wait when a handset is off or Twilio's own limit for one number is reached."""


class Meaning(StrEnum):
    """What a code says, in our words."""

    AGAIN = "again"
    LATER = "later"
    TEMPLATE = "template"
    ADDRESS = "address"
    OPTED_OUT = "opted_out"
    CHANNEL = "channel"
    MESSAGE = "message"


_CODES: dict[Meaning, tuple[int, ...]] = {
    Meaning.AGAIN: (20429, 21611, 30001, 30017, 30022, 30410, 30500, 63009, 63010, 63012, 63017, 63018, 63019),
    Meaning.LATER: (30003, 30008, 63023),
    Meaning.TEMPLATE: (63016,),
    Meaning.ADDRESS: (21211, 21217, 21614, 30005, 30006, 63003, 63024, 63033),
    Meaning.OPTED_OUT: (21610, 63014),
    Meaning.CHANNEL: (
        20003, 21408, 21606, 21608, 21703, 21704, 21705, 30002, 63001, 63002, 63007, 63008, 63020, 63038, 63051,
    ),
    Meaning.MESSAGE: (
        21602, 21604, 21609, 21617, 21619, 21620, 21623, 21655, 21656, 30004, 30007, 63005, 63013, 63021,
        63026, 63027, 63028, 63029, 63030, 63032, 63034, 63049,
    ),
}  # fmt: skip
MEANING: Mapping[int, Meaning] = {code: meaning for meaning, codes in _CODES.items() for code in codes}
"""Known codes. Of others the HTTP status decides, and of those in a callback nothing follows."""

_REASON = {
    Meaning.AGAIN: "Twilio asked to come again",
    Meaning.LATER: "the recipient cannot be reached now",
    Meaning.TEMPLATE: "the reply window is closed, only a template passes",
    Meaning.ADDRESS: "the recipient cannot be reached on this channel",
    Meaning.OPTED_OUT: "the recipient wants no messages",
    Meaning.CHANNEL: "Twilio refuses this sender or account: check the channel's settings",
    Meaning.MESSAGE: "Twilio refuses the message",
}
_SCOPE = {
    Meaning.TEMPLATE: Scope.MESSAGE,
    Meaning.ADDRESS: Scope.ADDRESS,
    Meaning.OPTED_OUT: Scope.ADDRESS,
    Meaning.CHANNEL: Scope.CHANNEL,
    Meaning.MESSAGE: Scope.MESSAGE,
}


def error_of(status: int, headers: Mapping[str, str], body: str, *, now: float) -> SendError:
    """The typed error an answer that is no success stands for. Its texts are ours; Twilio's may name a number.

    429 was never processed. From 500 on the request was read, so it may have been taken whatever the code says: Twilio
    calls creating a message not idempotent (twilio-ruby#519).
    """
    code = _code(body)
    meaning = MEANING.get(code) if code is not None else None
    plain = from_status(status, headers, now=now, where="Twilio")
    if meaning is None or status == 429 or not 400 <= status < 500:  # noqa: PLR2004 classes of answers
        return _named(plain, code)
    return _error(meaning, str(code), retry_after(headers, now))


def failure_of(code: str | None) -> Meaning | None:
    """What a failure told by a callback means; `None` for a code we do not know: then nothing follows from it."""
    known = code and code.isascii() and code.isdigit() and len(code) < 10  # noqa: PLR2004 no longer code exists
    return MEANING.get(int(code)) if known and code else None


def scope_of(meaning: Meaning | None) -> Scope | None:
    """What such a failure holds for, `None` when it may pass."""
    return _SCOPE.get(meaning) if meaning else None


def _error(meaning: Meaning, code: str, after: float | None) -> SendError:
    reason = _REASON[meaning]
    match meaning:
        case Meaning.AGAIN:
            return NotTaken(code, reason, after=after)
        case Meaning.LATER:
            return NotTaken(code, reason, after=after or SOME_MINUTES)
        case Meaning.TEMPLATE:
            return WindowClosed(code, reason)
        case Meaning.OPTED_OUT:
            return OptedOut(code, reason)
        case _:
            return Rejected(code, reason, scope=_SCOPE[meaning])


def _named(plain: SendError, code: int | None) -> SendError:
    """The error the HTTP status stands for, under Twilio's code where it gave one."""
    if code is None:
        return plain
    if isinstance(plain, NotTaken):
        return NotTaken(str(code), plain.reason, after=plain.after)
    if isinstance(plain, Uncertain):
        return Uncertain(str(code), plain.reason)
    return Rejected(str(code), plain.reason, scope=plain.scope if isinstance(plain, Rejected) else Scope.MESSAGE)


def _code(body: str) -> int | None:
    """The `code` of an error answer, old form or problem object; `None` for anything else (HTML, nothing)."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    code = answer.get("code") if isinstance(answer, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None
