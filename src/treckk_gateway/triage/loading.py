"""Steps by name: the bundled ones, and those other packages install under the entry-point group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points

from treckk_gateway.errors import ConfigError
from treckk_gateway.profile import Profile
from treckk_gateway.triage.pipeline import Step
from treckk_gateway.triage.steps import (
    automatic,
    category,
    completeness,
    duplicates,
    event,
    history,
    intent,
    language,
    marks,
    media,
    place,
    referral,
    superiors,
    time,
    urgency,
    wishes,
)

GROUP = "treckk_gateway.triage"
DEFAULT = "..."
"""In a list of names: all default steps, in their order."""

BUNDLED: Mapping[str, Step] = {
    "automatic": automatic,
    "language": language,
    "place": place,
    "urgency": urgency,
    "time": time,
    "media": media,
    "intent": intent,
    "category": category,
    "event": event,
    "referral": referral,
    "marks": marks,
    "wishes": wishes,
    "completeness": completeness,
    "duplicates": duplicates,
    "history": history,
    "superiors": superiors,
}
"""The steps that ship, in the order they run by default: later ones use what earlier ones found."""

_KEY = "triage.steps"


def installed() -> dict[str, EntryPoint]:
    """Steps of other packages by name, not yet imported. A bundled name cannot be taken."""
    return {entry.name: entry for entry in entry_points(group=GROUP) if entry.name not in BUNDLED}


def default_steps(profile: Profile) -> tuple[Step, ...]:  # noqa: ARG001 a profile may come to choose its own
    """The steps that run where nothing is configured."""
    return tuple(BUNDLED.values())


def load_steps(names: Iterable[str] | None, profile: Profile, *, where: str = "settings") -> tuple[Step, ...]:
    """The steps of these names, in this order; `"..."` stands for the default ones, `None` means only those.

    Raises `ConfigError` (of the file `where`) for a name nobody installed and for one that is no step.
    """
    steps: list[Step] = []
    for name in (DEFAULT,) if names is None else names:
        steps += default_steps(profile) if name == DEFAULT else (BUNDLED.get(name) or _foreign(name, where),)
    return tuple(steps)


def _foreign(name: str, where: str) -> Step:
    known = installed()
    if name not in known:
        names = ", ".join([DEFAULT, *BUNDLED, *sorted(known)])
        raise ConfigError(where, _KEY, f"no step {name!r} is installed; there are {names}")
    entry = known[name]
    try:
        step: Step = entry.load()
    except Exception as problem:
        raise ConfigError(where, _KEY, f"{name!r} ({entry.value}) cannot be imported: {problem!r}") from problem
    if not callable(step):
        raise ConfigError(where, _KEY, f"{name!r} ({entry.value}) is no coroutine function")
    return step
