"""Steps in a row over one message; a step in trouble is recorded and skipped, and a person looks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Sequence
from functools import partial
from types import coroutine
from typing import Any, TypeAlias

import attrs
import structlog

from treckk_gateway.model import Finding, Instant, OpenCase, Subject
from treckk_gateway.profile import Profile, Reading

_MOST = 100
_LONGEST_VALUE = 500
_LONGEST_REASON = 2_000

log = structlog.get_logger(__name__)


@attrs.frozen(kw_only=True)
class TriageContext:
    """What a step may look at beside the message.

    `now` is the time of triage; `found` holds what earlier steps of this run found, in order. Steps get values and
    nothing to act with: no store, no channel, no gateway.
    """

    profile: Profile
    now: Instant
    found: tuple[Finding, ...] = ()
    _readings: dict[str, Reading] = attrs.field(factory=dict, alias="_readings", repr=False, eq=False)
    _forms: dict[str, dict[str, str]] = attrs.field(factory=dict, alias="_forms", repr=False, eq=False)

    def read(self, subject: Subject) -> Reading:
        """The message's subject line and text as the profile's word lists see them; worked out once a run.

        The subject line of an answer repeats ours and is left out.
        """
        return self.read_text(words_of(subject))

    def read_text(self, text: str) -> Reading:
        """Any text as the profile's word lists see it."""
        if text not in self._readings:
            self._readings[text] = self.profile.lexicon.read(text)
        return self._readings[text]

    def form(self, subject: Subject) -> dict[str, str]:
        """The fields of a filled form in the message, by id; worked out once a run."""
        text = words_of(subject)
        if text not in self._forms:
            self._forms[text] = self.profile.form.read(text)
        return self._forms[text]

    def after(self, found: Sequence[Finding]) -> TriageContext:
        """The same for the next step."""
        return TriageContext(
            profile=self.profile,
            now=self.now,
            found=(*self.found, *found),
            _readings=self._readings,
            _forms=self._forms,
        )

    def values(self, field: str) -> tuple[str, ...]:
        """What earlier steps found for a field."""
        return tuple(one.value for one in self.found if one.field == field)


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
        for name, step, looks_beside in self._steps:
            if looks_beside and beside is not None and not subject.nearby:
                subject = attrs.evolve(subject, nearby=await beside(context.found))
            found = await self._one(name, step, subject, context)
            if found:
                context = context.after(found)
        return context.found

    async def _one(self, name: str, step: Step, subject: Subject, context: TriageContext) -> tuple[Finding, ...]:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            found = _checked(await self._result(step(subject, context)))
            # A step that never awaits cannot be interrupted, only noticed.
            if loop.time() - begun > self._budget:
                raise TimeoutError  # noqa: TRY301 one place records every trouble
        except asyncio.CancelledError:
            if _cancelled():
                raise
            return _skipped(name, "CancelledError")
        except Exception as problem:  # noqa: BLE001 whatever a step raises is its own trouble
            return _skipped(name, type(problem).__name__)
        return found

    async def _result(self, step: Awaitable[object]) -> object:
        """What a step returns. One that never waits needs no timer, and most do not."""
        if isinstance(step, Coroutine):
            try:
                waited = step.send(None)
            except StopIteration as end:
                return end.value
            step = _resumed(step, waited)
        async with asyncio.timeout(self._budget):
            return await step


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
    if not isinstance(found, list | tuple) or len(found) > _MOST:
        raise TypeError("a step returns a list or tuple of findings")
    for one in found:
        if not isinstance(one, Finding) or not _sound(one):
            raise TypeError("a step returns findings")
    return tuple(found)


def _sound(one: Finding) -> bool:
    texts = (one.step, one.field, one.value, one.reason)
    return (
        all(isinstance(text, str) for text in texts)
        and bool(one.field)
        and len(one.value) <= _LONGEST_VALUE
        and len(one.reason) <= _LONGEST_REASON
    )
