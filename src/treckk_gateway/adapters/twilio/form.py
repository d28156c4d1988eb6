"""The form Twilio sends, read in one way for the signature and for the meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from yarl import query_to_pairs

from treckk_gateway.channel import WebhookRequest

MAX_FIELDS = 1000
"""A genuine webhook has some thirty fields; the count is checked before anything is decoded."""

Pairs = Sequence[tuple[str, str]]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def posted(request: WebhookRequest) -> Pairs:
    """The fields in the body, in order, repeated ones kept; bytes that are no UTF-8 become U+FFFD.

    Raises `ValueError` when there are more than `MAX_FIELDS`.
    """
    return _pairs(request.body)


@lru_cache(maxsize=4)
def _pairs(body: bytes) -> Pairs:
    """Kept for a moment: what was verified is parsed next."""
    return tuple(query_to_pairs(body.decode("utf-8", "replace"), max_fields=MAX_FIELDS))


def queried(request: WebhookRequest) -> Pairs:
    """The fields in the address called. Raises `ValueError` when there are more than `MAX_FIELDS`."""
    if "?" not in request.url:
        return ()
    return query_to_pairs(request.query, max_fields=MAX_FIELDS)


def clean(text: str) -> str:
    """The text without control characters, save line feeds (which CR becomes too) and tabs. Emoji stay whole."""
    if text.isprintable():
        return text
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
