"""The same durable intake as a web developer would write it with Flask: verify, insert, commit, answer."""

from __future__ import annotations

import os
import sqlite3
import threading
import time

from flask import Flask, Response, request
from load import TOKEN
from served import PATH, PUBLIC
from twilio.request_validator import RequestValidator

_VALIDATOR = RequestValidator(TOKEN)
_LOCAL = threading.local()

app = Flask(__name__)


def connection() -> sqlite3.Connection:
    """This thread's own, set as ours is: WAL, and every commit on the disk."""
    if not hasattr(_LOCAL, "connection"):
        opened = sqlite3.connect(os.environ["PEER_DATABASE"], timeout=60, isolation_level=None)
        opened.execute("PRAGMA journal_mode=WAL")
        opened.execute("PRAGMA synchronous=FULL")
        opened.execute(
            "CREATE TABLE IF NOT EXISTS inbox (id INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE, body BLOB NOT NULL,"
            " received_at INTEGER NOT NULL, state TEXT NOT NULL)"
        )
        _LOCAL.connection = opened
    return _LOCAL.connection


@app.post(PATH)
def take() -> Response:
    """One webhook."""
    raw = request.get_data(cache=True)
    if not _VALIDATOR.validate(PUBLIC + PATH, request.form, request.headers.get("X-Twilio-Signature", "")):
        return Response(status=403)
    store = connection()
    store.execute("BEGIN IMMEDIATE")
    store.execute(
        "INSERT INTO inbox (sid, body, received_at, state) VALUES (?, ?, ?, 'new') ON CONFLICT (sid) DO NOTHING",
        (request.form["MessageSid"], raw, time.time_ns() // 1000),
    )
    store.execute("COMMIT")
    return Response("<Response/>", mimetype="text/xml")
