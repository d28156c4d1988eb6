"""One hardened way to files that lie elsewhere: who may be asked, how long, how much, and what is told to whom."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping
from urllib.parse import urljoin

import aiohttp
import attrs

from treckk_gateway.channel import MediaSource
from treckk_gateway.errors import MediaError, MediaGone, MediaRefused, MediaUnavailable, PayloadError
from treckk_gateway.inbound.destinations import PublicResolver, check, origin

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3
_CHUNK = 64 * 1024
_ANSWER = 64 * 1024
"""Bytes in which a provider must say where a file lies."""
_GONE = frozenset({410})
_LATER = frozenset({404, 408, 425, 429})
"""404: a provider's file may appear a little after its webhook (twilio-whatsapp-sms reference, 14)."""
_AGENT = "treckk-gateway"


@attrs.frozen(kw_only=True)
class Bounds:
    """`most` bytes after decompression, `seconds` for all of it, redirects included."""

    most: int
    seconds: float = 30.0


class Fetcher:
    """Gets files. It keeps no cookies, follows no proxy of the environment, and sends credentials to one host only."""

    def __init__(self, resolver: aiohttp.abc.AbstractResolver | None = None) -> None:
        self._resolver = resolver
        self._guarded: aiohttp.ClientSession | None = None
        self._own: aiohttp.ClientSession | None = None

    async def fetch(self, source: MediaSource, bounds: Bounds) -> bytes:
        """The file's bytes.

        Raises `MediaRefused` for what must not or need not be asked again, `MediaGone` for a file that is no longer
        there, `MediaUnavailable` where another try may help.
        """
        try:
            async with asyncio.timeout(bounds.seconds):
                return await self._follow(source, bounds.most)
        except MediaError:
            raise
        except TimeoutError:
            raise MediaUnavailable("it did not arrive in time") from None
        except (aiohttp.ClientError, OSError) as problem:
            refused = _refusal(problem)
            if refused is not None:
                raise refused from None
            raise MediaUnavailable(f"its host cannot be reached ({type(problem).__name__})") from None

    async def discard(self, source: MediaSource, seconds: float = 15.0) -> bool:
        """Ask the provider to delete its copy; false when it did not."""
        check(source.url, source, hosts=source.hosts)
        try:
            async with (
                asyncio.timeout(seconds),
                self._session(source.url, source).delete(
                    source.url, headers=source.headers, allow_redirects=False
                ) as answer,
            ):
                return answer.status in (200, 202, 204, 404)
        except (TimeoutError, aiohttp.ClientError, OSError):
            return False

    async def close(self) -> None:
        """Close the sessions."""
        for one in (self._guarded, self._own):
            if one is not None:
                await one.close()
        self._guarded = self._own = None

    async def _follow(self, source: MediaSource, most: int) -> bytes:
        if source.then is None:
            return await self._get(source, most)
        answer = await self._get(source, _ANSWER)
        try:
            return await self._get(source.then(answer), most)
        except PayloadError:
            raise MediaRefused("its provider does not say where it lies") from None

    async def _get(self, source: MediaSource, most: int) -> bytes:
        url, hosts = source.url, source.hosts
        for _ in range(_MOST_REDIRECTS + 1):
            check(url, source, hosts=hosts)
            headers = source.headers if origin(url) == origin(source.url) and url == source.url else {}
            async with self._session(url, source).get(
                url, headers={**headers, "Accept-Encoding": "identity"}, allow_redirects=False
            ) as answer:
                if answer.status not in _REDIRECTS:
                    return await _body(answer, most)
                url = urljoin(url, answer.headers.get("Location", ""))
            hosts = (*source.hosts, *source.redirects)
        raise MediaRefused("it is passed on too often")

    def _session(self, url: str, source: MediaSource) -> aiohttp.ClientSession:
        """Only the place that the operator configured is looked up without the guard."""
        if source.origin is not None and origin(url) == origin(source.origin):
            self._own = self._own or _new_session(None)
            return self._own
        self._guarded = self._guarded or _new_session(PublicResolver(self._resolver))
        return self._guarded


def _new_session(resolver: aiohttp.abc.AbstractResolver | None) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, limit=8, limit_per_host=4),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=15),
        headers={"User-Agent": _AGENT},
        trust_env=False,
        auto_decompress=False,
    )


async def _body(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """The body, counted as it arrives and again as it unfolds. A claimed length only ever refuses early."""
    if answer.status in _GONE:
        raise MediaGone("it was deleted where it lay")
    if answer.status in _LATER or answer.status >= 500:  # noqa: PLR2004 server errors
        raise MediaUnavailable(f"its host answered {answer.status}")
    if answer.status != 200:  # noqa: PLR2004 anything else is no file
        raise MediaRefused(f"its host answered {answer.status}")
    if (answer.content_length or 0) > most:
        raise MediaRefused("it is too large")
    unfold = _unfolding(answer.headers)
    body = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        body += chunk if unfold is None else _unfolded(unfold, chunk, most + 1 - len(body))
        if len(body) > most:
            raise MediaRefused("it is too large")
    return bytes(body)


def _unfolding(headers: Mapping[str, str]) -> zlib._Decompress | None:
    """What undoes the encoding; we asked for none, so only the common ones are understood."""
    encoding = headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(zlib.MAX_WBITS | 32)
    raise MediaRefused("it comes in an encoding nobody asked for")


def _unfolded(unfold: zlib._Decompress, chunk: bytes, room: int) -> bytes:
    try:
        return unfold.decompress(chunk, max(room, 1))
    except zlib.error:
        raise MediaRefused("its encoding is broken") from None


def _refusal(problem: BaseException | None) -> MediaRefused | None:
    """A refusal of the resolver, which the client wraps."""
    while problem is not None:
        if isinstance(problem, MediaRefused):
            return problem
        problem = problem.__cause__ or problem.__context__
    return None
