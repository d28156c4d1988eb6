"""The API's description, made from its table of routes: OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import msgspec

from treckk_gateway.server.api.facts import Facts
from treckk_gateway.server.api.problems import CONTENT_TYPE, Problem
from treckk_gateway.server.api.route import Route

_REFS = "#/components/schemas/{name}"
_ALWAYS = (401, 403, 422, 500, 503)
_WITH_BODY = (400, 408, 413, 415)

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key gives the same case: send it again when the answer was lost.",
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,128}$"},
}


@lru_cache(maxsize=8)
def document(routes: tuple[Route, ...], public_url: str, facts: Facts) -> bytes:
    """The whole description as JSON."""
    schemas = _Schemas(routes)
    facts.refine(schemas.components)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "treckk_gateway",
                "version": version("treckk-gateway"),
                "summary": "Citizens' complaints: cases, messages, and the books of what was received.",
                "license": {"name": "MIT", "identifier": "MIT"},
            },
            "servers": [{"url": f"{public_url}/api/v1"}],
            "security": [{"staff": []}],
            "paths": _paths(routes, schemas),
            "components": {
                "schemas": schemas.components,
                "securitySchemes": {
                    "staff": {"type": "http", "scheme": "bearer", "description": "The token of a staff entry."}
                },
            },
        }
    )


class _Schemas:
    """JSON schemas of all types the routes name."""

    def __init__(self, routes: Sequence[Route]) -> None:
        kinds = [Problem, *(kind for one in routes for kind in (one.answers, one.body, one.place, one.query) if kind)]
        unique = [kind for kind in dict.fromkeys(kinds) if kind is not bytes]
        found, self.components = msgspec.json.schema_components(unique, ref_template=_REFS)
        self._by_kind = dict(zip(unique, found, strict=True))

    def of(self, kind: Any) -> dict[str, Any]:  # noqa: ANN401 a type
        """The schema, a reference where it has a name."""
        return self._by_kind[kind]

    def parameters(self, kind: Any, where: str) -> list[dict[str, Any]]:  # noqa: ANN401 a type
        """A parameter for each field."""
        whole = self.components[_name(self._by_kind[kind])]
        required = whole.get("required", ())
        return [
            {"name": name, "in": where, "required": where == "path" or name in required, "schema": schema}
            for name, schema in whole["properties"].items()
        ]


def _paths(routes: Iterable[Route], schemas: _Schemas) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return paths


def _operation(route: Route, schemas: _Schemas) -> dict[str, Any]:
    parameters = [*schemas.parameters(route.place, "path"), *schemas.parameters(route.query, "query")]
    if route.idempotent:
        parameters.append(_KEY)
    made: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": parameters,
        "responses": _responses(route, schemas),
    }
    if route.roles is not None:
        made["description"] = f"For {' and '.join(sorted(route.roles))}."
    if route.body is not None:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": schemas.of(route.body)}}}
    return made


def _responses(route: Route, schemas: _Schemas) -> dict[str, Any]:
    problem = {CONTENT_TYPE: {"schema": schemas.of(Problem)}}
    statuses = sorted({*_ALWAYS, *route.errors, *(_WITH_BODY if route.body is not None else ())})
    good: dict[str, Any] = {route.media: {} if route.answers is bytes else {"schema": schemas.of(route.answers)}}
    return {
        str(route.status): {"description": "Done." if route.method == "POST" else "Found.", "content": good},
        **{str(one): {"description": HTTPStatus(one).phrase, "content": problem} for one in statuses},
    }


def _name(reference: dict[str, Any]) -> str:
    return str(reference["$ref"]).rpartition("/")[2]
