"""The spool's files: whatever is cut off or spoilt, what was whole is read, in order, and nothing else."""

from __future__ import annotations

import stat
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.inbound.spool import file as spool_file
from treckk_gateway.inbound.spool.file import KEY_BYTES, SpoolFile, framed, header, read

WRAPPED = bytes(range(KEY_BYTES))
RECORDS = st.lists(st.binary(min_size=1, max_size=300), max_size=8)
MARK = framed(b"x")[:4]


def whole(records):
    return header(WRAPPED) + b"".join(framed(one) for one in records)


@given(RECORDS, st.data())
def test_a_file_cut_anywhere_gives_every_record_before_the_cut(records, data):
    content = whole(records)
    cut = data.draw(st.integers(0, len(content)))
    found = read(content[:cut])

    ends, at = [], len(header(WRAPPED))
    for one in records:
        at += len(framed(one))
        ends.append(at)
    expected = [one for one, end in zip(records, ends, strict=True) if end <= cut]
    assert list(found.records) == expected
    assert not found.damaged
    assert (found.key == WRAPPED) == (cut >= len(header(WRAPPED)))
    assert found.unfinished == cut - max(
        [len(header(WRAPPED)) if found.key else 0, *[end for end in ends if end <= cut]]
    )


@given(RECORDS, st.binary(max_size=400))
def test_whatever_stands_after_the_last_record_is_no_record(records, junk):
    found = read(whole(records) + junk.replace(MARK, b"....") + b"\0" * 64)

    assert list(found.records) == records
    assert not found.damaged


@given(st.lists(st.binary(min_size=20, max_size=80), min_size=2, max_size=6), st.data())
def test_a_spoilt_byte_costs_its_own_record_and_is_told(records, data):
    content = bytearray(whole(records))
    spoilt = data.draw(st.integers(0, len(records) - 2), label="which, not the last")
    begins = len(whole(records[:spoilt]))
    at = begins + data.draw(st.integers(0, len(framed(records[spoilt])) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    found = read(bytes(content))

    assert list(found.records) == records[:spoilt] + records[spoilt + 1 :]
    assert found.damaged


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(content):
    read(content)
    read(header(WRAPPED) + content)


def test_what_was_written_over_a_failed_attempt_is_read_alone(tmp_path):
    made = SpoolFile.create(tmp_path, 1, "a", WRAPPED)
    made.append(framed(b"first"))
    with made.path.open("ab") as torn:
        torn.write(framed(b"never told yes" * 20)[:-3])
    made.append(framed(b"second"))

    found = read(made.content())
    assert found.records == (b"first", b"second")
    assert not found.damaged
    made.close()


def test_only_its_owner_may_read_it(tmp_path):
    made = SpoolFile.create(tmp_path, 1, "a", WRAPPED)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert made.begun_at == 1
    made.close()


def test_a_file_has_one_owner_and_is_free_when_that_is_killed(tmp_path):
    script = (
        "import sys; from pathlib import Path; from treckk_gateway.inbound.spool.file import *\n"
        "made = SpoolFile.create(Path(sys.argv[1]), 7, 'b', bytes(60)); made.append(framed(b'kept'))\n"
        "print(made.path, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        path = tmp_path / (other.stdout.readline().strip().rpartition("/")[2])
        assert SpoolFile.adopt(path) is None
        other.kill()
        other.wait()
    mine = SpoolFile.adopt(path)
    assert read(mine.content()).records == (b"kept",)
    assert SpoolFile.adopt(path) is None
    mine.remove()
    assert SpoolFile.adopt(path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_begun_leaves_nothing(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool_file.os, "pwrite", refuse)
    with pytest.raises(OSError, match="No space"):
        SpoolFile.create(tmp_path, 1, "a", WRAPPED)
    assert list(tmp_path.iterdir()) == []
