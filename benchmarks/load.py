"""A load generator that costs less than what it measures: prepared bytes over kept connections.

Run as a process of its own: reads a JSON job from stdin, writes a JSON result to stdout.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import sys
import time
from urllib.parse import urlencode

import uvloop

ACCOUNT = "AC" + "0" * 32
TOKEN = "benchmark-token-0001"  # noqa: S105 made up
SENDER = "whatsapp:+6281100000000"


def signed_form(sid: str, sender: str, url: str, text: str) -> tuple[bytes, str]:
    """A WhatsApp form of about 525 bytes and its signature, as the provider computes it."""
    fields = {
        "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "Body": text, "From": f"whatsapp:{sender}",
        "MessageSid": sid,
        "MessageType": "text", "NumMedia": "0", "NumSegments": "1", "ProfileName": "Warga", "ReferralNumMedia": "0",
        "SmsMessageSid": sid, "SmsSid": sid, "SmsStatus": "received", "To": SENDER, "WaId": sender[1:],
    }  # fmt: skip
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    digest = base64.b64encode(hmac.digest(TOKEN.encode(), signed.encode(), hashlib.sha1)).decode()
    return urlencode(fields).encode(), digest


def prepare(job: dict[str, object]) -> list[bytes]:
    """All requests of a round as raw bytes, each with an id of its own."""
    requests = []
    texts = list(job.get("texts") or ["Ada parkir liar di depan pasar nomor {number}"])
    for number in range(int(job["count"])):
        sid = "SM" + hashlib.md5(f"{job['seed']}/{number}".encode(), usedforsecurity=False).hexdigest()
        sender = f"+62812{(number * 7919 + int(job['salt'])) % 10**8:08d}"
        text = str(texts[number % len(texts)]).replace("{number}", str(number))
        body, signature = signed_form(sid, sender, str(job["public_url"]), text)
        head = (
            f"POST {job['path']} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"X-Twilio-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        requests.append(head.encode() + body)
    return requests


class Connection(asyncio.Protocol):
    """Sends the next request as soon as the answer to the last one is complete."""

    def __init__(self, work: list[bytes], result: dict[str, list[float]], done: asyncio.Future[None]) -> None:
        self.work, self.result, self.done = work, result, done
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = transport
        self.next()

    def next(self) -> None:
        """Send the next request, or be done."""
        if not self.work:
            if not self.done.done():
                self.done.set_result(None)
            return
        self.begun = time.perf_counter()
        self.transport.write(self.work.pop())

    def data_received(self, data: bytes) -> None:
        """Count the answer once it is complete."""
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.buffer) < end + 4 + length:
            return
        self.result["seconds"].append(time.perf_counter() - self.begun)
        self.result["ok" if self.buffer[9:12] == b"200" else "bad"].append(1)
        self.buffer = b""
        self.next()

    def connection_lost(self, _problem: Exception | None) -> None:
        """Nothing more will come."""
        if not self.done.done():
            self.done.set_result(None)


async def run(job: dict[str, object]) -> dict[str, float]:
    """One round."""
    work = prepare(job)
    result: dict[str, list[float]] = {"seconds": [], "ok": [], "bad": []}
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    waiting = []
    for _ in range(int(job["connections"])):
        done = loop.create_future()
        await loop.create_connection(lambda d=done: Connection(work, result, d), "127.0.0.1", int(job["port"]))
        waiting.append(done)
    await asyncio.gather(*waiting)
    took = time.perf_counter() - begun
    times = sorted(result["seconds"]) or [0.0]
    return {
        "per_second": len(result["ok"]) / took,
        "ok": len(result["ok"]),
        "bad": len(result["bad"]),
        "p50_ms": times[len(times) // 2] * 1e3,
        "p99_ms": times[int(len(times) * 0.99)] * 1e3,
    }


if __name__ == "__main__":
    wanted = json.loads(sys.stdin.read())
    os.sched_setaffinity(0, {wanted["core"]})
    print(json.dumps(uvloop.run(run(wanted))))
