"""Every adapter of this repository with what was recorded of it: the conformance kits filled in, wherever they stand."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from treckk_gateway.testing.conformance import ChannelConformance

ROOT = Path(__file__).parents[2]
PACKAGES = sorted([*ROOT.glob("adapters/*/pyproject.toml"), *ROOT.glob("examples/*/pyproject.toml")])
FILES = [
    *sorted(Path(__file__).parent.glob("test_*_conformance.py")),
    *(
        path
        for package in PACKAGES
        for path in sorted(package.parent.glob("tests/test_*.py"))
        if "(ChannelConformance)" in path.read_text()
    ),
]


def kits() -> Iterator[ChannelConformance]:
    """One of each class that fills in the kit; packages need not be installed."""
    for file in FILES:
        for name, found in vars(_module(file)).items():
            if name.startswith("Test") and isinstance(found, type) and issubclass(found, ChannelConformance):
                yield found()


def name_of(kit: ChannelConformance) -> str:
    """`TestMailgun` is `mailgun`."""
    return type(kit).__name__.removeprefix("Test").removesuffix("Conformance").lower()


def _module(file: Path) -> ModuleType:
    """The test module, with its own neighbours: several packages have a `provider` beside their tests."""
    source = file.parents[1] / "src"
    if source.is_dir() and str(source) not in sys.path:
        sys.path.append(str(source))
    neighbours = {path.stem for path in file.parent.glob("*.py")} if source.is_dir() else set()
    kept = {name: sys.modules.pop(name) for name in neighbours if name in sys.modules}
    sys.path.insert(0, str(file.parent))
    try:
        spec = importlib.util.spec_from_file_location(f"recorded_{abs(hash(file))}", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(file.parent))
        for name in neighbours:
            sys.modules.pop(name, None)
        sys.modules.update(kept)
    return module
