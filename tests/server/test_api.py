from __future__ import annotations

import asyncio
import time
from datetime import datetime

import msgspec
import pytest

from treckk_gateway.server import subapp
from treckk_gateway.server.api import api

STAFF = ("admin", "leadership", "team", "holder", "duty")


async def ask(client, served, method, path, headers=None, **kwargs):
    async with client.request(method, f"{served}/api/v1{path}", headers=headers, **kwargs) as answer:
        told = await answer.read()
        return answer, msgspec.json.decode(told) if told else None


async def walk_in(client, served, headers, text="Pedagang menutup trotoar di depan pasar", **more):
    answer, told = await ask(client, served, "POST", "/cases", headers, json={"text": text, **more})
    assert answer.status == 201, told
    return told


@pytest.fixture
async def bare(listener, start):
    """The API over a gateway that only listens: for calls that are refused before they reach it."""
    return str((await start(subapp(listener))).make_url("")).rstrip("/")


def is_problem(answer, told, status, code=None):
    assert answer.status == status, told
    assert answer.content_type == "application/problem+json"
    assert told["status"] == status
    assert told["title"]
    assert told["type"].startswith("urn:treckk:problem:")
    assert code is None or told["type"].endswith(f":{code}")
    return True


@pytest.mark.parametrize(
    "header",
    [
        None, "", "Bearer", "Bearer ", "Bearer short", "Bearer admin-token-0123456789abcdeF", "Basic YTpi",
        "Bearer admin-token-0123456789abcdef extra", "admin-token-0123456789abcdef", "Bearer " + "a" * 600,
        "Bearer \xe9" * 3,
    ],
)  # fmt: skip
async def test_nobody_without_a_token_of_ours_gets_in(bare, client, header):
    headers = {} if header is None else {"Authorization": header}
    for method, path in [("GET", "/cases"), ("POST", "/cases"), ("GET", "/counters"), ("POST", "/parked/1/replay")]:
        answer, told = await ask(client, bare, method, path, headers)
        assert is_problem(answer, told, 401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer realm=")


@pytest.mark.parametrize(
    ("token", "told"),
    [("rahasia", "16 to 512"), ("kata sandi saya!", "16 to 512"), ("admin-token-0123456789abcdeF", "nobody")],
)
async def test_what_can_be_no_token_is_told_from_one_that_is_nobodys(bare, client, token, told):
    _, problem = await ask(client, bare, "GET", "/cases", {"Authorization": f"Bearer {token}"})
    assert told in problem["detail"]
    assert token not in problem["detail"]


async def test_a_doubled_token_proves_nothing(bare, client, bearing):
    headers = [*bearing("admin").items(), *bearing("admin").items()]
    answer, told = await ask(client, bare, "GET", "/cases", headers)
    assert is_problem(answer, told, 401)


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("path", ["/counters", "/parked", "/dead-letters"])
async def test_the_books_are_for_admin_and_leadership(served, client, bearing, role, path):
    answer, told = await ask(client, served, "GET", path, bearing(role))

    if role in {"admin", "leadership"}:
        assert answer.status == 200
    else:
        assert is_problem(answer, told, 403, "not_allowed")
        assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("role", STAFF)
async def test_every_role_may_list_cases(served, client, bearing, role):
    answer, told = await ask(client, served, "GET", "/cases", bearing(role))
    assert answer.status == 200
    assert told == {"items": [], "next_cursor": None}


async def test_every_answer_carries_the_headers_of_an_api(served, client, bearing):
    for method, path in [("GET", "/cases"), ("GET", "/nowhere"), ("PUT", "/cases"), ("GET", "/openapi.json")]:
        answer, _ = await ask(client, served, method, path, bearing("admin"))
        assert {name: answer.headers[name] for name in api.HEADERS} == api.HEADERS


async def test_unknown_paths_and_methods_are_problems_too(served, client, bearing):
    answer, told = await ask(client, served, "GET", "/nowhere", bearing("admin"))
    assert is_problem(answer, told, 404, "not_found")
    answer, told = await ask(client, served, "DELETE", "/cases", bearing("admin"))
    assert is_problem(answer, told, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET,POST"


async def test_a_walk_in_becomes_a_case_that_can_be_read_and_moved(served, client, bearing):
    admin = bearing("admin")
    case = await walk_in(client, served, admin, name="Budi", place="Pasar Contoh", post="paringin")

    assert case["reference"].startswith("TRK-")
    assert (case["state"], case["channel_id"], case["post"]) == ("received", "walk_in", "paringin")
    assert datetime.fromisoformat(case["opened_at"]).utcoffset().total_seconds() == 0
    assert "case_id" not in case

    path = f"/cases/{case['reference']}"
    answer, detail = await ask(client, served, "GET", path, admin)
    assert answer.status == 200
    assert detail["messages"][0]["direction"] == "in"
    assert detail["messages"][0]["text"].startswith("Pedagang")
    assert "Budi" not in str(detail)
    answer, who = await ask(client, served, "POST", f"{path}/identities", admin, json={"reason": "menelepon kembali"})
    assert (answer.status, who["items"][0]["name"]) == (200, "Budi")

    answer, steps = await ask(client, served, "GET", f"{path}/transitions", admin)
    assert "under_review" in [one["to"] for one in steps["items"]]
    answer, moved = await ask(client, served, "POST", f"{path}/transitions", admin, json={"to": "under_review"})
    assert (answer.status, moved["state"]) == (200, "under_review")
    assert moved["version"] > case["version"]


async def test_steps_that_cannot_be_say_why(served, client, bearing):
    case = await walk_in(client, served, bearing("admin"))
    path = f"/cases/{case['reference']}/transitions"

    answer, told = await ask(client, served, "POST", path, bearing("admin"), json={"to": "closed"})
    assert is_problem(answer, told, 409, "illegal_transition")
    answer, told = await ask(client, served, "POST", path, bearing("leadership"), json={"to": "under_review"})
    assert is_problem(answer, told, 403, "not_allowed")
    answer, told = await ask(client, served, "POST", path, bearing("admin"), json={"to": "needs_info"})
    assert is_problem(answer, told, 422, "incomplete")
    assert told["missing"] == ["missing"]
    answer, told = await ask(
        client, served, "POST", "/cases/TRK-9999-00001/transitions", bearing("admin"), json={"to": "closed"}
    )
    assert is_problem(answer, told, 404, "not_found")


async def test_notes_and_messages_need_a_case_and_a_reporter(served, client, bearing):
    case = await walk_in(client, served, bearing("admin"))
    path = f"/cases/{case['reference']}"

    answer, noted = await ask(client, served, "POST", f"{path}/notes", bearing("admin"), json={"text": "sudah dicek"})
    assert (answer.status, noted["reference"]) == (200, case["reference"])
    answer, told = await ask(client, served, "POST", f"{path}/messages", bearing("admin"), json={"text": "halo"})
    assert is_problem(answer, told, 409, "incomplete")
    answer, told = await ask(client, served, "POST", f"{path}/confirmation", bearing("leadership"), json={})
    assert is_problem(answer, told, 409, "incomplete")


@pytest.mark.parametrize(
    ("body", "headers", "status", "words"),
    [
        (b'{"text": "ok", "texxt": 1}', {}, 422, "texxt"),
        (b'{"text": 7}', {}, 422, "text"),
        (b"{}", {}, 422, "text"),
        (b'{"text": "   "}', {}, 422, "text"),
        (b'{"text": "a", "reply_to": "0812"}', {}, 422, "reply_to"),
        (b'{"text": ', {}, 400, "JSON"),
        (b"", {}, 400, "JSON"),
        (b"\xff\xfe", {}, 400, "JSON"),
        (b"[" * 60000, {}, 422, "object"),
        (b'{"text": "a"}', {"Content-Type": "text/plain"}, 415, "application/json"),
        (b'{"text": "' + b"a" * 70_000 + b'"}', {}, 413, "large"),
        (b'{"text": "a"}', {"Idempotency-Key": "with blank"}, 422, "key"),
        (b'{"text": "a"}', {"Idempotency-Key": "k" * 129}, 422, "key"),
    ],
)
async def test_bodies_are_read_strictly(bare, client, bearing, body, headers, status, words):
    sent = {"Content-Type": "application/json", **bearing("admin"), **headers}
    answer, told = await ask(client, bare, "POST", "/cases", sent, data=body)
    assert is_problem(answer, told, status)
    assert words in told["detail"]


@pytest.mark.parametrize(
    "query",
    ["?state=gone", "?limit=0", "?limit=x", "?limit=201", "?cursor=a", "?sate=x", "?post=a&post=b", "?q=" + 201 * "a"],
)  # fmt: skip
async def test_queries_are_read_strictly(bare, client, bearing, query):
    answer, told = await ask(client, bare, "GET", f"/cases{query}", bearing("admin"))
    assert is_problem(answer, told, 422)


@pytest.mark.parametrize(
    "path", ["/cases/..%2Fx", "/cases/%00", "/parked/0/replay", "/parked/99999999999999999999/replay"]
)
async def test_names_that_cannot_be_are_not_found(bare, client, bearing, path):
    answer, told = await ask(client, bare, "POST" if "replay" in path else "GET", path, bearing("admin"))
    assert is_problem(answer, told, 404, "not_found")


async def test_the_same_idempotency_key_gives_the_same_case(served, client, bearing):
    headers = {**bearing("admin"), "Idempotency-Key": "kiosk-7/0001"}

    async def once():
        return await ask(client, served, "POST", "/cases", headers, json={"text": "Kerumunan di lapangan desa"})

    done = await asyncio.gather(*(once() for _ in range(5)))
    assert {answer.status for answer, _ in done} == {201}
    assert len({told["reference"] for _, told in done}) == 1
    _, page = await ask(client, served, "GET", "/cases", bearing("admin"))
    assert len(page["items"]) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "Kerumunan", "name": "Budi", "place": "pasar", "post": "paringin"}, 201),
        ({"text": "Keributan", "name": "Budi", "place": "pasar", "post": "paringin"}, 422),
        ({"text": "Kerumunan", "name": "Siti", "place": "pasar", "post": "paringin"}, 422),
        ({"text": "Kerumunan", "name": "Budi", "place": "terminal", "post": "paringin"}, 422),
        ({"text": "Kerumunan", "name": "Budi", "place": "pasar", "post": "juai"}, 422),
        ({"text": "Kerumunan", "name": "Budi", "place": "pasar", "post": "paringin", "patrol": True}, 422),
    ],
)
async def test_an_idempotency_key_stands_for_one_complaint(served, client, bearing, body, status):
    headers = {**bearing("admin"), "Idempotency-Key": "kiosk-7/0002"}
    first = {"text": "Kerumunan", "name": "Budi", "place": "pasar", "post": "paringin"}
    _, opened = await ask(client, served, "POST", "/cases", headers, json=first)
    answer, told = await ask(client, served, "POST", "/cases", headers, json=body)
    assert answer.status == status
    if status == 201:
        assert told["reference"] == opened["reference"]
    else:
        assert is_problem(answer, told, 422)
        assert told["type"].endswith("idempotency_key")
    _, page = await ask(client, served, "GET", "/cases", bearing("admin"))
    assert len(page["items"]) == 1


