"""What triage of one message costs, step by step and as a whole, and what a hostile text costs; processor time.

Beside each figure stands how many of the messages' intents were as labelled, so that no speed is bought with errors.
`python benchmarks/triage.py [FILE ...]`: labelled messages, one JSON object a line; without a file those that ship.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from pathlib import Path

import attrs

from treckk_gateway.model import Subject
from treckk_gateway.model import subject as judged
from treckk_gateway.profile import load, samples
from treckk_gateway.triage import Pipeline, TriageContext, default_steps
from treckk_gateway.triage.lines import read_line, subject_of
from treckk_gateway.triage.pipeline import name_of

ROUNDS = int(os.environ.get("ROUNDS", "20"))
GOAL_MEDIAN, GOAL_P99, GOAL_HOSTILE = 1.5, 5.0, 50.0
"""Milliseconds of processor time for one message, and for a hostile text of 100 kB."""
SIZE = 100_000
NOW = 1_764_136_800_000_000


def messages(files: list[str]) -> list[tuple[Subject, list[str]]]:
    """Messages with the intents they are labelled with."""
    rows = (
        [json.loads(line) for file in files for line in Path(file).read_text("utf-8").splitlines()]
        if files
        else samples("balangan")
    )
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


async def main() -> None:
    """Run and print."""
    profile = load("balangan")
    subjects = messages(sys.argv[1:])
    by_step: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, spent in (await steps_of(profile, subjects)).items():
            by_step.setdefault(name, []).extend(spent)
    print(f"{len(subjects)} messages, {ROUNDS} rounds; milliseconds of processor time")
    for name, spent in by_step.items():
        print(f"  {name:<14} median {statistics.median(spent):7.3f}   p99 {percentile(spent, 0.99):7.3f}")
    taken: list[float] = []
    for _ in range(ROUNDS):
        spent, right = await whole(profile, subjects)
        taken += spent
    median, p99 = statistics.median(taken), percentile(taken, 0.99)
    print(f"  {'whole':<14} median {median:7.3f}   p99 {p99:7.3f}   (goals {GOAL_MEDIAN} and {GOAL_P99})")
    print(f"  intents as labelled: {right} of {len(subjects)}")
    pipeline, worst = Pipeline(default_steps(profile)), 0.0
    for name, text in hostile(profile).items():
        message = subject_of(read_line(json.dumps({"id": "x", "text": text[:SIZE]}).encode()))
        begun = time.process_time_ns()
        await pipeline.run(message, TriageContext(profile=profile, now=NOW))
        cost = (time.process_time_ns() - begun) / 1e6
        worst = max(worst, cost)
        print(f"  100 kB, {name:<24} {cost:7.1f}")
    print(f"  100 kB, worst {worst:.1f} (goal {GOAL_HOSTILE})")


if __name__ == "__main__":
    asyncio.run(main())
