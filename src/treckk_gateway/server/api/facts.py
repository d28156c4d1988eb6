"""What one gateway adds to the schemas: posts and offices, the form, addresses it can write to, what a step needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from treckk_gateway.gateway import Gateway
from treckk_gateway.model import Reason, State
from treckk_gateway.model.lifecycle import TRANSITIONS
from treckk_gateway.profile import Bounds
from treckk_gateway.server.api.shapes.coordination import Proposable

_NUMBER = r"\+[1-9][0-9]{6,14}"
_WRITTEN = {
    "whatsapp": f"whatsapp:{_NUMBER}",
    "sms": f"sms:{_NUMBER}",
    "mailto": r"mailto:[^@\s<>,]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+",
}

_EVERYWHERE = Bounds(south=-90, west=-180, north=90, east=180)
_MANY = {"type": "array", "minItems": 1}


@attrs.frozen(kw_only=True)
class Facts:
    """What callers cannot know of the code alone. `schemes` are those of channels that send."""

    posts: tuple[str, ...]
    offices: tuple[str, ...]
    schemes: tuple[str, ...]
    fields: tuple[str, ...]
    districts: tuple[str, ...] = ()
    villages: tuple[str, ...] = ()
    bounds: Bounds = _EVERYWHERE

    @classmethod
    def of(cls, gateway: Gateway) -> Facts:
        """The facts of this gateway."""
        sending = [one.capabilities for one in gateway.channels.values() if one.capabilities.outbound]
        return cls(
            posts=tuple(one.post_id for one in gateway.profile.posts),
            offices=tuple(sorted(gateway.profile.offices)),
            fields=tuple(one.id for one in gateway.profile.form.fields),
            districts=tuple(one.code for one in gateway.profile.districts),
            villages=tuple(one.code for one in gateway.profile.villages),
            bounds=gateway.profile.bounds,
            schemes=tuple(sorted({scheme for one in sending for scheme in one.schemes if scheme in _WRITTEN})),
        )

    def refine(self, schemas: dict[str, Any]) -> None:
        """Write them into the schemas of what callers send."""
        for name in ("WalkInBody", "StepBody", "AssignmentBody", "ProposalBody", "PersonnelBody"):
            _replace(schemas, name, "post", _one_of(self.posts))
        _replace(schemas, "StepBody", "office", _one_of(self.offices))
        schemas["CasesQuery"]["properties"]["post"] = {"enum": list(self.posts)}
        schemas["FormBody"]["properties"]["field"] = {"enum": list(self.fields)}
        pattern = "|".join(_WRITTEN[one] for one in self.schemes)
        _replace(
            schemas, "WalkInBody", "reply_to", {"type": "string", "pattern": f"^({pattern})$"} if pattern else None
        )
        schemas["StepBody"]["anyOf"] = list(_steps(schemas["StepBody"], State))
        schemas["ProposalBody"]["anyOf"] = list(_steps(schemas["ProposalBody"], tuple(Proposable)))
        self._place(schemas)

    def _place(self, schemas: dict[str, Any]) -> None:
        """The unit's places and the box they lie in."""
        if self.districts:
            schemas["PlaceBody"]["properties"]["district"] = {"enum": list(self.districts)}
        _replace(schemas, "PlaceBody", "village", _one_of(self.villages))
        box, point = self.bounds, schemas["Point"]["properties"]
        point["lat"] |= {"minimum": box.south, "maximum": box.north}
        point["lng"] |= {"minimum": box.west, "maximum": box.east}


def _replace(schemas: dict[str, Any], name: str, field: str, schema: dict[str, Any] | None) -> None:
    found = schemas[name]["properties"][field]
    found["anyOf"] = [*([schema] if schema else []), {"type": "null"}]


def _one_of(codes: Iterable[str]) -> dict[str, Any] | None:
    given = list(codes)
    return {"enum": given} if given else None


def _steps(schema: dict[str, Any], targets: Iterable[str]) -> Iterable[dict[str, Any]]:
    """A form for the steps that need nothing, and one for each that does."""
    wanted = [State(one) for one in targets]
    needs = {step.target: step.needs for step in TRANSITIONS if step.needs and step.target in wanted}
    fields = schema["properties"]
    bare = [one for one in wanted if one not in needs]
    if bare:
        yield {"properties": {"to": {"enum": bare}}}
    for target, names in needs.items():
        given = {name: _MANY if name == "missing" else fields[name]["anyOf"][0] for name in names}
        if "reason" in names:
            other = {"reason": {"const": Reason.OTHER}, "note": fields["note"]["anyOf"][0]}
            yield _form(target, {**given, **other})
            given["reason"] = {"enum": [one for one in Reason if one is not Reason.OTHER]}
        yield _form(target, given)


def _form(target: State, given: dict[str, Any]) -> dict[str, Any]:
    return {"properties": {"to": {"const": target}, **given}, "required": list(given)}
