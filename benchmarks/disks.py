"""What group commit is worth on slower disks: the intake against one commit per message, each sync made longer.

The disk below may be quick, and a unit's rented machine or memory card slow. A preloaded library (slow_sync.c, made
with the machine's C compiler) lets every sync of both servers take so much longer; the sync itself is done.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pairs
from figures import Figure, Options, ratio, run
from rounds import Target, rows_of

AREA = "disks"
CONNECTIONS = 32
COUNT = 2000
MORE = {200: "0.2 ms", 1000: "1 ms", 4000: "4 ms"}
"""Microseconds that each sync takes longer."""


def slower(folder: Path) -> Path:
    """The library that is preloaded. Raises `CalledProcessError` when it cannot be made."""
    made = folder / "slow_sync.so"
    compiler = str(shutil.which("cc"))
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O2", "-o", str(made), str(pairs.HERE / "slow_sync.c"), "-ldl"], check=True
    )
    return made


def against_single(folder: Path, library: Path, microseconds: int, options: Options) -> Figure:
    """Both servers over a disk whose sync takes so much longer."""
    environment = {**os.environ, "LD_PRELOAD": str(library), "SYNC_MICROSECONDS": str(microseconds)}
    with contextlib.ExitStack() as stack:
        targets = {}
        for name in ("ours", "single"):
            port, data = pairs.free_port(), folder / f"{name}{microseconds}"
            arguments = [str(pairs.HERE / "servers.py"), name, str(data)]
            process = stack.enter_context(pairs.server(arguments, port, environment=environment))
            targets[name] = Target(name=name, port=port, pid=process.pid, rows=rows_of(data / "treckk.db", "inbox"))
        count = options.count(COUNT, 2 * CONNECTIONS)
        results = pairs.alternate(
            {n: one.load(CONNECTIONS, count) for n, one in targets.items()}, rounds=options.rounds
        )
        checked = "; ".join(one.checked() for one in targets.values())
    return ratio(
        AREA,
        f"requests a second at {CONNECTIONS} connections, each sync {MORE[microseconds]} longer, times one commit each",
        pairs.ratios(results["ours"], results["single"], "per_second"),
        series="times one commit each",
        at=microseconds,
        checked=checked,
    )


def measure(options: Options) -> list[Figure]:
    """One ratio for each disk; none where there is no C compiler."""
    if shutil.which("cc") is None:
        print("skipped: no C compiler (cc) to make the library that slows the disk", flush=True)
        return []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        library = slower(folder)
        return [against_single(folder, library, one, options) for one in MORE]


if __name__ == "__main__":
    run(__doc__, measure)
