"""The benchmarks start, count, and say so; what they measure with such numbers means nothing."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

PLACE = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(PLACE))

import figures  # noqa: E402 the benchmarks are no package
import page  # noqa: E402 as above
from multiplying import TABLES, multiply  # noqa: E402 as above

from treckk_gateway.store.sqlite import connection as lite  # noqa: E402 as above

FIGURE = figures.Figure(area="intake", what="ratio", value=0.5, low=0.4, high=0.6, goal=0.42, checked="5 = 5")


def run(area, *arguments):
    done = subprocess.run(
        [sys.executable, str(PLACE / f"{area}.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_a_benchmark_measures_and_adds_its_figures_to_a_file(tmp_path):
    out = tmp_path / "figures.jsonl"
    told = run("micro", "--quick", "--rounds", "1", "--json", str(out))
    found = figures.read(out.read_text("utf-8").splitlines())
    assert len(found) == 6
    assert all(one.value > 0 and one.checked and one.goal for one in found)
    assert "400 of 400 verdicts alike" in told


def test_the_command_tells_what_there_is_and_refuses_what_there_is_not():
    assert "growth" in run("run", "--help")
    wrong = subprocess.run(
        [sys.executable, str(PLACE / "run.py"), "--only", "nothing"], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    assert "no such area: nothing" in wrong.stderr


def test_the_soak_tells_its_parts_and_refuses_what_there_is_not():
    assert "  dead worker" in run("soak", "--help")
    wrong = subprocess.run(
        [sys.executable, str(PLACE / "soak.py"), "--only", "nothing"], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    assert "no part has such a name: nothing" in wrong.stderr


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [({}, "met"), ({"value": 0.41}, "MISSED"), ({"value": 0.41, "at_most": True}, "met"), ({"goal": None}, "")],
)
def test_a_goal_is_met_from_its_own_side(changed, verdict):
    assert figures.attrs.evolve(FIGURE, **changed).verdict == verdict


def test_figures_survive_their_file():
    assert figures.read([figures.kept(FIGURE)]) == [FIGURE]


def test_the_page_shows_every_figure_and_its_plots(tmp_path):
    drawn = [figures.attrs.evolve(FIGURE, series="of the bare handler", at=float(at)) for at in (1, 32)]
    results = {"machine": {"cores": "2"}, "missing": {"growth": "given up after 1 s"}}
    results["figures"] = [json.loads(figures.kept(one)) for one in drawn]
    written = page.write(results, tmp_path)
    text = (tmp_path / "speed.md").read_text("utf-8")
    assert text.count("0.5 (0.4 to 0.6)") == 2
    assert "given up after 1 s" in text
    assert "{" not in text.split("```")[0]
    assert {one.name for one in written} == {"speed.md", "goals.svg", "intake-of.svg"}
    assert all(one.read_text("utf-8").startswith("<svg") for one in written if one.suffix == ".svg")


def test_cases_are_multiplied_whole_and_no_two_are_mixed_up(tmp_path):
    opened = lite.open_writer(tmp_path / "treckk.db")
    lite.migrate(opened)
    assert set(TABLES) <= {name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for statement in (
        "INSERT INTO reporter VALUES (1, 'P-1', 1000000000000000, NULL)",
        "INSERT INTO reporter_key VALUES (1, x'01')",
        (
            "INSERT INTO conversation (id, channel_id, address_hash, sealed_address, reporter_id)"
            " VALUES (1, 'wa', x'02', x'03', 1)"
        ),
        (
            "INSERT INTO cases (id, reference, state, version, channel_id, intent, urgency, language, flags, opened_at,"
            " changed_at, reporter_id) VALUES (1, 'TRK-1', 'received', 1, 'wa', 'complaint', 'normal', 'id', '[]',"
            " 1000000000000000, 1000000000000000, 1)"
        ),
        "INSERT INTO timer (id, case_id, kind, instance, due, state) VALUES (1, 1, 'clock', '', 5, 'queued')",
    ):
        opened.execute(statement)
    assert list(multiply(opened, 100, recent=3))[-1] == 100
    assert opened.execute("SELECT count(*) FROM cases").fetchone() == (101,)
    assert opened.execute("SELECT count(*) FROM cases WHERE state = 'received'").fetchone() == (4,)
    assert opened.execute("SELECT count(*) FROM timer WHERE state = 'queued'").fetchone() == (4,)
    assert opened.execute("PRAGMA foreign_key_check").fetchall() == []
    own = "SELECT count(*) FROM cases JOIN reporter ON reporter.id = reporter_id WHERE pseudonym = 'P-1' || substr(reference, 6)"
    assert opened.execute(own).fetchone() == (101,)
    with pytest.raises(sqlite3.IntegrityError):
        opened.execute("INSERT INTO cases SELECT * FROM cases WHERE id = 7")
    opened.close()
