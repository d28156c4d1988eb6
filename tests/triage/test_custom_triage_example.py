from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from treckk_gateway.model import Address, InboundMessage, Subject
from treckk_gateway.profile import load
from treckk_gateway.triage import TriageContext

EXAMPLE = Path(__file__).parents[2] / "examples" / "custom_triage.py"


@pytest.mark.parametrize(
    ("text", "found"), [("BANJIR di Marias", ["flood"]), ("bnjr", ["flood"]), ("banjar", []), ("halo", [])]
)
async def test_the_examples_step_finds_what_it_says(text, found):
    flood = runpy.run_path(str(EXAMPLE))["flood"]
    message = InboundMessage(dedupe_key="m-1", sender=Address("sms", "+6281200000000"), text=text)
    told = await flood(Subject(message=message), TriageContext(profile=load("balangan"), now=0))
    assert [one.value for one in told] == found


def test_the_example_runs_as_it_stands():
    run = subprocess.run([sys.executable, EXAMPLE], capture_output=True, text=True, timeout=60, check=True)
    assert "intent = complaint" in run.stdout
    assert "flag = flood" in run.stdout
