from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import treckk_gateway

PACKAGE = Path(treckk_gateway.__file__).parent
LAZY = (
    "aiosmtpd",
    "aiosmtplib",
    "holidays",
    "jinja2",
    "phonenumbers",
    "psycopg",
    "pytest",
    "rapidfuzz",
    "requests",
    "sqlalchemy",
    "treckk_gateway.server",
    "treckk_gateway.testing",
    "twilio",
    "typer",
    "uvloop",
)
"""Packages that cost start-up time or memory: loaded where they are first used, never by importing the library."""

EACH_ALONE = """
import gc, importlib, json, os, sys, traceback, types
for name in ("aiohttp.web", "cryptography.x509", "jinja2", "phonenumbers", "procrastinate", "pytest", "rich.table",
             "sqlite3", "structlog", "tomllib", "typer", "zoneinfo"):
    importlib.import_module(name)  # foreign packages once, ours anew in each child
given = json.load(sys.stdin)
bare = types.ModuleType("treckk_gateway")  # without what its __init__ imports: that would hide a cycle
bare.__path__ = [given["package"]]
sys.modules["treckk_gateway"] = bare
failed = {}
loading = {"treckk_gateway": set()}  # what the import of a package loads of ours
def alone(name):
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        try:
            importlib.import_module(name)
            said = {"loaded": [one for one in sys.modules if one.startswith("treckk_gateway.")]}
        except BaseException:
            said = {"failed": traceback.format_exc()[-2000:]}
        with os.fdopen(writing, "w") as end:
            json.dump(said, end)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as end:
        said = json.load(end)
    os.wait()
    if "failed" in said:
        failed[name] = said["failed"]
    loading[name] = set(said.get("loaded", ()))
for rank in given["ranks"]:
    gc.freeze()
    for name in sorted(rank, key=lambda name: name.count(".")):
        # A module that the import of its package loads is never imported otherwise than so: the package stands for it.
        if not any(name in loading[one] for one in loading if name.startswith(one + ".")):
            alone(name)
    for name in rank:
        if name not in failed:
            importlib.import_module(name)  # the ranks above may rely on it
json.dump({"failed": failed, "alone": len(loading) - 1}, sys.stdout)
"""
"""Each module in a process where nothing of its own rank or above is loaded yet."""


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def by_rank():
    """The modules of each rank, lowest first, as the import contract in pyproject.toml draws them."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(one for one in project["tool"]["importlinter"]["contracts"] if one["type"] == "layers")["layers"]
    for layer in reversed(layers):
        rooms = {room.strip() for room in layer.split("|")}
        yield [name for name in modules() if name.count(".") and name.split(".")[1] in rooms]


_PATIENCE = 400
"""Seconds: some hundred processes one after the other, also on a machine with other work to do."""


def python(code, given=""):
    run = subprocess.run(
        [sys.executable, "-c", code], input=given, capture_output=True, text=True, timeout=_PATIENCE, check=False
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.timeout(_PATIENCE + 10)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="one fresh process for each module needs fork")
def test_each_module_imports_alone():
    ranks = list(by_rank())
    assert [len(rank) > 0 for rank in ranks] == [True] * 7
    assert sorted(name for rank in ranks for name in rank) == sorted(name for name in modules() if "." in name)
    found = python(EACH_ALONE, json.dumps({"package": str(PACKAGE), "ranks": ranks}))
    assert not found["failed"], "\n".join(found["failed"].values())
    assert found["alone"] > 100


@pytest.mark.parametrize("name", ["treckk_gateway", "treckk_gateway.channel", "treckk_gateway.settings"])
def test_importing_the_library_loads_nothing_heavy(name):
    loaded = python(f"import json, sys, {name}; json.dump(sorted(sys.modules), sys.stdout)")
    assert name in loaded
    assert [one for one in loaded if one.startswith(tuple(f"{lazy}." for lazy in LAZY)) or one in LAZY] == []


def test_importing_the_library_changes_nothing_of_its_host():
    code = """
import asyncio, json, logging, signal, sys, threading
def host():
    return [len(logging.getLogger().handlers), threading.active_count(),
            type(asyncio.get_event_loop_policy()).__name__, str(signal.getsignal(signal.SIGTERM))]
before = host()
import treckk_gateway, treckk_gateway.channel, treckk_gateway.settings
json.dump([before, host()], sys.stdout)
"""
    before, after = python(code)
    assert before == after


def test_every_public_name_of_a_room_exists():
    code = """
import importlib, json, sys
missing = []
for name in json.load(sys.stdin):
    module = importlib.import_module(name)
    missing += [f"{name}.{one}" for one in getattr(module, "__all__", ()) if not hasattr(module, one)]
json.dump(missing, sys.stdout)
"""
    rooms = [name for name in modules() if name.count(".") <= 1]
    assert python(code, json.dumps(rooms)) == []
