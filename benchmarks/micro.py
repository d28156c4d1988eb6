"""The small steps every message takes, against the usual way to take them: signature, form, JSON, log line.

Each pair takes turns, some 40 ms at a time, over inputs that differ from call to call so that no cache answers; what
both make of the same inputs, random ones too, is compared in the same run.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import random
import string
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import attrs
import orjson
import pairs
import structlog
from figures import Figure, Options, ratio, run
from load import TOKEN, signed_form
from multidict import MultiDict
from served import PATH, PUBLIC
from twilio.request_validator import RequestValidator

from treckk_gateway.adapters.twilio import form
from treckk_gateway.adapters.twilio.signature import Verifier
from treckk_gateway.casework.bodies import MessageBody
from treckk_gateway.channel import WebhookRequest
from treckk_gateway.errors import SignatureError
from treckk_gateway.privacy.keys import decode, encode
from treckk_gateway.server.logs import configure_logging

AREA = "micro"
_SECONDS = 0.04
Call = Callable[[Any], object]


def per_call(call: Call, inputs: Sequence[Any], seconds: float) -> Callable[[int], dict[str, float]]:
    """A function that runs one round: microseconds of processor time for one call."""

    def one_round(_number: int) -> dict[str, float]:
        gc.collect()
        done, begun = 0, time.process_time()
        while time.process_time() - begun < seconds:
            for one in inputs:
                call(one)
            done += len(inputs)
        return {"us": (time.process_time() - begun) / done * 1e6}

    return one_round


class Micro:
    """Measures pairs and makes figures of them."""

    def __init__(self, options: Options) -> None:
        self.rounds = options.count(options.rounds + 2, 1)
        self.seconds = 0.004 if options.quick else _SECONDS

    def figure(self, what: str, ours: Call, theirs: Call, inputs: Sequence[Any], checked: str, goal: float) -> Figure:
        """How many times faster ours is."""
        found = pairs.alternate(
            {"ours": per_call(ours, inputs, self.seconds), "theirs": per_call(theirs, inputs, self.seconds)},
            rounds=self.rounds,
        )
        each = [f"{pairs.median(found[name], 'us'):.1f} us" for name in ("ours", "theirs")]
        of = pairs.ratios(found["theirs"], found["ours"], "us")
        return ratio(AREA, what, of, goal=goal, checked=checked, note=f"{each[0]} against {each[1]}")


def requests(count: int) -> list[WebhookRequest]:
    """Signed webhooks, all different."""
    made = []
    for number in range(count):
        body, signature = signed_form(f"SM{number:032x}", f"+62812{number:08d}", PUBLIC + PATH, f"Parkir liar {number}")
        headers = [("X-Twilio-Signature", signature), ("Content-Type", "application/x-www-form-urlencoded")]
        made.append(WebhookRequest.of("POST", PUBLIC + PATH, headers, body))
    return made


def tampered(request: WebhookRequest, chance: random.Random) -> WebhookRequest:
    """Half of them as they are, half with a byte of the body or the signature changed."""
    body, signature = request.body, request.header("X-Twilio-Signature") or ""
    turn = chance.randrange(4)
    if turn == 0:
        body = body.replace(b"Parkir", b"Parkur")
    elif turn == 1:
        signature = signature[:-3] + ("A" if signature[-3] != "A" else "B") + signature[-2:]
    headers = [("X-Twilio-Signature", signature), ("Content-Type", "application/x-www-form-urlencoded")]
    return WebhookRequest.of("POST", request.url, headers, body)


def signature(micro: Micro) -> Figure:
    """From the raw request to the verdict, the form read on the way."""
    verifier, validator = Verifier(tokens=(TOKEN.encode(),)), RequestValidator(TOKEN)

    def ours(request: WebhookRequest) -> bool:
        try:
            verifier.check(request)
        except SignatureError:
            return False
        return True

    def theirs(request: WebhookRequest) -> bool:
        fields = MultiDict(parse_qsl(request.body.decode(), keep_blank_values=True))
        return bool(validator.validate(request.url, fields, request.header("X-Twilio-Signature") or ""))

    inputs, chance = requests(64), random.Random(4)  # noqa: S311 inputs, no secrets
    tried = [tampered(one, chance) for one in requests(400)]
    verdicts = [(ours(one), theirs(one)) for one in tried]
    alike = sum(one == other for one, other in verdicts)
    genuine = sum(one for one, _ in verdicts)
    checked = f"{alike} of {len(tried)} verdicts alike, {genuine} genuine"
    what = "signature of a webhook with its form, times twilio's RequestValidator"
    return micro.figure(what, ours, theirs, inputs, checked, 4.0)


def forms(micro: Micro) -> list[Figure]:
    """A form's fields, plain and in a script that is escaped letter by letter."""

    def ours(text: str) -> list[tuple[str, str]]:
        return list(form.read(text).pairs)

    def theirs(text: str) -> list[tuple[str, str]]:
        return parse_qsl(text, keep_blank_values=True)

    chance = random.Random(4)  # noqa: S311 inputs, no secrets
    letters = string.ascii_letters + "%&=+;. \u0928\u2603" + "%20%C3%A9%zz"
    tried = ["".join(chance.choices(letters, k=chance.randrange(60))) for _ in range(2000)]
    alike = sum(ours(one) == theirs(one) for one in tried)
    checked = f"{alike:,} of {len(tried):,} random forms alike"
    plain = [one.body.decode() for one in requests(64)]
    script = [urlencode({"Body": "".join(chr(0x0905 + (at + one) % 50) for at in range(500))}) for one in range(16)]
    return [
        micro.figure("form of a webhook, times urllib's parse_qsl", ours, theirs, plain, checked, 3.5),
        micro.figure("form with 500 Devanagari letters, times parse_qsl", ours, theirs, script, checked, 15.0),
    ]


