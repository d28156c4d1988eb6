from __future__ import annotations

import asyncio
import itertools
import os
import queue
import threading
from collections.abc import Iterator
from typing import Any

import hypothesis
import msgspec
import pytest
import schemathesis
from aiohttp import web
from openapi_spec_validator import OpenAPIV31SpecValidator

from treckk_gateway import Gateway, WalkIn
from treckk_gateway.server import subapp
from treckk_gateway.server.api.api import ROUTES
from treckk_gateway.server.api.bearer import OPERATOR
from treckk_gateway.server.api.facts import Facts
from treckk_gateway.server.api.openapi import document

TOKEN = "admin-token-0123456789abcdef"


def test_the_description_is_valid_and_names_every_route():
    facts = Facts(posts=("mako",), offices=(), schemes=("sms",), fields=("name",))
    described = msgspec.json.decode(document(ROUTES, "https://aduan.example.go.id", facts))

    OpenAPIV31SpecValidator(described).validate()

    named = {(method.upper(), path) for path, found in described["paths"].items() for method in found}
    assert named == {(one.method, one.path) for one in ROUTES}
    assert described["servers"] == [{"url": "https://aduan.example.go.id/api/v1"}]
    schemas = described["components"]["schemas"]
    assert schemas["WalkInBody"]["properties"]["post"]["anyOf"] == [{"enum": ["mako"]}, {"type": "null"}]
    assert schemas["StepBody"]["properties"]["office"]["anyOf"] == [{"type": "null"}]
    # Two types of one name would both be called by their module, and callers would read where our code lies.
    assert [name for name in schemas if "." in name] == []


async def test_it_is_served_without_a_token(served, client):
    async with client.get(f"{served}/api/v1/openapi.json") as answer:
        assert (answer.status, answer.content_type) == (200, "application/json")
        assert (await answer.json())["openapi"].startswith("3.1")


class Elsewhere(threading.Thread):
    """The real gateway, served from a thread of its own: schemathesis calls it from outside."""

    def __init__(self, settings) -> None:
        super().__init__()
        self.settings = settings
        self.address: queue.Queue[str | BaseException] = queue.Queue()
        self.end = threading.Event()

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as problem:  # noqa: BLE001 raised again where the tests wait
            self.address.put(problem)

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        async with Gateway.from_config(self.settings) as self.gateway:
            runner = web.AppRunner(subapp(self.gateway), access_log=None)
            await runner.setup()
            try:
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                self.address.put(f"http://127.0.0.1:{runner.addresses[0][1]}/api/v1")
                await asyncio.to_thread(self.end.wait)
            finally:
                await runner.cleanup()

    def new_case(self) -> str:
        """The reference of a case that nothing was done to yet."""
        opened = self.gateway.desk.open_walk_in(OPERATOR, WalkIn(text="Satu laporan, agar ada yang dilihat"))
        return asyncio.run_coroutine_threadsafe(opened, self.loop).result(60).reference


@pytest.fixture(scope="module")
def served_elsewhere(lasting_settings) -> Iterator[tuple[Elsewhere, Any]]:
    """The server, and what it says of itself; each test does its calls on a case of its own."""
    thread = Elsewhere(lasting_settings)
    thread.start()
    try:
        address = thread.address.get(timeout=60)
        if isinstance(address, BaseException):
            raise address
        schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
        schema.config.update(base_url=address)
        yield thread, schema
    finally:
        thread.end.set()
        thread.join(60)


number = itertools.count()

EXAMPLES = int(os.environ.get("EXAMPLES", "12"))
"""Requests of each kind; the same in each run. `EXAMPLES=200` tries more."""

CALLS = [
    pytest.param(one, known, id=f"{one.name}{'-known' if known else ''}")
    for one in ROUTES
    for known in (False, True)
    if not known or "reference" in one.path
]


@pytest.mark.parametrize(("route", "known"), CALLS)
def test_the_server_does_what_it_describes(served_elsewhere, route, known):
    server, schema = served_elsewhere
    reference = server.new_case()
    operation = schema[route.path][route.method]

    @hypothesis.given(case=operation.as_strategy())
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def conforms(case):
        if known:
            case.path_parameters["reference"] = reference
        if route.idempotent and (case.headers or {}).get("Idempotency-Key"):
            # A key used for something else is refused, so each call has one of its own.
            case.headers["Idempotency-Key"] = f"key-{next(number)}"
        case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}"})

    conforms()
