"""The field order: an allow-list of what the field needs, and by its type nothing of whoever reported.

Source: lessons, section 11 (JAKI 2021) and P2: no reporter, no words of a reporter, no photo; the exact point only
where leadership released it.
"""

from __future__ import annotations

import attrs

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.marks import pin_of
from treckk_gateway.casework.wording import shorten
from treckk_gateway.errors import NotFoundError
from treckk_gateway.model import Case, EventKind, State
from treckk_gateway.model.lifecycle import PIN_RELEASED
from treckk_gateway.store.rows import FileRows

_SHORT = 40


@attrs.frozen(kw_only=True)
class FieldOrder:
    """Everything that may stand in a notice to the unit's people.

    `place` is village and district by code, never as somebody wrote it; `landmark` and `task` are words of the unit's
    own people; `map_link` is there only where leadership released the point.
    """

    number: str
    category: str
    place: str
    village: str
    time: str
    urgency: str
    post: str
    landmark: str = ""
    map_link: str = ""
    task: str = ""
    safety: str = ""

    def values(self) -> dict[str, str]:
        """For the profile's templates."""
        return {
            "nomor": self.number,
            "kategori": self.category,
            "kategori_singkat": shorten(self.category, _SHORT // 2),
            "lokasi": self.place,
            "lokasi_singkat": self.village,
            "waktu": self.time,
            "urgensi": self.urgency,
            "pos": self.post,
            "patokan": self.landmark,
            "peta": self.map_link,
            "perintah": self.task,
            "perintah_singkat": shorten(self.task, _SHORT),
            "keselamatan": self.safety,
        }


@attrs.frozen
class Orders:
    """Makes field orders of cases."""

    casework: Casework

    async def of(self, case: Case) -> FieldOrder:
        """The order as the case stands."""
        profile, wording = self.casework.profile, self.casework.wording
        language, words = profile.languages[0], profile.staff
        facts = await self._facts(case)
        village = profile.village(case.village)
        place = wording.place(case)
        safety = words.safety_of(case.category, case.urgency)
        return FieldOrder(
            number=case.reference,
            category=profile.category_name(case.category, language),
            place=place,
            village=village.name if village else place,
            time=wording.moment(case.opened_at),
            urgency=profile.urgency_word(case.urgency, language),
            post=profile.post_name(case.post),
            landmark=words.say("near", patokan=facts["landmark"]) if facts["landmark"] else "",
            map_link=words.say("map", lat=facts["lat"], lng=facts["lng"]) if facts["lat"] else "",
            task=words.say("task", tugas=facts["task"]) if facts["task"] else "",
            safety=words.say("safety", pesan=safety) if safety else "",
        )

    async def _facts(self, case: Case) -> dict[str, str]:
        """What the unit's own people wrote into the case's history, and the point where it is released."""
        facts = {"landmark": "", "task": "", "lat": "", "lng": ""}
        rows = await self.casework.store.case_file(case.case_id)
        if rows is None:
            return facts
        try:
            box = await self.casework.people.box(case.reporter_id)
        except NotFoundError:
            return facts
        located = _last(rows, EventKind.LOCATED)
        if located is not None:
            facts |= {
                name: box.open_value(Purpose.EVENT, located, dict[str, str]).get(name, "")
                for name in ("landmark", "lat", "lng")
            }
        instructed = _last(rows, EventKind.TRANSITION, State.INSTRUCTED)
        if instructed is not None:
            facts["task"] = box.open_value(Purpose.EVENT, instructed, dict[str, str]).get("note", "")
        if PIN_RELEASED not in case.flags:
            return facts | {"lat": "", "lng": ""}
        return facts if facts["lat"] else facts | await self._pin(rows)

    async def _pin(self, rows: FileRows) -> dict[str, str]:
        point = await pin_of(self.casework, rows)
        return {"lat": f"{point[0]:.5f}", "lng": f"{point[1]:.5f}"} if point else {}


def _last(rows: FileRows, kind: EventKind, target: State | None = None) -> bytes | None:
    return next(
        (one.data for one in reversed(rows.events) if one.kind is kind and (target in {None, one.target})), None
    )
