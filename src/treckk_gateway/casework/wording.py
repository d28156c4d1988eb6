"""The values that fill the profile's templates for a step, and what of a step is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from treckk_gateway.casework.clocks import Clocks
from treckk_gateway.casework.views import Given
from treckk_gateway.errors import Incomplete
from treckk_gateway.model import Case, Instant, Reason, State, Transition
from treckk_gateway.profile import Profile, Unit

_ASIDE = re.compile(r" ?\([^)]*\)")
"""What explains a field's name, and is left out where there is little room."""
_SHORT = 120


class Wording:
    """Words and times of one unit."""

    def __init__(self, profile: Profile, clocks: Clocks) -> None:
        self._profile = profile
        self._clocks = clocks
        self._zone = ZoneInfo(profile.zone)

    def today(self, now: Instant) -> date:
        """The day it is at the unit."""
        return self._local(now).date()

    def moment(self, now: Instant) -> str:
        """Day, month and time at the unit: `24/11 19.45`."""
        return f"{self._local(now):%d/%m %H.%M}"

    def last_day(self, due: Instant) -> str:
        """The last day of what is due then: `30/11`. What ends at midnight ends with the day before."""
        return f"{self._clocks.calendar.day(due - 1):%d/%m}"

    def deadline(self, due: Instant, unit: Unit) -> str:
        """When something is due, as exact as it is counted: a day for days, with the time otherwise."""
        return self.last_day(due) if unit.whole else self.moment(due)

    def opening(self, now: Instant, language: str) -> str:
        """When the unit serves next: `besok 08.00`, or `30/11 08.00` when that is farther away."""
        at = self._clocks.calendar.next_opening(now)
        local = self._local(at)
        word = self._profile.day_word((local.date() - self.today(now)).days, language) or f"{local:%d/%m}"
        return f"{word} {local:%H.%M}"

    def promise(self, case: Case, target: State, now: Instant) -> Instant | None:
        """Until when a reporter is told to wait, or may act, with the step to that state; `None` where it names no day.

        A date is told only with the step that starts its clock (lessons, C2).
        """
        limits, calendar = self._clocks.limits, self._clocks.calendar
        limit = {
            State.RESOLVED: limits.objection,
            State.INFO_FORWARDED: limits.answer_cap,
            State.NEEDS_INFO: limits.complete(service=self._clocks.is_service(case)),
        }.get(target)
        return calendar.add(now, limit) if limit is not None else None

    def place(self, case: Case | None) -> str:
        """Village and district in words, `-` when neither is known."""
        if case is None:
            return "-"
        return self._profile.place_name(case.village, case.district) or "-"

    def state(self, case: Case, language: str) -> str:
        """The state in the reporter's words."""
        return self._profile.state_word(case.state, language)

    def standing(self, case: Case, state: State, version: int) -> dict[str, str]:
        """How a case stands at an update, kept with it: what is sent later must not speak of a later state."""
        return {"state": state, "version": str(version), "status": self._profile.state_word(state, case.language)}

    def privacy_task(self, pseudonym: str, day: str) -> str:
        """What the desk is told of a request about personal data: the pseudonym, and the last day to answer."""
        return f"{pseudonym}: HAPUS DATA / data pribadi, {day}"

    def withdrawal_task(self, reference: str) -> str:
        """What the desk is told of a report whose reporter wants to take it back where people look first."""
        return f"{reference}: pelapor ingin mencabut laporan. Mohon diperiksa dahulu; laporan belum ditutup."

    def unreachable_task(self, reference: str) -> str:
        """What the desk is told of a reporter whom news does not reach where they wrote from."""
        return f"{reference}: kabar tidak sampai ke alamat pelapor, tidak dikirim lagi ke sana. Mohon cari jalan lain."

    def check(self, given: Given) -> None:
        """Raise `Incomplete` when a code names nothing in the profile."""
        self.check_post(given.post)
        if given.reason is not None and given.reason not in set(Reason):
            raise Incomplete(f"there is no such reason; reasons are {', '.join(Reason)}", ("reason",))
        if given.reason == Reason.OTHER and not given.note:
            raise Incomplete("reason other needs a note in words the reporter may read", ("note",))
        if given.office is not None and given.office not in self._profile.offices:
            known = ", ".join(sorted(self._profile.offices))
            raise Incomplete(f"there is no such office; offices are {known}", ("office",))

    def check_post(self, post: str | None) -> None:
        """Raise `Incomplete` for a post the profile does not know."""
        if post is not None and post not in {one.post_id for one in self._profile.posts}:
            known = ", ".join(one.post_id for one in self._profile.posts)
            raise Incomplete(f"there is no such post; posts are {known}", ("post",))

    def record(self, given: Given) -> dict[str, str]:
        """What of the step is kept in the case's history."""
        kept = {name: getattr(given, name) for name in given.names()}
        return {name: ", ".join(value) if isinstance(value, tuple) else value for name, value in kept.items()}

    def of_step(self, case: Case, step: Transition, given: Given, now: Instant) -> dict[str, str]:
        """Values for the step's template; number and state word are filled in when it is rendered."""
        values = {"waktu": self.moment(now), "lokasi": self.place(case), "pilihan_lokasi": ""}
        due = self.promise(case, step.target, now)
        if due is not None:
            values["batas"] = self.last_day(due)
        if step.target is State.RESOLVED:
            values["hasil"] = given.note or "-"
        elif step.target is State.NOT_ACTIONABLE:
            values |= self._reason(case, given)
        elif step.target is State.ANSWERED:
            values |= {"jawaban": given.note or "-", "jawaban_singkat": shorten(given.note or "-", _SHORT)}
        elif step.target is State.REFERRED and given.office is not None:
            office = self._profile.offices[given.office]
            values |= {"instansi": office.name, "cara_hubungi": office.contact, "kontak_singkat": office.short}
        elif step.target is State.INFO_FORWARDED:
            values["bidang"] = self._division(given.topic)
        elif step.target is State.NEEDS_INFO:
            values |= self.missing(case, given.missing)
        return values

    def _reason(self, case: Case, given: Given) -> dict[str, str]:
        if given.reason == Reason.OTHER and given.note:
            text = self._profile.reason_text(Reason.OTHER, case.language)
            return {"alasan": given.note, "alasan_singkat": shorten(given.note, _SHORT), "langkah": text.next}
        text = self._profile.reason_text(Reason(given.reason or Reason.OTHER), case.language)
        long = f"{text.long} ({given.note})" if given.note else text.long
        return {"alasan": long, "alasan_singkat": text.short, "langkah": text.next}

    def _division(self, topic: str | None) -> str:
        """Who holds a topic, as the asker is told; the topic itself where the profile does not know it."""
        known = self._profile.information.topic(topic or "")
        return known.division if known else topic or "-"

    def missing(self, case: Case, fields: Iterable[str]) -> dict[str, str]:
        """What of the form is missing, as a list and in short."""
        names = [self._profile.field_name(one, case.language) for one in fields]
        return {
            "daftar_kurang": "\n".join(f"- {name}" for name in names),
            "daftar_kurang_singkat": ", ".join(_ASIDE.sub("", name).lower() for name in names),
        }

    def _local(self, now: Instant) -> datetime:
        return datetime.fromtimestamp(now / 1e6, UTC).astimezone(self._zone)


def shorten(text: str, most: int) -> str:
    """At most that many characters, cut at a word, with three dots where something is missing."""
    flat = " ".join(text.split())
    if len(flat) <= most:
        return flat
    return flat[: most - 3].rsplit(" ", 1)[0].rstrip(",.;:") + "..."
