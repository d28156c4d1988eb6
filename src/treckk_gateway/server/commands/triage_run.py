"""Messages through the steps of a profile, for the commands that ask what triage thinks of them."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from treckk_gateway.model import Incident
from treckk_gateway.profile import Profile, load
from treckk_gateway.server.logs import configure_logging
from treckk_gateway.triage import Pipeline, TriageContext, default_steps
from treckk_gateway.triage.duplicates import groups, incident
from treckk_gateway.triage.lines import LineError, answer_of, read_line, received_at, subject_of

ProfileOption = Annotated[str, typer.Option("--profile", help="A shipped profile's name, or a profile's folder.")]


class Run:
    """Messages through the steps of a profile; `failed` are the numbers of lines that were none, and why."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.failed: list[tuple[int, str]] = []
        self._pipeline = Pipeline(default_steps(profile))

    async def answers(self, lines: Iterable[bytes], *, group: bool) -> AsyncIterator[dict[str, Any]]:
        """One answer or error for each line that is not empty, in order."""
        rows = self._answers(lines)
        if not group:
            async for row, _told in rows:
                yield row
            return
        found = [pair async for pair in rows]
        names = iter(groups([told for _row, told in found if told is not None], self.profile))
        for row, told in found:
            yield row if told is None else row | {"duplicate_group": next(names)}

    async def _answers(self, lines: Iterable[bytes]) -> AsyncIterator[tuple[dict[str, Any], Incident | None]]:
        for number, raw in enumerate(lines, 1):
            if not raw.strip():
                continue
            try:
                line = read_line(raw)
            except LineError as problem:
                self.failed.append((number, str(problem)))
                yield {"line": number, "error": str(problem)}, None
                continue
            subject = subject_of(line)
            now = received_at(line, self.profile, time.time_ns() // 1_000)
            found = await self._pipeline.run(subject, TriageContext(profile=self.profile, now=now))
            at = now if line.received_at is not None else None
            yield answer_of(line, found), incident(found, subject, at)


def profile_of(name: str) -> Profile:
    """A profile by its shipped name, or a folder; a name that is a folder here is the folder."""
    configure_logging(logging.CRITICAL)
    return load(Path(name) if Path(name).is_dir() else name)
