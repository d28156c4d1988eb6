from __future__ import annotations

import subprocess
import sys

import pytest

from treckk_gateway.adapters.twilio import TwilioChannel
from treckk_gateway.channel import Accepted, ChannelContext, WebhookRequest, registry
from treckk_gateway.channel.options import read_options
from treckk_gateway.errors import ConfigError, PayloadError
from treckk_gateway.model import DeliveryState, Secret
from treckk_gateway.testing.sandbox.twilio import TwilioSandbox

ACCOUNT = "AC" + 32 * "0"
WHATSAPP = "whatsapp:+6281100000000"
URL = "https://aduan.example.go.id/channels/wa"
FILE = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/MM{32 * '1'}/Media/ME{32 * '2'}"


def channel(sender=WHATSAPP, url=URL, **options):
    built = TwilioChannel.Options(account_sid=ACCOUNT, auth_token=Secret("token-1"), sender=sender, **options)
    return TwilioChannel.from_settings(built, ChannelContext(channel_id="wa", webhook_url=url))


@pytest.mark.parametrize(
    ("sender", "scheme", "inbound", "rate"),
    [
        (WHATSAPP, "whatsapp", True, 80.0),
        ("whatsapp:+14155238886", "whatsapp", True, 1 / 3),
        ("+14155550100", "sms", True, 1.0),
        ("98765", "sms", True, 1.0),
        ("+6281100000000", "sms", False, 1.0),
        ("SATPOLPP", "sms", False, 1.0),
    ],
)
def test_what_it_can_do_depends_on_the_sender(sender, scheme, inbound, rate):
    claims = channel(sender).capabilities
    whatsapp = scheme == "whatsapp"

    assert claims.schemes == {scheme}
    assert (claims.inbound, claims.rate, claims.max_text) == (inbound, rate, 1600)
    assert (claims.reply_window, claims.segments) == ((86_400, False) if whatsapp else (None, True))
    assert (DeliveryState.READ in claims.receipts, claims.bold, claims.location) == (whatsapp,) * 3


def test_the_operator_may_say_otherwise_about_the_way_in():
    assert channel("+6281100000000", inbound=True).capabilities.inbound
    assert not channel(inbound=False).capabilities.inbound


@pytest.mark.parametrize(("sender", "rate", "burst"), [(WHATSAPP, 400.0, 200), ("+14155550100", 0.5, 1)])
def test_the_operator_may_say_what_twilio_lets_the_sender_send(sender, rate, burst):
    claims = channel(sender, rate=rate).capabilities
    assert (claims.rate, claims.burst) == (rate, burst)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rate": 0.0}, "rate is a number above 0"),
        ({"account_sid": "AC123"}, "account_sid is AC and 32"),
        ({"account_sid": "ac" + 32 * "0"}, "account_sid"),
        ({"sender": "whatsapp:081100000000"}, "sender is written"),
        ({"sender": "whatsapp:+62811\n"}, "sender is written"),
        ({"sender": "SATPOL-PP-BALANGAN"}, "sender is written"),
        ({"sender": ""}, "sender is written"),
        ({"auth_token": "token-in-plain"}, "env:NAME or file:PATH"),
        ({"auth_token": []}, "auth_token is required"),
        ({"auth_token": ["env:T_TOKEN", "token-in-plain"]}, "env:NAME or file:PATH"),
        ({"shared_keys": ["env:T_TOKEN"]}, "KEY_ID=SECRET"),
        ({"shared_keys_only": True}, "needs shared_keys"),
        ({"api_base_url": "https://api.twilio.com/2010-04-01"}, "api_base_url"),
        ({"api_base_url": "https://u:p@api.twilio.com"}, "api_base_url"),
        ({"api_base_url": "api.twilio.com"}, "api_base_url"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": "soon"}, "timeout"),
        ({"colour": "red"}, "unknown key"),
    ],
)
def test_bad_settings_are_refused_with_the_reason(monkeypatch, tmp_path, change, said):
    monkeypatch.setenv("T_TOKEN", "token-0001")
    table = {"account_sid": ACCOUNT, "auth_token": "env:T_TOKEN", "sender": WHATSAPP, **change}

    with pytest.raises(ConfigError, match=said) as caught:
        read_options(TwilioChannel.Options, table, where="treckk.toml", prefix="channels.wa", base=tmp_path)

    assert "token-0001" not in str(caught.value)
    assert "token-in-plain" not in str(caught.value)


