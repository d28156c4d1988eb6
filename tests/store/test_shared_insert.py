"""Many requests kept by one statement are kept as each would be alone."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from treckk_gateway.store.orders import NewItem, NewRequest
from treckk_gateway.store.sql.inbox import accept
from treckk_gateway.store.sqlite.connection import migrate, open_writer
from treckk_gateway.store.sqlite.receiving import accept_together


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    opened = open_writer(tmp_path_factory.mktemp("store") / "treckk.db")
    migrate(opened)
    yield opened
    opened.close()


def request(key="a", *, channel="wa", kind="message", item=0, day="20000", claimed=None, parked=None, at=7):
    one = NewItem(dedupe_key=key, kind=kind, lane=key.encode() * 16, item=item, claimed_at=claimed)
    return NewRequest(
        channel_id=channel, items=(one,), raw=key.encode() * 40, key_day=day, received_at=at, parked=parked
    )


REQUESTS = st.builds(
    request,
    key=st.sampled_from("abcdef"),
    channel=st.sampled_from(["wa", "wa", "wa", "sms"]),
    kind=st.sampled_from(["message", "message", "message", "receipt"]),
    item=st.sampled_from([0, 0, 0, 1]),
    day=st.sampled_from(["20000", "20000", "20000", "20001"]),
    claimed=st.sampled_from([None, None, None, 5]),
    parked=st.sampled_from([None, None, None, "no sender"]),
    at=st.integers(1, 2**60),
)


def kept(connection) -> list[tuple[object, ...]]:
    rows = connection.execute("SELECT * FROM inbox ORDER BY id").fetchall()
    connection.execute("DELETE FROM inbox")
    return [row[1:] for row in rows]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=st.lists(REQUESTS, min_size=1, max_size=12), before=st.lists(REQUESTS, max_size=2))
@example(requests=[request(one, at=9) for one in "abcdef"], before=[])
@example(requests=[request(one) for one in "abcab"], before=[request("b")])
def test_together_is_as_one_by_one(connection, requests, before):
    alone = [accept(connection, one) for one in [*before, *requests]][len(before) :]
    one_by_one = kept(connection)
    for one in before:
        accept(connection, one)

    assert list(accept_together.at_once(connection, requests)) == alone
    assert kept(connection) == one_by_one
