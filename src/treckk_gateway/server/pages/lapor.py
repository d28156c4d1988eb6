"""`/lapor`: the citizen's form. It becomes a signed webhook to the channel `lapor`, like any portal's."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

import attrs
import structlog
from aiohttp import web

from treckk_gateway.casework.views import StatusView
from treckk_gateway.gateway import Gateway
from treckk_gateway.server.answers import AnswerCounts
from treckk_gateway.server.pages import form
from treckk_gateway.server.pages.rendering import page
from treckk_gateway.server.reading import BodyRefused, read_body
from treckk_gateway.server.visitors import Patience, origin

_REMEMBERED = 5000
_LOOKS, _BETWEEN = 20, 0.05
_OK = 200
_FOUND = 302
_FORM = "application/x-www-form-urlencoded"

log = structlog.get_logger(__name__)


def _patience() -> Patience:
    return Patience(burst=30, seconds=20.0)


@attrs.frozen(kw_only=True)
class Lapor:
    """The form of one gateway. `secret` is the channel's own."""

    gateway: Gateway
    answers: AnswerCounts
    keys: form.Keys
    secret: str = attrs.field(repr=False)
    clock: Callable[[], float] = time.time
    patience: Patience = attrs.field(factory=_patience)
    _sent: OrderedDict[str, str] = attrs.field(factory=OrderedDict, init=False, repr=False)

    @classmethod
    def of(cls, gateway: Gateway, answers: AnswerCounts) -> Lapor | None:
        """The form, where a web channel named `lapor` is configured."""
        for channel in gateway.settings.channels:
            if form.opens(channel):
                keys = form.Keys.of(gateway.settings.master_key())
                return cls(gateway=gateway, answers=answers, keys=keys, secret=channel.options.secret[0].reveal())
        return None

    async def show(self, _request: web.Request) -> web.Response:
        """An empty form with a key of its own."""
        return self._form(_OK)

    async def lead(self, _request: web.Request) -> web.Response:
        """To the form, for whoever typed the bare address."""
        self.answers.count(_FOUND)
        headers = {"Location": f"{self.gateway.settings.public_url}/lapor", "Cache-Control": "no-store"}
        return web.Response(status=_FOUND, headers=headers)

    async def take(self, request: web.Request) -> web.Response:
        """Take a form. Whatever is wrong with it, the person gets back what they wrote."""
        try:
            body = await read_body(request, form.MOST_BYTES)
        except BodyRefused as problem:
            return self._form(problem.status, notice="terlalu_besar")
        entry = form.read_entry(body) if request.content_type == _FORM else None
        if entry is None:
            return self._form(400, notice="rusak")
        if entry.problem is not None:
            return self._form(422, entry, notice=entry.problem)
        now = self.clock()
        key = self.keys.read(entry.key, now)
        if key is None:
            return self._form(422, entry, notice="kedaluwarsa", fresh=True)
        if not self.patience.allows(origin(request, self.gateway.settings.trusted_proxies)):
            return self._form(429, entry, notice="sibuk")
        return await self._send(entry, key, now)

    async def _send(self, entry: form.Entry, key: form.FormKey, now: float) -> web.Response:
        content = form.digest(entry)
        signed = form.webhook(
            entry,
            key,
            again=self._sent.get(key.token, content) != content,
            doubtful=form.suspected(entry, key, now),
            secret=self.secret,
            url=self.gateway.webhook_url(form.CHANNEL),
            now=now,
        )
        answer = await self.gateway.receive(form.CHANNEL, signed)
        if answer.status != _OK:
            log.warning("form.not_kept", status=answer.status)
            return self._form(503, entry, notice="sibuk")
        self._sent.setdefault(key.token, content)
        while len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
        return await self._receipt(key.token)

    async def _receipt(self, token: str) -> web.Response:
        view = await self._filed(token)
        self.answers.count(_OK)
        return page(
            "terima.html",
            unit=self.gateway.profile.unit,
            reference=view.reference if view else None,
            link=f"s/{token}",
            address=f"{self.gateway.settings.public_url}/s/{token}",
        )

    async def _filed(self, token: str) -> StatusView | None:
        """The case, if it is opened within a second: the page can then show its number."""
        for _ in range(_LOOKS):
            view = await self.gateway.desk.status(token)
            if view is not None:
                return view
            await asyncio.sleep(_BETWEEN)
        return None

    def _form(
        self, status: int, entry: form.Entry | None = None, *, notice: str | None = None, fresh: bool = False
    ) -> web.Response:
        self.answers.count(status)
        key = entry.key if entry is not None and entry.key and not fresh else self.keys.issue(self.clock())
        return page(
            "lapor.html",
            status,
            unit=self.gateway.profile.unit,
            emergency=self.gateway.profile.emergency_number,
            fields=entry.fields if entry is not None else dict.fromkeys(form.LIMITS, ""),
            limits=form.LIMITS,
            key=key,
            notice=notice,
        )
