"""`quality.toml` says of each check what became of it."""

from __future__ import annotations

from pathlib import Path

from treckk_gateway.testing import quality
from treckk_gateway.testing.conformance import ChannelConformance


def test_the_quality_file_is_complete():
    assert quality.complaints(Path(__file__).parent.parent / "quality.toml", ChannelConformance) == []
