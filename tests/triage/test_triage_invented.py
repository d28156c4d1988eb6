"""Messages that were written before the rules met them; what the rules made of them then stands in the reference.

By now the rules know them, so these tests only keep what was reached. One author invented them all.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from treckk_gateway.profile import load
from treckk_gateway.triage import Pipeline, TriageContext, default_steps
from treckk_gateway.triage.lines import answer_of, read_line, subject_of
from treckk_gateway.triage.scoring import Scores

PROFILE = load("balangan")
HERE = Path(__file__).parent
FILES = sorted(HERE.glob("invented_*.jsonl"))


async def scores_of(lines):
    steps, scores = Pipeline(default_steps(PROFILE)), Scores()
    for raw in lines:
        line = read_line(raw)
        found = await steps.run(subject_of(line), TriageContext(profile=PROFILE, now=0))
        scores.add(json.loads(raw)["expected"], answer_of(line, found))
    return scores


@pytest.mark.parametrize("file", FILES, ids=lambda one: one.stem)
async def test_invented_messages_stay_understood(file):
    scores = await scores_of(file.read_bytes().splitlines())
    assert scores.undercalled == []
    assert scores.fields["intent"].share >= 0.97
    assert scores.fields["category"].share >= 0.9
    assert scores.fields["category among those named"].share >= 0.97
    assert scores.fields["no category"].share >= 0.95
    assert scores.fields["urgency"].share >= 0.92


def test_they_are_enough_and_cover_every_intent_and_category():
    expected = [json.loads(line)["expected"] for file in FILES for line in file.read_bytes().splitlines()]
    assert len(expected) >= 240
    assert {one["intent"] for one in expected} == {
        "complaint", "info_request", "security_request", "status_query", "supplement", "feedback", "privacy_request",
        "opt_out", "help", "spam", "abuse", "unknown",
    }  # fmt: skip
    assert {one["category"] for one in expected} - {None} == {one.code for one in PROFILE.categories}
    assert sum(one["urgency"] == "emergency" for one in expected) >= 30
