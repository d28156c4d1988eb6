from __future__ import annotations

import inspect
import pickle
import sys
import types
from importlib import metadata
from importlib.metadata import EntryPoint

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.channel import (
    Accepted,
    Channel,
    Envelope,
    WebhookRequest,
    WebhookResponse,
    outcome,
    registry,
)
from treckk_gateway.channel.options import read_options
from treckk_gateway.errors import AdapterError, ConfigError, NotTaken, Rejected, Scope, SendError, Uncertain
from treckk_gateway.model import Secret
from treckk_gateway.testing import MemoryChannel

URL = "https://gateway.example.org/channels/desk?a=1&a=%20"
NOW = 1_795_500_000.0


# Registry


@pytest.fixture
def adapters(monkeypatch):
    """Entry points as if installed: name to what they name."""
    found = {}

    def entry_points(group):
        assert group == "treckk_gateway.adapters"
        return [EntryPoint(name, value, group) for name, value in found.items()]

    monkeypatch.setattr(registry, "entry_points", entry_points)
    return found


def test_the_bundled_adapters_are_installed_by_name():
    assert {"twilio", "email", "web"} <= set(registry.installed())


def test_packages_are_looked_through_once_and_anew_where_others_are_in_reach(tmp_path, monkeypatch):
    info = tmp_path / "treckk_memory-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: treckk-memory\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\nmemory = treckk_gateway.testing.fakes:MemoryChannel\n")
    assert "memory" not in registry.installed()
    monkeypatch.syspath_prepend(tmp_path)
    assert registry.load("memory") is MemoryChannel

    looked = []
    monkeypatch.setattr(metadata, "entry_points", lambda group: looked.append(group))
    assert registry.load("memory") is MemoryChannel
    assert looked == []


def test_an_adapter_is_loaded_by_name(adapters):
    adapters["memory"] = "treckk_gateway.testing.fakes:MemoryChannel"

    assert registry.load("memory") is MemoryChannel


def test_an_unknown_adapter_is_refused_and_the_known_ones_are_named(adapters):
    adapters |= {"memory": "x:y", "acme": "x:y"}

    with pytest.raises(AdapterError, match="no adapter 'pigeon' is installed; installed are: acme, memory"):
        registry.load("pigeon")


def test_without_any_adapter_the_refusal_says_so(adapters):
    with pytest.raises(AdapterError, match="installed are: none"):
        registry.load("pigeon")


@pytest.mark.parametrize(
    "value", ["no_such_module:Channel", "treckk_gateway.testing.fakes:NoSuchName", "broken_adapter:Channel"]
)
def test_a_broken_adapter_is_named_and_the_others_stay_usable(adapters, monkeypatch, tmp_path, value):
    (tmp_path / "broken_adapter.py").write_text("raise RuntimeError('half installed')")
    monkeypatch.syspath_prepend(tmp_path)
    adapters |= {"acme": value, "memory": "treckk_gateway.testing.fakes:MemoryChannel"}

    with pytest.raises(AdapterError, match=f"'acme' .{value}. cannot be imported"):
        registry.load("acme")
    assert registry.load("memory") is MemoryChannel


def test_a_name_that_two_packages_claim_is_refused(monkeypatch):
    values = ["treckk_gateway.testing.fakes:MemoryChannel", "another_package:Memory"]
    monkeypatch.setattr(
        registry, "entry_points", lambda group: [EntryPoint("memory", value, group) for value in values]
    )

    with pytest.raises(AdapterError, match="'memory' is claimed by several: another_package:Memory, treckk_gateway"):
        registry.load("memory")
    assert list(registry.broken()) == ["memory"]


def test_all_broken_adapters_are_found_beside_the_good_ones(adapters):
    adapters |= {"acme": "no_such_module:Channel", "memory": "treckk_gateway.testing.fakes:MemoryChannel"}

    [(name, reason)] = registry.broken().items()

    assert name == "acme"
    assert "no_such_module" in reason


