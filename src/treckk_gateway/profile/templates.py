"""The unit's texts: filled by fixed names, never by a formatting language.

Source of the rules: domain reference, section 13 (message templates).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

import attrs

from treckk_gateway.errors import ProfileError
from treckk_gateway.model import Choice

FORMS = ("whatsapp", "sms", "email")
"""A chat, a short message, a letter."""

ALWAYS = frozenset({"nomor", "status", "waktu", "lokasi", "nama_sapaan", "pilihan_lokasi", "darurat", "nomor_darurat"})
"""Placeholders any template may use."""

_STAFF = frozenset({"kategori", "kategori_singkat", "urgensi", "pos", "lokasi_singkat", "menu", "menu_singkat"})
_ORDER = _STAFF | {"perintah", "perintah_singkat", "patokan", "peta", "keselamatan"}
_CLOCK = _STAFF | {"tugas", "batas"}
_MISSING = frozenset({"daftar_kurang", "daftar_kurang_singkat", "batas"})
_DIGEST = frozenset(
    {
        "rentang", "masuk", "terbuka", "terlambat", "selesai", "belum", "per_kecamatan", "per_kecamatan_singkat",
        "kategori_utama", "tanggap", "tentang_satuan",
    }
)  # fmt: skip
_NONE = frozenset[str]()

VARIABLES: Mapping[str, frozenset[str]] = {
    "greeting": _NONE,
    "receipt": _NONE,
    "need_info": _MISSING,
    "need_info_reminder": _MISSING,
    "ask_place": _NONE,
    "ask_case": frozenset({"daftar_aduan", "baru"}),
    "ask_field": frozenset({"pertanyaan"}),
    "ask_withdrawal": frozenset({"daftar_aduan"}),
    "confirm_withdrawal": _NONE,
    "withdrawal_noted": _NONE,
    "voice_noted": _NONE,
    "invite_report": _NONE,
    "invite_question": _NONE,
    "media_only": _NONE,
    "info_forwarded": frozenset({"bidang", "batas"}),
    "info_answer": frozenset({"jawaban", "jawaban_singkat"}),
    "info_extended": frozenset({"alasan", "batas"}),
    "under_review": _NONE,
    "instructed": _NONE,
    "en_route": _NONE,
    "resolved": frozenset({"hasil", "batas"}),
    "not_actionable": frozenset({"alasan", "alasan_singkat", "langkah"}),
    "referred": frozenset({"instansi", "cara_hubungi", "kontak_singkat"}),
    "duplicate": _NONE,
    "unmerged": _NONE,
    "closed": _NONE,
    "reopened": _NONE,
    "withdrawn": _NONE,
    "answer_waiting": _NONE,
    "notice_waiting": _NONE,
    "status": _NONE,
    "status_not_found": _NONE,
    "emergency": _NONE,
    "out_of_hours": frozenset({"jam_buka"}),
    "opt_out": _NONE,
    "opt_in": _NONE,
    "privacy_ack": frozenset({"batas"}),
    "privacy_notice": _NONE,
    "abuse": _NONE,
    "too_many": _NONE,
    "staff_new_case": _STAFF,
    "staff_instructed": _ORDER,
    "staff_security": _STAFF | {"tanggal", "massa", "kurang"},
    "staff_reply": frozenset({"isi", "isi_singkat"}),
    "staff_opened": _NONE,
    "staff_words": frozenset({"isi", "isi_singkat"}),
    "staff_reminder": _CLOCK,
    "staff_escalation": _CLOCK,
    "staff_proposal": _CLOCK,
    "note": frozenset({"isi"}),
    "digest": _DIGEST,
    "staff_same_file": frozenset({"aduan_lain"}),
}
"""Every template the software sends, with the placeholders it fills beside `ALWAYS`. A profile must have them all."""

WAITING = frozenset({"answer_waiting", "notice_waiting"})
"""Texts that only say that something waits until its reader writes: to a reporter, and to somebody of the unit."""

TO_STAFF = frozenset(one for one in VARIABLES if one.startswith("staff_"))
"""Templates that go to the unit's own people. Only they may name a place in a short message: phones are shared."""

OF_REPORTERS = frozenset({"staff_words"})
"""Templates to the unit's people that repeat a reporter's words: their values are sealed under the reporter's key."""

NEEDED: Mapping[str, frozenset[str]] = {"not_actionable": frozenset({"langkah"})}
"""What a chat or a letter must say, whoever writes the texts: after a no, what one can do now (lessons, C1)."""

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_BARE = frozenset(
    {
        "nama_sapaan",
        "pilihan_lokasi",
        "menu",
        "menu_singkat",
        "perintah",
        "perintah_singkat",
        "patokan",
        "peta",
        "keselamatan",
        "kurang",
    }
)
"""Placeholders that vanish where there is no value; any other becomes a dash."""
_DASH = "-"
_SHORT = "_singkat"
_BRACES = str.maketrans("{}", "()")
_MARKS = re.compile(r"[*~`]+|(?<!\w)_+|_+(?!\w)")
_GAP = re.compile(r"\n{3,}")
_UNNUMBERED = re.compile(r"\[-\] ?")


@attrs.frozen(kw_only=True)
class Rendered:
    """A text ready to leave; `subject` only where the form is `email`."""

    text: str = attrs.field(repr=False)
    subject: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class Wording:
    """One template in one form and language: the text, and a subject for letters."""

    text: str
    subject: str | None = None


@attrs.frozen(kw_only=True)
class Offer:
    """An answer a text offers for tapping, its placeholders not filled yet."""

    label: str
    answer: str

    def filled(self, values: Mapping[str, str]) -> Choice:
        """The choice, with the same values as its text."""
        return Choice(label=fill(self.label, values), answer=fill(self.answer, values))


