"""Cold start to the first 200, and idle memory, against a bare aiohttp server: fresh processes, alternated."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pairs

RUNS = int(os.environ.get("ROUNDS", "7"))

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


def answers(port: int) -> bool:
    """Whether the server answers 200 by now."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def first_answer(arguments: list[str], port: int) -> tuple[float, int]:
    """Seconds from start to the first 200, and resident bytes two seconds later."""
    begun = time.perf_counter()
    process = subprocess.Popen([*arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not answers(port):
            if process.poll() is not None:
                sys.exit(f"{arguments} ended with {process.returncode}")
            time.sleep(0.002)
        took = time.perf_counter() - begun
        time.sleep(1)
        return took, pairs.resident_bytes(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def main() -> None:
    """Run and print."""
    treckk = Path(sys.executable).parent / "treckk"
    results: dict[str, list[dict[str, float]]] = {"ours": [], "bare": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        template = config(folder).read_text()
        for number in range(RUNS + 1):
            port = pairs.free_port()
            (folder / "treckk.toml").write_text(template.replace("PORT", str(port)))
            ours = first_answer([str(treckk), "serve", "--config", str(folder / "treckk.toml")], port)
            port = pairs.free_port()
            bare = first_answer([sys.executable, "-c", _BARE, str(port)], port)
            if number:
                results["ours"].append({"seconds": ours[0], "mib": ours[1] / 2**20})
                results["bare"].append({"seconds": bare[0], "mib": bare[1] / 2**20})
            print(f"  round {number}: ours {told(ours)}, bare {told(bare)}")
    ratio = pairs.ratios(results["ours"], results["bare"], "seconds")
    memory = pairs.median(results["ours"], "mib") * 2**20 / 1e6
    pairs.report(
        "start",
        [
            {
                "what": "start to first 200, of a bare aiohttp server",
                "value": f"{ratio[1]:.2f} ({ratio[0]:.2f} to {ratio[2]:.2f})",
                "goal": "<= 1.35",
                "verdict": pairs.verdict(ratio[1], 1.35, at_least=False),
            },
            {
                "what": "idle resident memory, MB",
                "value": f"{memory:.0f}",
                "goal": "< 90",
                "verdict": pairs.verdict(memory, 90, at_least=False),
            },
        ],
    )


def told(measured: tuple[float, int]) -> str:
    """Seconds and memory in words."""
    return f"{measured[0]:.3f} s {measured[1] / 2**20:.0f} MiB"


if __name__ == "__main__":
    main()
