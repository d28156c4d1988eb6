"""The form Twilio sends, read in one way for the signature and for the meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, Self

from yarl import query_to_pairs

from treckk_gateway.channel import WebhookRequest

MAX_FIELDS = 1000
"""A genuine webhook has some thirty fields; the count is checked before anything is decoded."""

Pairs = Sequence[tuple[str, str]]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class Form(NamedTuple):
    """The fields in order, repeated ones kept, and by name, where of a repeated one the first counts."""

    pairs: Pairs
    fields: Mapping[str, str]

    @classmethod
    def of(cls, pairs: Pairs) -> Self:
        """A form of these fields."""
        fields = dict(pairs)
        return cls(pairs, fields if len(fields) == len(pairs) else dict(reversed(pairs)))

    @property
    def repeats(self) -> bool:
        """Whether a name stands there twice."""
        return len(self.fields) != len(self.pairs)


_NO_FIELDS = Form((), {})


def posted(request: WebhookRequest) -> Form:
    """The fields in the body; bytes that are no UTF-8 become U+FFFD.

    Raises `ValueError` when there are more than `MAX_FIELDS`.
    """
    return _form(request.body)


@lru_cache(maxsize=4)
def _form(body: bytes) -> Form:
    """Kept for a moment: what was verified is parsed next."""
    return read(body.decode("utf-8", "replace"))


def read(text: str) -> Form:
    """A form as it is written in a body or behind a question mark. Raises `ValueError` past `MAX_FIELDS` fields."""
    written = text.replace("+", " ").split("&", MAX_FIELDS)
    if len(written) > MAX_FIELDS:
        raise ValueError("more fields than any of Twilio's requests")
    fields: dict[str, str] = {}
    for field in written:
        # Most values of a webhook need no decoding, and asking for that is cheaper than decoding.
        if "%" in field:
            name, value = query_to_pairs(field)[0]
        else:
            name, _, value = field.partition("=")
        fields[name] = value
    if len(fields) == len(written) and "" not in fields:
        return Form(tuple(fields.items()), fields)
    return Form.of(tuple(query_to_pairs(text)))


def queried(request: WebhookRequest) -> Form:
    """The fields in the address called. Raises `ValueError` when there are more than `MAX_FIELDS`."""
    return read(request.query) if "?" in request.url else _NO_FIELDS


def clean(text: str) -> str:
    """The text without control characters, save line feeds (which CR becomes too) and tabs. Emoji stay whole."""
    if text.isprintable():
        return text
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
