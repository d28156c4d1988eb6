"""Calls to Twilio's REST service through its package, over one HTTP session of our own.

Loaded at the first call, since `twilio.rest` costs a quarter of a second and some 20 MB. Each call has a client to
itself while it lasts: the package's HTTP client keeps the last answer on a shared attribute, and under load hands one
caller another one's (seen with twilio 9.13 and `pool_connections=False`; twilio-python PR#966). It also has no time-out
(twilio-python#925) and hides the headers of refusals; ours has both.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, TypeVar

import aiohttp
from twilio.base.exceptions import TwilioException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from yarl import URL

from treckk_gateway.adapters.twilio import codes
from treckk_gateway.adapters.twilio.content import Content
from treckk_gateway.adapters.twilio.inbound import SID, STATES
from treckk_gateway.adapters.twilio.options import basic
from treckk_gateway.adapters.twilio.recovery import Listed
from treckk_gateway.channel import Turn
from treckk_gateway.errors import NotTaken, Uncertain
from treckk_gateway.model import DeliveryState, Instant, SendResult

_CREATED = 201
_CONNECT = 10.0
"""Seconds to reach Twilio; later the outcome would be uncertain for no gain."""
_SKEW = 120
"""Seconds our clock and Twilio's may differ when an attempt is looked up."""
_TEMPLATE_SKEW = 5
_PAGE = 500
"""Messages of a page; Twilio gives at most a thousand."""
_MOST_FILES = 10
_NEWEST = 100
"""Messages to one recipient to look through, newest first."""
_SECOND = 1_000_000

T = TypeVar("T")


class Rest:
    """Twilio's account as seen over REST. Made inside a running loop; `close` gives the session back."""

    def __init__(self, *, account_sid: str, token: str, sender: str, base_url: str, clock: Callable[[], float]) -> None:
        self._account_sid = account_sid
        self._token = token
        self._sender = sender
        self._base_url = base_url
        self._clock = clock
        self._free: list[Client] = []
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)

    async def close(self) -> None:
        """Close the HTTP session."""
        await self._session.close()

    async def create(self, *, to: str, content: Content, status_callback: str, within: float) -> SendResult:
        """Send one message. Raises the typed error of the answer, or of what happened to the connection."""

        async def call(client: Client) -> SendResult:
            answer = await client.messages.create_with_http_info_async(
                to=to, from_=self._sender, status_callback=status_callback, **content.arguments()
            )
            if answer.status_code != _CREATED or not SID.fullmatch(answer.data.sid or ""):
                raise Uncertain("twilio_answer", "Twilio's answer is no message")
            return _result(answer.data)

        return await self._call(call, within)

    async def find(self, *, to: str, content: Content, since: Instant, within: float) -> SendResult | None:
        """The message to `to` that says this, created at `since` or later, `None` when Twilio has none.

        Not filtered by Twilio's `DateSent`: a message still queued has none. Of several with our text the oldest is
        taken. Of a template Twilio lists the filled words, which are not known here to the letter: there the newest
        counts, and hardly any difference of the clocks, so that an earlier message is not taken for this one.
        """
        skew = _SKEW if content.body else _TEMPLATE_SKEW

        async def call(client: Client) -> SendResult | None:
            found = None
            for message in await client.messages.list_async(to=to, from_=self._sender, limit=_NEWEST):
                recent = message.date_created.timestamp() >= since / _SECOND - skew
                if recent and _ours(message) and content.is_in(message.body or ""):
                    if not content.body:
                        return _result(message)
                    found = message
            return _result(found) if found else None

        return await self._call(call, within)

    async def received(self, since: Instant, until: Instant, turn: Turn, within: float) -> list[Listed]:
        """What people wrote to the sender between two moments, the oldest first, with their files.

        `turn` is awaited before each call, and each may take `within` seconds.
        """
        found: list[Listed] = []
        page: Any = None
        while True:
            await turn()
            page = await self._call(partial(self._page, since, until, page), within)
            incoming = [one for one in page if one.direction == "inbound" and SID.fullmatch(one.sid or "")]
            found.extend([await self._listed(one, turn, within) for one in incoming])
            if page.next_page_url is None:
                return found[::-1]

    async def _page(self, since: Instant, until: Instant, before: Any, client: Client) -> Any:  # noqa: ANN401 the package's
        if before is not None:
            if not before.next_page_url.startswith(f"{self._base_url}/"):
                raise Uncertain("twilio_answer", "Twilio's next page lies elsewhere")
            return await client.messages.get_page_async(before.next_page_url)
        after, until_then = (datetime.fromtimestamp(one / _SECOND, UTC) for one in (since, until + _SECOND))
        return await client.messages.page_async(
            to=self._sender, date_sent_after=after, date_sent_before=until_then, page_size=_PAGE
        )

    async def _listed(self, message: Any, turn: Turn, within: float) -> Listed:  # noqa: ANN401 the package's
        files: list[tuple[str, str]] = []
        if str(message.num_media or "0") != "0":

            async def call(client: Client) -> list[Any]:
                listed: list[Any] = await client.messages(message.sid).media.list_async(limit=_MOST_FILES)
                return listed

            await turn()
            place = f"{self._base_url}/2010-04-01/Accounts/{self._account_sid}/Messages/{message.sid}/Media/"
            files = [(place + str(one.sid), str(one.content_type or "")) for one in await self._call(call, within)]
        return Listed(
            sid=message.sid,
            account_sid=self._account_sid,
            sender=message.from_ or "",
            recipient=message.to or "",
            body=message.body or "",
            files=files,
        )

    async def account(self, within: float) -> tuple[str, str]:
        """The account's status (`active`, `suspended`, `closed`) and type (`Full`, `Trial`)."""

        async def call(client: Client) -> tuple[str, str]:
            account = await client.api.v2010.accounts(self._account_sid).fetch_async()
            return str(account.status or ""), str(account.type or "")

        return await self._call(call, within)

    async def _call(self, call: Callable[[Client], Awaitable[T]], within: float) -> T:
        client = self._free.pop() if self._free else self._client()
        client.http_client.limits = _limits(within)
        try:
            return await call(client)
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError, TwilioException):
            # A success that is no JSON, or JSON of another shape: the package raises whatever its parsing runs into.
            raise Uncertain("twilio_answer", "Twilio's answer cannot be read") from None
        finally:
            self._free.append(client)

    def _client(self) -> Client:
        # An environment of its own: variables of the machine must not send our calls to another region.
        http = _Http(self._session, self._clock)
        client = Client(self._account_sid, self._token, http_client=http, environment={"TWILIO_REGION": ""})
        client.api.base_url = self._base_url
        return client


