"""The demo without a visitor: the shipped sample messages, one citizen each, and what became of every one."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import attrs
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from treckk_gateway.model import Actor, Case, Role
from treckk_gateway.server.demo.world import World

_DESK = Actor(name="demo", role=Role.ADMIN, roles=frozenset({Role.ADMIN, Role.LEADERSHIP}))
_PATIENCE = 120.0
_COLUMNS = (
    ("id", 3, 3),
    ("channel", 8, 8),
    ("message", 16, 40),
    ("case", 14, 14),
    ("taken as", 12, 18),
    ("urgency", 9, 9),
    ("place", 10, 24),
    ("the citizen read", 16, 44),
)


@attrs.frozen(kw_only=True)
class Outcome:
    """What became of one sample."""

    sample: dict[str, Any]
    case: Case | None
    heard: tuple[str, ...]


def samples(profile: str) -> list[dict[str, Any]]:
    """The sample messages a profile ships."""
    text = files("treckk_gateway.profile").joinpath(profile, "sample_messages.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


async def play(world: World, console: Console) -> bool:
    """Send every sample over its channel and print the table; true when the books balance and nothing was left."""
    outcomes = []
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
    wanted = samples(world.gateway.settings.profile)
    with bar:
        task = bar.add_task("citizens write", total=len(wanted))
        for number, sample in enumerate(wanted):
            outcomes.append(await _one(world, sample, number))
            bar.advance(task)
    console.print(_table(outcomes, world.gateway.profile.place_name))
    await world.twilio.settled()  # what it reports of the last messages counts too
    books = await _told(world)
    console.print(
        f"received {books['received']} = filed {books['filed']} + parked {books['parked']} + new {books['new']}; "
        f"waiting to leave {books['outbox']}, dead letters {books['dead']}, refused {books['refused']}"
    )
    became = Counter("opened a case" if one.case else "answered or filed without a case" for one in outcomes)
    console.print(", ".join(f"{count} {what}" for what, count in became.items()))
    console.print(
        "[dim]The messages are invented, and by one author: they show that it runs, not that it understands.[/dim]"
    )
    return bool(books["received"] == books["filed"] and not books["outbox"] and not books["dead"])


async def _one(world: World, sample: dict[str, Any], number: int) -> Outcome:
    channel = sample["channel"]
    sender = f"warga{number:02d}@example.org" if channel == "email" else f"+62812000010{number:02d}"
    await world.send(channel, sender, sample["text"], **_extras(channel, sample))
    await _told(world)
    return Outcome(sample=sample, case=await _case(world, channel, sender), heard=tuple(world.heard(channel, sender)))


async def _told(world: World) -> dict[str, int]:
    """The books once the message is filed and what answers it has left: an SMS sender may send once a second."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            await world.gateway.settled(_PATIENCE)
            books = await world.gateway.counters()
            if not books["new"] and not books["outbox"]:
                return books
            await asyncio.sleep(0.05)


def _extras(channel: str, sample: dict[str, Any]) -> dict[str, Any]:
    """The sample's name, subject, pin and files in the form its channel takes them."""
    pins = [(one["lat"], one["lng"]) for one in sample["attachments"] if one["type"] == "location"]
    kinds = [one["mime"] for one in sample["attachments"] if one["type"] != "location"]
    name, subject = sample.get("sender_name"), sample.get("subject")
    if channel in {"whatsapp", "sms"}:
        found: dict[str, Any] = {"location": pins[0] if pins else None, "files": [(one, b"demo") for one in kinds]}
    elif channel == "email":
        found = {"name": name, "subject": subject, "files": [(one, "lampiran", b"demo") for one in kinds]}
    else:
        found = {"sender": {"name": name} if name else None, "subject": subject}
        if pins:
            found["location"] = {"lat": pins[0][0], "lng": pins[0][1]}
    return {key: value for key, value in found.items() if value}


async def _case(world: World, channel: str, sender: str) -> Case | None:
    scheme = {"email": "mailto", "web": "web"}.get(channel, channel)
    page = await world.gateway.desk.cases(_DESK, q=f"{scheme}:{sender}")
    return page.items[0] if page.items else None


def _table(outcomes: list[Outcome], place: Callable[[str | None, str | None], str | None]) -> Table:
    table = Table(title="What became of each message")
    for heading, least, most in _COLUMNS:
        table.add_column(heading, overflow="ellipsis", no_wrap=True, min_width=least, max_width=most)
    for one in outcomes:
        case = one.case
        table.add_row(
            one.sample["id"],
            one.sample["channel"],
            one.sample["text"].replace("\n", " ")
            or "(" + ", ".join(a["type"] for a in one.sample["attachments"]) + ")",
            case.reference if case else "-",
            (case.category or case.intent) if case else "no case",
            case.urgency if case else "",
            place(case.village, case.district) or "" if case else "",
            one.heard[-1].replace("\n", " ") if one.heard else "(nothing)",
        )
    return table
