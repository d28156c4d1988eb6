"""Steps in a row over one message; a step in trouble is recorded and skipped, and a person looks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Sequence
from functools import partial
from types import CoroutineType, coroutine
from typing import Any, TypeAlias

import attrs
import structlog

from treckk_gateway.model import Finding, InboundMessage, Instant, OpenCase, Subject
from treckk_gateway.profile import Profile, Reading

_MOST = 100
_LONGEST_VALUE = 500
_LONGEST_REASON = 2_000

log = structlog.get_logger(__name__)


@attrs.define
class _Notes:
    """What was worked out in one run, for the steps that follow."""

    message: InboundMessage | None = None
    words: str = ""
    readings: dict[str, Reading] = attrs.field(factory=dict)
    forms: dict[str, dict[str, str]] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class TriageContext:
    """What a step may look at beside the message.

    `now` is the time of triage; `found` holds what earlier steps of this run found, in order. Steps get values and
    nothing to act with: no store, no channel, no gateway.
    """

    profile: Profile
    now: Instant
    found: tuple[Finding, ...] = ()
    _notes: _Notes = attrs.field(factory=_Notes, alias="_notes", repr=False, eq=False)

    def words(self, subject: Subject) -> str:
        """Subject line and text of the message; the subject line of an answer repeats ours and is left out."""
        notes = self._notes
        if notes.message is not subject.message:
            notes.message, notes.words = subject.message, words_of(subject)
        return notes.words

    def read(self, subject: Subject) -> Reading:
        """The words of the message as the profile's word lists see them; worked out once a run."""
        return self.read_text(self.words(subject))

    def read_text(self, text: str) -> Reading:
        """Any text as the profile's word lists see it."""
        known = self._notes.readings.get(text)
        if known is None:
            known = self._notes.readings[text] = self.profile.lexicon.read(text)
        return known

    def form(self, subject: Subject) -> dict[str, str]:
        """The fields of a filled form in the message, by id; worked out once a run."""
        text = self.words(subject)
        known = self._notes.forms.get(text)
        if known is None:
            known = self._notes.forms[text] = self.profile.form.read(text)
        return known

    def after(self, found: Sequence[Finding]) -> TriageContext:
        """The same for the next step."""
        return TriageContext(profile=self.profile, now=self.now, found=(*self.found, *found), _notes=self._notes)

    def values(self, field: str) -> tuple[str, ...]:
        """What earlier steps found for a field."""
        return tuple([one.value for one in self.found if one.field == field])


Step: TypeAlias = Callable[[Subject, TriageContext], Awaitable[Sequence[Finding] | None]]
"""A step: any coroutine function that looks and returns findings, or nothing. It is known by its `__name__`."""

Beside: TypeAlias = Callable[[Sequence[Finding]], Awaitable[tuple[OpenCase, ...]]]
"""Running cases that may be the same incident, by what was found so far."""

_OURS = "treckk_gateway.triage.steps."
_BESIDE = "duplicates"
_ANSWERING = ("re:", "bls:", "balas:", "fwd:", "fw:", "aw:")


def words_of(subject: Subject) -> str:
    """Subject line and text of the message, without the subject line of an answer."""
    line = (subject.message.subject or "").strip()
    if line.casefold().startswith(_ANSWERING):
        line = ""
    return f"{line}\n{subject.message.text}".strip()


class Pipeline:
    """Runs steps in their order, each within `budget` seconds.

    A step sees what the steps before it found. Which cases are beside the message is looked up before `duplicates` and
    before steps that others wrote, once what was found says where to look. A step that raises, takes longer than its
    budget or returns something that is no sequence of findings is recorded as the flag `needs_human` and skipped: one
    step's trouble never loses a message. What it found before its trouble is dropped.
    """

    def __init__(self, steps: Iterable[Step], budget: float = 2.0) -> None:
        self._steps = tuple((name_of(step), step, _looks_beside(step)) for step in steps)
        self._budget = budget

    async def run(self, subject: Subject, context: TriageContext, beside: Beside | None = None) -> tuple[Finding, ...]:
        """Everything the steps found, in order. Raises what `beside` raises, or when this task itself is cancelled."""
        now = asyncio.get_running_loop().time
        ended = now()
        for name, step, looks_beside in self._steps:
            begun = ended
            if looks_beside and beside is not None and not subject.nearby:
                subject = attrs.evolve(subject, nearby=await beside(context.found))
                begun = now()
            try:
                at_once, result = _begun(step(subject, context))
                found = _checked(result if at_once else await self._rest(result))
                ended = now()
                # A step that never awaits cannot be interrupted, only noticed.
                if ended - begun > self._budget:
                    raise TimeoutError  # noqa: TRY301 one place records every trouble
            except asyncio.CancelledError:
                if _cancelled():
                    raise
                found, ended = _skipped(name, "CancelledError"), now()
            except Exception as problem:  # noqa: BLE001 whatever a step raises is its own trouble
                found, ended = _skipped(name, type(problem).__name__), now()
            if found:
                context = context.after(found)
        return context.found

    async def _rest(self, step: Any) -> object:  # noqa: ANN401 whatever a step is: awaiting tells
        """What a step that waits returns in the end."""
        async with asyncio.timeout(self._budget):
            return await step


def _begun(step: object) -> tuple[bool, Any]:
    """Whether a step has ended at once, and its result or else what to wait for. Most never wait and need no timer."""
    if not isinstance(step, CoroutineType):
        return False, step
    try:
        waited = step.send(None)
    except StopIteration as end:
        return True, end.value
    return False, _resumed(step, waited)


@coroutine
def _resumed(step: Coroutine[Any, Any, object], waited: object) -> Generator[Any, Any, object]:
    """The rest of a step that has begun and waits for something."""
    while True:
        try:
            answer = yield waited
        except BaseException as problem:  # noqa: BLE001 what comes while it waits is the step's to handle
            turn = partial(step.throw, problem)
        else:
            turn = partial(step.send, answer)
        try:
            waited = turn()
        except StopIteration as end:
            return end.value


def name_of(step: Step) -> str:
    """The name a step is recorded under."""
    inner = getattr(step, "func", step)
    return str(getattr(inner, "__name__", type(inner).__name__))


def _looks_beside(step: Step) -> bool:
    """Whether a step may look at the cases beside the message; of ours only one does."""
    return name_of(step) == _BESIDE or not getattr(step, "__module__", "").startswith(_OURS)


def _cancelled() -> bool:
    """Whether somebody cancelled this task, as opposed to a step that let its own cancellation out."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _skipped(step: str, error: str) -> tuple[Finding, ...]:
    log.warning("step.skipped", step=step, error=error)
    reason = f"the step {step} was skipped: {error}"
    return (Finding(step=step, field="flag", value="needs_human", confidence=1.0, reason=reason),)


def _checked(found: object) -> tuple[Finding, ...]:
    if found is None:
        return ()
    if not isinstance(found, (list, tuple)) or len(found) > _MOST:
        raise TypeError("a step returns a list or tuple of findings")
    for one in found:
        if not isinstance(one, Finding) or not _sound(one):
            raise TypeError("a step returns findings")
    return tuple(found)


def _sound(one: Finding) -> bool:
    return (
        isinstance(one.step, str)
        and isinstance(one.field, str)
        and isinstance(one.value, str)
        and isinstance(one.reason, str)
        and bool(one.field)
        and len(one.value) <= _LONGEST_VALUE
        and len(one.reason) <= _LONGEST_REASON
    )