@pytest.mark.parametrize("thing", [object, len, "text", MemoryChannel.named()])
def test_what_is_no_channel_class_is_refused(adapters, monkeypatch, thing):
    module = types.ModuleType("odd_adapter")
    module.thing = thing
    monkeypatch.setitem(sys.modules, "odd_adapter", module)
    adapters["odd"] = "odd_adapter:thing"

    with pytest.raises(AdapterError, match=r"'odd' .* is not a treckk_gateway\.channel\.Channel"):
        registry.load("odd")


# Contract


def test_a_channel_must_say_how_it_verifies():
    class Forgetful(Channel):
        kind = "forgetful"

        def parse(self, _request):
            return ()

        async def send(self, _message):
            raise NotTaken("no", "no")

    with pytest.raises(TypeError, match="verify"):
        Forgetful()


async def test_what_a_channel_need_not_say_has_a_default():
    class Least(Channel):
        kind = "least"

        def __init__(self, options, context):
            self.made_of = (options, context)

        def verify(self, _request):
            return None

        def parse(self, _request):
            return ()

        async def send(self, _message):
            raise NotTaken("no", "no")

    channel = Least.from_settings("options", "context")
    request = WebhookRequest.of("POST", URL, (), b"body")

    assert channel.made_of == ("options", "context")
    assert channel.acknowledge(request, Accepted(new=1)) == WebhookResponse(200, b"", "text/plain")
    assert channel.envelope(request) == channel.envelope(request.keeping(()))
    assert channel.envelope(request) != channel.envelope(attrs.evolve(request, body=b"other"))
    assert isinstance(channel.envelope(request), Envelope)
    await channel.open()
    await channel.close()


def test_the_contract_is_two_attributes_and_three_methods():
    assert Channel.__abstractmethods__ == {"verify", "parse", "send"}
    assert inspect.iscoroutinefunction(Channel.send)


# Options


@attrs.frozen(kw_only=True)
class Options:
    token: Secret
    spare: tuple[Secret, ...] = ()
    maybe: Secret | None = None
    sender: str = "desk"
    seconds: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))


def read(table, base):
    return read_options(Options, table, where="treckk.toml", prefix="channels.desk", base=base)


def test_secrets_come_from_the_environment_and_from_files(monkeypatch, tmp_path):
    monkeypatch.setenv("DESK_TOKEN", " one \n")
    (tmp_path / "two").write_text("two\n")
    table = {"token": "env:DESK_TOKEN", "spare": ["file:two", "env:DESK_TOKEN"], "maybe": "file:two", "seconds": 3}

    options = read(table, tmp_path)

    assert options.token.reveal() == "one"
    assert [one.reveal() for one in options.spare] == ["two", "one"]
    assert options.maybe.reveal() == "two"
    assert options.seconds == 3.0
    assert "one" not in repr(options)


def test_one_secret_may_stand_for_several(monkeypatch, tmp_path):
    monkeypatch.setenv("DESK_TOKEN", "one")

    assert [one.reveal() for one in read({"token": "env:DESK_TOKEN", "spare": "env:DESK_TOKEN"}, tmp_path).spare] == [
        "one"
    ]


