from __future__ import annotations

import functools
import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

TRECKK = (sys.executable, "-c", "from treckk_gateway.server.cli import main; main()")
SAMPLES = files("treckk_gateway.profile").joinpath("balangan", "sample_messages.jsonl").read_bytes()
TINY = Path(__file__).parents[1] / "samples" / "profile_tiny"
KEYS = [
    "id", "intent", "category", "also", "district", "village", "district_candidates", "location_quality", "urgency",
    "missing", "flags", "refer_to", "reasons",
]  # fmt: skip


@pytest.fixture
def triage(treckk):
    return functools.partial(treckk, "triage")


def lines(*rows):
    return b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)


def test_one_line_in_is_one_line_out_in_order(triage):
    done = triage("--json", said=SAMPLES)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in rows] == [json.loads(line)["id"] for line in SAMPLES.splitlines()]
    assert all(list(row) == KEYS for row in rows)
    robbery = next(row for row in rows if row["id"] == "S12")
    assert (robbery["intent"], robbery["urgency"], robbery["refer_to"]) == ("complaint", "emergency", ["polri"])
    assert any("perampokan" in reason for reason in robbery["reasons"]["urgency"])


def test_lines_stream():
    with subprocess.Popen([*TRECKK, "triage", "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for count in range(3):
            process.stdin.write(lines({"id": count, "text": "halo min"}))
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == count
    assert process.returncode == 0


def test_a_bad_line_is_named_and_stops_nothing(triage):
    said = lines(
        {"id": "a", "text": "halo"}, b"{\n", b"\n", {"text": "no id"}, {"id": "b", "attachments": [{"type": "hat"}]},
        b"\xff\xfe\n", b"[1]\n", {"id": "c", "text": "kambing lepas di kebun"},
    )  # fmt: skip
    done = triage("--json", said=said)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [row.get("id") or row["line"] for row in rows] == ["a", 2, 4, 5, 6, 7, "c"]
    assert all(row["error"] for row in rows if "line" in row)


def test_what_came_before_and_when_is_taken_from_the_line(triage):
    row = {
        "id": "x", "text": "mohon ditindak", "received_at": "2026-11-24T10:00:00", "history": ["halo", {"text": "pak"}],
        "open_cases": [{"reference": "TRK-2611-00001", "state": "under_review"}],
    }  # fmt: skip
    again = {
        "id": "y", "text": "kambing lepas lagi di desa Layap", "open_cases": 0,
        "history": [{"state": "resolved", "category": "ternak", "village": "63.11.06.2009"}],
    }  # fmt: skip
    found = [json.loads(line) for line in triage("--json", said=lines(row, again)).stdout.splitlines()]
    assert found[0]["intent"] == "supplement"
    assert "repeat_report" in found[1]["flags"]


def test_reports_of_one_incident_are_proposed_as_one_group(triage):
    rows = [json.loads(line) for line in triage("--json", "--group", said=SAMPLES).stdout.splitlines()]
    grouped = [row["id"] for row in rows if row["duplicate_group"]]
    assert grouped == ["S22", "S23"]


def test_another_countys_profile_is_a_folder(triage):
    said = lines({"id": 1, "text": "there is a loud band in Upper Lea tonight, it keeps us awake"})
    found = json.loads(triage("--json", "--profile", str(TINY), said=said).stdout)
    assert (found["intent"], found["category"]) == ("complaint", "noise")


def test_without_json_a_person_can_read_it(triage):
    done = triage(said=lines({"id": "a", "text": "kambing lepas di desa Layap"}, b"{\n"))
    assert "ternak" in done.stdout
    assert done.stderr.startswith("line 2: ")
    assert done.returncode == 1


def test_an_unknown_profile_is_refused(triage):
    done = triage("--profile", "atlantis")
    assert (done.returncode, done.stdout) == (2, "")
    assert "atlantis" in done.stderr


@pytest.fixture
def labelled(tmp_path):
    file = tmp_path / "labelled.jsonl"
    file.write_bytes(
        lines(
            {"id": "e", "text": "halo", "expected": {"intent": "help", "category": None, "urgency": "emergency"}},
            {"id": "f", "text": "kambing lepas", "expected": {"intent": "spam", "category": "ternak"}},
            {"id": "g", "text": "not labelled"},
        )
    )
    return file


def test_evaluation_counts_names_and_doubts(labelled, triage):
    done = triage("evaluate", str(labelled))
    told = " ".join(done.stdout.split())
    assert done.returncode == 0
    assert "Emergencies not called one: e (1 labelled)" in told
    assert "spam -> complaint: f" in told
    assert "invented" in told
    assert "one author" in told


def test_evaluation_in_figures(labelled, triage):
    found = json.loads(triage("evaluate", str(labelled), "--json").stdout)
    assert (found["messages"], found["undercalled"]) == (2, ["e"])
    assert (found["fields"]["intent"]["judged"], found["fields"]["intent"]["right"]) == (2, 1)
    assert found["fields"]["category"]["right"] == found["fields"]["no category"]["right"] == 1


def test_a_file_without_labels_is_no_evaluation(tmp_path, triage):
    (tmp_path / "none.jsonl").write_bytes(lines({"id": 1, "text": "halo"}))
    done = triage("evaluate", str(tmp_path / "none.jsonl"))
    assert done.returncode == 1
    assert "holds no labelled messages" in done.stderr