async def test_pages_hold_every_case_once_newest_first(served, client, bearing):
    made = [(await walk_in(client, served, bearing("admin"), f"Laporan nomor {n}"))["reference"] for n in range(7)]

    seen, cursor = [], None
    while True:
        query = "?limit=3" + (f"&cursor={cursor}" if cursor else "")
        _, page = await ask(client, served, "GET", f"/cases{query}", bearing("admin"))
        assert len(page["items"]) <= 3
        seen += [one["reference"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == made[::-1]
    _, found = await ask(client, served, "GET", f"/cases?q={made[2]}", bearing("admin"))
    assert [one["reference"] for one in found["items"]] == [made[2]]
    answer, told = await ask(client, served, "GET", "/cases?post=nowhere", bearing("admin"))
    assert is_problem(answer, told, 422, "query")
    _, none = await ask(client, served, "GET", "/cases?state=closed&post=mako", bearing("admin"))
    assert none["items"] == []


async def test_a_search_that_is_no_address_is_no_fault(served, client, bearing):
    for q in (":", "a:", "x:y", "whatsapp:", "%25", "'; --"):
        answer, told = await ask(client, served, "GET", "/cases", bearing("admin"), params={"q": q})
        assert answer.status in {200, 422}, told


async def test_cases_are_found_by_the_names_of_places(served, client, bearing):
    made = await walk_in(client, served, bearing("admin"), "Pohon tumbang")
    placed, _ = await ask(
        client, served, "POST", f"/cases/{made['reference']}/place", bearing("admin"), json={"district": "63.11.01"}
    )
    assert placed.status == 200

    for q, count in (("Juai", 1), ("kecamatan juai", 1), ("Halong", 0), (f"juai {made['reference'].lower()}", 1)):
        _, page = await ask(client, served, "GET", "/cases", bearing("admin"), params={"q": q})
        assert len(page["items"]) == count, q


async def test_what_is_parked_is_listed_and_replayed_once(served, client, bearing, signed):
    body = b'{"type": "complaint.created", "data": {}}'
    async with client.post(f"{served}/channels/portal", data=body, headers=signed("m-1", time.time(), body)) as answer:
        assert answer.status == 200
    _, page = await ask(client, served, "GET", "/parked", bearing("admin"))
    one = page["items"][0]
    assert one["channel_id"] == "portal"
    assert one["reason"]
    _, books = await ask(client, served, "GET", "/counters", bearing("admin"))
    assert (books["received"], books["parked"]) == (1, 1)

    answer, told = await ask(client, served, "POST", f"/parked/{one['id']}/replay", bearing("admin"))
    assert (answer.status, told) == (200, {"replayed": True})
    answer, told = await ask(client, served, "POST", "/parked/12345/replay", bearing("admin"))
    assert (answer.status, told) == (200, {"replayed": False})
    answer, told = await ask(client, served, "POST", "/dead-letters/12345/replay", bearing("leadership"))
    assert (answer.status, told) == (200, {"replayed": False})


async def test_a_fault_of_ours_is_a_bare_500(listener, start, client, bearing):
    async def counters():
        raise RuntimeError("words of a citizen")

    listener.counters = counters
    server = await start(subapp(listener))
    served = str(server.make_url("")).rstrip("/")
    answer, told = await ask(client, served, "GET", "/counters", bearing("admin"))
    assert is_problem(answer, told, 500, "internal")
    assert "citizen" not in str(told)
