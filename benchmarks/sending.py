"""Sending through our channels against the usual ways, to sinks that count, in another process on the other core.

SMTP: our email channel, 32 messages under way as the gateway has them, against `aiosmtplib.send()` for each mail and
against four kept connections; every way writes its mail from the same text. Twilio: our channel (the package over our
own session) against the package's own pooled async client and against a plain request over one session; each answer
is compared with its message.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from email.message import EmailMessage
from email.utils import formatdate

import aiohttp
import aiosmtplib
import attrs
import pairs
import uvloop
from figures import Figure, Options, ratio, run
from load import ACCOUNT, SENDER, TOKEN
from provider import sid_of

from treckk_gateway.adapters.email import EmailChannel
from treckk_gateway.adapters.twilio import TwilioChannel
from treckk_gateway.channel import ChannelContext
from treckk_gateway.model import Address, OutboundMessage, Secret

AREA = "sending"
TEXT = (
    "Laporan Anda sudah kami terima dengan nomor TRK-2611-{number:05d}. Petugas akan memeriksa dan mengabari Anda di"
    " sini.\n\nSatpol PP Kabupaten Balangan"
)
SMTP_GOAL, TWILIO_GOAL, PLAIN_GOAL = 3.0, 0.95, 1.3
Send = Callable[[int], Awaitable[bool]]


@attrs.frozen(kw_only=True)
class Sinks:
    """The running sinks."""

    process: subprocess.Popen[str]
    smtp: int
    rest: int

    @classmethod
    @contextlib.contextmanager
    def started(cls) -> Iterator[Sinks]:
        """Start them, and end them."""
        process = subprocess.Popen(
            [sys.executable, str(pairs.HERE / "sinks.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        try:
            yield cls(process=process, **json.loads(process.stdout.readline()))
        finally:
            process.kill()
            process.wait()

    def taken(self) -> dict[str, int]:
        """What came since this was asked last."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        found: dict[str, int] = json.loads(self.process.stdout.readline())
        return found


def outbound(number: int, address: Address) -> OutboundMessage:
    """The message of that number."""
    return OutboundMessage(
        delivery_id=f"d{number}", attempt_id=f"a{number}", recipient=address, text=TEXT.format(number=number),
        subject=f"[TRK-2611-{number:05d}] Laporan diterima",
    )  # fmt: skip


def written(number: int) -> EmailMessage:
    """The same mail as a developer would write it."""
    mail = EmailMessage()
    mail["From"] = "aduan@satpolpp.example.go.id"
    mail["To"] = f"warga{number}@example.org"
    mail["Subject"] = f"[TRK-2611-{number:05d}] Laporan diterima"
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<d{number}@satpolpp.example.go.id>"
    mail.set_content(TEXT.format(number=number))
    return mail


async def together(send: Send, numbers: list[int], parallel: int) -> int:
    """Send all of them, so many at a time; how many were right."""
    waiting = iter(numbers)

    async def one_after_another() -> int:
        return sum([await send(number) for number in waiting])

    return sum(await asyncio.gather(*(one_after_another() for _ in range(parallel))))


@contextlib.asynccontextmanager
async def our_mail(sinks: Sinks):
    """Our email channel."""
    options = EmailChannel.Options(
        listen=f"lmtp://127.0.0.1:{pairs.free_port()}",
        smtp=f"smtp://127.0.0.1:{sinks.smtp}",
        address="aduan@satpolpp.example.go.id",
    )
    channel = EmailChannel.from_settings(options, ChannelContext(channel_id="email", webhook_url="https://x.example"))
    await channel.open()

    async def send(number: int) -> bool:
        result = await channel.send(outbound(number, Address("mailto", f"warga{number}@example.org")))
        return result.provider_message_id is not None

    yield send
    await channel.close()


@contextlib.asynccontextmanager
async def mail_each(sinks: Sinks):
    """`aiosmtplib.send()` for each mail."""

    async def send(number: int) -> bool:
        await aiosmtplib.send(written(number), hostname="127.0.0.1", port=sinks.smtp, start_tls=False)
        return True

    yield send