def test_good_settings_are_read(monkeypatch, tmp_path):
    monkeypatch.setenv("T_TOKEN", "token-0001")
    monkeypatch.setenv("T_KEY", "webhooks_sharedkey_1=c2VjcmV0Cg==")
    table = {
        "account_sid": ACCOUNT,
        "auth_token": "env:T_TOKEN",
        "sender": WHATSAPP,
        "shared_keys": ["env:T_KEY"],
        "api_base_url": "http://127.0.0.1:8100/",
        "timeout": 20,
    }

    options = read_options(TwilioChannel.Options, table, where="treckk.toml", prefix="channels.wa", base=tmp_path)

    assert options.auth_token[0].reveal() == "token-0001"
    assert options.keyring() == {"webhooks_sharedkey_1": b"c2VjcmV0Cg=="}
    assert options.api_base_url == "http://127.0.0.1:8100"
    assert "token-0001" not in repr(options)
    assert "c2VjcmV0" not in repr(options)


def test_the_answer_is_an_empty_document_whatever_happened():
    request = WebhookRequest.of("POST", URL)

    for accepted in (Accepted(new=1), Accepted(duplicate=1), Accepted(parked="nonsense")):
        answer = channel().acknowledge(request, accepted)
        assert (answer.status, answer.content_type) == (200, "text/xml")
        assert answer.body == b'<?xml version="1.0" encoding="UTF-8"?><Response/>'


def test_a_file_is_fetched_from_our_account_only():
    source = channel().media_source(FILE)

    assert source.url == FILE
    assert source.hosts == ("api.twilio.com",)
    assert source.headers["Authorization"].startswith("Basic ")
    assert source.headers["Authorization"] not in repr(source)


@pytest.mark.parametrize(
    "ref",
    [
        "https://evil.example.org/x",
        FILE.replace("api.twilio.com", "api.twilio.com.evil.example.org"),
        FILE.replace("api.twilio.com", "api.twilio.com@evil.example.org"),
        FILE.replace("api.twilio.com", "evil.example.org\\@api.twilio.com"),
        FILE.replace("https:", "http:"),
        FILE.replace(ACCOUNT, "AC" + 32 * "1"),
        FILE + "/../../../../x",
        FILE + "?x=1",
        FILE.replace("/Media/", "/../Media/"),
        FILE + "\n",
        "",
    ],
)
def test_credentials_go_nowhere_else(ref):
    with pytest.raises(PayloadError) as caught:
        channel().media_source(ref)
    assert "evil" not in str(caught.value)


def test_the_registry_finds_it_under_its_name():
    assert registry.load("twilio") is TwilioChannel


def test_loading_the_adapter_loads_no_package_of_twilio_and_no_number_tables():
    wanted = (
        "import sys, treckk_gateway.adapters.twilio; print({'twilio','phonenumbers','requests'} & set(sys.modules))"
    )

    said = subprocess.run([sys.executable, "-c", wanted], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "set()"


async def test_check_finds_nothing_wrong_with_a_good_account():
    async with TwilioSandbox(account_sid=ACCOUNT, auth_token="token-1") as twilio:
        assert await channel(api_base_url=twilio.url).check() == ()


@pytest.mark.parametrize(
    ("token", "account", "fatal", "said"),
    [
        ("token-2", {}, True, "does not accept account_sid and auth_token"),
        ("token-1", {"status": "suspended"}, True, "not active"),
        ("token-1", {"kind": "Trial"}, False, "trial"),
    ],
)
async def test_check_says_what_to_mend(token, account, fatal, said):
    async with TwilioSandbox(account_sid=ACCOUNT, auth_token=token) as twilio:
        twilio.set_account(**account)
        [problem] = await channel(api_base_url=twilio.url).check()

    assert said in problem.summary
    assert problem.remedy
    assert problem.fatal is fatal


async def test_check_without_twilio_is_no_reason_to_stop_the_channel():
    [problem] = await channel(api_base_url="http://127.0.0.1:9").check()

    assert "cannot be asked" in problem.summary
    assert not problem.fatal


@pytest.mark.parametrize(
    ("sender", "url", "count"),
    [
        (WHATSAPP, "http://127.0.0.1:8080/channels/wa", 0),
        (WHATSAPP, "http://aduan.example.go.id/channels/wa", 1),
        (WHATSAPP, "https://aduan_baru.example.go.id/channels/wa", 1),
        ("+6281100000000", URL, 1),
    ],
)
async def test_check_looks_at_our_address_as_twilio_will(sender, url, count):
    async with TwilioSandbox(account_sid=ACCOUNT, auth_token="token-1") as twilio:
        problems = await channel(sender, url, api_base_url=twilio.url, inbound=True).check()

    assert len(problems) == count
