"""Mail parsing against the standard library's `policy.default`: throughput, and agreement field by field.

The corpus of the tests (mails as common programs and machines build them), parsed in turn
by both, the best of several passes each. Then each of the hostile mails of the tests in a process of its own.

Why both read some mails differently, mail by mail and kind by kind: docs/explanation/foreign-bytes.md.
"""

from __future__ import annotations

import email
import email.policy
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pairs
from figures import Figure, Options, ratio, run

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS / "adapters"))

from hostile import HOSTILE  # noqa: E402 as above
from mail_corpus import samples  # noqa: E402 the tests' own corpus

from treckk_gateway.adapters.email.mail import open_mail  # noqa: E402 after the path

AREA = "mail"
GOAL, HOSTILE_MS = 20.0, 1000.0
FIELDS = ("subject", "text", "files")
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


def passed(parse: Callable[[bytes], Fields], mails: list[bytes]) -> dict[str, float]:
    """Microseconds of processor time for all mails once."""
    began = time.process_time()
    for raw in mails:
        parse(raw)
    return {"us": (time.process_time() - began) * 1e6}


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


def measure(options: Options) -> list[Figure]:
    """Throughput, agreement, and the worst of the hostile mails."""
    named = [(one.name, one.raw) for one in samples()]
    named += [(path.name, path.read_bytes()) for path in sorted((TESTS / "samples" / "email").glob("*.eml"))]
    mails = [raw for _name, raw in named if readable(raw)]
    found = pairs.alternate(
        {"ours": lambda _: passed(ours, mails), "theirs": lambda _: passed(theirs, mails)},
        rounds=options.count(max(5, options.rounds), 1),
    )
    apart = agreement(named)
    for field, names in apart.items():
        print(f"{field}: {len(names)} of {len(named)} apart" + "".join(f"\n    {one}" for one in names))
    worst = sorted((tried(name) for name in list(HOSTILE)[: options.count(len(HOSTILE), 2)]), key=lambda row: -row[2])
    for name, end, seconds, grown, size in worst:
        print(f"{name:28} {end:8} {seconds * 1000:7.0f} ms  +{grown:5.0f} MB of {size:5.1f} MB")
    survived = sum(end != "killed" for _name, end, *_ in worst)
    told = ", ".join(f"{field} {len(named) - len(names)}" for field, names in apart.items() if field in FIELDS)
    each = [f"{pairs.median(found[name], 'us') / len(mails):.0f} us" for name in ("ours", "theirs")]
    return [
        ratio(AREA, f"{len(mails)} mails, times the standard library",
              pairs.ratios(found["theirs"], found["ours"], "us"), goal=GOAL,
              checked=f"of {len(named)} alike: {told}", note=f"{each[0]} a mail against {each[1]}"),
        Figure(area=AREA, what=f"slowest of {len(worst)} hostile mails ({worst[0][0]})",
               value=worst[0][2] * 1000, unit="ms", goal=HOSTILE_MS, at_most=True,
               checked=f"{survived} of {len(worst)} read or refused in time"),
    ]  # fmt: skip


def tried(name: str) -> tuple[str, str, float, float, float]:
    """One hostile mail in a process of its own, for at most ten seconds."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=hostile, args=(name, there))
    process.start()
    there.close()
    process.join(10)
    if process.is_alive():
        process.kill()
        process.join()
        return name, "killed", 10.0, 0.0, 0.0
    return (name, *here.recv())


def readable(raw: bytes) -> bool:
    """Whether the standard library can read it at all."""
    try:
        theirs(raw)
    except LookupError:  # an unknown charset ends it
        return False
    return True


if __name__ == "__main__":
    run(__doc__, measure)
