"""A coverage-guided fuzzer over what reads foreign bytes: `parse` and `glance` of each adapter, and the mail reader.

Wanted: the extra `fuzz` (atheris). Run by `make fuzz`, or::

    python tests/fuzz/readers.py --seconds 600 [--only twilio] [--keep DIR]

Each target is a process of its own, begins with the recorded samples as its corpus, and has its share of the time. What
is no item and no `PayloadError`, or takes longer than two seconds of processor time, is a find: its bytes are kept in
the folder, and become a sample under tests/samples/fuzz, which tests/adapters/test_any_request.py reads.
"""
# ruff: noqa: T201 a command prints

from __future__ import annotations

import argparse
import contextlib
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SLOWEST = 2.0
LONGEST = 6_000
"""Bytes of one try: beyond that libFuzzer is slow, and the kit and tests/adapters/hostile.py have large ones."""
SHOWN = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)")
RUNS = re.compile(r"number_of_executed_units: (\d+)")


def targets():
    """Name to kit, the name taken from the class that fills it in: `TestMailgun` is `mailgun`."""
    sys.path.insert(0, str(ROOT / "tests" / "adapters"))
    import recorded  # noqa: PLC0415 needs the path above

    return {recorded.name_of(kit): kit for kit in recorded.kits()}


def corpus(kit, folder):
    """The bodies of all samples, and the first 120 mails of the corpus for mail."""
    folder.mkdir(parents=True)
    bodies = [one.request.body for one in [*kit.samples(), *kit.unknown()]]
    if kit.channel().kind == "email":
        import mail_corpus  # noqa: PLC0415 found by the path of `targets`

        bodies += [one.raw for one in mail_corpus.samples()][::3]
    for number, body in enumerate(body for body in bodies if len(body) <= LONGEST):
        (folder / f"{number:04}").write_bytes(body)


def child(name, folder, seconds):
    """Fuzz one target; never returns."""
    import atheris  # noqa: PLC0415 the extra

    packages = [path.parent.name for path in ROOT.glob("*/*/src/treckk_*/__init__.py")]
    with atheris.instrument_imports(include=["treckk_gateway", *packages]):
        kit = targets()[name]
    import attrs  # noqa: PLC0415 after the instrumented imports

    from treckk_gateway.channel import Glancing  # noqa: PLC0415 after the instrumented imports
    from treckk_gateway.errors import PayloadError  # noqa: PLC0415 after the instrumented imports
    from treckk_gateway.testing.judging import reading  # noqa: PLC0415 after the instrumented imports

    channel, request = kit.channel(), next(iter(kit.samples())).request

    def one(body):
        tried = attrs.evolve(request, body=body)
        began = time.process_time()
        with contextlib.suppress(PayloadError):
            reading.well_formed(name, channel.parse(tried))
        if isinstance(channel, Glancing):
            reading.glances(channel, tried, name)
        channel.envelope(tried)
        spent = time.process_time() - began
        if spent > SLOWEST:
            raise AssertionError(f"took {spent:.1f} s of processor time")

    atheris.Setup(
        [sys.argv[0], f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-rss_limit_mb=2048", "-verbosity=1",
         "-print_final_stats=1", f"-artifact_prefix={folder}/find-{name}-", "-timeout=20", str(folder / name)],
        one,
    )  # fmt: skip
    atheris.Fuzz()


def main():
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--seconds", type=int, default=600, help="in all, shared by the targets")
    given.add_argument("--only", help="one target")
    given.add_argument("--keep", type=Path, help="where corpus and finds are kept; by default a new folder")
    given.add_argument("--child", help=argparse.SUPPRESS)
    chosen = given.parse_args()
    folder = chosen.keep or Path(tempfile.mkdtemp(prefix="treckk-fuzz-"))
    if chosen.child:
        child(chosen.child, folder, chosen.seconds)
    known = {name: kit for name, kit in targets().items() if chosen.only in (None, name)}
    weights = {name: 3 if name == "email" else 1 for name in known}
    print(f"corpus and finds: {folder}")
    print(f"{'target':18} {'seconds':>8} {'executions':>11} {'edges':>7} {'features':>9} {'corpus':>7}  finds")
    for name, kit in known.items():
        corpus(kit, folder / name)
        seconds = chosen.seconds * weights[name] // sum(weights.values())
        command = [sys.executable, __file__, "--child", name, "--keep", str(folder), "--seconds", str(seconds)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 300, check=False)
        (folder / f"{name}.log").write_text(ran.stderr + ran.stdout, encoding="utf-8")
        shown = SHOWN.findall(ran.stderr)
        finds = sorted(path.name for path in folder.glob(f"find-{name}-*"))
        if not shown:
            sys.exit(f"{name} did not run: see {folder / name}.log")
        row = (*RUNS.findall(ran.stderr)[-1:], *shown[-1])
        print(f"{name:18} {seconds:8} {row[0]:>11} {row[1]:>7} {row[2]:>9} {row[3]:>7}  {', '.join(finds) or 'none'}")
    return 1 if any(folder.glob("find-*")) else 0


if __name__ == "__main__":
    sys.exit(main())
