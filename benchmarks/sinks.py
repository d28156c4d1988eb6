"""What takes what is sent: an SMTP relay and Twilio's REST service, both counting, in a process of their own.

`{"smtp": port, "rest": port}` comes on stdout; each line on stdin is answered with what was taken since the last.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys

import pairs
import uvloop
from provider import Provider

_MESSAGE_ID = re.compile(rb"(?im)^message-id: *(<[^>]+>)")
_GREETING = b"250-sink\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-PIPELINING\r\n250 SIZE 26214400\r\n"


class Relay(asyncio.Protocol):
    """One SMTP session. It takes whatever it is offered, one command after the other or several at once."""

    mails = 0
    ids: set[bytes] = set()  # noqa: RUF012 one count for all sessions

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello."""
        self.transport, self.buffer, self.text = transport, b"", False
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer each whole command or text."""
        self.buffer += data
        answers = []
        while True:
            end = self.buffer.find(b"\r\n.\r\n" if self.text else b"\r\n")
            if end < 0:
                break
            line, self.buffer = self.buffer[:end], self.buffer[end + (5 if self.text else 2) :]
            answers.append(self.taken(line) if self.text else self.command(line))
        if answers:
            self.transport.write(b"".join(answers))

    def taken(self, text: bytes) -> bytes:
        """A whole mail."""
        self.text = False
        Relay.mails += 1
        found = _MESSAGE_ID.search(text)
        Relay.ids.add(found[1] if found else b"")
        return b"250 2.0.0 taken\r\n"

    def command(self, line: bytes) -> bytes:
        """One command."""
        word = line[:4].upper()
        if word == b"EHLO":
            return _GREETING
        if word == b"DATA":
            self.text = True
            return b"354 go on\r\n"
        if word == b"QUIT":
            self.transport.write(b"221 bye\r\n")
            self.transport.close()
            return b""
        return b"250 2.0.0 ok\r\n"


async def main() -> None:
    """Listen and tell."""
    os.sched_setaffinity(0, {pairs.LOAD_CORE})
    loop = asyncio.get_running_loop()
    provider = Provider(by_text=True)
    await provider.start()
    server = await loop.create_server(Relay, "127.0.0.1", 0, backlog=1024)
    print(json.dumps({"smtp": server.sockets[0].getsockname()[1], "rest": provider.port}), flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        told = {"mails": Relay.mails, "ids": len(Relay.ids), "messages": provider.count}
        Relay.mails, Relay.ids, provider.count = 0, set(), 0
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
