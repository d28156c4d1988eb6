"""A quality file: what became of each check of the kit for one adapter, `done` or `exempt: ` and the reason."""

from __future__ import annotations

import tomllib
from pathlib import Path

_DONE, _EXEMPT = "done", "exempt: "


def checks_of(kit: type) -> set[str]:
    """The checks of a kit, without `test_`."""
    return {name.removeprefix("test_") for name in dir(kit) if name.startswith("test_")}


def complaints(path: Path, kit: type) -> list[str]:
    """What is wrong with the file, a line each; empty when every check of `kit` has a row that says what it must.

    Raises `OSError` and `tomllib.TOMLDecodeError` for a file that cannot be read.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    rows, checks = table.get("checks", {}), checks_of(kit)
    wrong = [] if table.get("adapter") else ["adapter: the adapter's name is missing"]
    wrong += [f"{name}: no row" for name in sorted(checks - rows.keys())]
    wrong += [f"{name}: the kit has no such check" for name in sorted(rows.keys() - checks)]
    return wrong + [
        f'{name}: must be "done", or "exempt: " and the reason'
        for name, said in rows.items()
        if said != _DONE and not (isinstance(said, str) and said.removeprefix(_EXEMPT).strip() not in {said, ""})
    ]
