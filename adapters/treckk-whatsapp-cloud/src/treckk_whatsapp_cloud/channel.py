"""One WhatsApp number at Meta."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

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
    TemplateTable,
    WebhookRequest,
    WebhookResponse,
    outcome,
)
from treckk_gateway.errors import NotTaken, PayloadError, SendError, Uncertain
from treckk_gateway.model import DeliveryState, OutboundMessage, Secret, SendResult

from treckk_whatsapp_cloud import codes, inbound, outbound, people, signature

WINDOW = 86_400
"""Seconds free words pass after the person's last message ("Customer service windows")."""
_MEDIA_HOSTS = ("fbsbx.com", "fbcdn.net")
"""Where Meta keeps files ("Media"): lookaside.fbsbx.com at present."""
_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_VERSION = re.compile(r"v\d{1,3}\.\d{1,2}")
_LONGEST_BUTTON = 20


def _secrets(written: Secret | tuple[Secret, ...]) -> tuple[Secret, ...]:
    return (written,) if isinstance(written, Secret) else tuple(written)


def _some(_options: object, _field: object, secrets: tuple[Secret, ...]) -> None:
    if not secrets:
        raise ValueError("app_secret is required: without it nobody could tell a forged message")


def _long(_options: object, _field: object, token: Secret) -> None:
    if len(token.reveal()) < 16:
        raise ValueError("verify_token has at least 16 characters; you make it up")


def _number_id(_options: object, _field: object, written: str) -> None:
    if not re.fullmatch(r"\d{5,20}", written):
        raise ValueError(
            "phone_number_id is the number's id of digits in the app's dashboard, not the telephone number"
        )


def _version(_options: object, _field: object, written: str) -> None:
    if not _VERSION.fullmatch(written):
        raise ValueError("api_version is written like v24.0")


def _base(_options: object, _field: object, written: str) -> None:
    parts = urlsplit(written)
    near = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if not (parts.scheme == "https" or near) or not parts.hostname or parts.path.strip("/") or "@" in parts.netloc:
        raise ValueError("api_base_url is an https address without a path")


def _button(_options: object, _field: object, written: str) -> None:
    if not 0 < len(written) <= _LONGEST_BUTTON:
        raise ValueError(f"list_button has 1 to {_LONGEST_BUTTON} characters")


@attrs.frozen(kw_only=True)
class WhatsAppCloudOptions:
    """`[channels.NAME]` with `adapter = "whatsapp-cloud"`.

    `app_secret` is the app's (while it is changed, both), `verify_token` made up by you and entered at the webhook,
    `access_token` that of a system user, `phone_number_id` the id of the number in the dashboard. `api_version` is the
    Graph API's: Meta keeps one for two years. `list_button` opens a list of choices.
    """

    app_secret: tuple[Secret, ...] = attrs.field(converter=_secrets, validator=_some)
    verify_token: Secret = attrs.field(validator=_long)
    access_token: Secret
    phone_number_id: str = attrs.field(validator=_number_id)
    api_version: str = attrs.field(default="v24.0", validator=_version)
    api_base_url: str = attrs.field(default="https://graph.facebook.com", validator=_base)
    list_button: str = attrs.field(default="Pilih", validator=_button)
    templates: TemplateTable = attrs.field(factory=dict)


