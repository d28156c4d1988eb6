"""What triage of one message costs, step by step and as a whole, and what a hostile text costs; processor time.

Beside each figure stands how many of the messages' intents were as labelled, so that no speed is bought with errors.
Milliseconds of processor time are absolute: they say what this machine takes, and compare only within one run.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time

import attrs
from figures import Figure, Options, run

from treckk_gateway.model import Subject
from treckk_gateway.model import subject as judged
from treckk_gateway.profile import load, samples
from treckk_gateway.triage import Pipeline, TriageContext, default_steps
from treckk_gateway.triage.lines import read_line, subject_of
from treckk_gateway.triage.pipeline import name_of

AREA = "triage"
GOAL_MEDIAN, GOAL_P99, GOAL_HOSTILE = 1.5, 5.0, 50.0
"""Milliseconds of processor time for one message, and for a hostile text of 100 kB."""
SIZE = 100_000
NOW = 1_764_136_800_000_000


def messages() -> list[tuple[Subject, list[str]]]:
    """The messages that ship, with the intents they are labelled with."""
    rows = samples("balangan")
    found = []
    for row in rows:
        wanted = row["expected"]["intent"]
        found.append(
            (subject_of(read_line(json.dumps(row).encode())), [wanted] if isinstance(wanted, str) else list(wanted))
        )
    return found


def hostile(profile) -> dict[str, str]:
    """Texts that are long, repetitive or full of words that mean something."""
    known = " ".join(word for words in profile.lexicon.lists.values() for word in words)
    return {
        "one letter": "a " * SIZE,
        "one word": "a" * SIZE,
        "all known words": known * (1 + SIZE // len(known)),
        "danger again and again": "kebakaran parang " * SIZE,
        "no vowels": "kbkrn jln mbl drh " * SIZE,
        "unknown words": " ".join(f"x{count}qz" for count in range(SIZE // 6)),
        "doubled": "tolong2 anak2nya " * SIZE,
        "quotes": "> \n" * SIZE,
        "addresses": "a@b.id www.a.id " * SIZE,
        "places": " ".join(one.name for one in profile.villages) * 100,
        "labels": "Lokasi: Nama: Waktu: " * SIZE,
        "marks": "@.:-" * SIZE,
    }


async def steps_of(profile, subjects) -> dict[str, list[float]]:
    """Milliseconds of each step, by its name; the reading counts with the first step that reads."""
    steps = default_steps(profile)
    spent: dict[str, list[float]] = {name_of(step): [] for step in steps}
    for subject, _wanted in subjects:
        context = TriageContext(profile=profile, now=NOW)
        for step in steps:
            begun = time.process_time_ns()
            found = await step(subject, context)
            spent[name_of(step)].append((time.process_time_ns() - begun) / 1e6)
            context = attrs.evolve(context, found=(*context.found, *(found or ())))
    return spent


async def whole(profile, subjects) -> tuple[list[float], int]:
    """Milliseconds of the whole pipeline for each message, and how many intents were as labelled."""
    pipeline = Pipeline(default_steps(profile))
    spent, right = [], 0
    for subject, wanted in subjects:
        begun = time.process_time_ns()
        found = await pipeline.run(subject, TriageContext(profile=profile, now=NOW))
        spent.append((time.process_time_ns() - begun) / 1e6)
        right += judged.intent(found).value in wanted
    return spent, right


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


async def figures(options: Options) -> list[Figure]:
    """What one message costs, and what the worst of hostile texts does."""
    profile = load("balangan")
    subjects = messages()[: options.count(1000, 5)]
    rounds = options.count(4 * options.rounds, 1)
    by_step: dict[str, list[float]] = {}
    taken: list[float] = []
    right = 0
    for _ in range(rounds):
        for name, spent in (await steps_of(profile, subjects)).items():
            by_step.setdefault(name, []).extend(spent)
        spent, right = await whole(profile, subjects)
        taken += spent
    print(f"{len(subjects)} messages, {rounds} rounds; milliseconds of processor time")
    for name, spent in by_step.items():
        print(f"  {name:<14} median {statistics.median(spent):7.3f}   p99 {percentile(spent, 0.99):7.3f}")
    pipeline, worst = Pipeline(default_steps(profile)), {}
    for name, text in list(hostile(profile).items())[: options.count(100, 2)]:
        message = subject_of(read_line(json.dumps({"id": "x", "text": text[:SIZE]}).encode()))
        begun = time.process_time_ns()
        await pipeline.run(message, TriageContext(profile=profile, now=NOW))
        worst[name] = (time.process_time_ns() - begun) / 1e6
        print(f"  100 kB, {name:<24} {worst[name]:7.1f}")
    longest = max(worst, key=lambda name: worst[name])
    checked = f"{right} of {len(subjects)} intents as labelled"
    return [
        Figure(area=AREA, what="one message, median of processor time", value=statistics.median(taken), unit="ms",
               goal=GOAL_MEDIAN, at_most=True, checked=checked),
        Figure(area=AREA, what="one message, p99 of processor time", value=percentile(taken, 0.99), unit="ms",
               goal=GOAL_P99, at_most=True, checked=checked),
        Figure(area=AREA, what=f"worst of {len(worst)} hostile texts of 100 kB ({longest})", value=worst[longest],
               unit="ms", goal=GOAL_HOSTILE, at_most=True, checked=f"{len(worst)} of {len(worst)} ended"),
    ]  # fmt: skip


def measure(options: Options) -> list[Figure]:
    """The same, in a loop of its own."""
    return asyncio.run(figures(options))


if __name__ == "__main__":
    run(__doc__, measure)
