"""`/s/{token}`: how a case stands, for whoever holds its secret token. States and times, nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import attrs
from aiohttp import web

from treckk_gateway.gateway import Gateway
from treckk_gateway.model import Instant
from treckk_gateway.server.answers import AnswerCounts
from treckk_gateway.server.pages.rendering import page
from treckk_gateway.server.visitors import Patience, origin

_LONGEST = 128


def _patience() -> Patience:
    return Patience(burst=60, seconds=2.0)


@attrs.frozen(kw_only=True)
class StatusPage:
    """The page of one gateway."""

    gateway: Gateway
    answers: AnswerCounts
    patience: Patience = attrs.field(factory=_patience)

    async def show(self, request: web.Request) -> web.Response:
        """The case's states; the same 404 for a token that is wrong, unknown or not one at all."""
        if not self.patience.allows(origin(request, self.gateway.settings.trusted_proxies)):
            return self._page(429, "sibuk.html")
        token = request.match_info["token"]
        usable = token.isascii() and token.isalnum() and len(token) <= _LONGEST
        view = await self.gateway.desk.status(token if usable else "-")
        if view is None:
            return self._page(404, "tidak_ada.html")
        history = [(self._local(at), word) for at, word in view.history]
        return self._page(
            200,
            "status.html",
            reference=view.reference,
            state=view.state_word,
            changed=self._local(view.changed_at),
            history=history,
        )

    def _page(self, status: int, name: str, **values: object) -> web.Response:
        self.answers.count(status)
        return page(name, status, unit=self.gateway.profile.unit, **values)

    def _local(self, at: Instant) -> str:
        local = datetime.fromtimestamp(at / 1e6, UTC).astimezone(ZoneInfo(self.gateway.profile.zone))
        return f"{local:%d/%m/%Y %H.%M} {local.tzname()}"
