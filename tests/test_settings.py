from __future__ import annotations

import base64
import copy
import hashlib
import tomllib
from datetime import UTC, date, datetime
from ipaddress import ip_network
from types import SimpleNamespace

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.channel import Channel, registry
from treckk_gateway.errors import ConfigError
from treckk_gateway.model import Address, Role, Secret
from treckk_gateway.settings import Listen, check_posts, from_mapping, load, read_database, starter

KEY = base64.b64encode(bytes(range(32))).decode()
HASH = hashlib.sha256(b"an invented token").hexdigest()
GONE = object()


@attrs.frozen(kw_only=True)
class PigeonOptions:
    loft: str
    ring: Secret
    speed: int = 60


class Pigeon(Channel):
    kind = "pigeon"
    Options = PigeonOptions

    def verify(self, request): ...

    def parse(self, request): ...

    async def send(self, message): ...


def broken():
    raise ModuleNotFoundError("no feathers")


@pytest.fixture(autouse=True)
def adapters(monkeypatch):
    entries = [
        SimpleNamespace(name="pigeon", value="loft:Pigeon", load=lambda: Pigeon, dist=None),
        SimpleNamespace(name="broken", value="loft:Broken", load=broken, dist=None),
        SimpleNamespace(name="odd", value="loft:odd", load=lambda: int, dist=None),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: entries if group == registry.GROUP else [])


@pytest.fixture(autouse=True)
def secrets(monkeypatch):
    monkeypatch.setenv("GATEWAY_KEY", KEY)
    monkeypatch.setenv("SHORT_KEY", base64.b64encode(bytes(16)).decode())
    monkeypatch.setenv("WORDY_KEY", "correct horse battery staple")
    monkeypatch.setenv("EMPTY_KEY", " ")
    monkeypatch.setenv("RING", "ring-7")
    monkeypatch.delenv("NOWHERE", raising=False)


def config():
    return {
        "gateway": {"public_url": "https://aduan.example.go.id", "secret_key": "env:GATEWAY_KEY", "data_dir": "data"},
        "channels": {"coast": {"adapter": "pigeon", "loft": "north", "ring": "env:RING"}},
        "staff": [
            {"name": "Meja", "role": "admin", "token_sha256": HASH},
            {"name": "Ketua", "role": "leadership", "addresses": ["whatsapp:+6281200000001"]},
        ],
    }


def changed(path, value):
    table = config()
    at = table
    for name in path[:-1]:
        at = at[name] if isinstance(name, int) else at.setdefault(name, {})
    if value is GONE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return table


