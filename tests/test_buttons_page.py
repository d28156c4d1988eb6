"""The page's script makes contents that the channel fills: run as it stands there, against a local Twilio."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from treckk_gateway.adapters.twilio.content import Offering
from treckk_gateway.model import Choice

PAGE = (Path(__file__).parents[1] / "docs/how-to/offer-buttons-on-whatsapp.md").read_text(encoding="utf-8")


@pytest.fixture
def contents():
    """Twilio's Content API; what was made there, by sid."""
    made = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            sid = f"HX{len(made) + 1:032x}"
            made[sid] = body
            answer = json.dumps({"sid": sid}).encode()
            self.send_response(201)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/Content", made
        server.shutdown()
        thread.join()


def filled(value, variables):
    if isinstance(value, str):
        return re.sub(r"\{\{(\d+)\}\}", lambda found: variables[int(found[1]) - 1], value)
    if isinstance(value, list):
        return [filled(one, variables) for one in value]
    return {key: filled(one, variables) for key, one in value.items()} if isinstance(value, dict) else value


def test_the_script_makes_what_the_channel_fills(contents, tmp_path):
    url, made = contents
    [script] = re.findall(r"```python\n(# make_contents.*?)```", PAGE, re.DOTALL)
    environment = {"TWILIO_ACCOUNT_SID": "AC0", "TWILIO_AUTH_TOKEN": "made-up", "TWILIO_CONTENT_URL": url}
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=tmp_path, capture_output=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr

    table = tomllib.loads(run.stdout.decode())["channels"]["whatsapp"]["choices"]
    offering = Offering(**table)
    assert (sorted(map(int, table["buttons"])), sorted(map(int, table["lists"]))) == ([1, 2, 3], list(range(1, 11)))
    for count in range(1, 11):
        offered = [Choice(label=f"Pilihan {one}", answer=f"{one}") for one in range(count)]
        content = offering.content("Yang mana?", offered)
        body = made[content.sid]
        assert sorted(body["variables"], key=int) == [str(one + 1) for one in range(len(content.variables))]
        [(kind, form)] = filled(body["types"], content.variables).items()
        assert kind == ("twilio/quick-reply" if count <= 3 else "twilio/list-picker")
        assert form["body"] == "Yang mana?"
        shown = form.get("actions") or form["items"]
        assert [one.get("title") or one["item"] for one in shown] == [one.label for one in offered]
        assert [one["id"] for one in shown] == [f"jawab:{one.answer}" for one in offered]
