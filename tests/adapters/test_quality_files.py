from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from treckk_gateway.channel import registry
from treckk_gateway.testing import quality
from treckk_gateway.testing.conformance import ChannelConformance

ROOT = Path(__file__).parents[2]
BUNDLED = ROOT / "src" / "treckk_gateway" / "adapters"
FILES = sorted(
    [*BUNDLED.rglob("quality.toml"), *ROOT.glob("examples/*/quality.toml"), *ROOT.glob("adapters/*/quality.toml")]
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.parent.relative_to(ROOT)))
def test_a_quality_file_has_a_row_for_each_check(file):
    assert quality.complaints(file, ChannelConformance) == []


def test_every_adapter_of_this_repository_has_one():
    bundled = {name for name, entry in registry.installed().items() if entry.value.startswith("treckk_gateway.")}
    packages = {path.parent for pattern in ("examples", "adapters") for path in ROOT.glob(f"{pattern}/*/pyproject.toml")
                if "treckk_gateway.adapters" in path.read_text(encoding="utf-8")}  # fmt: skip

    assert {
        tomllib.loads(file.read_text(encoding="utf-8"))["adapter"] for file in BUNDLED.glob("*/quality.toml")
    } == bundled
    assert {file.parent for file in FILES if BUNDLED not in file.parents} == packages