REFUSALS = [
    # what is written where, the key that is named, what the reason says
    (("gatway",), {}, "gatway", "unknown key; known are: gateway"),
    (("media", "colour"), 1, "media.colour", "unknown key; known are: audio, clamd"),
    (("media", "image"), 0, "media.image", "> 0"),
    (("media", "clamd"), "localhost:3310", "media", "tcp://host:port or unix:/path/to/clamd.sock"),
    (("clocks",), 5, "clocks", "must be a table, written [clocks]"),
    (("clocks", "look"), "5 min", "clocks.look", "unknown key; known are: answer, answer_cap"),
    (("clocks", "objection"), 10, "clocks.objection", "write a duration in quotes"),
    (("clocks", "objection"), "ten days", "clocks.objection", "write a number and min, h, service hours, days"),
    (("clocks", "objection"), "0 days", "clocks.objection", "longer than nothing"),
    (("clocks", "warn"), 2, "clocks.warn", "a share of the limit"),
    (("clocks", "warn"), True, "clocks.warn", "a share of the limit"),
    (("clocks", "out_of_hours"), "no", "clocks.out_of_hours", "true or false"),
    (("clocks", "refuse_unanswered"), True, "clocks.refuse_unanswered", "stands in the profile"),
    (("gateway",), GONE, "gateway.public_url", "is required"),
    (("gateway",), "x", "gateway", "must be a table, written [gateway]"),
    (("gateway", "colour"), 1, "gateway.colour", "unknown key; known are: boundaries"),
    (("gateway", "spool_size"), -1, "gateway.spool_size", ">= 0"),
    (("gateway", "boundaries"), "b", "gateway.boundaries", "no such file; name a GeoJSON file"),
    (("gateway", "public_url"), GONE, "gateway.public_url", "is required"),
    (("gateway", "public_url"), 8080, "gateway.public_url", "Expected `str`, got `int`"),
    (("gateway", "public_url"), "aduan.example.go.id", "gateway.public_url", "write the whole address"),
    (("gateway", "public_url"), "ftp://aduan.example.go.id", "gateway.public_url", "write the whole address"),
    (("gateway", "public_url"), "https://[::1", "gateway.public_url", "write the whole address"),
    (("gateway", "public_url"), "https://a.example.org:99999", "gateway.public_url", "write the whole address"),
    (("gateway", "public_url"), "http://aduan.example.go.id", "gateway.public_url", "must begin with https://"),
    (("gateway", "public_url"), "http://10.0.0.5:8080", "gateway.public_url", "must begin with https://"),
    (("gateway", "public_url"), "https://a.example.org/", "gateway.public_url", "slash at the end"),
    (("gateway", "public_url"), "https://a.example.org?x=1", "gateway.public_url", "leave out the query"),
    (("gateway", "public_url"), "https://a.example.org#rc=3", "gateway.public_url", "leave out the query"),
    (("gateway", "public_url"), "https://u:p@a.example.org", "gateway.public_url", "no user name"),
    (("gateway", "public_url"), "https://a.example.org/a b", "gateway.public_url", "no user name, spaces"),
    (("gateway", "public_url"), "https://a.example.org\n", "gateway.public_url", "no user name, spaces"),
    (("gateway", "secret_key"), GONE, "gateway.secret_key", "is required"),
    (("gateway", "secret_key"), KEY, "gateway.secret_key", "env:NAME or file:PATH, never in plain"),
    (("gateway", "secret_key"), 5, "gateway.secret_key", "env:NAME or file:PATH"),
    (("gateway", "secret_key"), "env:NOWHERE", "gateway.secret_key", "environment variable NOWHERE is not set"),
    (("gateway", "secret_key"), "env:EMPTY_KEY", "gateway.secret_key", "the secret is empty"),
    (("gateway", "secret_key"), "env:SHORT_KEY", "gateway.secret_key", "base64 of 32 bytes, not of 16"),
    (("gateway", "secret_key"), "env:WORDY_KEY", "gateway.secret_key", "base64 of 32 random bytes"),
    (("gateway", "secret_key"), "file:missing.key", "gateway.secret_key", "cannot read the file it names"),
    (("gateway", "data_dir"), "", "gateway.data_dir", "length >= 1"),
    (("gateway", "data_dir"), "plain-file", "gateway.data_dir", "is a file; name a folder of its own"),
    (("gateway", "database"), "postgresql://me:hush@db/x", "gateway.database", "a password is a secret"),
    (("gateway", "database"), "postgresql://db/x?password=hush", "gateway.database", "a password is a secret"),
    (("gateway", "database"), "env:NOT_SET_ANYWHERE", "gateway.database", "NOT_SET_ANYWHERE is not set"),
    (("gateway", "database"), "mysql", "gateway.database", 'write "sqlite", or postgresql://'),
    (("engine",), {"serve_works": False}, "engine.serve_works", "with SQLite nobody else can work"),
    (("engine",), {"heartbeat": 9.0}, "engine.stalled", "at least twice engine.heartbeat"),
    (("gateway", "listen"), "8080", "gateway.listen", "write host:port"),
    (("gateway", "listen"), ":8080", "gateway.listen", "write host:port"),
    (("gateway", "listen"), "127.0.0.1:99999", "gateway.listen", "write host:port"),
    (("gateway", "listen"), "127.0.0.1:http", "gateway.listen", "write host:port"),
    (("gateway", "profile"), "./nowhere", "gateway.profile", "no such folder"),
    (("gateway", "trusted_proxies"), "127.0.0.1", "gateway.trusted_proxies", "Expected `array`, got `str`"),
    (("gateway", "trusted_proxies"), ["proxy"], "gateway.trusted_proxies", "write addresses or networks"),
    (("gateway", "max_body"), 12, "gateway.max_body", ">= 1024"),
    (("gateway", "max_body"), True, "gateway.max_body", "Expected `int`, got `bool`"),
    (("gateway", "queue_limit"), 0, "gateway.queue_limit", ">= 1"),
    (("gateway", "queue_age"), 0, "gateway.queue_age", "> 0.0"),
    (("channels",), [], "channels", "must be a table, written [channels]"),
    (("channels", "coast"), "x", "channels.coast", "must be a table, written [channels.coast]"),
    (("channels", "Coast Road"), {"adapter": "pigeon"}, "channels.Coast Road", "name a channel with 1 to 40 of a-z"),
    (("channels", "walk_in"), {"adapter": "pigeon"}, "channels.walk_in", "other than walk_in"),
    (("channels", "coast", "adapter"), GONE, "channels.coast.adapter", "is required: the name of an installed"),
    (("channels", "coast", "adapter"), 3, "channels.coast.adapter", "one of broken, odd, pigeon"),
    (("channels", "coast", "adapter"), "owl", "channels.coast.adapter", "no adapter 'owl' is installed"),
    (("channels", "coast", "loft"), GONE, "channels.coast.loft", "is required"),
    (("channels", "coast", "ring"), "ring-7", "channels.coast.ring", "never in plain"),
    (("channels", "coast", "speed"), "fast", "channels.coast.speed", "Expected `int`, got `str`"),
    (("channels", "coast", "wings"), 2, "channels.coast.wings", "unknown key; known are: loft, ring, speed"),
    (("staff",), {"name": "Meja"}, "staff", "under [[staff]]"),
    (("staff",), ["Meja"], "staff[1]", "under [[staff]]"),
    (("staff", 1, "name"), GONE, "staff[2].name", "is required"),
    (("staff", 1, "name"), "MEJA", "staff[2].name", "stands in staff[1] already"),
    (("staff", 0, "name"), " ", "staff[1].name", "plain characters"),
    (("staff", 0, "name"), "a\nb", "staff[1].name", "plain characters"),
    (("staff", 0, "role"), GONE, "staff[1].role", "is required"),
    (("staff", 0, "role"), "boss", "staff[1].role", "one of admin, leadership, team, holder, duty"),
    (("staff", 0, "role"), "reporter", "staff[1].role", "unknown role"),
    (("staff", 0, "phone"), "1", "staff[1].phone", "unknown key"),
    (("staff", 0, "post"), 3, "staff[1].post", "Expected `str"),
    (("staff", 0, "standby"), "yes", "staff[1].standby", "Expected `bool`"),
    (("staff", 0, "addresses"), ["+6281200000009"], "staff[1].addresses", "written scheme:value"),
    (("staff", 0, "addresses"), ["fax:+62510000000"], "staff[1].addresses", "begin with one of whatsapp, sms, mailto"),
    (("staff", 0, "addresses"), ["sms:081200000009"], "staff[1].addresses", "write numbers in full"),
    (("staff", 0, "addresses"), ["mailto:nobody"], "staff[1].addresses", "mailto:desk@example.org"),
    (("staff", 0, "addresses"), ["sms:+6281200000001"], "staff[1].addresses", GONE),
    (("staff", 0, "token_sha256"), "geheim", "staff[1].token_sha256", "64 hexadecimal digits"),
    (("staff", 1, "token_sha256"), HASH.upper(), "staff[2].token_sha256", "stands in staff[1] already"),
    (("staff", 0, "delegated_until"), "2026-12-31", "staff[1].delegated_until", "last day without quotes"),
    (("staff", 0, "delegated_until"), datetime(2026, 12, 31, tzinfo=UTC), "staff[1].delegated_until", "last day"),
    (("triage", "steps"), ["words", "words"], "triage.steps", "names a step twice"),
    (("triage", "budget"), -1, "triage.budget", "> 0.0"),
    (("delivery", "base"), 1000, "delivery.base", "must not be longer than delivery.cap"),
    (("delivery", "slow"), 90000, "delivery.slow", "must not be longer than delivery.slowest"),
    (("delivery", "timeout"), 600, "delivery.timeout", "<= 120.0"),
    (("delivery", "quick"), 0, "delivery.quick", ">= 1"),
    (("delivery", "give_up"), float("inf"), "delivery.give_up", "<="),
    (("retention", "parked_days"), 0, "retention.parked_days", ">= 1"),
    (("retention", "keep"), 1, "retention.keep", "unknown key; known are: answered_days"),
]


