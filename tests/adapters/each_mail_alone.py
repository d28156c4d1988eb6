"""Every mail of the corpus read in a forked process of its own: one JSON line each, of what it took.

Run by `test_mail_corpus.py`. The parent has only imported what reads mail, so that a child's growth is the mail's.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

from hostile import HOSTILE
from mail_corpus import DESK, samples

from treckk_gateway.adapters.email.mailbox import Mailbox
from treckk_gateway.adapters.email.reading import read_mail
from treckk_gateway.errors import PayloadError

SECONDS = 20
"""Processor time after which a child is killed."""
MAILBOX = Mailbox.of(DESK)
EML = sorted((Path(__file__).parents[1] / "samples" / "email").glob("*.eml"))


def peak() -> int:
    """Bytes this process had in memory at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def read(raw: bytes) -> dict[str, object]:
    """How a mail ends, its seconds of processor time, and how much memory it took over what was there before."""
    before, began = peak(), time.process_time()
    try:
        read_mail(raw, None, DESK, MAILBOX)
        end = "read"
    except PayloadError:
        end = "refused"
    return {"end": end, "seconds": time.process_time() - began, "grown": peak() - before, "size": len(raw)}


def alone(name: str, raw: bytes) -> None:
    """Read it in a child, which has the mail in memory when it begins, and say what became of it."""
    ours, theirs = os.pipe()
    if (child := os.fork()) == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        os.write(theirs, json.dumps(read(raw)).encode())
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as told:
        found = json.loads(told.read() or b'{"end": "killed"}')
    os.waitpid(child, 0)
    sys.stdout.write(json.dumps({"name": name} | found) + "\n")


if __name__ == "__main__":
    for one in samples():
        alone(one.name, one.raw)
    for path in EML:
        alone(path.name, path.read_bytes())
    for name, make in HOSTILE.items():
        alone(name, make())
