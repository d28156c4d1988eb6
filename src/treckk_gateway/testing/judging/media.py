"""Files that lie with the provider: each has an address, and credentials go nowhere else."""
# ruff: noqa: S101 asserts are what a judgement is made of

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from treckk_gateway.channel import Channel, MediaHolding, MediaSource
from treckk_gateway.errors import MediaError, PayloadError

_EVIL = "kit-evil.example"
_BENT = (
    f"https://{_EVIL}/x", f"http://{_EVIL}/x", f"//{_EVIL}/x", f"@{_EVIL}/x", f".{_EVIL}/x", f":x@{_EVIL}/x",
    f"\\\\{_EVIL}/x", f"https:{_EVIL}/x", "file:///etc/passwd", "../../../x", "\r\nX-Kit: 1", "\x00", "\ud800", " ",
)  # fmt: skip


def fetchable(channel: Channel, refs: Iterable[str]) -> None:
    """Each file left with the provider has an address, and credentials go to named hosts only."""
    assert isinstance(channel, MediaHolding), "an attachment has a ref, so there is media_source"
    for ref in refs:
        source = channel.media_source(ref)
        assert source.url.startswith(("https://", "http://")), "media_source gives an http(s) address"
        assert source.hosts or not source.headers, "credentials go to named hosts only"
        assert _own(source) or not source.headers, "credentials go to a host of `hosts`, and the address is elsewhere"


def forged_refs(channel: Channel, refs: Iterable[str], secrets: Sequence[str]) -> None:
    """A reference that leads elsewhere is refused, or has neither our credentials nor a host that may be asked."""
    assert isinstance(channel, MediaHolding)
    whole = [ref.replace(urlsplit(ref).netloc, _EVIL, 1) for ref in refs if urlsplit(ref).netloc]
    for ref in (*_BENT, *whole):
        try:
            source = channel.media_source(ref)
        except (PayloadError, MediaError):
            continue
        except Exception as problem:
            raise AssertionError(f"media_source raised {type(problem).__name__}, not PayloadError") from problem
        carried = [*source.headers.values(), source.url]
        shown = bool(source.headers) or any(secret in one for secret in secrets for one in carried)
        assert _own(source) or not shown, f"{ref!r:.40}: our credentials would go to another host"
        assert not any(_under(_EVIL, host) for host in source.hosts), f"{ref!r:.40}: names the hosts that may be asked"


def _own(source: MediaSource) -> bool:
    try:
        host = urlsplit(source.url).hostname or ""
    except ValueError:
        return False
    return any(_under(host, one) for one in source.hosts)


def _under(host: str, suffix: str) -> bool:
    return host == suffix or host.endswith(f".{suffix}")
