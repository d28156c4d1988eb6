"""The channel: a shared secret in a header on the way in, `sendMessage` on the way out."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import attrs
import msgspec
from treckk_gateway.channel import (
    Accepted,
    Capabilities,
    Channel,
    ChannelContext,
    Inbound,
    MediaSource,
    Problem,
    WebhookRequest,
    WebhookResponse,
    choices,
    outcome,
)
from treckk_gateway.errors import (
    NotTaken,
    OptedOut,
    PayloadError,
    Rejected,
    Scope,
    SendError,
    SignatureError,
    Uncertain,
)
from treckk_gateway.model import Choice, OutboundMessage, Secret, SendResult

from treckk_telegram import updates

SECRET = "X-Telegram-Bot-Api-Secret-Token"
LONGEST = 4096
"""Characters of one message (sendMessage, `text`)."""

MOST_CHOICES = 20
"""Buttons that are still read; Telegram would take more."""

_LONGEST_DATA = 64
"""Bytes of what a button says when it is tapped (InlineKeyboardButton, `callback_data`)."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")
_WHERE = "Telegram"
_LONGEST_WAIT = 3600.0


def _sound(_options: object, _field: object, value: Secret) -> None:
    if not _SECRET.fullmatch(value.reveal()):
        raise ValueError("must be 16 to 256 of A-Z, a-z, 0-9, _ and -, as setWebhook takes it")


@attrs.frozen(kw_only=True)
class TelegramOptions:
    """`bot_token` is the one BotFather gave; `webhook_secret` what setWebhook was called with as `secret_token`."""

    bot_token: Secret
    webhook_secret: Secret = attrs.field(validator=_sound)
    api_base_url: str = "https://api.telegram.org"


