"""Load on the whole way: webhooks in at a rate or as fast as they go, and the receipts as the provider gets them.

Run as a process of its own: `{"cores": ..., "pause": ...}` on stdin is answered with the provider's port on stdout;
each further line is a round, answered with its result.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

import uvloop
from load import prepare
from provider import Provider

_PATIENCE = 60.0


class Caller(asyncio.Protocol):
    """One connection: writes a request and tells when its answer is complete."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport, self.buffer = transport, b""
        self.answered: asyncio.Future[bytes] | None = None

    def data_received(self, data: bytes) -> None:
        """The answer's status, once all of it is there."""
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.buffer) >= end + 4 + length and self.answered is not None:
            status, self.buffer = self.buffer[9:12], b""
            self.answered.set_result(status)

    def connection_lost(self, _problem: Exception | None) -> None:
        """Whoever waits is told."""
        if self.answered is not None and not self.answered.done():
            self.answered.set_result(b"000")

    async def call(self, request: bytes) -> bytes:
        """One request."""
        self.answered = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answered


async def one_round(job: dict[str, object], provider: Provider) -> dict[str, object]:
    """All requests of a round, and then patience until every receipt is there."""
    loop = asyncio.get_running_loop()
    work = prepare(job)
    count, rate = len(work), float(job.get("rate", 0))
    free: asyncio.Queue[Caller] = asyncio.Queue()
    callers = []
    for number in range(int(job["connections"])):
        port = list(job["ports"])[number % len(list(job["ports"]))]
        _, caller = await loop.create_connection(Caller, "127.0.0.1", int(port))
        callers.append(caller)
        free.put_nowait(caller)
    recipients = [f"whatsapp:{sender(job, number)}" for number in range(count)]
    provider.expect(recipients)
    begun = time.perf_counter()
    sent: list[float] = [0.0] * count
    good, answers = 0, []

    async def call(number: int) -> None:
        nonlocal good
        caller = await free.get()
        status = await caller.call(work[number])
        good += status == b"200"
        answers.append(time.perf_counter() - sent[number])
        free.put_nowait(caller)

    if rate:
        tasks = []
        for number in range(count):
            at = begun + number / rate
            pause = at - time.perf_counter()
            if pause > 0:
                await asyncio.sleep(pause)
            sent[number] = at  # when it was to be sent: a late generator counts as waiting
            tasks.append(asyncio.ensure_future(call(number)))
        await asyncio.gather(*tasks)
    else:
        numbers = iter(range(count))

        async def one_after_another() -> None:
            for number in numbers:
                sent[number] = time.perf_counter()
                await call(number)

        await asyncio.gather(*(one_after_another() for _ in callers))
    taken_in = time.perf_counter() - begun
    until = time.perf_counter() + _PATIENCE
    while provider.missing and time.perf_counter() < until:  # noqa: ASYNC110 a poll costs the load least
        await asyncio.sleep(0.01)
    for caller in callers:
        caller.transport.close()
    first = [provider.taken[to][0] if provider.taken[to] else None for to in recipients]
    ways = sorted(moment - sent[number] for number, moment in enumerate(first) if moment is not None) or [_PATIENCE]
    last = max((moment for moment in first if moment is not None), default=begun + _PATIENCE)
    answers.sort()
    return {
        "per_second": count / (last - begun),
        "in_per_second": count / taken_in,
        "ok": good,
        "receipts": count - len(provider.missing),
        "p50_ms": ways[len(ways) // 2] * 1e3,
        "p99_ms": ways[int(len(ways) * 0.99)] * 1e3,
        "max_ms": ways[-1] * 1e3,
        "answer_p99_ms": answers[int(len(answers) * 0.99)] * 1e3,
    }


def sender(job: dict[str, object], number: int) -> str:
    """The number a message comes from, one for each."""
    return f"+62812{(number * 7919 + int(job['salt'])) % 10**8:08d}"


async def main() -> None:
    """Listen, tell the port, and do what the lines say."""
    first = json.loads(sys.stdin.readline())
    os.sched_setaffinity(0, set(first["cores"]))
    provider = Provider(float(first.get("pause", 0)))
    await provider.start()
    print(json.dumps({"port": provider.port}), flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await one_round(json.loads(line), provider)), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
