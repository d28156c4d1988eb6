from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = [
    ROOT / "examples" / "custom_channel",
    *(path.parent for path in sorted(ROOT.glob("adapters/*/pyproject.toml"))),
]
BUNDLED = ROOT / "src" / "treckk_gateway" / "adapters"
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
    command += ["-p", "no:schemathesis"]  # slow to load, and nothing for a channel

    run = subprocess.run(
        command, cwd=package, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout
    assert "entry point" not in run.stdout, "the entry point was not found, so its check was skipped"


def imported(folder):
    """Each name of ours that the modules in a folder import, as module and name; lazy imports count."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "treckk_gateway":
                yield from ((node.module, one.name) for one in node.names)
            elif isinstance(node, ast.Import):
                yield from ((one.name, None) for one in node.names if one.name.partition(".")[0] == "treckk_gateway")


def is_public(module, name):
    """Whether an adapter may import that: a name the contract exports, or one of a module it names in its docs."""
    if not module.startswith(MAY_SEE) or name is None:
        return module in MAY_SEE
    found = importlib.import_module(module)
    exported = getattr(found, "__all__", None) or [one for one in vars(found) if not one.startswith("_")]
    return name in exported or (hasattr(found, "__path__") and find_spec(f"{module}.{name}") is not None)


FOLDERS = {
    **{package.name: package / "src" for package in PACKAGES},
    **{path.parent.name: path.parent for path in sorted(BUNDLED.glob("*/__init__.py"))},
}


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS.keys())
def test_an_adapter_imports_the_contract_and_nothing_else_of_ours(folder):
    own = f"treckk_gateway.adapters.{folder.name}"
    ours = [one for one in imported(folder) if one != ("treckk_gateway.adapters", folder.name)]
    ours = [(module, name) for module, name in ours if module != own and not module.startswith(f"{own}.")]

    assert ours
    assert {one for one in ours if not is_public(*one)} == set()


def test_what_an_adapter_must_not_import_is_seen(tmp_path):
    lines = ["from treckk_gateway.store import port", "from treckk_gateway.channel.contract import _x",
             "def late():\n    from treckk_gateway.gateway import Gateway", "import treckk_gateway.casework"]  # fmt: skip
    (tmp_path / "module.py").write_text("\n".join([*lines, "from treckk_gateway.channel import Channel, outcome"]))

    refused = {f"{module}.{name}" for module, name in imported(tmp_path) if not is_public(module, name)}

    assert refused == {
        "treckk_gateway.store.port", "treckk_gateway.channel.contract._x", "treckk_gateway.gateway.Gateway",
        "treckk_gateway.casework.None",
    }  # fmt: skip