class WhatsAppCloudChannel(Channel):
    """What people write to the number, what became of our messages, and sending."""

    kind = "whatsapp-cloud"
    Options = WhatsAppCloudOptions
    kept_headers = ()

    def __init__(self, options: WhatsAppCloudOptions, context: ChannelContext) -> None:
        self.channel_id = context.channel_id
        self.capabilities = Capabilities(
            schemes=frozenset({people.SCHEME}),
            bold=True,
            media_in=True,
            location=True,
            receipts=frozenset(set(inbound.STATES.values()) - {DeliveryState.UNKNOWN}),
            reply_window=WINDOW,
            templates=bool(options.templates),
            choices=outbound.MOST_CHOICES,
            max_text=outbound.LONGEST,
            rate=80.0,
            burst=40,
        )
        self._options = options
        self._context = context
        self._secrets = tuple(one.reveal().encode() for one in options.app_secret)
        self._base = options.api_base_url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    @property
    def templates(self) -> TemplateTable:
        """The texts Meta approved, as configured."""
        return self._options.templates

    def verify(self, request: WebhookRequest) -> None:
        """Meta's signature over the raw bytes, or the verify token of a subscription."""
        signature.check(request, self._secrets, self._options.verify_token.reveal().encode())

    def parse(self, request: WebhookRequest) -> Sequence[Inbound]:
        """Everything a notification holds; a subscription holds nothing."""
        return [] if request.method == "GET" else inbound.read(request.body)

    def acknowledge(self, request: WebhookRequest, accepted: Accepted) -> WebhookResponse:
        """The challenge of a subscription, as plain text; else nothing but 200."""
        return WebhookResponse(body=signature.challenge(request) or b"")

    async def open(self) -> None:
        """Keep one session for all messages."""
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        """End it; also without `open`, and twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, message: OutboundMessage) -> SendResult:
        """Post it once. Our id comes back with every status, but keeps no repeat from being sent."""
        body = outbound.payload(message, self._options.list_button)
        path = f"/{self._options.phone_number_id}/messages"
        status, headers, said = await self._call("POST", path, message.timeout, body)
        if status // 100 != 2:
            raise codes.error_of(status, headers, said, now=self._context.clock())
        sent = said.get("messages")
        name = sent[0].get("id") if isinstance(sent, list) and sent and isinstance(sent[0], dict) else None
        if not isinstance(name, str) or not name:
            raise Uncertain("odd_answer", "Meta's answer cannot be read")
        return SendResult(provider_message_id=name)

    def media_source(self, ref: str) -> MediaSource:
        """Meta tells for five minutes where a file lies, and wants the token in both places. Deleted at the first."""
        if not _MEDIA_ID.fullmatch(ref):
            raise PayloadError("no id of a file at Meta")
        url = f"{self._root()}/{ref}?phone_number_id={self._options.phone_number_id}"
        return self._source(url, then=self._file, erasable=True)

    async def check(self) -> Sequence[Problem]:
        """Whether the token is good for the number, and how Meta rates it."""
        opened = self._session is None
        if opened:
            await self.open()
        try:
            path = f"/{self._options.phone_number_id}?fields=display_phone_number,quality_rating,status"
            status, headers, said = await self._call("GET", path, 10.0)
        except SendError as problem:
            return [Problem(summary=f"Meta cannot be asked ({problem.code})", remedy="look at the network")]
        finally:
            if opened:
                await self.close()
        if status // 100 != 2:
            code = codes.error_of(status, headers, said, now=self._context.clock()).code
            remedy = "make a token for a system user that may send for this number, and check phone_number_id"
            fatal = status in (400, 401, 403, 404)
            return [Problem(summary=f"Meta does not show us the number ({code})", remedy=remedy, fatal=fatal)]
        return self._standing(said)

    def _standing(self, said: dict[str, Any]) -> list[Problem]:
        found = []
        if said.get("quality_rating") == "RED":
            remedy = "see the number in WhatsApp Manager: people blocked or reported it"
            found.append(Problem(summary="Meta rates the quality of the number low", remedy=remedy))
        if urlsplit(self._context.webhook_url).scheme != "https":
            found.append(Problem(summary="Meta calls https only", remedy="change public_url in [gateway]"))
        if not self._options.templates:
            remedy = "have texts approved and name them under templates, or such news waits until the person writes"
            found.append(Problem(summary="no template is configured for news after 24 hours", remedy=remedy))
        return found

    async def _call(
        self, method: str, path: str, timeout: float, body: dict[str, Any] | None = None
    ) -> tuple[int, Any, dict[str, Any]]:
        if self._session is None:
            raise NotTaken("not_open", "the channel is not open")
        limit = aiohttp.ClientTimeout(total=timeout, connect=timeout / 2)
        with outcome.exchange("Meta"):
            async with self._session.request(
                method,
                f"{self._root()}{path}",
                json=body,
                headers=self._credentials(),
                timeout=limit,
                allow_redirects=False,
            ) as answer:
                return answer.status, answer.headers, _object(await answer.read())

    def _file(self, answer: bytes) -> MediaSource:
        url = _object(answer).get("url")
        if not isinstance(url, str) or not url:
            raise PayloadError("Meta did not say where the file lies")
        return self._source(url)

    def _source(self, url: str, **more: Any) -> MediaSource:
        hosts = (urlsplit(self._base).hostname or "", *_MEDIA_HOSTS)
        return MediaSource(url=url, headers=self._credentials(), hosts=hosts, origin=self._base, **more)

    def _root(self) -> str:
        return f"{self._base}/{self._options.api_version}"

    def _credentials(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._options.access_token.reveal()}"}


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