@contextlib.asynccontextmanager
async def mail_kept(sinks: Sinks):
    """Four kept connections of aiosmtplib."""
    clients: asyncio.Queue[aiosmtplib.SMTP] = asyncio.Queue()
    made = [aiosmtplib.SMTP(hostname="127.0.0.1", port=sinks.smtp, start_tls=False) for _ in range(4)]
    for one in made:
        await one.connect()
        clients.put_nowait(one)

    async def send(number: int) -> bool:
        client = await clients.get()
        await client.send_message(written(number))
        clients.put_nowait(client)
        return True

    yield send
    for one in made:
        await one.quit()


@contextlib.asynccontextmanager
async def our_twilio(sinks: Sinks):
    """Our Twilio channel."""
    options = TwilioChannel.Options(
        account_sid=ACCOUNT, auth_token=Secret(TOKEN), sender=SENDER, api_base_url=f"http://127.0.0.1:{sinks.rest}"
    )
    context = ChannelContext(channel_id="wa", webhook_url="https://aduan.example.org/channels/wa")
    channel = TwilioChannel.from_settings(options, context)
    await channel.open()

    async def send(number: int) -> bool:
        result = await channel.send(outbound(number, Address("whatsapp", f"+62812{number:08d}")))
        return result.provider_message_id == sid_of(f"whatsapp:+62812{number:08d}", "", TEXT.format(number=number))

    yield send
    await channel.close()


@contextlib.asynccontextmanager
async def package_twilio(sinks: Sinks):
    """The package's async client with its own pool of connections."""
    from twilio.http.async_http_client import AsyncTwilioHttpClient  # noqa: PLC0415 loads much
    from twilio.rest import Client  # noqa: PLC0415 as above

    http = AsyncTwilioHttpClient(pool_connections=True)
    client = Client(ACCOUNT, TOKEN, http_client=http)
    client.api.base_url = f"http://127.0.0.1:{sinks.rest}"

    async def send(number: int) -> bool:
        to, text = f"whatsapp:+62812{number:08d}", TEXT.format(number=number)
        made = await client.messages.create_async(
            to=to, from_=SENDER, body=text, status_callback=f"https://aduan.example.org/channels/wa?delivery=d{number}"
        )
        return made.sid == sid_of(to, "", text) and made.body == text

    yield send
    await http.close()


@contextlib.asynccontextmanager
async def plain_twilio(sinks: Sinks):
    """A plain request over one session, and the answer as JSON."""
    url = f"http://127.0.0.1:{sinks.rest}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    limits = aiohttp.ClientTimeout(total=35, connect=10)
    headers = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT, TOKEN)}
    async with aiohttp.ClientSession(headers=headers, timeout=limits) as session:

        async def send(number: int) -> bool:
            to, text = f"whatsapp:+62812{number:08d}", TEXT.format(number=number)
            callback = f"https://aduan.example.org/channels/wa?delivery=d{number}"
            form = {"To": to, "From": SENDER, "Body": text, "StatusCallback": callback}
            async with session.post(url, data=form) as answer:
                made = json.loads(await answer.read())
            return answer.status == 201 and made["sid"] == sid_of(to, "", text) and made["body"] == text

        yield send


Way = Callable[[Sinks], contextlib.AbstractAsyncContextManager[Send]]


