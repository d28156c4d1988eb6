"""Cases and letters as an operator's terminal shows them: in the unit's own time, places by name, numbers never cut."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import attrs
from rich.table import Table
from rich.text import Text

from treckk_gateway.channel.charset import clean
from treckk_gateway.profile import Profile, load
from treckk_gateway.server.commands.asking import ApiClient, ask
from treckk_gateway.server.commands.printing import console, print_json

T = TypeVar("T")

_BESIDE = " " * 18
"""As wide as a moment and the gap behind it."""


@attrs.frozen
class Casebook:
    """Prints the API's answers."""

    profile: Profile

    def cases(self, found: Sequence[Mapping[str, Any]]) -> None:
        """A list, one case a line."""
        if not found:
            console().print("no cases")
            return
        table = _table("number", "state", "urgency", "post", "category", f"opened {self._zone}", "channel")
        for one in found:
            row = [one[name] or "-" for name in ("reference", "state", "urgency", "post", "category")]
            table.add_row(*row, self._at(one["opened_at"], "%d %b %H:%M"), one["channel_id"])
        console().print(table)

    def case(self, case: Mapping[str, Any]) -> None:
        """One case: what it is, its messages and deliveries, its history."""
        kind = f"{case['intent']}, {case['urgency']}"
        console().print(Text(f"{case['reference']}  {case['state']}  {kind}  post {case['post'] or '-'}", "bold"))
        console().print(Text("  ".join(self._about(case))))
        for message in case["messages"]:
            self._line(message["at"], f"{message['direction']:3}  {message['by']}: {said(message)}")
        for delivery in case["deliveries"]:
            why = f" ({delivery['reason']})" if delivery["reason"] else ""
            self._line(delivery["created_at"], f"{delivery['template']}: {delivery['state']}{why}")
        for event in case["events"]:
            step = f" {event['source']} -> {event['target']}" if event["target"] else ""
            self._line(event["at"], f"{event['kind']}{step} by {event['actor']}")
            for name, value in event["data"].items():
                console().print(_plain(f"{_BESIDE}{name}: {value}"))

    def identities(self, found: Sequence[Mapping[str, Any]]) -> None:
        """Who reported."""
        for one in found:
            console().print(_plain(f"{one['pseudonym']}  {one['name'] or '-'}  {', '.join(one['addresses']) or '-'}"))

    def looks(self, found: Sequence[Mapping[str, Any]]) -> None:
        """Who looked at a case, and why."""
        for one in found:
            self._line(one["at"], f"{one['what']:9}{one['actor']}  {one['reason'] or ''}")

    def parked(self, found: Sequence[Mapping[str, Any]]) -> None:
        """Requests nobody could read."""
        table = _table("id", f"received {self._zone}", "channel", "kind", "reason")
        for one in found:
            about = (one["channel_id"], one["kind"], _plain(one["reason"]))
            table.add_row(str(one["id"]), self._at(one["received_at"]), *about)
        console().print(table if found else "nothing is parked")

    def letters(self, found: Sequence[Mapping[str, Any]]) -> None:
        """Messages given up, and those of uncertain fate."""
        table = _table("id", f"written {self._zone}", "channel", "number", "message", "state", "reason", "tries")
        for one in found:
            about = (one["channel_id"], one["reference"] or "-", one["template"], one["state"], one["reason"] or "-")
            table.add_row(str(one["id"]), self._at(one["created_at"]), *about, str(one["attempts"]))
        console().print(table if found else "no dead letters")

    def _about(self, case: Mapping[str, Any]) -> Iterator[str]:
        yield self.profile.place_name(case["village"], case["district"]) or "place unknown"
        yield case["category"] or "no category"
        yield f"over {case['channel_id']}"
        if case["missing"]:
            yield f"missing {', '.join(case['missing'])}"
        if case["due_at"]:
            yield f"next clock {self._at(case['due_at'])}"
        yield f"(times are {self._zone})"

    def _line(self, moment: str, what: str) -> None:
        console().print(_plain(f"{self._at(moment)}  {what}"))

    def _at(self, moment: str, form: str = "%Y-%m-%d %H:%M") -> str:
        return datetime.fromisoformat(moment).astimezone(ZoneInfo(self.profile.zone)).strftime(form)

    @property
    def _zone(self) -> str:
        return datetime.now(ZoneInfo(self.profile.zone)).tzname() or self.profile.zone


def look(
    config: Path,
    question: Callable[[ApiClient], Awaitable[T]],
    show: Callable[[Casebook, T], None],
    *,
    as_json: bool = False,
) -> T:
    """Ask the API and print what it says, as JSON or as the casebook shows it: only that needs the unit's profile."""

    async def asking(api: ApiClient) -> tuple[T, str]:
        return await question(api), api.settings.profile

    found, profile = ask(config, asking)
    if as_json:
        print_json(found)
    else:
        show(Casebook(load(profile)), found)
    return found


def said(message: Mapping[str, Any]) -> str:
    """The text, with what came beside it or in its place."""
    kind, files = message["unsupported"], len(message["attachments"])
    beside = [f"[cannot be shown: {kind}]" if kind else "", f"[{files} file{'s' * (files > 1)}]" if files else ""]
    return " ".join(one for one in (message["text"], *beside, "[pin]" if message["location"] else "") if one)


def _table(*headings: str) -> Table:
    return Table(*headings, box=None, padding=(0, 1, 0, 0))


def _plain(text: str) -> Text:
    """What others wrote: it commands no terminal, and its further lines cannot be taken for lines of ours."""
    return Text(clean(text).replace("\n", f"\n{_BESIDE}"))
