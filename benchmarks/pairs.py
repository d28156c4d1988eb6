"""Fair pairs: alternated rounds after a warm-up, medians, and a correctness count beside every figure."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).parent
SERVER_CORE, LOAD_CORE = 0, 1


def need_two_cores() -> None:
    """Refuse to measure a server and its load on one core: the generator would measure itself."""
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("skipped: this benchmark needs two cores, one for the server and one for the load")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def server(
    arguments: Sequence[str],
    port: int,
    *,
    core: int = SERVER_CORE,
    pass_port: bool = True,
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A server process pinned to a core, ready when its port accepts; stopped gently at the end."""
    process = subprocess.Popen(
        [sys.executable, *arguments, *([str(port)] if pass_port else [])],
        env=dict(environment) if environment is not None else None,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509
    )
    try:
        wait_for(port, process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes], *, seconds: float = 30) -> None:
    """Return when the port accepts; exit when the process ended before."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            sys.exit(f"the server ended with {process.returncode} before it listened")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.005)
    sys.exit("the server did not listen in time")


def cpu_seconds(pid: int) -> float:
    """User and system time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family_cpu_seconds(pid: int) -> float:
    """The same of a process and those it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return cpu_seconds(pid) + sum(family_cpu_seconds(int(one)) for one in children)


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def alternate(
    cases: Mapping[str, Callable[[int], dict[str, float]]], *, rounds: int
) -> dict[str, list[dict[str, float]]]:
    """Each case once to warm up, then A B C A B C ...; round 0 is the warm-up and is dropped."""
    results: dict[str, list[dict[str, float]]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name, case in cases.items():
            measured = case(number)
            if number:
                results[name].append(measured)
            print(f"  round {number} {name:<28} " + "  ".join(f"{k} {v:,.4g}" for k, v in measured.items()), flush=True)
    return results


def median(results: Sequence[Mapping[str, float]], key: str) -> float:
    """The median of one figure over the rounds."""
    return statistics.median(one[key] for one in results)


def ratios(a: Sequence[Mapping[str, float]], b: Sequence[Mapping[str, float]], key: str) -> tuple[float, float, float]:
    """Pair by pair: lowest, median, highest of a/b."""
    each = [x[key] / max(y[key], 1e-9) for x, y in zip(a, b, strict=True)]
    return min(each), statistics.median(each), max(each)


def sync_us() -> float:
    """Microseconds of one append with its sync where the servers keep their data; the middle one of a hundred."""
    took = []
    with tempfile.TemporaryFile() as file:
        for _ in range(100):
            begun = time.perf_counter()
            os.write(file.fileno(), bytes(4096))
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - begun)
    return statistics.median(took) * 1e6


def processor() -> str:
    """Its name, as the system tells it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith(("model name", "Model")):
                return " ".join(line.partition(":")[2].split())
    return platform.machine()


def commit() -> str:
    """The commit that is measured; with a plus when files differ from it."""
    asked = ("git", "describe", "--always", "--dirty=+", "--exclude=*")
    done = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=HERE)
    return done.stdout.strip() or "unknown"


def machine() -> dict[str, str]:
    """What a reader must know of where this ran."""
    versions = {}
    names = ("aiohttp", "uvloop", "attrs", "msgspec", "twilio", "cryptography", "aiosmtplib", "psycopg",
             "procrastinate", "Flask", "Django", "gunicorn")  # fmt: skip
    for name in names:
        with contextlib.suppress(PackageNotFoundError):
            versions[name] = version(name)
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": commit(),
        "processor": processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{pages / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_version()}, {optimized()}",
        "sqlite": sqlite3.sqlite_version,
        "sync": f"{sync_us():.0f} us for 4 KiB",
        "load": f"{os.getloadavg()[0]:.1f}",
        **versions,
    }


def optimized() -> str:
    """Whether the interpreter was built with profile guidance, which is worth a third."""
    flags = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    return "built with --enable-optimizations" if "--enable-optimizations" in flags else "built without optimizations"