class _Http(AsyncHttpClient):  # type: ignore[misc]
    """The HTTP client of one call at a time, with its time-out. Never shared."""

    def __init__(self, session: aiohttp.ClientSession, clock: Callable[[], float]) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True)
        self._session = session
        self._clock = clock
        self.limits = aiohttp.ClientTimeout()

    async def request(
        self,
        method: str,
        uri: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        **_: object,
    ) -> Response:
        """The package's way to call out. Its own time-out (never set) and redirects are left aside."""
        try:
            async with self._session.request(
                method,
                uri,
                params=params,
                data=form(data) if data else None,
                headers={
                    **(headers or {}),
                    **({"Authorization": basic(*auth)} if auth else {}),
                    **({"Content-Type": "application/x-www-form-urlencoded"} if data else {}),
                },
                timeout=self.limits,
                allow_redirects=False,
            ) as answer:
                body = (await answer.read()).decode("utf-8", "replace")
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise _failure(problem) from None
        if not 200 <= answer.status < 300:  # noqa: PLR2004 successes
            raise codes.error_of(answer.status, answer.headers, body, now=self._clock())
        return Response(answer.status, body, answer.headers)


def _failure(problem: Exception) -> NotTaken | Uncertain:
    """Without a connection nothing can have been taken; afterwards nobody knows."""
    if isinstance(problem, aiohttp.ConnectionTimeoutError):
        return NotTaken("connect_timeout", "Twilio cannot be reached")
    if isinstance(problem, aiohttp.ClientConnectorError):
        return NotTaken("connect_failed", "Twilio cannot be reached")
    late = isinstance(problem, TimeoutError)
    return Uncertain("timeout" if late else "connection_lost", "Twilio did not answer after it was reached")


@lru_cache(maxsize=16)
def _limits(within: float) -> aiohttp.ClientTimeout:
    # Half of the time at most to connect: what is late then is late for certain before anything was written.
    return aiohttp.ClientTimeout(total=within, connect=min(within / 2, _CONNECT))


def form(fields: Mapping[str, Any]) -> bytes:
    """Fields as a form; of a list each value. aiohttp's own way, in Python, is a third of a whole call."""
    pairs = [
        (name, one if isinstance(one, str) else str(one))
        for name, value in fields.items()
        for one in (value if isinstance(value, list | tuple) else (value,))
    ]
    return URL.build(query=pairs).raw_query_string.encode("ascii")


def _ours(message: Any) -> bool:  # noqa: ANN401 the package's instance
    return str(message.direction or "").startswith("outbound")


def _result(message: Any) -> SendResult:  # noqa: ANN401 the package's instance
    parts = str(message.num_segments or "")
    return SendResult(
        provider_message_id=message.sid,
        state=STATES.get(str(message.status or ""), DeliveryState.ACCEPTED),
        parts=max(1, int(parts)) if parts.isascii() and parts.isdigit() and len(parts) < 4 else 1,  # noqa: PLR2004 digits
    )
