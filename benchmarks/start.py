"""Cold start to the first 200, and idle memory, against a bare aiohttp server: fresh processes, alternated."""

from __future__ import annotations

import base64
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pairs
from figures import Figure, Options, ratio, run

AREA = "start"
_HEAVY = frozenset(
    {
        "twilio.rest", "requests", "sqlalchemy", "psycopg", "procrastinate", "shapely", "rapidfuzz", "aiosmtpd",
        "treckk_gateway.server",
    }
)  # fmt: skip

_BARE = """
import asyncio, sys
from aiohttp import web
async def ok(_): return web.Response(text="ok")
app = web.Application(); app.router.add_get("/healthz", ok)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
"""


def config(folder: Path) -> Path:
    """The smallest server there is: one WhatsApp number."""
    (folder / "key").write_text(base64.b64encode(bytes(range(32))).decode())
    (folder / "token").write_text("benchmark-token-0001")
    path = folder / "treckk.toml"
    path.write_text(
        f"""
[gateway]
public_url = "https://aduan.example.org"
data_dir = "data"
listen = "127.0.0.1:PORT"
secret_key = "file:key"
[channels.wa]
adapter = "twilio"
account_sid = "AC{"0" * 32}"
auth_token = "file:token"
sender = "whatsapp:+6281100000000"
"""
    )
    return path


def answers(port: int, path: str) -> bool:
    """Whether the server answers 200 there by now."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def first_answers(arguments: list[str], port: int, ready: str) -> dict[str, float]:
    """Seconds from start to the first 200 of `/healthz` and of `ready`, and resident megabytes a second later."""
    begun = time.perf_counter()
    process = subprocess.Popen([*arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    taken = []
    try:
        for path in ("/healthz", ready):
            while not answers(port, path):
                if process.poll() is not None:
                    sys.exit(f"{arguments} ended with {process.returncode}")
                time.sleep(0.002)
            taken.append(time.perf_counter() - begun)
        time.sleep(1)
        return {"seconds": taken[0], "ready": taken[1], "mb": pairs.resident_bytes(process.pid) / 1e6}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def importing(module: str) -> dict[str, float]:
    """Seconds to import a module in a fresh process, and how many modules that loads."""
    asked = (
        f"import sys, time; before = len(sys.modules); begun = time.perf_counter(); import {module};"
        " print(time.perf_counter() - begun, len(sys.modules) - before)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    seconds, modules = done.stdout.split()
    return {"seconds": float(seconds), "modules": float(modules)}


def forbidden() -> list[str]:
    """What `import treckk_gateway` must not load, and does."""
    asked = "import sys, treckk_gateway; print(' '.join(sys.modules))"
    loaded = set(
        subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    )
    return sorted(loaded & _HEAVY)


def measure(options: Options) -> list[Figure]:
    """Import, the first 200 and idle memory."""
    treckk = Path(sys.executable).parent / "treckk"
    rounds = options.count(options.rounds + 2, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        template = config(folder).read_text()

        def started(arguments: Callable[[int], list[str]], ready: str) -> dict[str, float]:
            return first_answers(arguments(port := pairs.free_port()), port, ready)

        def ours(port: int) -> list[str]:
            (folder / "treckk.toml").write_text(template.replace("PORT", str(port)))
            return [str(treckk), "serve", "--config", str(folder / "treckk.toml")]

        found = pairs.alternate(
            {
                "ours": lambda _: started(ours, "/readyz"),
                "bare": lambda _: started(lambda p: [sys.executable, "-c", _BARE, str(p)], "/healthz"),
            },
            rounds=rounds,
        )
    imports = pairs.alternate(
        {name: lambda _, name=name: importing(name) for name in ("treckk_gateway", "aiohttp.web")}, rounds=rounds
    )
    heavy = forbidden()
    checked = f"{rounds} of {rounds} starts answered 200"
    loaded = f": {', '.join(heavy)}" if heavy else ""
    return [
        ratio(AREA, "start to the first 200, of a bare aiohttp server's",
              pairs.ratios(found["ours"], found["bare"], "seconds"), goal=1.35, at_most=True, checked=checked,
              note=f"{pairs.median(found['ours'], 'seconds') * 1e3:.0f} ms"),
        ratio(AREA, "start to ready for webhooks, of the same",
              pairs.ratios(found["ours"], found["bare"], "ready"), checked=checked,
              note=f"{pairs.median(found['ours'], 'ready') * 1e3:.0f} ms"),
        Figure(area=AREA, what="idle resident memory", value=pairs.median(found["ours"], "mb"), unit="MB", goal=90.0,
               at_most=True, checked=checked),
        ratio(AREA, "import treckk_gateway, of import aiohttp.web",
              pairs.ratios(imports["treckk_gateway"], imports["aiohttp.web"], "seconds"),
              note=f"{pairs.median(imports['treckk_gateway'], 'seconds') * 1e3:.0f} ms",
              checked=f"{len(heavy)} of {len(_HEAVY)} heavy modules loaded{loaded}"),
    ]  # fmt: skip


if __name__ == "__main__":
    run(__doc__, measure)
