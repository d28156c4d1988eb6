"""Every error this library raises on purpose, in one tree.

::

    TreckkError
    ├── ConfigError (ValueError)            a setting is refused: file, key, reason
    ├── ProfileError (ValueError)           a profile's data is refused: file, reason
    ├── NotFoundError (LookupError)         no such case, letter, row or channel
    ├── ChannelError
    │   ├── SignatureError (PermissionError)  the request cannot be shown to be genuine
    │   ├── PayloadError (ValueError)         genuine, but nonsense: it is parked
    │   ├── AdapterError (ImportError)        an adapter cannot be loaded
    │   ├── MediaError                        a file that lies elsewhere was not fetched
    │   │   ├── MediaRefused (PermissionError)    it must not or need not be asked for again
    │   │   ├── MediaGone (LookupError)           it is no longer there
    │   │   └── MediaUnavailable (ConnectionError)  another try may help
    │   └── SendError (ConnectionError)       one attempt failed; carries the retry decision
    │       ├── NotTaken                      certainly not taken: try again later
    │       ├── Rejected                      never will be taken: message, address or channel
    │       │   ├── OptedOut                  the recipient wants no messages
    │       │   └── WindowClosed              only a template may be sent now
    │       └── Uncertain (TimeoutError)      may have been taken: never blindly resent
    ├── CaseworkError
    │   ├── IllegalTransition (ValueError)    the lifecycle knows no such step
    │   ├── NotAllowed (PermissionError)      this actor may not do that
    │   ├── Incomplete (ValueError)           something that must come with the step is missing
    │   ├── KeyReused (ValueError)            an idempotency key came again with something else
    │   └── Stale (RuntimeError)              somebody else changed the case meanwhile
    └── StoreError
        ├── StoreBusy (BlockingIOError)       queue over its bound: answer 503, try again
        ├── StoreLocked (BlockingIOError)     another process holds the data folder
        ├── StoreUnavailable (OSError)        disk full, broken or closed
        │   └── StoreAway                         the database cannot be reached
        ├── CopyRefused (ValueError)          a backup, a restore or a move is not to be had so
        ├── SchemaTooOld (RuntimeError)       the database waits for `treckk db upgrade`
        └── SchemaTooNew (RuntimeError)       the data was written by a newer version

Texts of errors name settings, ids and reasons; never a person, an address or what somebody wrote.
"""

from __future__ import annotations

from enum import StrEnum


class TreckkError(Exception):
    """Base of all errors raised on purpose."""


class ConfigError(TreckkError, ValueError):
    """A setting is refused. `where` is the file, `key` the dotted key, `reason` says what to do."""

    def __init__(self, where: str, key: str, reason: str) -> None:
        super().__init__(f"{where}: {key}: {reason}" if key else f"{where}: {reason}")
        self.where = where
        self.key = key
        self.reason = reason


class ProfileError(TreckkError, ValueError):
    """A profile's data is refused; the text names the file and the reason."""


class NotFoundError(TreckkError, LookupError):
    """Nothing here has that number or id."""


class ChannelError(TreckkError):
    """Something went wrong between us and a provider."""


class SignatureError(ChannelError, PermissionError):
    """The request cannot be shown to come from the provider: refused with 403, nothing is stored."""


class PayloadError(ChannelError, ValueError):
    """The request is genuine but cannot be understood: kept raw and parked for staff."""


class AdapterError(ChannelError, ImportError):
    """An adapter is unknown or cannot be imported; the text names it and what is installed."""


class MediaError(ChannelError):
    """A file that lies elsewhere was not fetched. Texts hold no address."""


class MediaRefused(MediaError, PermissionError):
    """The place or the file is not one that is taken."""


class MediaGone(MediaError, LookupError):
    """The file is no longer where it was."""


class MediaUnavailable(MediaError, ConnectionError):
    """Its host did not answer, or not yet: try again later."""


class Scope(StrEnum):
    """What a rejection holds for: this message, every message to the address, or the whole channel."""

    MESSAGE = "message"
    ADDRESS = "address"
    CHANNEL = "channel"


class SendError(ChannelError, ConnectionError):
    """One attempt to send failed. `code` is the provider's or ours, stable and free of personal data."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.code, self.reason), self.__dict__)


class NotTaken(SendError):
    """Certainly not taken. `after` is the provider's own wish in seconds, `None` for our back-off."""

    def __init__(self, code: str, reason: str, *, after: float | None = None) -> None:
        super().__init__(code, reason)
        self.after = after


class Rejected(SendError):
    """Never will be taken. `scope` says for what that holds."""

    def __init__(self, code: str, reason: str, *, scope: Scope = Scope.MESSAGE) -> None:
        super().__init__(code, reason)
        self.scope = scope


class OptedOut(Rejected):
    """The recipient blocked us or asked for silence: the address gets nothing until it writes again."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason, scope=Scope.ADDRESS)


class WindowClosed(Rejected):
    """The reply window is closed: the same words must go as an approved template or wait."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason, scope=Scope.MESSAGE)


class Uncertain(SendError, TimeoutError):
    """The provider may have taken it: looked up where that is possible, shown where not."""


class CaseworkError(TreckkError):
    """A step on a case is refused."""


class IllegalTransition(CaseworkError, ValueError):
    """The lifecycle has no such step."""


class NotAllowed(CaseworkError, PermissionError):
    """The step exists, but not for this actor."""


class Incomplete(CaseworkError, ValueError):
    """The step needs something that was not given; `missing` names it."""

    def __init__(self, reason: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.missing = missing


class KeyReused(CaseworkError, ValueError):
    """An idempotency key came again with something else than what it was used for."""


class Stale(CaseworkError, RuntimeError):
    """The case changed since it was read: read it again and decide anew."""


class StoreError(TreckkError):
    """The store could not do what was asked."""


class StoreBusy(StoreError, BlockingIOError):
    """The write queue is over its bound. Nothing was stored; `retry_after` is in seconds."""

    def __init__(self, reason: str, *, retry_after: int = 5) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class StoreLocked(StoreError, BlockingIOError):
    """Another process holds the data folder."""


class StoreUnavailable(StoreError, OSError):
    """The store is closed, full or broken. Nothing of the request was stored."""


class StoreAway(StoreUnavailable):
    """The database cannot be reached; it may come back."""


class CopyRefused(StoreError, ValueError):
    """A backup, a restore or a move is not to be had so; nothing was changed, and the text says what to do."""


class SchemaTooOld(StoreError, RuntimeError):
    """The database has no tables of ours or older ones; the text names the command to run."""


class SchemaTooNew(StoreError, RuntimeError):
    """The data was written by a newer version of this software."""


def described(problem: BaseException) -> dict[str, str]:
    """What a log line may say of a problem: `problem` is its class, with our own errors' text, `exception` the places.

    Never `exc_info`: how that is shown is the host's choice, and structlog's own shows the values of variables.
    Texts of foreign exceptions may hold what somebody wrote, so only their class is kept.
    """
    said = f": {problem}" if isinstance(problem, TreckkError) else ""
    places = []
    step = problem.__traceback__
    while step is not None:
        places.append(f"{step.tb_frame.f_globals.get('__name__', '?')}:{step.tb_lineno}")
        step = step.tb_next
    return {"problem": f"{type(problem).__name__}{said}", "exception": " > ".join(places[-6:])}
