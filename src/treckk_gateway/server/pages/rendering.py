"""Templates to responses, with the headers that belong to them."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    import jinja2

_TEMPLATES = "templates"
_NOWHERE_ELSE = "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


@cache
def _style() -> str:
    return files(__package__).joinpath(_TEMPLATES, "style.css").read_text(encoding="utf-8")


@cache
def _headers() -> dict[str, str]:
    style = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{style}'; {_NOWHERE_ELSE}",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }


@cache
def _environment() -> jinja2.Environment:
    import jinja2  # noqa: PLC0415 loaded with the first page

    loader = jinja2.FunctionLoader(lambda name: files(__package__).joinpath(_TEMPLATES, name).read_text("utf-8"))
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)


def page(name: str, status: int = 200, **values: object) -> web.Response:
    """The template filled with the values, everything escaped."""
    text = _environment().get_template(name).render(style=_style(), **values)
    return web.Response(text=text, status=status, headers=_headers())