class TelegramChannel(Channel):
    """One bot."""

    kind = "telegram"
    Options = TelegramOptions
    kept_headers = ()

    def __init__(self, options: TelegramOptions, context: ChannelContext) -> None:
        self.channel_id = context.channel_id
        self.capabilities = Capabilities(
            schemes=frozenset({updates.SCHEME}),
            media_in=True,
            location=True,
            choices=MOST_CHOICES,
            max_text=LONGEST,
            rate=25.0,
            burst=25,
        )
        self._secret = options.webhook_secret.reveal().encode()
        self._token = options.bot_token
        self._base = options.api_base_url.rstrip("/")
        self._webhook_url = context.webhook_url
        self._clock = context.clock
        self._session: aiohttp.ClientSession | None = None

    def verify(self, request: WebhookRequest) -> None:
        """Telegram signs nothing: it repeats the secret that `setWebhook` gave it."""
        given = (request.header(SECRET) or "").encode("utf-8", "replace")
        if not hmac.compare_digest(self._secret, given):
            raise SignatureError(f"{SECRET} is missing or does not fit")

    def parse(self, request: WebhookRequest) -> Sequence[Inbound]:
        """The message of one update."""
        return updates.read(request.body)

    def acknowledge(self, request: WebhookRequest, accepted: Accepted) -> WebhookResponse:
        """Nothing, or that a tap was heard: until then its button shows that it is still at work."""
        name = updates.tapped(request.body)
        if name is None:
            return WebhookResponse()
        called = msgspec.json.encode({"method": "answerCallbackQuery", "callback_query_id": name})
        return WebhookResponse(200, called, "application/json")

    async def open(self) -> None:
        """Keep one session for all messages."""
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        """End it; also without `open`, and twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, message: OutboundMessage) -> SendResult:
        """Post it once. Telegram takes no id of ours: it is in a header, for a proxy's log."""
        if message.recipient.scheme != updates.SCHEME:
            raise Rejected("address_scheme", "a bot reaches chats of Telegram only")
        payload = {"chat_id": message.recipient.value, "text": message.text, **_keyboard(message.choices)}
        status, headers, answer = await self._call(
            "sendMessage", payload, {"X-Request-ID": message.delivery_id}, message.timeout
        )
        if status // 100 != 2 or answer.get("ok") is not True:
            raise self._refusal(status, headers, answer)
        sent = answer.get("result")
        number = sent.get("message_id") if isinstance(sent, dict) else None
        return SendResult(provider_message_id=str(number) if isinstance(number, int) else None)

    def media_source(self, ref: str) -> MediaSource:
        """`getFile` tells where a file lies for the next hour; the token is part of both addresses."""
        if not ref.isprintable():
            raise PayloadError("no file_id of Telegram")
        return self._source(f"{self._method('getFile')}?file_id={quote(ref, safe='')}", then=self._file)

    async def check(self) -> Sequence[Problem]:
        """Whether the token is good and the webhook is ours."""
        try:
            status, _, answer = await self._once("getWebhookInfo")
        except SendError as problem:
            return [Problem(summary=f"Telegram cannot be asked ({problem.code})", remedy="look at the network")]
        if status in (401, 404):
            remedy = "give the token that BotFather shows"
            return [Problem(summary="Telegram does not know the bot_token", remedy=remedy, fatal=True)]
        info = answer.get("result")
        if not isinstance(info, dict) or info.get("url") != self._webhook_url:
            remedy = f"call setWebhook with url {self._webhook_url} and the secret_token, as the channel's page shows"
            return [Problem(summary="the bot's webhook is not this channel", remedy=remedy)]
        return []

    async def _once(self, method: str) -> tuple[int, Any, dict[str, Any]]:
        opened = self._session is None
        if opened:
            await self.open()
        try:
            return await self._call(method, {}, {}, 10.0)
        finally:
            if opened:
                await self.close()

    async def _call(
        self, method: str, payload: dict[str, Any], headers: dict[str, str], timeout: float
    ) -> tuple[int, Any, dict[str, Any]]:
        if self._session is None:
            raise NotTaken("not_open", "the channel is not open")
        limit = aiohttp.ClientTimeout(total=timeout, connect=timeout / 2)
        with outcome.exchange("Telegram"):
            async with self._session.post(
                self._method(method), json=payload, headers=headers, timeout=limit, allow_redirects=False
            ) as answer:
                return answer.status, answer.headers, _object(await answer.read())

    def _refusal(self, status: int, headers: Any, answer: dict[str, Any]) -> SendError:
        """Telegram's `ok: false`: an error code as the HTTP status, and for 429 the seconds to wait in the body."""
        said = str(answer.get("description", "")).lower()
        if status == 429:
            parameters = answer.get("parameters")
            wait = parameters.get("retry_after") if isinstance(parameters, dict) else None
            if type(wait) is int and wait >= 0:
                return NotTaken("http_429", "Telegram asked to come again", after=min(float(wait), _LONGEST_WAIT))
        if status == 403:
            return OptedOut("blocked", "the person stopped the bot, or is no more")
        if status == 400 and "chat not found" in said:
            return Rejected("chat_not_found", "Telegram knows no such chat", scope=Scope.ADDRESS)
        if status // 100 == 2:
            return Uncertain("odd_answer", "Telegram's answer cannot be read")
        return outcome.from_status(status, headers, now=self._clock(), where=_WHERE)

    def _method(self, name: str) -> str:
        return f"{self._base}/bot{self._token.reveal()}/{name}"

    def _file(self, answer: bytes) -> MediaSource:
        result = _object(answer).get("result")
        path = result.get("file_path") if isinstance(result, dict) else None
        if not isinstance(path, str) or not path or ".." in path:
            raise PayloadError("Telegram did not say where the file lies")
        return self._source(f"{self._base}/file/bot{self._token.reveal()}/{quote(path)}")

    def _source(self, url: str, **more: Any) -> MediaSource:
        return MediaSource(url=url, hosts=(urlsplit(self._base).hostname or "",), origin=self._base, **more)


def _keyboard(offered: Sequence[Choice]) -> dict[str, Any]:
    """A button below the text for each choice; none where one's id is longer than Telegram takes."""
    rows = [[{"text": one.label, "callback_data": choices.payload(one)}] for one in offered]
    if not rows or any(len(row[0]["callback_data"].encode()) > _LONGEST_DATA for row in rows):
        return {}
    return {"reply_markup": {"inline_keyboard": rows}}


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
