"""What an act still needs, how it is asked for, and how an answer is read. Pure but for the profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from treckk_gateway.casework.wording import shorten
from treckk_gateway.dispatch.reading import Reader, figures, find_choice, first_choice
from treckk_gateway.model import Act, Actor, Case, Reason, Role, State, Urgency
from treckk_gateway.profile import Profile
from treckk_gateway.profile.tokens import fold

_NEEDED: Mapping[Act, tuple[str, ...]] = {
    Act.INSTRUCT: ("post",),
    Act.REFUSE: ("reason",),
    Act.REFER: ("office",),
    Act.FORWARD: ("topic",),
    Act.ANSWER: ("note",),
    Act.RESOLVE: ("note",),
    Act.NOTE: ("note",),
    Act.EXTEND: ("note",),
    Act.ASK: ("missing",),
    Act.LOCATE: ("place",),
    Act.PERSONNEL: ("number", "note"),
    Act.PROPOSE: ("proposal",),
    Act.FAQ: ("faq",),
}
_OF_PROPOSAL = {State.NOT_ACTIONABLE: "reason", State.INSTRUCTED: "post"}
_ASKED_FOR = ("location", "time", "description", "name")
EARLY = frozenset({State.RECEIVED, State.NEEDS_INFO, State.UNDER_REVIEW})
"""Where leaving is an initial action."""
_MOST_CHOICES = 18


@attrs.frozen
class Needs:
    """The fields of acts, in the unit's own words."""

    profile: Profile

    def lacking(self, act: Act, case: Case, actor: Actor, given: Mapping[str, str]) -> str | None:
        """The next thing to ask for; `None` when the act is complete."""
        wanted = _NEEDED.get(act, ())
        if act is Act.PROPOSE and "proposal" in given:
            wanted = (_OF_PROPOSAL[State(given["proposal"])],)
        if act is Act.DEPART and self.first(case, actor) and case.urgency is not Urgency.EMERGENCY:
            wanted = ("emergency",)
        if given.get("reason") == Reason.OTHER:
            wanted = (*wanted, "note")
        return next((one for one in wanted if not given.get(one)), None)

    def first(self, case: Case, actor: Actor) -> bool:
        """Whether leaving now would be an initial action."""
        return case.state in EARLY and Role.DUTY in actor.roles

    def choices(self, field: str, case: Case) -> dict[str, str]:
        """Code to label of what can be chosen for a field; empty where it is free text."""
        profile, language = self.profile, self.profile.languages[0]
        if field == "post":
            posts = sorted(profile.posts, key=lambda one: one.post_id != case.post)
            return {one.post_id: one.name for one in posts}
        if field == "reason":
            return {one.value: profile.reason_text(one, language).short for one in Reason}
        if field == "office":
            category = profile.category(case.category)
            own = category.offices if category else ()
            return {code: profile.offices[code].name for code in dict.fromkeys((*own, *profile.offices))}
        if field == "topic":
            return {one.code: one.name for one in profile.information.topics}
        if field == "missing":
            return {one: profile.field_name(one, language) for one in _ASKED_FOR}
        if field == "faq":
            return {one.code: shorten(one.answer, 40) for one in profile.information.faq}
        if field == "proposal":
            acts = profile.staff.acts
            return {State.NOT_ACTIONABLE: acts[Act.REFUSE].label, State.INSTRUCTED: acts[Act.INSTRUCT].label}
        return {}

    def question(self, field: str, act: Act) -> str:
        """How the field is asked for."""
        if field == "note" and act in {Act.EXTEND, Act.REFUSE, Act.PROPOSE}:
            return self.profile.staff.questions["reason"]
        return self.profile.staff.questions[field]

    def beside(self, act: Act, rest: str, case: Case, reader: Reader) -> dict[str, str]:
        """What was written right after the word for the act."""
        if not rest:
            return {}
        if act in {Act.INSTRUCT, Act.REFER, Act.FORWARD, Act.REFUSE}:
            return self._named(_NEEDED[act][0], rest, case)
        if act is Act.ASK:
            codes = self._several(rest, case, tuple(self.choices("missing", case)))
            return {"missing": ",".join(codes)} if codes else {}
        if act is Act.PERSONNEL:
            return people_of(rest)
        if act is Act.PROPOSE:
            return self._proposal(rest, case, reader)
        if act is Act.LOCATE:
            return {"place": rest}
        if act is Act.FAQ:
            codes = find_choice(rest, {one.code: (one.code,) for one in self.profile.information.faq})
            return {"faq": codes[0]} if len(codes) == 1 else {}
        if act is Act.DEPART:
            return {"emergency": "yes"} if self._emergency(rest) else {}
        return {"note": rest}

    def answer(self, field: str, text: str, case: Case, choices: Sequence[str]) -> dict[str, str]:
        """An answer to the question for a field; empty when it is none."""
        if field == "missing":
            codes = self._several(text, case, choices)
            return {"missing": ",".join(codes)} if codes else {}
        if choices:
            chosen = figures(text)
            if len(chosen) == 1:
                return {field: choices[chosen[0] - 1]} if 1 <= chosen[0] <= len(choices) else {}
            if field == "proposal":
                return {}
            return self._named(field, text, case)
        if field == "emergency":
            return {"emergency": "yes"} if self._emergency(text) else {}
        if field == "number":
            return people_of(text)
        return {field: text.strip()} if text.strip() else {}

    def _named(self, field: str, text: str, case: Case) -> dict[str, str]:
        """A code by its name at the beginning of a text; what follows is the note."""
        labels = {code: self._names(field, code, label) for code, label in self.choices(field, case).items()}
        found, rest = first_choice(text, labels)
        note = {"note": rest.strip(" ,.:;-")} if rest.strip(" ,.:;-") else {}
        if len(found) == 1:
            return {field: found[0], **note}
        if field == "reason":
            return {"reason": Reason.OTHER, "note": text.strip()}
        if field == "topic" and not found:
            return {"topic": text.strip()[:80]}
        return {}

    def _names(self, field: str, code: str, label: str) -> tuple[str, ...]:
        if field == "post":
            return (code, label, label.partition(" ")[2] or label)
        if field == "reason":
            return (code, label, self.profile.reason_text(Reason(code), self.profile.languages[0]).long)
        return (code, label)

    def _several(self, text: str, case: Case, choices: Sequence[str]) -> tuple[str, ...]:
        chosen = figures(text)
        if chosen:
            return tuple(dict.fromkeys(choices[one - 1] for one in chosen if 1 <= one <= len(choices)))
        spoken = set(fold(text).split())
        labels = self.choices("missing", case)
        return tuple(code for code, label in labels.items() if spoken & {code, fold(label).split()[0]})

    def _proposal(self, rest: str, case: Case, reader: Reader) -> dict[str, str]:
        said = reader.read(rest)
        for act, to in ((Act.REFUSE, State.NOT_ACTIONABLE), (Act.INSTRUCT, State.INSTRUCTED)):
            if act in said.acts:
                return (
                    {"proposal": to, **self._named(_OF_PROPOSAL[to], said.rest, case)}
                    if said.rest
                    else {"proposal": to}
                )
        return {}

    def _emergency(self, text: str) -> bool:
        return bool(set(fold(text).split()) & self.profile.staff.emergency)


def people_of(text: str) -> dict[str, str]:
    """How many and what for: `4 kerumunan di pasar`."""
    first, _, rest = text.strip().partition(" ")
    if not (first.isascii() and first.isdigit() and len(first) < 4):  # noqa: PLR2004 digits
        return {}
    return {"number": first, **({"note": rest.strip()} if rest.strip() else {})}
