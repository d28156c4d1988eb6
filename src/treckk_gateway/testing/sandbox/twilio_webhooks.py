"""How Twilio calls a webhook: signed over the public address, posted where it can be reached, repeated by its rules."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Self
from urllib.parse import parse_qsl, urldefrag

import aiohttp
import attrs
from multidict import MultiDict
from yarl import URL

Pairs = Sequence[tuple[str, str]]

HTTP_ERROR = "11200"
"""Twilio's code for a webhook that failed, given to the fallback address."""


@attrs.frozen(kw_only=True)
class WebhookAnswer:
    """What came of a webhook. `status` is `None` when nobody answered; `attempts` counts the requests made."""

    sid: str
    status: int | None = None
    body: bytes = attrs.field(default=b"", repr=False)
    content_type: str = ""
    attempts: int = 1
    fallback: bool = False


@attrs.frozen(kw_only=True)
class Overrides:
    """Time-outs in seconds, how often a webhook is repeated and after what.

    Read from the fragment of the configured address (`#rc=3&rp=all`). By itself only a connection that fails is
    repeated, once; an answer of 500 is not. Source: Twilio docs, Webhooks: connection overrides.
    """

    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0
    repeats: int = 1
    after: frozenset[str] = frozenset({"ct"})

    @classmethod
    def of(cls, url: str) -> Self:
        """The overrides in an address's fragment; what is not understood is left at its default."""
        written = dict(parse_qsl(urldefrag(url).fragment))
        number = {key: int(text) for key, text in written.items() if text.isascii() and text.isdigit()}
        usual = cls()
        return cls(
            connect=number["ct"] / 1000 if "ct" in number else usual.connect,
            read=number["rt"] / 1000 if "rt" in number else usual.read,
            total=number["tt"] / 1000 if "tt" in number else usual.total,
            repeats=min(number.get("rc", usual.repeats), 5),
            after=frozenset(written["rp"].split(",")) if "rp" in written else usual.after,
        )

    def again(self, trouble: str) -> bool:
        """Whether this trouble (`ct`, `rt`, `4xx`, `5xx`) is worth another request."""
        return bool({trouble, "all"} & self.after)


@attrs.frozen(kw_only=True)
class Signing:
    """What requests are signed with: the auth token, or a SharedKey where its id is given."""

    secret: str = attrs.field(repr=False)
    key_id: str | None = None

    def headers(self, url: str, pairs: Pairs) -> dict[str, str]:
        """The headers that prove it was Twilio, made by the vendor's own package and not by what is tested with it."""
        from twilio.request_validator import RequestValidator  # noqa: PLC0415 loaded only when a sandbox signs

        algorithm = "HMAC_SHA256" if self.key_id else "HMAC_SHA1"
        signature = RequestValidator(self.secret).compute_signature(url, MultiDict(pairs), algorithm)
        settings = {"X-Twilio-Webhooks-Signature-Settings": f"key={self.key_id},algorithm={algorithm}"}
        return {"X-Twilio-Signature": signature, **(settings if self.key_id else {})}


class Caller:
    """Posts webhooks. `reach` turns the public address, which is signed, into the one to post to."""

    def __init__(self, signing: Signing, reach: Callable[[str], str]) -> None:
        self.signing = signing
        self._reach = reach
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)

    async def close(self) -> None:
        """Close the HTTP session."""
        await self._session.close()

    async def call(self, url: str, pairs: Pairs, *, sid: str, fallback_url: str | None = None) -> WebhookAnswer:
        """Post the form as Twilio would, repeats and the one call of the fallback address included."""
        overrides = Overrides.of(url)
        target = urldefrag(url).url
        token = uuid.uuid4().hex
        for attempt in range(1, overrides.repeats + 2):
            answer, trouble = await self._once(target, pairs, overrides, sid=sid, attempt=attempt, token=token)
            if not trouble or not overrides.again(trouble):
                break
        if not trouble or fallback_url is None:
            return answer
        pairs = [*pairs, ("ErrorCode", HTTP_ERROR), ("ErrorUrl", target)]
        last = await self.call(fallback_url, pairs, sid=sid)
        return attrs.evolve(last, attempts=answer.attempts + last.attempts, fallback=True)

    async def _once(
        self, url: str, pairs: Pairs, overrides: Overrides, *, sid: str, attempt: int, token: str
    ) -> tuple[WebhookAnswer, str]:
        """One request: what came of it, and the trouble in Twilio's word for it, empty when there is none."""
        limits = aiohttp.ClientTimeout(total=overrides.total, sock_connect=overrides.connect, sock_read=overrides.read)
        headers = {
            **self.signing.headers(url, pairs),
            "I-Twilio-Idempotency-Token": token,
            "User-Agent": "TwilioProxy/1.1",
        }
        nobody = WebhookAnswer(sid=sid, attempts=attempt)
        local = URL(self._reach(url), encoded=True)
        try:
            async with self._session.post(
                local, data=list(pairs), headers=headers, timeout=limits, allow_redirects=False
            ) as answer:
                found = WebhookAnswer(
                    sid=sid,
                    status=answer.status,
                    body=await answer.read(),
                    content_type=answer.content_type,
                    attempts=attempt,
                )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return nobody, "ct"
        except (aiohttp.ClientError, TimeoutError, OSError):
            return nobody, "rt"
        return found, "" if answer.status < 400 else f"{answer.status // 100}xx"  # noqa: PLR2004 failures
