"""Foreign bytes as clean text: charsets as senders claim them, and what must not reach a screen or a store. Pure."""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import lru_cache

_ODD_CHARSETS = {
    "ansi": "cp1252", "ascii": "utf-8", "us-ascii": "utf-8", "uft-8": "utf-8", "utf8mb4": "utf-8", "utf-8-sig": "utf-8",
    "unicode-1-1-utf-8": "utf-8", "x-unknown": "utf-8", "unknown-8bit": "utf-8", "iso-8859-1": "cp1252",
    "latin1": "cp1252", "latin-1": "cp1252", "iso-8859-8-i": "iso-8859-8", "gb2312": "gb18030", "gbk": "gb18030",
    "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "shift_jis": "cp932", "cp-850": "cp850", "x-sjis": "cp932",
}  # fmt: skip
# Python codecs that are no charsets of mail; punycode is quadratic besides.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})

# Charsets in which ASCII bytes mean what they mean everywhere: nearly all mail is in them.
_LIKE_ASCII = frozenset({"utf-8", "ascii", "cp1252", "iso8859-1", "iso8859-15", "cp1250", "koi8-r"})

_CHARSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,39}")
# Short texts or pieces, since normalizing is quadratic in a run of combining marks.
_SHORT = 500
_TO_NORMALIZE = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]{1,64}")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


def decode_text(raw: bytes, declared: str | None) -> str:
    """Bytes as text: by the declared charset if it is one and fits, else UTF-8, windows-1252, latin-1. Never raises."""
    charset = _charset(declared) if declared else "utf-8"
    if charset in _LIKE_ASCII and raw.isascii():
        return raw.decode("ascii")
    for name in (charset, "utf-8", "cp1252"):
        try:
            return raw.decode(name)
        except (LookupError, ValueError):
            continue
    return raw.decode("latin-1")


def clean(text: str) -> str:
    """The text in NFC, its lines ended alike, without NUL and other control characters except the tab."""
    if text.isascii():
        if text.isprintable():
            return text
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text if text.replace("\n", "").replace("\t", "").isprintable() else _UNPRINTABLE.sub("", text)
    text = _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(text) <= _SHORT:
        return unicodedata.normalize("NFC", text)
    return _TO_NORMALIZE.sub(lambda part: unicodedata.normalize("NFC", part[0]), text)


def clean_line(text: str) -> str:
    """The text as one line for a subject or a name: single spaces, nothing invisible, no change of direction."""
    text = clean(text)
    return " ".join((text if text.isascii() else _INVISIBLE.sub("", text)).split())


@lru_cache(maxsize=256)
def _charset(declared: str) -> str:
    name = declared.strip().strip("\"'").lower()
    if not _CHARSET.fullmatch(name):
        return "utf-8"
    name = _ODD_CHARSETS.get(name, name)
    try:
        known = codecs.lookup(name).name.replace("-", "_")
    except LookupError:
        return "utf-8"
    return "utf-8" if known in _NO_CHARSETS else name
