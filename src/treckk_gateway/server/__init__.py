"""The aiohttp application, the API, the pages and the command line.

`subapp(gateway)` is the public way to mount it all in an application of yours; `application(gateway)` stands alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treckk_gateway.server.app import application, subapp

__all__ = ["application", "subapp"]


def __getattr__(name: str) -> object:
    # The command line lives in this package too, and need not load a web server to print its version.
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from treckk_gateway.server import app  # noqa: PLC0415 loaded only when somebody mounts it

    return getattr(app, name)
