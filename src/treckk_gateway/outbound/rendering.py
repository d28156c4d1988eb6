"""An update into the words of one channel."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from treckk_gateway.casework.menus import choices_of
from treckk_gateway.casework.wording import Wording, shorten
from treckk_gateway.channel import Capabilities, TextForm
from treckk_gateway.channel.segments import Alphabet, measure, plain, spelled
from treckk_gateway.model import Case, Choice, Instant
from treckk_gateway.profile import Profile

_WHOLE = frozenset({"note"})
"""Templates that are nothing but somebody's words."""
_MAY_BE_CUT = frozenset(
    {"alasan_singkat", "jawaban_singkat", "daftar_kurang_singkat", "bidang", "instansi", "kategori", "lokasi", "tugas"}
)
"""Values that still say something when their end is missing: never a number, a date or a way to reach somebody."""
_ONE_PART = 160
"""Units of GSM-7 in one short message (3GPP TS 23.040)."""
_SHORTEST = 12


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

    def render(self, template: str, given: Mapping[str, str], language: str, capabilities: Capabilities) -> Letter:
        """The letter for one channel, of what `given` gave: its form, without bold marks where they mean nothing."""
        if capabilities.form is TextForm.SMS:
            text = self._short(template, language, given)
            if not capabilities.inbound:
                text = f"{text} {plain(self._where_to(language))}".strip()
            return Letter(text=text, parts=measure(text).parts if capabilities.segments else 1)
        rendered = self.profile.templates.render(template, capabilities.form.value, language, given)
        text = rendered.text
        if capabilities.form is TextForm.CHAT and not capabilities.bold:
            text = text.replace("*", "")
        return Letter(
            text=text,
            subject=rendered.subject if capabilities.subject else None,
            parts=measure(text).parts if capabilities.segments else 1,
        )

    def choices(
        self, template: str, given: Mapping[str, str], language: str, capabilities: Capabilities
    ) -> tuple[Choice, ...]:
        """What may be tapped beside the words: the update's own choices, then those of its text.

        All of them or none: a list that lacks some would say that there are no others.
        """
        if not capabilities.choices:
            return ()
        own = choices_of(given, given.get("nomor"))
        found = (*own, *self.profile.templates.choices(template, language, given))
        return found if len(found) <= capabilities.choices else ()

    def given(self, values: Mapping[str, str], case: Case | None, language: str, now: Instant) -> dict[str, str]:
        """An update's values and what only the case and the clock know, by the names of placeholders."""
        filled = {
            "nama_sapaan": "",
            "pilihan_lokasi": "",
            "waktu": self.wording.moment(now),
            "lokasi": self.wording.place(case),
        }
        if case is not None:
            filled |= {"nomor": case.reference, "status": self.wording.state(case, language)}
        return filled | dict(values)

    def _short(self, template: str, language: str, given: Mapping[str, str]) -> str:
        """One short message, where the template is made for one.

        Typographic signs become plain ones; where that is not enough, values in other letters are spelled in ours, and
        the longest that may be cut is cut. What a person of the unit writes in their own words is sent whole.
        """
        values = {name: plain(value) for name, value in given.items()}
        text = self._sms(template, language, values)
        if template in _WHOLE or _fits(text):
            return text
        spelt = {name: spelled(value).strip() or value for name, value in values.items()}
        text = self._sms(template, language, spelt)
        for _ in range(len(_MAY_BE_CUT)):
            over = measure(text).units - _ONE_PART
            name = max(_MAY_BE_CUT & spelt.keys(), key=lambda one: len(spelt[one]), default=None)
            if over <= 0 or name is None or measure(text).alphabet is Alphabet.UCS2:
                break
            spelt[name] = shorten(spelt[name], max(_SHORTEST, len(spelt[name]) - over))
            text = self._sms(template, language, spelt)
        return text

    def _where_to(self, language: str) -> str:
        """Where to answer what cannot be answered over the sender it came from (a registered name)."""
        words = self.profile.dialogue.one_way
        return next((words[one] for one in (language, *self.profile.languages) if one in words), "")

    def _sms(self, template: str, language: str, values: Mapping[str, str]) -> str:
        return plain(self.profile.templates.render(template, TextForm.SMS.value, language, values).text)


def _fits(text: str) -> bool:
    size = measure(text)
    return size.alphabet is Alphabet.GSM7 and size.parts == 1
