"""Field by field against the standard library: on each mail both say the same, or the difference is one that is known.

The kinds of difference are those explained in docs/explanation/foreign-bytes.md.
"""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

from mail_corpus import samples

from treckk_gateway.adapters.email.mail import open_mail

FILES = sorted((Path(__file__).parents[1] / "samples" / "email").glob("*.eml"))
MAILS = [*((one.name, one.raw) for one in samples()), *((path.name, path.read_bytes()) for path in FILES)]


def theirs(raw):
    """Subject, text and names of files by the standard library; raises `LookupError` for a charset it does not know."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    body, names, waiting = mail.get_body(("plain", "html")), [], [mail]
    while waiting:
        part = waiting.pop(0)
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            waiting[:0] = part.get_payload()
        elif part.get_content_maintype() != "text" or part.is_attachment() or part.get_filename():
            names.append(part.get_filename())
    return str(mail["subject"] or ""), body.get_content() if body is not None else "", names


def text_differs(ours, other):
    """Why, or `None` where it does not."""
    if "".join(ours.split()) == "".join(other.split()):
        return None
    if "<html" in other:
        return "HTML is made text"
    if "\N{REPLACEMENT CHARACTER}" in other and "\N{REPLACEMENT CHARACTER}" not in ours:
        return "the charset lied"
    if not other:
        return "the body stands inside a report or a forwarded mail"
    return "a second text after the first is kept" if ours.startswith(other.strip()) else "unexplained"


def files_differ(ours, other):
    """Why, or `None` where they do not."""
    if ours == other:
        return None
    if len(ours) == len(other) and all(mine == name or name is None for mine, name in zip(ours, other, strict=True)):
        return "a forwarded mail gets a name"
    if len(ours) < len(other) and other[len(ours) :] == [None] * (len(other) - len(ours)):
        return "a text without a name is the body"
    if ours == [*other, None]:
        return "the headers of a returned mail are kept"
    cleaned = [name and name.rpartition("/")[2] for name in other]
    return "a name that leads out of the folder is made harmless" if ours == cleaned else "unexplained"


def compared(raw):
    """Why subject, text and files differ, each `None` where it does not; a text instead where the library gives up."""
    mail = open_mail(raw)
    carried = [one.filename for one in mail.carried]
    try:
        subject, text, files = theirs(raw)
    except LookupError:
        return "the charset has no name Python knows" if mail.text else "unexplained"
    less = (bool(text.strip()) and not mail.text) or len(carried) < len([one for one in files if one])
    alike = " ".join(mail.subject.split()) == " ".join(subject.split()) and not less
    return None if alike else "unexplained", text_differs(mail.text, text), files_differ(carried, files)


def test_each_difference_has_a_reason_and_none_is_of_the_subject():
    found = {name: compared(raw) for name, raw in MAILS}

    assert len(found) > 350
    assert {name: why for name, why in found.items() if "unexplained" in why} == {}
