"""What is recognized by its head is what aiohttp's parser reads, or it is not recognized."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser, HttpVersion11
from hypothesis import example, given, settings
from hypothesis import strategies as st

from treckk_gateway.server import plain

USUAL = (
    b"POST /channels/wa?delivery=01&x=%C3%A9 HTTP/1.1\r\nHost: aduan.example\r\nconnection: Keep-Alive\r\n"
    b"X-Twilio-Signature: abc=\r\nX-Any: z\r\ncontent-length: 5\r\nUser-Agent: TwilioProxy/1.1\r\n\r\na=1&b"
)
MORE = USUAL.replace(b"\r\n\r\n", b"\r\nA: c\r\n\r\n")
OTHER = (
    b"POST /channels/wa HTTP/1.1\r\nHost: [::1]:80\r\nconnection: Keep-Alive\r\n"
    b'X-Twilio-Signature: b= c\r\nX-Any: "\r\ncontent-length: 7\r\nUser-Agent: -\r\n\r\na=1&b=2'
)
SPECIAL = [
    b"\r\nContent-Encoding: gzip", b"\r\nExpect: 100-continue", b"\r\nUpgrade: h2c", b"\r\nTE: trailers",
    b"\r\nProxy-Connection: close", b"\r\nX-Any: twice",
]  # fmt: skip
PUTS = [b"", b"\r", b"\n", b"\r\n", b" ", b"\t", b"\0", b":", b"\x0b", b"\x85", b"\xff", b"#", b"?", b'"', b"0", b"-", b"+",
        b"\r\n ", b"\r\nA: b", b"\r\nContent-Length: 5", b"\r\nContent-Length : 5", b"\r\nTransfer-Encoding: chunked",
        b"\r\ntransfer-encoding:identity", b"\r\nExpect: 100-continue", b"\r\nUpgrade: h2c", b"\r\nConnection: close",
        b"\r\nContent-Encoding: gzip", b"\r\nHost: b", b"\r\n\r\n", b"{", b"HTTP/1.0", b"http://x", b"GET"]  # fmt: skip
CHANGES = st.lists(st.tuples(st.integers(0, len(USUAL)), st.integers(0, 2), st.sampled_from(PUTS)), max_size=4)
ENDS = st.lists(st.sampled_from(PUTS), max_size=2)


def parsed(data: bytes):
    """As aiohttp's parser reads all of it: one whole message that asks for nothing more."""
    loop = asyncio.new_event_loop()
    try:
        requests = HttpRequestParser(BaseProtocol(loop), loop, 2**16, auto_decompress=False)
        messages, upgraded, tail = requests.feed_data(data)
        assert (len(messages), upgraded, tail) == (1, False, b"")
        message, body = messages[0]
        assert body.is_eof()
        return message, body.read_nowait(-1)
    finally:
        loop.close()


def taught(*examples: bytes) -> plain.Heads:
    heads = plain.Heads()
    for one in examples:
        heads.learn(parsed(one)[0])
    return heads


def changed(data: bytes, changes, headers=()) -> bytes:
    for place, cut, put in changes:
        data = data[:place] + put + data[place + cut :]
    head, mark, body = data.partition(b"\r\n\r\n")
    return head + b"".join(headers) + mark + body


@settings(max_examples=400, deadline=None)
@given(changes=CHANGES, headers=ENDS)
@example(changes=[], headers=[])
@example(changes=[(USUAL.index(b": 5"), 3, b": 05")], headers=[])
@example(changes=[(USUAL.index(b"\r\nHost"), 0, b" ")], headers=[])
def test_what_is_recognized_aiohttp_reads_in_the_same_way(changes, headers):
    data = changed(USUAL, changes, headers)

    found = taught(USUAL, MORE).recognize(data)

    if found is not None:
        message, body = parsed(data)
        assert message.version == HttpVersion11
        assert not any((message.should_close, message.upgrade, message.chunked, message.compression))
        assert (message.method, message.path, body) == ("POST", found[0], found[2])
        assert list(message.headers.items()) == list(found[1].items())


def test_another_request_with_the_same_head_is_recognized():
    found = taught(USUAL).recognize(OTHER)

    assert found is not None
    target, headers, body = found
    assert (target, body) == ("/channels/wa", b"a=1&b=2")
    assert list(headers.items()) == list(parsed(OTHER)[0].headers.items())
    assert headers.getall("x-twilio-signature") == ["b= c"]


@pytest.mark.parametrize("more", [one for one in PUTS if one.startswith(b"\r\n")])
def test_another_head_is_not_recognized(more):
    head, mark, body = USUAL.partition(b"\r\n\r\n")

    assert taught(USUAL).recognize(head + more + mark + body) is None


@pytest.mark.parametrize("more", SPECIAL)
def test_a_head_that_changes_how_a_message_is_read_is_not_learned(more):
    head, mark, body = USUAL.partition(b"\r\n\r\n")
    special = head + more + mark + body

    assert taught(special).recognize(special) is None


def test_more_or_less_than_the_body_is_not_recognized():
    heads = taught(USUAL)

    assert heads.recognize(USUAL + b"&") is None
    assert heads.recognize(USUAL[:-1]) is None
    assert heads.recognize(USUAL + USUAL) is None


def test_the_same_head_is_known_once_and_the_oldest_goes():
    examples = [changed(USUAL, [], [b"\r\nX-%d: a" % number]) for number in range(9)]

    heads = taught(*examples, *examples[1:])

    assert [heads.recognize(one) is not None for one in examples] == [False] + [True] * 8