def codec(micro: Micro) -> list[Figure]:
    """A stored message to JSON and back."""
    inputs = [
        MessageBody(
            text=f"Ada parkir liar di depan pasar {one}", sender_name="Warga", sender=f"whatsapp:+62812{one:08d}"
        )
        for one in range(64)
    ]

    def plain(body: MessageBody) -> bytes:
        return json.dumps(attrs.asdict(body)).encode()

    written = [encode(one) for one in inputs]
    back = sum(decode(one, MessageBody) == body for one, body in zip(written, inputs, strict=True))
    same = sum(json.loads(one) == json.loads(plain(body)) for one, body in zip(written, inputs, strict=True))
    checked = f"{back} of {len(inputs)} came back equal, {same} equal to json's"
    return [
        micro.figure("a value to JSON, times json with attrs.asdict", encode, plain, inputs, checked, 5.0),
        micro.figure(
            "a value from JSON with its types checked, times json and the constructor, unchecked",
            lambda raw: decode(raw, MessageBody), lambda raw: MessageBody(**json.loads(raw)), written, checked, 1.5,
        ),
    ]  # fmt: skip


def log_line(micro: Micro) -> Figure:
    """A line as the server writes it, against structlog's defaults."""
    with contextlib.ExitStack() as stack:
        null, nowhere = (stack.enter_context(open(os.devnull, mode)) for mode in ("wb", "w"))  # noqa: PTH123 as ever
        configure_logging()
        ours_with = structlog.get_config()["processors"]
        filtering = structlog.get_config()["wrapper_class"]
        structlog.reset_defaults()

        def logger(file: Any) -> Any:
            return structlog.wrap_logger(
                structlog.BytesLogger(file),
                processors=ours_with,
                wrapper_class=filtering,
                cache_logger_on_first_use=True,
            ).bind()

        memory = io.BytesIO()
        to_memory, ours = logger(memory), logger(null)
        theirs = structlog.wrap_logger(structlog.PrintLogger(nowhere)).bind()
        for number in range(200):
            to_memory.info("message.received", channel_id="wa", inbox_id=number)
        lines = [orjson.loads(one) for one in memory.getvalue().splitlines()]
        right = sum(one["inbox_id"] == number for number, one in enumerate(lines))
        return micro.figure(
            "a log line, times structlog's defaults",
            lambda number: ours.info("message.received", channel_id="wa", inbox_id=number),
            lambda number: theirs.info("message.received", channel_id="wa", inbox_id=number),
            range(64), f"{right} of 200 lines whole JSON", 3.0,
        )  # fmt: skip


def measure(options: Options) -> list[Figure]:
    """All of them."""
    os.sched_setaffinity(0, {pairs.SERVER_CORE})
    micro = Micro(options)
    return [signature(micro), *forms(micro), *codec(micro), log_line(micro)]


if __name__ == "__main__":
    run(__doc__, measure)