@pytest.mark.parametrize(("path", "value", "key", "reason"), REFUSALS)
def test_a_bad_setting_is_refused_with_file_key_and_reason(tmp_path, path, value, key, reason):
    (tmp_path / "plain-file").write_text("x")
    if reason is GONE:
        key, reason = "staff[2].addresses", "stands in staff[1] already; each belongs to one person"

    with pytest.raises(ConfigError) as refused:
        from_mapping(changed(path, value), where="gateway.toml", base=tmp_path)

    assert refused.value.where == "gateway.toml"
    assert refused.value.key == key
    assert reason in refused.value.reason
    assert str(refused.value).startswith(f"gateway.toml: {key}: ")


@pytest.mark.parametrize(
    ("adapter", "reason"), [("broken", "cannot be imported"), ("odd", "is not a treckk_gateway.channel.Channel")]
)
def test_an_installed_adapter_that_cannot_be_used_is_told_with_the_channel(tmp_path, adapter, reason):
    (tmp_path / "plain-file").write_text("x")

    read = from_mapping(changed(("channels", "coast", "adapter"), adapter), base=tmp_path)

    [coast] = [one for one in read.channels if one.channel_id == "coast"]
    assert reason in coast.broken
    assert coast.options is None


@pytest.mark.parametrize("written", ["sms:+6281200000001 ", "whatsapp:6281200000002", "mailto:budi@nowhere", "fax:12"])
def test_a_refusal_never_repeats_an_address_or_a_secret(tmp_path, monkeypatch, written):
    table = config()
    table["staff"].append({"name": "Budi Invented", "role": "team", "addresses": [written], "token_sha256": "geheim"})
    with pytest.raises(ConfigError) as refused:
        from_mapping(table, base=tmp_path)
    text = repr(refused.value) + str(refused.value)
    assert "geheim" not in text
    assert "Budi" not in text
    assert written.partition(":")[2].strip() not in text

    with pytest.raises(ConfigError) as refused:
        from_mapping(changed(("gateway", "secret_key"), "env:WORDY_KEY"), base=tmp_path)
    assert "horse" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"[gateway\n", "is not valid TOML"),
        (b"[gateway]\n[gateway]\n", "is not valid TOML"),
        (b"name = '\xff'", "is not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_by_name(tmp_path, text, reason):
    path = tmp_path / "gateway.toml"
    path.write_bytes(text)
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert refused.value.where == str(path)
    assert refused.value.key == ""
    assert reason in refused.value.reason


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: .*treckk init"):
        load(tmp_path / "none.toml")


def test_a_small_file_gets_sane_defaults(tmp_path):
    (tmp_path / "key").write_text(KEY + "\n")
    path = tmp_path / "gateway.toml"
    text = '\ufeff[gateway]\npublic_url = "https://aduan.example.go.id/gw"\nsecret_key = "file:key"\n'
    path.write_text(text, encoding="utf-8")

    settings = load(path)

    assert settings.source == path
    assert settings.data_dir == tmp_path / "data"
    assert settings.master_key() == bytes(range(32))
    assert settings.webhook_url("coast") == "https://aduan.example.go.id/gw/channels/coast"
    assert settings.listen == Listen(host="127.0.0.1", port=8080)
    assert (settings.database, settings.profile, settings.max_body) == (None, "balangan", 1024 * 1024)
    assert (settings.channels, settings.staff, settings.triage.steps) == ((), (), None)
    assert settings.delivery.base < settings.delivery.cap <= settings.delivery.slow < settings.delivery.give_up


def test_every_value_arrives(tmp_path):
    (tmp_path / "unit").mkdir()
    table = config()
    table["gateway"] |= {
        "public_url": "http://[::1]:8443",
        "listen": "[::]:0",
        "profile": "./unit",
        "trusted_proxies": ["127.0.0.1", "10.1.2.3/8", "fd00::/8"],
        "max_body": 2048,
    }
    table["triage"] = {"steps": ["words", "places"], "budget": 3}
    table["delivery"] = {"base": 1, "cap": 2.5}
    table["staff"][0] |= {
        "post": "mako",
        "addresses": ["whatsapp:ID.4566546130240823", "MAILTO:meja@example.go.id", "sms:+6281200000007"],
        "topics": ["izin"],
        "standby": False,
        "delegated_until": date(2026, 12, 31),
    }

    settings = from_mapping(table, base=tmp_path)

    assert str(settings.listen) == "[::]:0"
    assert settings.profile == str(tmp_path / "unit")
    assert settings.trusted_proxies == tuple(ip_network(one) for one in ("127.0.0.1/32", "10.0.0.0/8", "fd00::/8"))
    assert (settings.triage.steps, settings.triage.budget) == (("words", "places"), 3.0)
    assert (settings.delivery.base, settings.delivery.cap) == (1.0, 2.5)
    (channel,) = settings.channels
    assert (channel.channel_id, channel.adapter, channel.options.loft) == ("coast", "pigeon", "north")
    assert channel.options.ring.reveal() == "ring-7"
    desk, head = settings.staff
    assert (desk.role, desk.post, desk.standby, desk.topics) == (Role.ADMIN, "mako", False, ("izin",))
    assert desk.addresses[1] == Address("mailto", "meja@example.go.id")
    assert head.token_sha256 is None


def test_a_delegate_leads_through_the_last_day(tmp_path):
    table = tomllib.loads("until = 2026-12-31")
    desk = from_mapping(changed(("staff", 0, "delegated_until"), table["until"]), base=tmp_path).staff[0]

    assert desk.actor(date(2026, 12, 31)).roles == {Role.ADMIN, Role.LEADERSHIP}
    assert desk.actor(date(2027, 1, 1)).roles == {Role.ADMIN}


def test_one_person_may_have_one_number_on_two_channels(tmp_path):
    both = ["whatsapp:+6281200000007", "sms:+6281200000007"]
    desk = from_mapping(changed(("staff", 0, "addresses"), both), base=tmp_path).staff[0]
    assert [one.text for one in desk.addresses] == both


def test_a_post_the_profile_does_not_have_is_refused(tmp_path):
    profile = SimpleNamespace(posts=[SimpleNamespace(post_id="mako"), SimpleNamespace(post_id="paringin")])
    check_posts(from_mapping(changed(("staff", 1, "post"), "paringin"), base=tmp_path), profile)

    with pytest.raises(ConfigError, match=r"staff\[2\]\.post: the profile has no such post; it has mako, paringin"):
        check_posts(from_mapping(changed(("staff", 1, "post"), "atlantis"), base=tmp_path), profile)


def test_secrets_and_people_do_not_print(tmp_path):
    text = repr(from_mapping(config(), base=tmp_path))
    for hidden in (KEY, "ring-7", "+6281200000001", HASH):
        assert hidden not in text


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
), max_leaves=6), st.sampled_from([row[0] for row in REFUSALS]))  # fmt: skip
def test_whatever_is_written_is_read_or_refused(tmp_path_factory, value, path):
    table = copy.deepcopy(changed(path, value))
    try:
        from_mapping(table, base=tmp_path_factory.getbasetemp())
    except ConfigError as refused:
        assert refused.key


