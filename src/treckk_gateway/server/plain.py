"""Plain requests like one that came before: the same headers in the same order, read by one pattern.

Providers and proxies write their heads in one way. What aiohttp's parser read once, and what was answered as genuine,
is recognized from then on; the least difference, and that parser reads it.
"""

from __future__ import annotations

import re
from collections import deque

from aiohttp import hdrs
from aiohttp.http import RawRequestMessage
from multidict import CIMultiDict, CIMultiDictProxy, istr

_KEPT = 8
_MOST_HEADERS = 40
_LONGEST_VALUE = 1024
"""Letters; the parser allows more."""
_TARGET = r"(/[A-Za-z0-9\-._~%!$&'()*+,;=:@/?]{0,1000})"
_VALUE = rf"(?! )([ -~]{{0,{_LONGEST_VALUE}}})(?<! )"
_SPECIAL = frozenset(
    {
        "transfer-encoding", "content-encoding", "expect", "upgrade", "te", "trailer", "proxy-connection",
        "http2-settings", "sec-websocket-key1",
    }
)  # fmt: skip
"""Headers that change how a message is read, or what is answered before it is read."""


Plain = tuple[str, CIMultiDictProxy[str], bytes]
"""A plain POST: the path and query as written, the headers, and the body."""


class _Head:
    """The names of a head as they are written, each once, with the value of `Connection` where there is one."""

    __slots__ = ("_length", "match", "names", "written")

    def __init__(self, message: RawRequestMessage) -> None:
        lines: list[str] = []
        for name, value in message.raw_headers:
            written, lower = re.escape(name.decode("ascii")), name.lower()
            if lower == b"content-length":
                self._length = len(lines) + 2
                lines.append(f"{written}: ([0-9]{{1,7}})")
            elif lower == b"connection":
                lines.append(f"{written}: ({re.escape(value.decode('ascii'))})")
            else:
                lines.append(f"{written}: {_VALUE}")
        self.names = [istr(name) for name in message.headers]
        self.written = "\r\n".join((rf"POST {_TARGET} HTTP/1\.1", *lines, "\r\n"))
        self.match = re.compile(self.written).match

    def read(self, found: re.Match[str], data: bytes) -> Plain | None:
        """The request whose head was found; `None` unless exactly its body follows."""
        body = data[found.end() :]
        if int(found[self._length]) != len(body):
            return None
        target, *values = found.groups()
        # A list, since an iterator is asked first whether it is a mapping.
        pairs = list(zip(self.names, values))  # noqa: B905 the pattern has a value for each name
        return target, CIMultiDictProxy(CIMultiDict(pairs)), body


class Heads:
    """The heads that came of late."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: deque[_Head] = deque(maxlen=_KEPT)

    def recognize(self, data: bytes) -> Plain | None:
        """The plain request these bytes are, all of them, if its head is a known one."""
        text = data.decode("latin-1")
        for head in self._known:
            found = head.match(text)
            if found is not None:
                return head.read(found, data)
        return None

    def learn(self, message: RawRequestMessage) -> None:
        """Know this head from now on. For a plain POST that was answered as genuine: nobody else shall teach."""
        names = {name.lower() for name in message.headers}
        length = message.headers.getall(hdrs.CONTENT_LENGTH, [])
        if not len(names) == len(message.headers) <= _MOST_HEADERS or names & _SPECIAL or len(length) != 1:
            return
        if all(name.isascii() and value.isascii() for name, value in message.raw_headers):
            head = _Head(message)
            if all(head.written != one.written for one in self._known):
                self._known.appendleft(head)
