"""The load on the whole way: a process of its own that sends webhooks and is the provider that gets the receipts."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence

import attrs
import pairs
from served import PATH, PUBLIC

_LONGEST_TEXT = 800


def complaints() -> list[str]:
    """The profile's own samples that are complaints."""
    from treckk_gateway.profile import samples  # noqa: PLC0415 the load's process needs none of it

    found = samples("balangan")
    return [
        str(one["text"])
        for one in found
        if "complaint" in str(one["expected"]["intent"]) and len(str(one["text"])) < _LONGEST_TEXT
    ]


@attrs.frozen(kw_only=True)
class Load:
    """A running load process. `provider_port` is where receipts go."""

    process: subprocess.Popen[str]
    provider_port: int

    @classmethod
    @contextlib.contextmanager
    def started(cls, *, pause: float = 0.0, cores: Sequence[int] = (pairs.LOAD_CORE,)) -> Iterator[Load]:
        """Start it; the provider answers each message after `pause` seconds."""
        process = subprocess.Popen(
            [sys.executable, str(pairs.HERE / "whole_load.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            port = cls._asked(process, {"cores": list(cores), "pause": pause})["port"]
            yield cls(process=process, provider_port=int(port))
        finally:
            process.kill()
            process.wait()

    @staticmethod
    def _asked(process: subprocess.Popen[str], line: dict[str, object]) -> dict[str, float]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(line) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            sys.exit("the load process ended")
        found: dict[str, float] = json.loads(answer)
        return found

    def round(
        self,
        ports: Sequence[int],
        *,
        count: int,
        connections: int,
        texts: Sequence[str],
        number: int,
        rate: float = 0.0,
    ) -> dict[str, float]:
        """One round over these servers, every message from a number of its own.

        `rate` is requests a second, 0 as many as go. Exits when an answer or a receipt is missing: then no figure is
        printed.
        """
        found = self._asked(
            self.process,
            {
                "ports": list(ports), "path": PATH, "public_url": PUBLIC + PATH, "connections": connections,
                "count": count, "seed": f"whole/{number}", "salt": number * 15485863 + 1, "texts": list(texts),
                "rate": rate,
            },
        )  # fmt: skip
        if found["ok"] != count or found["receipts"] != count:
            sys.exit(
                f"{count} sent, {found['ok']} answered 200, {found['receipts']} had their receipt: no figure is printed"
            )
        return found