class Templates:
    """Texts by name, language and form.

    `languages` are in order of preference: the first stands in where another has no text. `constants` are values
    of a language that the caller need not give, such as the emergency number.
    """

    def __init__(
        self,
        wordings: Mapping[tuple[str, str, str], Wording],
        *,
        languages: tuple[str, ...],
        constants: Mapping[str, Mapping[str, str]] | None = None,
        examples: Mapping[str, str] | None = None,
        offers: Mapping[tuple[str, str], tuple[Offer, ...]] | None = None,
    ) -> None:
        self._wordings = dict(wordings)
        self._offers = dict(offers or {})
        self._languages = languages
        self._constants = dict(constants or {})
        self.examples: Mapping[str, str] = dict(examples or {})

    @property
    def names(self) -> tuple[str, ...]:
        """Every template there is, sorted."""
        return tuple(sorted({name for name, _language, _form in self._wordings}))

    def render(self, name: str, form: str, language: str, values: Mapping[str, str]) -> Rendered:
        """The text of a template for one channel's form (one of `FORMS`).

        `values` fill the placeholders; they are taken as written by anybody, so marks of bold text, braces and
        control characters are taken out of them. A short message that grows past one part is filled with the
        `..._singkat` values where there are some. Raises `ProfileError` for a name or form that does not exist.
        """
        wording, spoken = self._wording(name, form, language)
        given = self._given(spoken, values)
        written = _without_empty_lines(wording.text, given) if name in TO_STAFF else wording.text
        text = fill(written, given)
        if form == "sms" and not fits(text):
            text = fill(written, given | _shortened(given))
        if form != "email" or wording.subject is None:
            return Rendered(text=text)
        return Rendered(text=text, subject=_UNNUMBERED.sub("", " ".join(fill(wording.subject, given).split())))

    def choices(self, name: str, language: str, values: Mapping[str, str]) -> tuple[Choice, ...]:
        """The answers that the text of a template in that language offers for tapping beside its words."""
        _wording, spoken = self._wording(name, FORMS[0], language)
        offers = self._offers.get((name, spoken), ())
        given = self._given(spoken, values) if offers else {}
        return tuple(one.filled(given) for one in offers)

    def fillings(self, names: Iterable[str], language: str, values: Mapping[str, str]) -> dict[str, str]:
        """What stands in a text of that language for each of these placeholders."""
        given = self._given(language, values)
        return {name: fill(f"{{{name}}}", given) for name in names}

    def _given(self, language: str, values: Mapping[str, str]) -> dict[str, str]:
        return dict(self._constants.get(language, {})) | {key: _clean(value) for key, value in values.items()}

    def _wording(self, name: str, form: str, language: str) -> tuple[Wording, str]:
        for spoken in (language, *self._languages):
            found = self._wordings.get((name, spoken, form))
            if found is not None:
                return found, spoken
        raise ProfileError(f"there is no template {name!r} in the form {form!r}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with each `{name}` replaced once by its value; its short or long sister stands in for a missing one."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        sister = name.removesuffix(_SHORT) if name.endswith(_SHORT) else name + _SHORT
        for one in (name, sister):
            if one in values:
                return values[one]
        return "" if name in _BARE else _DASH

    return PLACEHOLDER.sub(value, text)


LONGEST_LABEL = 20
"""Characters of a button (WhatsApp, interactive reply buttons)."""


def fits(text: str) -> bool:
    """Whether a text is one short message: 160 plain characters, or 70 when one of them is not plain.

    Stricter than the alphabet of 3GPP TS 23.038, which has some accented letters that count as not plain here.
    """
    if not text.isascii() or "`" in text:
        return len(text.encode("utf-16-le")) // 2 <= 70  # noqa: PLR2004 3GPP TS 23.040
    return len(text) + sum(map(text.count, "^{}\\[~]|")) <= 160  # noqa: PLR2004 3GPP TS 23.040


def derive(name: str, form: str, chat: str, *, subject: str, closing: str) -> Wording:
    """A short message or a letter made of the chat's text, for a language that has only that.

    A short message takes no exact place and the short values; `subject` gets the case number where the text has it.
    """
    bare = chat.replace("*", "")
    if form == "email":
        return Wording(
            text=f"{bare}\n\n{closing}".strip(), subject=f"[{{nomor}}] {subject}" if "{nomor}" in chat else subject
        )

    def shorter(found: re.Match[str]) -> str:
        short = found[1] + _SHORT
        return f"{{{short}}}" if short in VARIABLES[name] else found[0]

    return Wording(text=_plain(PLACEHOLDER.sub(shorter, bare)).strip())


def _without_empty_lines(text: str, values: Mapping[str, str]) -> str:
    """The text without lines that hold nothing but a placeholder which vanishes."""
    lines = text.split("\n")
    kept = [one for one in lines if not (one.strip("{}") in _BARE and not values.get(one.strip("{}")))]
    return _GAP.sub("\n\n", "\n".join(kept)).strip()


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _shortened(values: Mapping[str, str]) -> dict[str, str]:
    return {name.removesuffix(_SHORT): value for name, value in values.items() if name.endswith(_SHORT)}


def _clean(value: str) -> str:
    """A value without marks of bold text, braces, and characters that control instead of show."""
    shown = value
    if not value.isprintable():
        shown = "".join(one for one in value if one == "\n" or unicodedata.category(one) not in {"Cc", "Cf"})
    return _MARKS.sub("", shown.translate(_BRACES))
