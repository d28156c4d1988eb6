"""Logs tell nothing of a person: with every library at DEBUG, on both databases, and whatever an exception's text holds."""

from __future__ import annotations

import ast
import json
import logging
import re
import sqlite3
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from folk import ADMIN, BUDI, COMPLAINT, PERSONAL, Person, until
from hypothesis import given
from hypothesis import strategies as st

import treckk_gateway
from treckk_gateway.adapters.twilio.channel import TwilioChannel
from treckk_gateway.errors import NotTaken, described
from treckk_gateway.inbound.intake import Intake
from treckk_gateway.outbound.sending import Sender
from treckk_gateway.privacy import ALLOWED

LIBRARIES = (
    "aiohttp", "aiohttp.access", "aiohttp.client", "aiohttp.server", "aiohttp.web", "aiosmtplib", "asyncio", "mail.log",
    "mail.debug", "mail.error", "procrastinate", "psycopg", "psycopg.pool", "twilio", "twilio.http_client", "PIL",
    "phonenumbers", "opentelemetry", "concurrent", "urllib3",
)  # fmt: skip
WORDS = ("trotoar", "Iyan", "Masih ramai", "RAHASIA", "6281234567890", ADMIN[1:])


def leaks(text):
    return PERSONAL.findall(text) + [word for word in WORDS if word in text]


_OWN = logging.makeLogRecord({}).__dict__.keys()
"""What every record has; its numbers (times, threads) are nobody's."""


def told(record):
    """All that a formatter could show of a record."""
    shown = [record.getMessage(), repr(record.args)]
    shown += [repr(value) for name, value in record.__dict__.items() if name not in _OWN]
    if record.exc_info:
        shown += traceback.format_exception(*record.exc_info)
    return "\n".join(shown)


@pytest.fixture(params=["sqlite", "postgres"])
def store_uri(request):
    """Towns of this file over either database, whatever they run over elsewhere."""
    return request.getfixturevalue("database") if request.param == "postgres" else None


@pytest.fixture
async def noisy(make_town, caplog):
    """A town whose libraries all say everything they can."""
    for name in ("", *LIBRARIES):
        caplog.set_level(logging.DEBUG, logger=name)
    return await make_town()


async def test_with_every_library_at_debug_nothing_of_a_person_is_logged(noisy, caplog):
    for number, way in enumerate(("whatsapp", "sms", "email", "web"), 51):
        person = Person.numbered(number)
        await noisy.write(way, person, COMPLAINT)
        await noisy.hears(way, person, 1)
        await noisy.write(way, person, "Masih ramai")
    await noisy.settled()
    logging.getLogger("twilio.http_client").debug("heard")
    assert "heard" in [one.getMessage() for one in caplog.records], "whatever is said at DEBUG is seen here"
    found = {(one.name, one.levelname, one.getMessage()[:200]) for one in caplog.records if leaks(told(one))}
    assert found == set()


SPOKEN = "RAHASIA: Iyan dari +6281234567890 bilang trotoar depan pasar Paringin"


def failing(*_arguments, **_named):
    try:
        sqlite3.connect(":memory:").execute(f"SELECT '{SPOKEN}' FROM nowhere")
    except sqlite3.Error as problem:
        raise RuntimeError(SPOKEN) from problem


async def failing_later(*_arguments, **_named):
    failing()


async def refusing(*_arguments, **_named):
    raise NotTaken("x-1", "the provider is busy") from RuntimeError(SPOKEN)


@pytest.mark.parametrize(
    ("owner", "name", "fault", "event"),
    [
        (TwilioChannel, "parse", failing, "request.parse_failed"),
        (TwilioChannel, "verify", failing, "request.refused"),
        (TwilioChannel, "send", refusing, "message.not_sent"),
        (TwilioChannel, "send", failing_later, "message.send_failed"),
        (Intake, "handle", failing_later, "wakeups.handler_failed"),
        (Sender, "handle", failing_later, "wakeups.handler_failed"),
    ],
)
async def test_an_exceptions_own_words_stay_out_of_the_log(make_town, log, monkeypatch, owner, name, fault, event):
    log.allow("request.parse_failed", "message.send_failed", "message.filing_failed", "wakeups.handler_failed")
    monkeypatch.setattr(owner, name, fault)
    if name == "parse":
        monkeypatch.setattr(TwilioChannel, "glance", lambda *_: None)  # which would spare it the parsing
    town = await make_town(channels=("whatsapp",))
    await town.write("whatsapp", BUDI, COMPLAINT)
    await until(lambda: log.said(event))
    assert leaks(json.dumps(log.lines, default=repr)) == []
    assert any(one.get("problem") or one.get("code") for one in log.said(event)), "what kind of trouble it was is told"


SAYING = """
import logging, sys, warnings
from treckk_gateway.server.logs import configure_logging
configure_logging()
for name in sys.argv[2:]:
    said = logging.getLogger(name)
    said.setLevel(logging.DEBUG)
    try:
        raise ValueError(sys.argv[1])
    except ValueError:
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            said.log(level, "%s", sys.argv[1], extra={"number": sys.argv[1]}, exc_info=True, stack_info=True)
warnings.warn(sys.argv[1])
"""


def test_of_what_libraries_complain_the_server_writes_the_place_alone():
    done = subprocess.run(
        [sys.executable, "-c", SAYING, SPOKEN, *LIBRARIES], capture_output=True, text=True, check=True
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert leaks(done.stdout + done.stderr) == []
    assert {one["logger"] for one in lines} == {*LIBRARIES, "py.warnings"}
    assert len(lines) == 2 * len(LIBRARIES) + 1, "warnings and errors; nothing of what is below"


@given(st.text(), st.sampled_from([RuntimeError, KeyError, OSError, UnicodeError, sqlite3.Error]))
def test_of_foreign_exceptions_only_the_class_is_told(text, kind):
    try:
        raise RuntimeError("outer") from kind(text)
    except RuntimeError as problem:
        assert problem.__cause__ is not None
        shown = described(problem.__cause__) | described(problem)
    assert shown["problem"] == "RuntimeError"
    assert described(kind(text))["problem"] == kind.__name__


def calls():
    """Every call that logs something in our code: file, line, keywords."""
    for path in sorted(Path(treckk_gateway.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "log"
                and node.func.attr in {"debug", "info", "warning", "error", "critical", "exception"}
            ):
                yield path, node


def test_our_own_lines_are_constant_texts_with_allowed_keys_only():
    """What would be left out is never written in the first place; a traceback with values is asked for nowhere."""
    found = list(calls())
    assert len(found) > 30
    for path, call in found:
        where = f"{path}:{call.lineno}"
        [event] = call.args
        for one in (event.body, event.orelse) if isinstance(event, ast.IfExp) else (event,):
            assert isinstance(one, ast.Constant), where
            assert re.fullmatch(r"[a-z_]+\.[a-z_]+", one.value), where
        assert {one.arg for one in call.keywords} - ALLOWED <= {None}, where
        assert call.func.attr != "exception", where
        for one in call.keywords:
            if one.arg is None:
                assert isinstance(one.value, ast.Call), where
                assert one.value.func.id == "described", where
