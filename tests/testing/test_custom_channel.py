from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = [
    ROOT / "examples" / "custom_channel",
    *(path.parent for path in sorted(ROOT.glob("adapters/*/pyproject.toml"))),
]
MAY_SEE = ("treckk_gateway.channel", "treckk_gateway.errors", "treckk_gateway.model")


def install(package, site):
    """What installing it would write, from its own pyproject: a name, a version and its entry points."""
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    folder = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    [(group, names)] = project["entry-points"].items()
    lines = [f"{name} = {value}" for name, value in names.items()]
    (folder / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]))


each = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)


_PATIENCE = 400
"""Seconds for one package's tests, which take a few on a machine with nothing else to do."""


@each
@pytest.mark.timeout(_PATIENCE + 10)
def test_a_package_passes_its_own_conformance_tests(package, tmp_path):
    install(package, tmp_path)
    paths = [str(tmp_path), str(package / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-c", "pyproject.toml"]

    run = subprocess.run(
        command, cwd=package, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout
    assert "entry point" not in run.stdout, "the entry point was not found, so its check was skipped"


@each
def test_a_package_sees_only_what_adapters_may(package):
    seen = set()
    for path in (package / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                seen.add(node.module or "")
            elif isinstance(node, ast.Import):
                seen |= {one.name for one in node.names}

    ours = {name for name in seen if name.partition(".")[0] == "treckk_gateway"}
    assert ours
    assert {name for name in ours if not name.startswith(MAY_SEE)} == set()
