"""An update into the words of one channel."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from treckk_gateway.casework.wording import Wording
from treckk_gateway.channel import Capabilities, TextForm
from treckk_gateway.channel.segments import measure, plain
from treckk_gateway.model import Case, Instant
from treckk_gateway.profile import Profile


@attrs.frozen(kw_only=True)
class Letter:
    """What will leave: its text, its subject where the channel has one, and in how many parts it is sent."""

    text: str = attrs.field(repr=False)
    subject: str | None = attrs.field(default=None, repr=False)
    parts: int = 1


@attrs.frozen
class Renderer:
    """Fills the profile's templates with an update's values and what only the case knows."""

    profile: Profile
    wording: Wording

    def render(
        self,
        template: str,
        values: Mapping[str, str],
        case: Case | None,
        language: str,
        capabilities: Capabilities,
        now: Instant,
    ) -> Letter:
        """The letter for one channel: its form, without bold marks where they mean nothing."""
        filled = {
            "nama_sapaan": "",
            "pilihan_lokasi": "",
            "waktu": self.wording.moment(now),
            "lokasi": self.wording.place(case),
        }
        if case is not None:
            filled |= {"nomor": case.reference, "status": self.wording.state(case, language)}
        rendered = self.profile.templates.render(template, capabilities.form.value, language, filled | dict(values))
        text = rendered.text
        if capabilities.form is TextForm.SMS:
            text = plain(text)
        if capabilities.form is TextForm.CHAT and not capabilities.bold:
            text = text.replace("*", "")
        return Letter(
            text=text,
            subject=rendered.subject if capabilities.subject else None,
            parts=measure(text).parts if capabilities.segments else 1,
        )
