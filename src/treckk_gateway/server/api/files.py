"""The API's calls for files of a case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from treckk_gateway.inbound.showing import FileForm, ShownFile
from treckk_gateway.server.api.route import Call, Route
from treckk_gateway.server.api.shapes.casefile import FilePlace

_ONE = "/cases/{reference}/files/{file}"


def _showing(form: FileForm) -> Callable[[Call], Awaitable[ShownFile]]:
    async def show(call: Call) -> ShownFile:
        return await call.gateway.file(call.actor, call.place.reference, call.place.file, form)

    return show


ROUTES = (
    Route(
        method="GET", path=f"{_ONE}/picture", name="showPicture", summary="A picture made anew, without what it held",
        run=_showing(FileForm.PICTURE), answers=bytes, media="image/jpeg", place=FilePlace, errors=(404, 409),
    ),
    Route(
        method="GET", path=f"{_ONE}/thumbnail", name="showThumbnail", summary="The same, small",
        run=_showing(FileForm.THUMBNAIL), answers=bytes, media="image/jpeg", place=FilePlace, errors=(404, 409),
    ),
    Route(
        method="GET", path=f"{_ONE}/original", name="showOriginal", summary="A file as it came, to be kept, not shown",
        run=_showing(FileForm.ORIGINAL), answers=bytes, media="application/octet-stream", place=FilePlace,
        errors=(404, 409),
    ),
)  # fmt: skip
"""What of a case's files may be seen."""
