from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "custom_channel"


def install(site):
    """What installing the example would write, from its own pyproject: a name, a version and its entry points."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    folder = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    [(group, names)] = project["entry-points"].items()
    lines = [f"{name} = {value}" for name, value in names.items()]
    (folder / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]))


def test_the_example_passes_its_own_conformance_tests(tmp_path):
    install(tmp_path)
    paths = [str(tmp_path), str(EXAMPLE / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-c", "pyproject.toml"]

    run = subprocess.run(
        command, cwd=EXAMPLE, env=environment, capture_output=True, text=True, timeout=100, check=False
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout
    assert "entry point" not in run.stdout, "the entry point was not found, so its check was skipped"
