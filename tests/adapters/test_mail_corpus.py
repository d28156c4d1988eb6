from __future__ import annotations

import contextlib
import json
import time
import tracemalloc
from collections import Counter

import pytest
from hostile import HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from mail_corpus import PROGRAMS, samples
from typer.testing import CliRunner

from treckk_gateway.adapters.email.mail import open_mail
from treckk_gateway.channel.mime import _read_lines, read_headers
from treckk_gateway.errors import PayloadError
from treckk_gateway.server.commands import app

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


def test_no_person_is_taken_for_a_machine():
    taken = [one.name for one in samples() if not one.automatic and (read(one)["automatic"] or read(one)["bounce"])]
    assert taken == []


def test_machines_and_bounces_are_told():
    wrong = [
        one.name
        for one in samples()
        if one.automatic
        and (read(one)["automatic"], read(one)["bounce"], read(one)["files"]) != (True, one.bounce, one.files)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ["exim", "qmail", "postfix: 5.1.1"])
def test_a_bounce_names_the_mail_it_is_about(name):
    [sample] = [one for one in samples() if one.name == name]

    assert open_mail(sample.raw).bounce.original_id == "<0123456789abcdef0123@example.go.id>"


def test_a_delay_is_told_from_a_failure():
    actions = {one.name: open_mail(one.raw).bounce.action for one in samples() if one.bounce}

    assert actions["postfix: 4.4.1"] == actions["exim warning"] == "delayed"
    assert actions["postfix: 5.1.1"] == actions["qmail"] == "failed"


def opened(raw):
    """Seconds of processor time a mail takes to be read or refused."""
    began = time.process_time()
    with contextlib.suppress(PayloadError):
        open_mail(raw)
    return time.process_time() - began


def memory(raw):
    """Bytes it takes at most meanwhile."""
    tracemalloc.start()
    try:
        opened(raw)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_takes_little_time_and_memory(name):
    raw = HOSTILE[name]()

    assert min(opened(raw) for _ in range(2)) < 1.0
    assert memory(raw) < 10 * len(raw) + 30 * MEGABYTE


def test_no_mail_of_the_corpus_takes_longer_or_more():
    assert [one.name for one in samples() if opened(one.raw) > 1.0] == []
    assert [one.name for one in samples() if memory(one.raw) > 10 * len(one.raw) + 30 * MEGABYTE] == []


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