class Sending:
    """Rounds of each way, with what arrived compared with what was sent."""

    def __init__(self, sinks: Sinks) -> None:
        self.sinks = sinks
        self.counted: dict[str, int] = {}
        self._numbers = itertools.count(1)

    def rounds(self, name: str, way: Way, counter: str, count: int, parallel: int) -> Callable[[int], dict[str, float]]:
        """A function that runs one round of one way. Exits when anything was lost, doubled or answered to another."""

        async def timed() -> tuple[int, float, float]:
            numbers = [next(self._numbers) for _ in range(count)]
            async with way(self.sinks) as send:
                await together(send, numbers[:parallel], parallel)
                begun, spent = time.perf_counter(), time.process_time()
                right = await together(send, numbers[parallel:], parallel)
                return right + parallel, time.perf_counter() - begun, time.process_time() - spent

        def one_round(_number: int) -> dict[str, float]:
            self.sinks.taken()
            right, took, spent = uvloop.run(timed())
            taken = self.sinks.taken()
            arrived = min(taken["mails"], taken["ids"]) if counter == "mails" else taken[counter]
            if not right == arrived == count or (counter == "mails" and taken["mails"] != count):
                sys.exit(f"{name}: {count} sent, {arrived} arrived, {right} answered as theirs: no figure is printed")
            self.counted[name] = self.counted.get(name, 0) + count
            done = count - parallel
            return {"per_second": done / took, "cpu_us": spent / done * 1e6}

        return one_round

    def checked(self, *names: str) -> str:
        """In words."""
        return "; ".join(f"{name}: {self.counted[name]:,} sent = arrived" for name in names)


def measure(options: Options) -> list[Figure]:
    """Mail first, then Twilio at 32 and 64 in parallel."""
    os.sched_setaffinity(0, {pairs.SERVER_CORE})
    with Sinks.started() as sinks:
        sending = Sending(sinks)
        mail = pairs.alternate(
            {
                "our channel": sending.rounds("our channel", our_mail, "mails", options.count(600, 48), 32),
                "send() each": sending.rounds("send() each", mail_each, "mails", options.count(200, 8), 1),
                "4 kept": sending.rounds("4 kept", mail_kept, "mails", options.count(400, 16), 4),
            },
            rounds=options.rounds,
        )
        figures = [
            ratio(AREA, "SMTP, mails a second, times aiosmtplib.send() for each",
                  pairs.ratios(mail["our channel"], mail["send() each"], "per_second"), goal=SMTP_GOAL,
                  checked=sending.checked("our channel", "send() each"),
                  note=f"{pairs.median(mail['our channel'], 'cpu_us'):.0f} us of processor time a mail against"
                  f" {pairs.median(mail['send() each'], 'cpu_us'):.0f} us"),
            ratio(AREA, "SMTP, mails a second, times four kept aiosmtplib connections",
                  pairs.ratios(mail["our channel"], mail["4 kept"], "per_second"),
                  checked=sending.checked("our channel", "4 kept")),
        ]  # fmt: skip
        for parallel in (32, 64):
            figures += twilio(sending, options, parallel)
    return figures


def twilio(sending: Sending, options: Options, parallel: int) -> list[Figure]:
    """The figures for one number of messages under way."""
    count = options.count(800, 96) + parallel
    ways = {"our channel": our_twilio, "the package": package_twilio, "plain request": plain_twilio}
    named = {f"{name}, {parallel}": way for name, way in ways.items()}
    found = pairs.alternate(
        {name: sending.rounds(name, way, "messages", count, parallel) for name, way in named.items()},
        rounds=options.rounds,
    )
    ours, package, plain = named
    note = ", ".join(f"{name.split(',')[0]} {pairs.median(found[name], 'cpu_us'):.0f} us" for name in named)
    return [
        ratio(AREA, f"Twilio, {parallel} in parallel, of the package's pooled client",
              pairs.ratios(found[ours], found[package], "per_second"), goal=TWILIO_GOAL,
              checked=f"{sending.checked(ours, package)}, each answer its own message's", note=note),
        ratio(AREA, f"Twilio, {parallel} in parallel, a plain request, of the package's pooled client",
              pairs.ratios(found[plain], found[package], "per_second"), goal=PLAIN_GOAL,
              checked=f"{sending.checked(plain, package)}, each answer its own message's"),
    ]  # fmt: skip


if __name__ == "__main__":
    run(__doc__, measure)
