from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode

from treckk_gateway.adapters import twilio
from treckk_gateway.adapters.twilio import TwilioChannel, form
from treckk_gateway.adapters.twilio.content import Offering
from treckk_gateway.adapters.twilio.options import basic
from treckk_gateway.adapters.twilio.signature import SIGNATURE, sign
from treckk_gateway.channel import ChannelContext, WebhookRequest
from treckk_gateway.errors import NotTaken, OptedOut, Rejected, Scope, Uncertain, WindowClosed
from treckk_gateway.model import Secret
from treckk_gateway.testing import Fault
from treckk_gateway.testing.conformance import ChannelConformance, Refusal, Sample
from treckk_gateway.testing.sandbox.twilio import Callbacks, TwilioSandbox, Twist

SAMPLES = Path(__file__).parents[1] / "samples" / "twilio"
ACCOUNT = "AC" + 32 * "0"
CONTENT = "HX" + 32 * "1"
TOKENS = ("conformance-token-1", "conformance-token-2")
URL = "https://aduan.example.go.id/channels/wa"


class TwilioConformance(ChannelConformance):
    quality: ClassVar[Path | None] = Path(twilio.__file__).with_name("quality.toml")
    sender: ClassVar[str]
    choices: ClassVar = Offering()
    schemes: ClassVar[tuple[str, ...]]
    signature_headers = (SIGNATURE,)
    secrets = (*TOKENS, basic(ACCOUNT, TOKENS[0]))
    outcomes: ClassVar = {**ChannelConformance.outcomes, Fault.MOVED: (Rejected,), Fault.GARBAGE: (Uncertain,)}
    refusals = (
        Refusal("21610", Twist(status=400, code=21610), OptedOut, Scope.ADDRESS),
        Refusal("63016", Twist(status=400, code=63016), WindowClosed, Scope.MESSAGE),
        Refusal("63024", Twist(status=400, code=63024), Rejected, Scope.ADDRESS),
        Refusal("21620", Twist(status=400, code=21620), Rejected, Scope.MESSAGE),
        Refusal("63007", Twist(status=400, code=63007), Rejected, Scope.CHANNEL),
        Refusal("20429", Twist(status=429, code=20429), NotTaken),
        Refusal("20500", Twist(status=500, code=20500), Uncertain),
    )

    def channel(self, stand_in=None):
        return self.built(TOKENS, stand_in.url) if stand_in else self.built(TOKENS)

    def built(self, tokens, url="https://api.twilio.com"):
        options = TwilioChannel.Options(
            account_sid=ACCOUNT,
            auth_token=tuple(map(Secret, tokens)),
            sender=self.sender,
            api_base_url=url,
            choices=self.choices,
        )
        return TwilioChannel.from_settings(options, ChannelContext(channel_id="wa", webhook_url=URL))

    def stranger(self):
        return self.built(("another-token-1",))

    def sign(self, body):
        return self.signed(URL, body)

    def signed(self, url, body, token=TOKENS[0]):
        pairs = form.posted(WebhookRequest.of("POST", url, (), body)).pairs
        return WebhookRequest.of("POST", url, {SIGNATURE: sign(token.encode(), url, pairs)}, body)

    def recorded(self, file):
        for number, (name, one) in enumerate(
            json.loads((SAMPLES / f"{file}.json").read_text(encoding="utf-8")).items()
        ):
            scheme = one["item"].get("sender.scheme") or one["fields"].get("From", "whatsapp:").partition(":")[0]
            if (
                file == "messages"
                and (scheme if scheme in {"whatsapp", "sms", "messenger"} else "sms") not in self.schemes
            ):
                continue
            if file != "messages" and "read" in one["fields"].values() and "sms" in self.schemes:
                continue
            fields = {**one["fields"]}
            for key in fields.keys() & {"MessageSid", "SmsSid", "SmsMessageSid"}:
                fields[key] = f"{fields[key][:-4]}{number:04x}"  # each sample is another message
            url = f"{URL}?{one['query']}" if one.get("query") else URL
            request = self.signed(url, urlencode(fields).encode(), TOKENS[number % 2])
            item = {key: tuple(v) if isinstance(v, list) else v for key, v in one["item"].items()}
            for key in item.keys() & {"dedupe_key", "message_id", "provider_message_id"}:
                del item[key]
            yield Sample(f"{file}: {name}", request, item)

    def samples(self):
        yield from self.recorded("messages")
        yield from self.recorded("receipts")

    def unknown(self):
        yield from self.recorded("unknown")

    def stand_in(self):
        return TwilioSandbox(account_sid=ACCOUNT, auth_token=TOKENS[0], callbacks=Callbacks.NONE)


class TestWhatsAppConformance(TwilioConformance):
    sender = "whatsapp:+6281100000000"
    schemes = ("whatsapp",)
    choices = Offering(buttons={"1": CONTENT})

    def stand_in(self):
        sandbox = super().stand_in()
        sandbox.offer(CONTENT, buttons=1)
        return sandbox


class TestSmsConformance(TwilioConformance):
    quality = None  # the file speaks of the sender that can do more
    sender = "+14155550100"
    schemes = ("sms",)
