from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.channel import MediaSource
from treckk_gateway.errors import MediaRefused
from treckk_gateway.inbound.destinations import PublicResolver, check, is_public

HOSTS = ("files.example.org", "twiliocdn.example")
SOURCE = MediaSource(url="https://files.example.org/a", hosts=HOSTS, origin="http://127.0.0.1:8090")

REFUSED = [
    "http://files.example.org/a",
    "ftp://files.example.org/a",
    "file:///etc/passwd",
    "gopher://files.example.org/",
    "data:text/plain,x",
    "//files.example.org/a",
    "/a",
    "",
    "https://",
    "https:///a",
    "https://files.example.org:22/a",
    "https://files.example.org:8443/a",
    "https://files.example.org:99999/a",
    "https://user@files.example.org/a",
    "https://user:pass@files.example.org/a",
    "https://files.example.org@evil.example/a",
    "https://evil.example/files.example.org",
    "https://files.example.org.evil.example/a",
    "https://evilfiles.example.org/a",
    "https://files.example.org\\@evil.example/a",
    "https://files.example.org\\.evil.example/a",
    "https://files.example.org\t.evil.example/a",
    "https://files.example.org /a",
    "https://files.example.org\n/a",
    "https://f\u0131les.example.org/a",
    "https://xn--fles-gza.example.org.evil.example/a",
    "https://localhost/a",
    "https://127.0.0.1/a",
    "https://127.1/a",
    "https://2130706433/a",
    "https://0x7f000001/a",
    "https://0177.0.0.1/a",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/a",
    "https://[::ffff:127.0.0.1]/a",
    "https://[::ffff:169.254.169.254]/a",
    "https://[64:ff9b::a9fe:a9fe]/a",
    "https://[2002:7f00:1::]/a",
    "https://[fe80::1]/a",
    "https://[fe80::1%25eth0]/a",
    "https://[fd00::1]/a",
    "https://[::]/a",
    "https://0.0.0.0/a",
    "https://10.0.0.1/a",
    "https://100.64.0.1/a",
    "https://172.16.0.1/a",
    "https://192.168.0.1/a",
    "https://224.0.0.1/a",
    "https://8.8.8.8/a",
    "http://127.0.0.1:8091/a",
    "https://127.0.0.1:8090/a",
    "http://localhost:8090/a",
    "https://metadata.google.internal/a",
    "https://files.example.org/" + "a" * 3000,
]


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_of_anywhere_else_is_refused(url):
    with pytest.raises(MediaRefused) as caught:
        check(url, SOURCE, hosts=HOSTS)
    assert "example" not in str(caught.value)
    assert "127" not in str(caught.value)


def test_there_are_enough_of_them():
    assert len(REFUSED) >= 40


@pytest.mark.parametrize(
    "url",
    [
        "https://files.example.org/a",
        "https://FILES.example.org/a?b=c",
        "https://files.example.org:443/a",
        "https://cdn.twiliocdn.example/x/y",
        "http://127.0.0.1:8090/2010-04-01/a",
    ],
)
def test_an_address_of_the_provider_or_of_the_operator_may_be_asked(url):
    assert check(url, SOURCE, hosts=HOSTS).hostname


PRIVATE = [
    "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255",
    "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::",
    "2002:a9fe:a9fe::", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip


@pytest.mark.parametrize("address", [*PRIVATE, "0.0.0.0"])  # noqa: S104 nothing is bound
def test_an_address_inside_is_not_public(address):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "103.10.1.1", "2606:4700::1111", "2404:6800:4003::200e"])
def test_an_address_of_the_open_internet_is(address):
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4).filter(lambda one: not is_public(one)))
def test_no_form_of_an_inner_address_is_public(inner):
    number = int(inner)

    for hidden in (0xFFFF << 32 | number, number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert not is_public(ipaddress.IPv6Address(hidden))


class Answers:
    def __init__(self, *hosts):
        self.hosts = hosts

    async def resolve(self, host, port=0, family=0):
        return [
            {"hostname": host, "host": one, "port": port, "family": family, "proto": 0, "flags": 0}
            for one in self.hosts
        ]

    async def close(self):
        pass


@pytest.mark.parametrize("hosts", [("127.0.0.1",), ("8.8.8.8", "10.0.0.1"), ("::1",), ()])
async def test_a_name_that_leads_inside_is_refused(hosts):
    with pytest.raises(MediaRefused):
        await PublicResolver(Answers(*hosts)).resolve("files.example.org", 443)


async def test_what_was_checked_is_what_is_connected_to():
    [found] = await PublicResolver(Answers("8.8.8.8")).resolve("files.example.org", 443)
    assert found["host"] == "8.8.8.8"