def test_the_starter_file_is_valid_once_its_secrets_exist(tmp_path, monkeypatch):
    monkeypatch.undo()
    text = starter(token_sha256=HASH, staff_name='Meja "satu"', data_dir="data folder")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/gateway.key").write_text(KEY)
    (tmp_path / "secrets/web.secret").write_text("whsec_" + base64.b64encode(bytes(32)).decode())
    (tmp_path / "gateway.toml").write_text(text)

    settings = load(tmp_path / "gateway.toml")

    assert [channel.adapter for channel in settings.channels] == ["web"]
    assert (settings.staff[0].name, settings.staff[0].token_sha256) == ('Meja "satu"', HASH)
    assert settings.data_dir == tmp_path / "data folder"


def test_what_the_starter_file_shows_as_comments_is_valid_too(tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "an invented token")
    lines = [
        line.removeprefix("# ") if " = " in line or line.startswith("# [") else line
        for line in starter(token_sha256=HASH).splitlines()
    ]
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/gateway.key").write_text(KEY)
    for name in ("web", "portal"):
        (tmp_path / f"secrets/{name}.secret").write_text("whsec_" + base64.b64encode(bytes(32)).decode())

    settings = from_mapping(tomllib.loads("\n".join(lines)), base=tmp_path)

    assert {channel.channel_id for channel in settings.channels} == {"lapor", "portal", "whatsapp", "email"}
    assert [one.role for one in settings.staff] == [Role.ADMIN, Role.LEADERSHIP, Role.TEAM]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("file:nowhere", "cannot read the file it names"),
        ("env:NOT_SET_ANYWHERE", "is not set"),
        ("postgresql://me:hush@db/x", "a password is a secret"),
        ("mysql://db/x", "postgresql://user@host/name"),
    ],
)
def test_an_address_given_on_the_command_line_is_refused_by_the_name_of_its_option(tmp_path, written, reason):
    with pytest.raises(ConfigError, match=reason) as refused:
        read_database(written, where="treckk db move", key="--to", base=tmp_path)
    assert str(refused.value).startswith("treckk db move: --to: ")
    assert "hush" not in str(refused.value)
