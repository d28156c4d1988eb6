"""An HTTP exchange with a provider, free of any web framework."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self
from urllib.parse import urlsplit

import attrs
from multidict import CIMultiDict, CIMultiDictProxy, MultiMapping


@attrs.frozen(repr=False)
class WebhookRequest:
    """What a provider sent: `url` is the **configured public** address with the raw path and query it called.

    `headers` may repeat; `body` is the raw bytes. A listener (mail) makes one too, with its protocol as `method`
    and the envelope as headers.
    """

    method: str
    url: str
    headers: MultiMapping[str]
    body: bytes

    @classmethod
    def of(
        cls, method: str, url: str, headers: Mapping[str, str] | Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> Self:
        """Build one from any framework's parts; give headers as pairs when they may repeat."""
        return cls(method, url, CIMultiDictProxy(CIMultiDict(headers)), body)

    def header(self, name: str) -> str | None:
        """The header's only value; `None` when it is absent **or sent twice**, since a doubled one proves nothing."""
        values = self.headers.getall(name, [])
        return values[0] if len(values) == 1 else None

    @property
    def query(self) -> str:
        """The raw query string without the question mark."""
        return urlsplit(self.url).query

    def keeping(self, names: Iterable[str]) -> WebhookRequest:
        """The same request with only these headers: what is stored."""
        return WebhookRequest.of(
            self.method, self.url, [(n, v) for n in names for v in self.headers.getall(n, [])], self.body
        )

    def __repr__(self) -> str:
        return f"WebhookRequest({self.method}, {len(self.body)} bytes)"


@attrs.frozen
class WebhookResponse:
    """What the provider is answered."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = attrs.field(factory=dict)
