"""The door: what is genuine passes, whatever stands beside the proof; what is not is refused in one way only."""
# ruff: noqa: S101 asserts are what a judgement is made of

from __future__ import annotations

from collections.abc import Iterator

from treckk_gateway.channel import Accepted, Channel, WebhookRequest
from treckk_gateway.errors import SignatureError
from treckk_gateway.testing.judging.samples import Sample

_FOREIGN = {
    "X-Forwarded-Host": "kit-evil.example",
    "X-Forwarded-Proto": "gopher",
    "Forwarded": "host=kit-evil.example;proto=gopher",
    "X-Original-URL": "/kit/evil",
    "Host": "10.0.0.1:8080",
    "Date": "Thu, 01 Jan 1998 00:00:00 GMT",
    "User-Agent": "kit/2",
    "X-Kit-Attempt": "2",
}


async def verify(channel: Channel, request: WebhookRequest) -> None:
    """Verify, whether that is a coroutine or not."""
    waiting = channel.verify(request)
    if waiting is not None:
        await waiting


async def refused(channel: Channel, request: WebhookRequest, what: str) -> None:
    """`verify` raises `SignatureError` and nothing else."""
    try:
        await verify(channel, request)
    except SignatureError:
        return
    except Exception as problem:
        raise AssertionError(f"{what}: verify raised {type(problem).__name__}, not SignatureError") from problem
    raise AssertionError(f"{what}: verify took it as genuine")


def passed_on(request: WebhookRequest) -> Iterator[tuple[str, WebhookRequest]]:
    """The same request as a proxy or a second attempt would bring it: other letter case, more headers."""
    pairs = list(request.headers.items())
    for what, spelling in (("lower", str.lower), ("upper", str.upper)):
        again = [(spelling(name), value) for name, value in pairs]
        yield f"headers in {what} case", WebhookRequest.of(request.method, request.url, again, request.body)
    more = [(name, value) for name, value in _FOREIGN.items() if name not in request.headers]
    yield "headers of a proxy", WebhookRequest.of(request.method, request.url, [*more, *pairs], request.body)


async def unmoved(channel: Channel, sample: Sample, *, signed: bool) -> None:
    """The request means the same however it was passed on."""
    found = list(channel.parse(sample.request))
    for what, request in passed_on(sample.request):
        if signed:
            try:
                await verify(channel, request)
            except SignatureError:
                raise AssertionError(f"{sample.name}, {what}: a genuine request was refused") from None
        assert list(channel.parse(request)) == found, f"{sample.name}, {what}: parsed to something else"


def acknowledged(channel: Channel, sample: Sample) -> None:
    """What was kept is answered 2xx, and a duplicate like the first."""
    for accepted in (Accepted(new=1), Accepted(), Accepted(duplicate=1), Accepted(parked="nonsense")):
        status = channel.acknowledge(sample.request, accepted).status
        assert status // 100 == 2, f"{sample.name}: kept, yet answered {status}"  # noqa: PLR2004 the class of answers
    first, again = (channel.acknowledge(sample.request, one) for one in (Accepted(new=1), Accepted(duplicate=1)))
    assert first == again, f"{sample.name}: a duplicate is answered differently"
