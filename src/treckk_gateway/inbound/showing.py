"""Files of a case for staff: a copy made anew for whoever may read words, the original for whoever may know people."""

from __future__ import annotations

from enum import StrEnum

import attrs

from treckk_gateway.casework.bodies import FileBody, Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.errors import Incomplete, MediaRefused, NotAllowed, NotFoundError
from treckk_gateway.inbound.content import OPAQUE, sniff
from treckk_gateway.inbound.media import Files
from treckk_gateway.inbound.viewing import Viewer
from treckk_gateway.model import Actor, Case, MediaKind, Role
from treckk_gateway.store.rows import FileRow


class FileForm(StrEnum):
    """How a file is wanted: a `picture` or a `thumbnail` made anew, or the `original` as it came."""

    PICTURE = "picture"
    THUMBNAIL = "thumbnail"
    ORIGINAL = "original"


@attrs.frozen(kw_only=True)
class ShownFile:
    """A file to hand over. `filename` says nothing of whoever sent it."""

    content: bytes = attrs.field(repr=False)
    content_type: str
    filename: str


@attrs.frozen
class Showing:
    """Opens kept files; every look is written down."""

    casework: Casework
    files: Files
    viewer: Viewer

    async def show(self, actor: Actor, case: Case, file_id: int, form: FileForm) -> ShownFile:
        """A file of that case.

        Raises `NotFoundError` when the case has no such file or it is not kept, `NotAllowed` for roles that may not see
        it so, `Incomplete` when no copy can be made of it.
        """
        if not self.casework.reads_words(actor):
            raise NotAllowed("the field sees no files of reporters")
        if form is FileForm.ORIGINAL and not self.casework.knows_identities(actor):
            raise NotAllowed("an original may show who sent it: only the desk and leadership open it")
        row = await self._row(case, file_id, actor)
        box = await self.casework.people.box(row.reporter_id)
        await self.casework.store.log_access(case.case_id, actor.name, f"file {file_id} {form}", self.casework.clock())
        content = await self.files.read(row.name or "", box)
        body = box.open_value(Purpose.FILE, row.details, FileBody)
        if form is FileForm.ORIGINAL:
            return self._original(case, file_id, content, body)
        if sniff(content).kind is not MediaKind.IMAGE:
            raise Incomplete("only of pictures a copy can be made: ask for the original", ("form",))
        try:
            picture = await self.viewer.picture(content, thumbnail=form is FileForm.THUMBNAIL)
        except MediaRefused as problem:
            raise Incomplete(str(problem), ("form",)) from None
        return ShownFile(content=picture.content, content_type="image/jpeg", filename=f"{case.reference}-{file_id}.jpg")

    async def _row(self, case: Case, file_id: int, actor: Actor) -> FileRow:
        rows = await self.casework.store.case_file(case.case_id)
        row = next((one for one in rows.attachments if one.id == file_id), None) if rows else None
        if row is None or row.name is None:
            raise NotFoundError("this case keeps no such file")
        if row.state == "pending":
            raise NotFoundError("the file has not been looked at yet")
        if row.state != "stored" and Role.LEADERSHIP not in actor.roles:
            raise NotAllowed(f"the file is kept under lock: {row.reason}")
        return row

    def _original(self, case: Case, file_id: int, content: bytes, body: FileBody) -> ShownFile:
        known = sniff(content)
        safe = known.shown and body.odd is None
        ending = known.content_type.partition("/")[2].rpartition(".")[2][:12] if safe else "bin"
        return ShownFile(
            content=content,
            content_type=known.content_type if safe else OPAQUE,
            filename=f"{case.reference}-{file_id}.{ending}",
        )
