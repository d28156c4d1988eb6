from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from each_mail_alone import EML
from hostile import HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from mail_corpus import PROGRAMS, samples
from typer.testing import CliRunner

from treckk_gateway.adapters.email.mail import open_mail
from treckk_gateway.channel.mail_headers import _read_lines, read_headers
from treckk_gateway.server.commands.commands import app

MEGABYTE = 1 << 20


def plainly(text):
    """Trailing spaces of a line do not survive HTML."""
    return "\n".join(line.rstrip() for line in text.strip().split("\n"))


def read(sample):
    mail = open_mail(sample.raw)
    return {
        "sender": mail.sender,
        "subject": mail.subject,
        "text": plainly((mail.own_words if mail.reply else None) or mail.text),
        "files": tuple(one.filename for one in mail.carried),
        "automatic": bool(mail.signals),
        "bounce": mail.bounce is not None,
    }


def test_the_corpus_is_as_large_as_it_says():
    kinds = Counter("bounce" if one.bounce else "automatic" if one.automatic else "person" for one in samples())

    assert len(samples()) + len(HOSTILE) >= 350
    assert kinds["person"] >= 240
    assert kinds["automatic"] >= 45
    assert kinds["bounce"] >= 40


@pytest.mark.parametrize("program", [one.name for one in PROGRAMS])
def test_each_mail_of_a_program_is_read_as_it_was_written(program):
    own = [one for one in samples() if one.name.startswith(f"{program}: ")]
    assert own
    for sample in own:
        wanted = {
            "sender": sample.sender,
            "subject": sample.subject,
            "text": plainly(sample.text or ""),
            "files": sample.files,
        }
        assert read(sample) == wanted | {"automatic": False, "bounce": False}, sample.name


def test_every_machine_is_told_and_no_person_is_taken_for_one():
    found = [(one, read(one)) for one in samples()]
    machines = [(one, what) for one, what in found if one.automatic]
    missed = [one.name for one, what in machines if not what["automatic"]]
    mistaken = [one.name for one, what in found if not one.automatic and (what["automatic"] or what["bounce"])]

    assert (len(machines), missed) == (88, []), f"{1 - len(missed) / len(machines):.1%} told; at least 97 % must be"
    assert (len(found) - len(machines), mistaken) == (244, [])


def test_bounces_are_told_from_other_mail_of_machines_with_what_they_carry():
    assert [one.name for one in samples() if (read(one)["bounce"], read(one)["files"]) != (one.bounce, one.files)] == []


@pytest.mark.parametrize("name", ["exim", "qmail", "postfix: 5.1.1"])
def test_a_bounce_names_the_mail_it_is_about(name):
    [sample] = [one for one in samples() if one.name == name]

    assert open_mail(sample.raw).bounce.original_id == "<0123456789abcdef0123@example.go.id>"


def test_a_delay_is_told_from_a_failure():
    actions = {one.name: open_mail(one.raw).bounce.action for one in samples() if one.bounce}

    assert actions["postfix: 4.4.1"] == actions["exim warning"] == "delayed"
    assert actions["postfix: 5.1.1"] == actions["qmail"] == "failed"


def test_each_mail_alone_in_a_process_ends_in_a_second_and_within_ten_times_its_size():
    script = Path(__file__).with_name("each_mail_alone.py")
    done = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, check=True, timeout=300)
    rows = [json.loads(line) for line in done.stdout.splitlines()]

    assert len(rows) == len(samples()) + len(HOSTILE) + len(list(EML)) >= 400
    assert {row["name"]: row["end"] for row in rows if row["end"] not in {"read", "refused"}} == {}
    assert {row["name"]: row["seconds"] for row in rows if row["seconds"] > 1.0} == {}
    assert {row["name"]: row["grown"] for row in rows if row["grown"] > 10 * row["size"] + 30 * MEGABYTE} == {}


field = st.sampled_from(
    [b"A: b", b"A : b", b"Subject: x", b" more", b"\tmore", b"", b"no field", b"A:", b": x", b"From x", b"X:\x80"]
)


@given(
    st.lists(st.tuples(field, st.sampled_from([b"\r\n", b"\n", b"\r", b"\r\r\n"])), max_size=12).map(
        lambda rows: b"".join(a + b for a, b in rows)
    )
    | st.binary(max_size=80)
)
def test_headers_read_at_once_are_those_read_line_by_line(raw):
    assert read_headers(raw) == _read_lines(raw, 0, len(raw))


def test_parse_mail_prints_a_line_for_each_file(tmp_path):
    [sample] = [one for one in samples() if one.name == "gmail-web-id: logo"]
    good, bad, missing = tmp_path / "good.eml", tmp_path / "bad.eml", tmp_path / "missing.eml"
    good.write_bytes(sample.raw)
    bad.write_bytes(b"no header at all")

    done = CliRunner().invoke(app, ["parse-mail", "--json", str(good), str(bad), str(missing)])

    assert done.exit_code == 1
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert first["from"] == sample.sender
    assert first["text"] == first["reply_text"] == sample.text
    assert first["attachments"][1] == {"filename": "surat.pdf", "content_type": "application/pdf", "size": 1809}
    assert (first["automatic"], first["bounce"], first["references"]) == (False, False, [])
    assert second == {"file": str(bad), "error": "no mail: there is no header"}
    assert third["error"] == "No such file or directory"


def test_parse_mail_reads_standard_input_and_speaks_to_people():
    [sample] = [one for one in samples() if one.name == "qmail"]

    done = CliRunner().invoke(app, ["parse-mail", "-"], input=sample.raw)

    assert done.exit_code == 0
    assert "subject: failure notice" in done.stdout
    assert "bounced: action failed" in done.stdout
