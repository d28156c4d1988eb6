from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import treckk_gateway

PACKAGE = Path(treckk_gateway.__file__).parent
LAZY = (
    "aiosmtpd",
    "aiosmtplib",
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
import importlib, json, os, sys, traceback
for name in ("aiohttp", "asyncio", "attrs", "cryptography.x509", "email", "msgspec", "orjson", "prometheus_client",
             "rich.console", "sqlite3", "structlog", "yarl"):
    importlib.import_module(name)  # foreign packages once; ours anew in each child
failed = {}
for name in json.load(sys.stdin):
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            importlib.import_module(name)
        except BaseException:
            os.write(writing, traceback.format_exc()[-2000:].encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as end:
        said = end.read().decode()
    os.wait()
    if said:
        failed[name] = said
json.dump(failed, sys.stdout)
"""


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def python(code, given=""):
    run = subprocess.run(
        [sys.executable, "-c", code], input=given, capture_output=True, text=True, timeout=110, check=False
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="one fresh process for each module needs fork")
def test_each_module_imports_alone():
    names = [name for name in modules() if not name.endswith("__main__")]
    assert "treckk_gateway.model.lifecycle" in names
    failed = python(EACH_ALONE, json.dumps(names))
    assert not failed, "\n".join(failed.values())


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
