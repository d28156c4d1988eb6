"""What a mail says and what it carries: the text for people to read, and files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import attrs

from treckk_gateway.adapters.email import plain, tnef
from treckk_gateway.channel.mime import Part, Tree, walk
from treckk_gateway.model import Attachment, MediaKind

TEXT = 1024 * 1024
"""Characters of text that are kept as such; a longer part is cut and goes along as a file."""

_LOGO = 5000
"""Bytes; a smaller picture inside the text is a logo or a tracker."""
_TEXTS = ("text/plain", "text/html")
_UNREADABLE = {
    "application/pkcs7-mime": "encrypted", "application/x-pkcs7-mime": "encrypted",
    "application/pgp-encrypted": "encrypted", "text/calendar": "calendar",
    **dict.fromkeys(tnef.TYPES, "tnef"),
}  # fmt: skip
_CLAIMS = {
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "heic": "image/heic",
    "mp4": "video/mp4", "3gp": "video/3gpp", "mp3": "audio/mpeg", "m4a": "audio/mp4", "amr": "audio/amr",
    "pdf": "application/pdf", "doc": "application/msword", "txt": "text/plain",
}  # fmt: skip
_SEE_HTML = re.compile(r"\b(?:html|browser)\b", re.IGNORECASE)
_HINT = 250
"""Characters; a plain part that only says where to look is shorter."""


@attrs.frozen(kw_only=True)
class Body:
    """`carried` is every file in the order written, `files` the same without logos and trackers inside the text.

    `unsupported` says why there are no words a person could read, where that is so.
    """

    text: str = attrs.field(repr=False)
    files: tuple[Attachment, ...] = ()
    carried: tuple[Attachment, ...] = ()
    unsupported: str | None = None


def read_body(tree: Tree) -> Body:
    """Text and files of a mail. HTML counts where there is no other text; a forwarded mail alone is read for its words.

    The sender of a forwarded mail is not the sender: the mail stays a file, only its text is shown.
    """
    texts, others = list[Part](), list[Part]()
    for leaf in tree.leaves:
        (texts if _is_text(leaf) else others).append(leaf)
    words = _words(texts)
    if not words.strip():
        words = next(
            (_words(list(_forwarded(leaf))) for leaf in others if leaf.content_type == "message/rfc822"), words
        )
    cut = [leaf for leaf in texts if len(leaf.body) > plain.LONGEST or len(words) > TEXT]
    carried = [(leaf, file) for leaf in (*others, *cut) if (file := _file(leaf)) is not None]
    carried += [(leaf, file) for leaf in others if leaf.content_type in tnef.TYPES for file in _packed(leaf)]
    return Body(
        text=words[:TEXT].strip(),
        files=tuple(file for leaf, file in carried if not _is_logo(leaf)),
        carried=tuple(file for _leaf, file in carried),
        unsupported=_unsupported(tree.leaves, words),
    )


def _is_text(leaf: Part) -> bool:
    return leaf.content_type in _TEXTS and leaf.filename is None and leaf.disposition != "attachment"


def _is_logo(leaf: Part) -> bool:
    """A small picture shown inside the text; what is attached on purpose is never one."""
    inline = leaf.disposition != "attachment" and "content-id" in leaf.named
    return inline and leaf.content_type.startswith("image/") and len(leaf.body) < _LOGO


def _words(texts: Sequence[Part]) -> str:
    """All texts in order; of alternatives the plain one, unless it only says that there is another."""
    if len(texts) == 1:
        only = texts[0]
        return (_flowed(only) if only.content_type == "text/plain" else plain.plain(only.text())).strip("\n")
    found = [(leaf, _flowed(leaf) if leaf.content_type == "text/plain" else None) for leaf in texts]
    alternatives = [text for leaf, text in found if _has_alternative(leaf)]
    telling = None not in alternatives or any(text and _tells(text) for text in alternatives)
    chosen: list[str] = []
    for leaf, text in found:
        if text is None and not (telling and _has_alternative(leaf)):
            chosen.append(plain.plain(leaf.text()))
        elif text and (telling or not _has_alternative(leaf)):
            chosen.append(text)
    return "\n\n".join(filter(None, (text.strip("\n") for text in chosen)))


def _has_alternative(leaf: Part) -> bool:
    return "multipart/alternative" in leaf.inside


def _tells(text: str) -> bool:
    words = text.strip()
    return bool(words) and not (len(words) < _HINT and _SEE_HTML.search(words))


def _forwarded(leaf: Part) -> Iterator[Part]:
    return (one for one in walk(leaf.content()).leaves if _is_text(one))


def _flowed(leaf: Part) -> str:
    """Plain text; lines that were only broken to be sent are joined again (RFC 3676)."""
    text = leaf.text()[: TEXT + 1]
    if leaf.parameters.get("format", "").lower() != "flowed":
        return text
    delete_space = leaf.parameters.get("delsp", "").lower() == "yes"
    lines: list[list[str]] = []
    depth = -1
    for line in text.split("\n"):
        quotes = len(line) - len(line.lstrip(">"))
        words = line[quotes:].removeprefix(" ")
        soft = words.endswith(" ") and words != "-- "
        if depth == quotes and words != "-- ":
            lines[-1].append(words)
        else:
            lines.append([">" * quotes + " " * bool(quotes), words])
        if soft and delete_space:
            lines[-1][-1] = words[:-1]
        depth = quotes if soft else -1
    return "\n".join("".join(line) for line in lines)


def _file(leaf: Part) -> Attachment | None:
    """The leaf as a file, under its claimed type; `None` for one without name and content."""
    content, kind = leaf.content(), leaf.content_type
    name = leaf.filename or ("forwarded.eml" if kind == "message/rfc822" else None)
    if name is None and not content.strip():
        return None
    return Attachment(kind=MediaKind.of(kind), content_type=kind, filename=name, size=len(content), content=content)


def _packed(leaf: Part) -> Iterator[Attachment]:
    """The files inside a `winmail.dat`, of the types their names claim."""
    for name, content in tnef.files(leaf.content()):
        kind = _CLAIMS.get((name or "").rpartition(".")[2].lower(), "application/octet-stream")
        yield Attachment(kind=MediaKind.of(kind), content_type=kind, filename=name, size=len(content), content=content)


def _unsupported(leaves: Iterable[Part], words: str) -> str | None:
    """Why nobody can read it: encrypted, an invitation, a container of one vendor."""
    if words.lstrip().startswith("-----BEGIN PGP MESSAGE-----"):
        return "encrypted"
    if words.strip():
        return None
    return next((_UNREADABLE[leaf.content_type] for leaf in leaves if leaf.content_type in _UNREADABLE), None)
