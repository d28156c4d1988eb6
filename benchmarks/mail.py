"""Mail parsing against the standard library's `policy.default`: throughput, and agreement field by field.

`python benchmarks/mail.py`: the corpus of the tests (mails as common programs and machines build them), parsed in turn
by both, the best of several passes each. Then each of the hostile mails of the tests in a process of its own.
"""

from __future__ import annotations

import email
import email.policy
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pairs

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS / "adapters"))

from hostile import HOSTILE  # noqa: E402 as above
from mail_corpus import samples  # noqa: E402 the tests' own corpus

from treckk_gateway.adapters.email.mail import open_mail  # noqa: E402 after the path

PASSES = 9
Fields = tuple[str, str, tuple[tuple[str | None, int], ...]]


def ours(raw: bytes) -> Fields:
    """Subject, text and files, ids and address read as well."""
    mail = open_mail(raw)
    return mail.subject, mail.text, tuple((one.filename, one.size or 0) for one in mail.carried)


def theirs(raw: bytes) -> Fields:
    """The same job by the standard library."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    for name in ("from", "message-id", "in-reply-to", "references", "date"):
        str(mail[name])
    body = mail.get_body(("plain", "html"))
    files = []
    waiting = [mail]
    while waiting:
        part = waiting.pop(0)
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            waiting[:0] = part.get_payload()
        elif part.get_content_maintype() != "text" or part.is_attachment() or part.get_filename():
            content = part.get_payload(decode=True)
            files.append((part.get_filename(), len(content) if content is not None else 0))
    return str(mail["subject"] or ""), body.get_content() if body is not None else "", tuple(files)


def passed(parse: Callable[[bytes], Fields], mails: list[bytes]) -> float:
    """Seconds of processor time for all mails once."""
    began = time.process_time()
    for raw in mails:
        parse(raw)
    return time.process_time() - began


def agreement(mails: list[tuple[str, bytes]]) -> dict[str, list[str]]:
    """The names of the mails on which both disagree, by field; white space is no difference."""
    apart: dict[str, list[str]] = {"subject": [], "text": [], "files": []}
    for name, raw in mails:
        mine = ours(raw)
        try:
            other = theirs(raw)
        except Exception as problem:  # noqa: BLE001 what it cannot read cannot be compared
            apart.setdefault(f"standard library raised {type(problem).__name__}", []).append(name)
            continue
        if " ".join(mine[0].split()) != " ".join(other[0].split()):
            apart["subject"].append(name)
        if "".join(mine[1].split()) != "".join(other[1].split()):
            apart["text"].append(name)
        if [one[0] for one in mine[2]] != [one[0] for one in other[2]]:
            apart["files"].append(name)
    return apart


def hostile(name: str, answer: Any) -> None:
    """One hostile mail: seconds, and megabytes over what the process and the mail itself take."""
    raw = HOSTILE[name]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    try:
        open_mail(raw)
        end = "read"
    except ValueError:
        end = "refused"
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    answer.send((end, time.process_time() - began, grown, len(raw) / 1e6))


def main() -> None:
    """Run and print."""
    named = [(one.name, one.raw) for one in samples()]
    named += [(path.name, path.read_bytes()) for path in sorted((TESTS / "samples" / "email").glob("*.eml"))]
    mails = [raw for _name, raw in named]
    best = {"ours": 1e9, "theirs": 1e9}
    for _ in range(PASSES):
        for name, parse in (("ours", ours), ("theirs", theirs)):
            try:
                best[name] = min(best[name], passed(parse, mails))
            except LookupError:  # an unknown charset ends the standard library's parser: leave such mails out
                mails = [raw for raw in mails if readable(raw)]
                best = {"ours": 1e9, "theirs": 1e9}
    ratio = best["theirs"] / best["ours"]
    apart = agreement(named)
    context = multiprocessing.get_context("spawn")
    worst = []
    for name in HOSTILE:
        here, there = context.Pipe()
        process = context.Process(target=hostile, args=(name, there))
        process.start()
        there.close()
        process.join(10)
        if process.is_alive():
            process.kill()
            worst.append((name, "killed", 10.0, 0.0, 0.0))
        else:
            worst.append((name, *here.recv()))
    for name, end, seconds, grown, size in sorted(worst, key=lambda row: -row[2]):
        print(f"{name:28} {end:8} {seconds * 1000:7.0f} ms  +{grown:5.0f} MB of {size:5.1f} MB")
    for field, names in apart.items():
        print(f"{field}: {len(names)} of {len(named)} apart" + "".join(f"\n    {one}" for one in names))
    print(json.dumps(pairs.machine()))
    slowest = max(seconds for _name, _end, seconds, _grown, _size in worst) * 1000
    each = [f"{best[name] / len(mails) * 1e6:.0f}" for name in ("ours", "theirs")]
    rows = [
        row(f"{len(mails)} mails, times the standard library", f"{ratio:.1f}", ">= 20", pairs.verdict(ratio, 20)),
        row("us per mail, ours / theirs", " / ".join(each), "-", ""),
        row("slowest hostile mail, ms", f"{slowest:.0f}", "<= 1000", pairs.verdict(slowest, 1000, at_least=False)),
    ]
    pairs.report("mail", rows)


def row(what: str, value: str, goal: str, verdict: str) -> dict[str, object]:
    """A row of the table."""
    return {"what": what, "value": value, "goal": goal, "verdict": verdict}


def readable(raw: bytes) -> bool:
    """Whether the standard library can read it at all."""
    try:
        theirs(raw)
    except LookupError:
        return False
    return True


if __name__ == "__main__":
    main()
