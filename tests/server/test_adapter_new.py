"""`treckk adapter new`: what it writes is a package whose checks pass as it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec

import pytest

from treckk_gateway.server.cli import run
from treckk_gateway.testing import quality
from treckk_gateway.testing.conformance import ChannelConformance

WRITTEN = {
    "pyproject.toml", "README.md", "quality.toml", "src/treckk_sms_gate/__init__.py", "tests/provider.py",
    "tests/test_conformance.py", "tests/test_quality.py", "tests/test_whole_way.py",
}  # fmt: skip


def install(package, site):
    """What pip would leave behind, from the package's own pyproject: its metadata and entry points."""
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    [(group, names)] = project["entry-points"].items()
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *(f"{one} = {of}" for one, of in names.items())]))


def python(package, site, *arguments):
    paths = [str(site), str(package / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=package, capture_output=True, text=True, timeout=100, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )  # fmt: skip


@pytest.fixture
def package(tmp_path, capsys):
    assert run(["adapter", "new", "sms-gate", "--dir", str(tmp_path / "deep" / "er")]) == 0
    said = capsys.readouterr().out
    folder = tmp_path / "deep" / "er" / "treckk-sms-gate"
    assert f"cd {folder}" in said
    assert f"{sys.executable} -m pip install -e" in said
    return folder


def test_a_new_adapter_passes_the_kit_as_it_is(package, tmp_path):
    install(package, tmp_path / "site")
    names = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}

    done = python(package, tmp_path / "site", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-c", "pyproject.toml")

    assert names == WRITTEN
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 40
    assert "makes the adapter known" not in done.stdout, "the whole way was skipped"
    assert "entry point" not in done.stdout, "the entry point was not found, so its check was skipped"
    rows = tomllib.loads((package / "quality.toml").read_text())["checks"]
    assert sum(said != "done" for said in rows.values()) == int(re.search(r"(\d+) skipped", done.stdout)[1])


@pytest.mark.skipif(find_spec("ruff") is None, reason="ruff is not installed")
def test_a_new_adapter_is_well_formed(package, tmp_path):
    for command in (["check", "--no-cache", "."], ["format", "--no-cache", "--check", "."]):
        done = python(package, tmp_path, "ruff", *command)
        assert done.returncode == 0, done.stdout + done.stderr


def test_no_word_of_the_template_is_left_over(package):
    for path in package.rglob("*"):
        if path.is_file():
            assert not re.search(r"\$\w", path.read_text()), path


def test_nothing_is_overwritten(package, capsys):
    (package / "README.md").write_text("precious")

    assert run(["adapter", "new", "sms-gate", "--dir", str(package.parent)]) == 2

    assert "is there already; nothing was written" in capsys.readouterr().err
    assert (package / "README.md").read_text() == "precious"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Acme", "is no name"),
        ("9lives", "is no name"),
        ("a--b", "is no name"),
        ("../evil", "is no name"),
        ("a" * 41, "is no name"),
        ("", "is no name"),
        ("twilio", "installed already"),
        ("gateway", "treckk_gateway is installed already"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(tmp_path, name, reason, capsys):
    assert run(["adapter", "new", name, "--dir", str(tmp_path)]) == 2

    assert reason in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_quality_file_that_says_too_little_is_complained_of(tmp_path):
    class Kit:
        def test_one(self): ...
        def test_two(self): ...
        def test_three(self): ...

    file = tmp_path / "quality.toml"
    file.write_text('[checks]\none = "exempt: "\ntwo = "maybe"\nfour = "done"\n')

    assert [line.partition(":")[0] for line in quality.complaints(file, Kit)] == [
        "adapter",
        "three",
        "four",
        "one",
        "two",
    ]
    file.write_text('adapter = "acme"\n[checks]\none = "done"\ntwo = "exempt: it never sends"\nthree = "done"\n')
    assert quality.complaints(file, Kit) == []
    assert len(quality.checks_of(ChannelConformance)) > 40