GOOD = {"token": "env:DESK_TOKEN"}
REFUSED = {
    "an unknown key": ({**GOOD, "tokne": "x"}, "channels.desk.tokne", "unknown key; known are: maybe, seconds"),
    "a missing key": ({}, "channels.desk.token", "is required"),
    "a secret in plain": ({"token": "hunter2hunter2"}, "channels.desk.token", "never in plain"),
    "a secret that is no text": ({"token": 7}, "channels.desk.token", "env:NAME or file:PATH"),
    "a secret of another source": ({"token": "vault:hunter2"}, "channels.desk.token", "never in plain"),
    "an unset variable": ({"token": "env:DESK_NONE"}, "channels.desk.token", "DESK_NONE is not set"),
    "an empty variable": ({"token": "env:DESK_EMPTY"}, "channels.desk.token", "empty"),
    "a missing file": ({"token": "file:none"}, "channels.desk.token", "cannot read"),
    "a plain secret in a list": ({**GOOD, "spare": ["hunter2hunter2"]}, "channels.desk.spare", "never in plain"),
    "a wrong type": ({**GOOD, "sender": 7}, "channels.desk.sender", "Expected `str`"),
    "a value the class refuses": ({**GOOD, "seconds": -1}, "channels.desk", "must be > 0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_settings_are_refused_with_file_key_and_reason(monkeypatch, tmp_path, name):
    monkeypatch.setenv("DESK_TOKEN", "one")
    monkeypatch.setenv("DESK_EMPTY", "  ")
    table, key, reason = REFUSED[name]

    with pytest.raises(ConfigError) as caught:
        read(table, tmp_path)

    assert (caught.value.where, caught.value.key) == ("treckk.toml", key)
    assert reason in caught.value.reason
    assert "hunter2" not in str(caught.value)


# Outcomes

OUTCOMES = {
    301: (Rejected, Scope.MESSAGE),
    302: (Rejected, Scope.MESSAGE),
    400: (Rejected, Scope.MESSAGE),
    401: (Rejected, Scope.CHANNEL),
    403: (Rejected, Scope.CHANNEL),
    404: (Rejected, Scope.CHANNEL),
    408: (NotTaken, None),
    410: (Rejected, Scope.CHANNEL),
    413: (Rejected, Scope.MESSAGE),
    422: (Rejected, Scope.MESSAGE),
    425: (NotTaken, None),
    429: (NotTaken, None),
    500: (Uncertain, None),
    502: (Uncertain, None),
    503: (Uncertain, None),
    504: (Uncertain, None),
}


@pytest.mark.parametrize("status", OUTCOMES)
def test_an_http_answer_is_a_typed_error(status):
    kind, scope = OUTCOMES[status]
    error = outcome.from_status(status, {}, now=NOW, where="the provider")

    assert type(error) is kind
    assert error.code == f"http_{status}"
    assert getattr(error, "scope", None) == scope


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("999999", 3600.0),
        ("Tue, 24 Nov 2026 06:01:00 GMT", 60.0),
        ("Mon, 23 Nov 2026 06:00:00 GMT", 0.0),
        ("Wed, 24 Nov 2027 06:00:00 GMT", 3600.0),
        ("-7", None),
        ("7.5", None),
        ("soon", None),
        ("\u0667", None),
        ("", None),
    ],
)
def test_a_provider_may_say_when_to_come_again(written, seconds):
    error = outcome.from_status(429, {"Retry-After": written}, now=NOW, where="the provider")

    assert isinstance(error, NotTaken)
    assert error.after == seconds


def test_without_a_wish_there_is_none():
    assert outcome.retry_after({}, NOW) is None


@given(st.integers(300, 599), st.text(max_size=30))
def test_every_answer_that_is_no_success_becomes_an_error(status, written):
    assert isinstance(outcome.from_status(status, {"Retry-After": written}, now=NOW, where="x"), SendError)


# Requests


def test_a_doubled_header_counts_as_none():
    request = WebhookRequest.of("POST", URL, [("X-Sign", "a"), ("x-sign", "b"), ("Other", "c")])

    assert request.header("x-sign") is None
    assert request.header("OTHER") == "c"
    assert request.header("absent") is None


def test_the_query_is_the_raw_one():
    assert WebhookRequest.of("POST", URL).query == "a=1&a=%20"


def test_only_named_headers_are_kept():
    request = WebhookRequest.of(
        "POST", URL, [("Content-Type", "x/y"), ("Authorization", "s"), ("B", "1"), ("b", "2")], b"!"
    )

    kept = request.keeping(["content-type", "b", "absent"])

    assert list(kept.headers.items()) == [("content-type", "x/y"), ("b", "1"), ("b", "2")]
    assert (kept.method, kept.url, kept.body) == (request.method, request.url, b"!")


def test_a_request_tells_nothing_of_itself():
    request = WebhookRequest.of("POST", URL, {"Authorization": "hunter2"}, b"pohon tumbang")

    assert repr(request) == "WebhookRequest(POST, 13 bytes)"


@pytest.mark.parametrize(
    "error", [NotTaken("a", "b", after=2.0), Rejected("a", "b", scope=Scope.CHANNEL), Uncertain("a", "b")]
)
def test_send_errors_survive_another_process(error):
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 our own bytes

    assert type(copy) is type(error)
    assert (str(copy), vars(copy)) == (str(error), vars(error))
