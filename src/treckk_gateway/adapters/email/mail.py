"""A mail as it stands: who wrote what, with which files, and whether a machine did. No envelope, no mailbox, pure."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Sequence
from email.utils import mktime_tz, parsedate_tz

import attrs

from treckk_gateway.adapters.email.automatic import signals
from treckk_gateway.adapters.email.bodies import read_body
from treckk_gateway.adapters.email.bounces import Bounce, bounce, complained_of
from treckk_gateway.adapters.email.quoting import own_words
from treckk_gateway.channel.charset import clean_line, decode_text
from treckk_gateway.channel.mail_headers import Headers, by_name, decode_header
from treckk_gateway.channel.mime import Part, Tree, walk
from treckk_gateway.errors import PayloadError
from treckk_gateway.model import Attachment, Instant

_SUBJECT = 2000
_NO_ANSWER = frozenset({b"all", b"autoreply"})
_NAME = 200
_REFERENCES = 50
_YEARS = (631_152_000, 4_102_444_800)  # 1990 to 2100, in seconds

_MONTHS = {
    name: number
    for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1)
}  # fmt: skip
_DATE = re.compile(
    rb"\s*(?:[A-Z][a-z]{2},)?\s*([0-9]{1,2})\s+(" + b"|".join(_MONTHS) + rb")\s+([0-9]{4})"
    rb"\s+([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?\s+([+-])([0-9]{2})([0-9]{2})\s*(?:\([A-Z]{1,5}\))?\s*"
)
"""A date as nearly all programs write it (RFC 5322, 3.3)."""

_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_ANGLED = re.compile(r"<([^<>\s]{3,320})>")
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f]{1,64}@[^\s@<>()\[\]\\,;:\"\x00-\x1f]{1,255}")
_REPLY = re.compile(r"(?:re|bls|balas|aw|antw)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)
_FORWARD = re.compile(r"(?:fwd?|trs|terusan|diteruskan|wg)\s*:", re.IGNORECASE)


@attrs.frozen(kw_only=True, repr=False)
class Mail:
    """What a mail says of itself; nothing of it is proven.

    `sender` is the one plain address of `From`, `None` where there is none. `text` is everything a person would read.
    `carried` is every file in the order written, `files` the same without logos inside the text. `in_reply_to` and
    `references` are ids, oldest first. `signals` name what says that a machine wrote it. `complained_of` is the id of a
    mail that its recipient called spam.
    """

    headers: Headers
    sender: str | None
    sender_name: str | None
    subject: str
    text: str
    files: tuple[Attachment, ...]
    carried: tuple[Attachment, ...]
    message_id: str | None
    in_reply_to: str | None
    references: tuple[str, ...]
    claimed_at: Instant | None
    signals: tuple[str, ...]
    bounce: Bounce | None
    complained_of: str | None
    unsupported: str | None

    @property
    def own_words(self) -> str | None:
        """The text without quotes and footers; `None` where nothing was quoted."""
        return own_words(self.text)

    @property
    def answered(self) -> tuple[str, ...]:
        """Ids of the mails it answers, newest first. Clients drop either header."""
        replied = (self.in_reply_to,) if self.in_reply_to else ()
        return tuple(dict.fromkeys((*replied, *reversed(self.references))))[:_REFERENCES]

    @property
    def quiet(self) -> bool:
        """Whether it asks for no answer by a machine ([MS-OXCMAIL]); a person may ask so too."""
        raw = by_name(self.headers).get("x-auto-response-suppress")
        return raw is not None and not _NO_ANSWER.isdisjoint(re.split(rb"[,;\s]+", raw.lower()))

    @property
    def forward(self) -> bool:
        """Whether it passes on a mail of somebody else: then what it quotes is the matter."""
        return _FORWARD.match(self.subject) is not None

    @property
    def reply(self) -> bool:
        """Whether it answers a mail, so that what it quotes is known already."""
        return bool(self.answered or _REPLY.match(self.subject)) and not self.forward


def open_mail(raw: bytes) -> Mail:
    """Read a mail. Raises `PayloadError` for bytes without a single header (that is no mail) and for nothing else."""
    try:
        return _open(raw)
    except PayloadError:
        raise
    except Exception as problem:  # noqa: BLE001 whatever a mail brings about, it is parked and not lost
        reason = f"the mail cannot be read ({type(problem).__name__})"
    raise PayloadError(reason)


def _open(raw: bytes) -> Mail:
    tree = walk(raw)
    top = tree.top
    if not top.headers:
        raise PayloadError("no mail: there is no header")
    sender, name = _author(top)
    subject = (top.header("subject") or "")[:_SUBJECT]
    body = read_body(tree)
    found = tuple(signals(top, sender or "", subject))
    return Mail(
        headers=top.headers,
        sender=sender,
        sender_name=name,
        subject=subject,
        text=body.text,
        files=body.files,
        carried=body.carried,
        message_id=next(iter(_ids(top, "message-id")), None),
        in_reply_to=next(iter(_ids(top, "in-reply-to")), None),
        references=tuple(_ids(top, "references")[-_REFERENCES:]),
        claimed_at=_date(top),
        signals=found,
        bounce=bounce(tree, subject, body.text, found) if _may_bounce(tree, found) else None,
        complained_of=complained_of(tree) if top.content_type == "multipart/report" else None,
        unsupported=body.unsupported,
    )


def _may_bounce(tree: Tree, found: Sequence[str]) -> bool:
    return bool(found) or any(one.content_type.endswith("delivery-status") for one in tree.leaves)


def _author(top: Part) -> tuple[str | None, str | None]:
    """Address and name of the first `From`: the last `<...>` that is an address, else the only word that is one."""
    written = decode_text(top.named.get("from", b""), None)
    angled = [one for one in _ANGLED.finditer(written) if is_address(one[1])]
    if angled:
        before = written[: angled[-1].start()]
        name = decode_header(before.encode()) if "=?" in before else clean_line(before)
        return folded(angled[-1][1]), name.strip("\"' ")[:_NAME] or None
    found = [word for word in words(written) if is_address(word)]
    return (folded(found[0]) if len(found) == 1 else None), None


def words(written: str) -> list[str]:
    """What may be addresses in a header with several."""
    return re.split(r"[\s,;<>()\"]+", written)


def is_address(word: str) -> bool:
    """Whether it has the form of one mail address."""
    return word.isprintable() and _ADDRESS.fullmatch(word) is not None


def folded(address: str) -> str:
    """The address with its domain in lower case."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def _ids(top: Part, name: str) -> list[str]:
    raw = top.named.get(name)
    return _MESSAGE_ID.findall(decode_text(raw, None)) if raw else []


def _date(top: Part) -> Instant | None:
    """The sender's own time in microseconds; `None` where it is missing or absurd."""
    raw = top.named.get("date", b"")[:100]
    if not raw:
        return None
    usual = _DATE.fullmatch(raw)
    if usual:
        day, month, year, hour, minute, second, sign, hours, minutes = usual.groups()
        offset = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == b"-" else 1)
        moment = (int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second or 0), 0, 0, 0)
        seconds = timegm(moment) - offset
        return seconds * 1_000_000 if _YEARS[0] <= seconds < _YEARS[1] else None
    written = decode_text(raw, None)
    try:
        parts = parsedate_tz(written)
        seconds = mktime_tz(parts) if parts else 0
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return int(seconds) * 1_000_000 if _YEARS[0] <= seconds < _YEARS[1] else None
