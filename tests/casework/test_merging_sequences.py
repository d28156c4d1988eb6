"""Whatever is merged and taken apart again: messages lie where their writer takes part, and nobody hears of another."""

from __future__ import annotations

import asyncio
import base64
import itertools
import re
import tempfile
from pathlib import Path

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from treckk_gateway import Gateway
from treckk_gateway.casework.views import Given
from treckk_gateway.channel import WebhookRequest, standard_webhooks
from treckk_gateway.model import Actor, Role, State
from treckk_gateway.profile import load
from treckk_gateway.settings import from_mapping

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
URL = "https://aduan.example.go.id"
PROFILE = load("balangan")
DESK, HEAD = Actor(name="rini", role=Role.ADMIN), Actor(name="kasat", role=Role.LEADERSHIP)
NUMBER = re.compile(r"TRK-\d{4}-\d{5}")
COUNT = 4
ANYONE = st.integers(0, COUNT - 1)


class Town:
    """A gateway that files and decides and never sends: what it would send stands in its outbox."""

    def __init__(self, folder: Path) -> None:
        for name, text in (("key", base64.b64encode(bytes(32)).decode()), ("web", SECRET)):
            (folder / name).write_text(text)
        self.ticks = itertools.count(1_795_500_000_000_000, 1_000_000)
        table = {
            "gateway": {"public_url": URL, "secret_key": "file:key", "data_dir": "data"},
            "channels": {"web": {"adapter": "web", "secret": "file:web", "callback_url": "http://127.0.0.1:9/"}},
        }
        self.gateway = Gateway(
            from_mapping(table, base=folder), profile=PROFILE, clock=lambda: next(self.ticks), working=False
        )
        self.parts = self.gateway._parts
        self.count = 0

    async def write(self, who: int, text: str) -> None:
        self.count += 1
        data = {"id": f"m{self.count}", "conversation_id": f"c{who}", "text": text, "sender": {"id": f"s{who}"}}
        now = next(self.ticks) // 1_000_000
        body = msgspec.json.encode({"type": "complaint.created", "timestamp": "2026-11-24T06:00:00Z", "data": data})
        headers = standard_webhooks.sign((standard_webhooks.key(SECRET),), f"m{self.count}", now, body)
        answer = await self.gateway.receive("web", WebhookRequest.of("POST", f"{URL}/channels/web", headers, body))
        assert answer.status == 200, answer
        await self.parts.intake.handle(self.count)

    async def waiting(self, after: int) -> list[tuple[int, int, str, str]]:
        """Of each message to a reporter since then: id, whose, the text and the number the portal is given."""
        found = []
        for outbox_id in range(after + 1, 100_000):
            row = await self.parts.store.outbox(outbox_id)
            if row is None:
                return found
            conversation = await self.parts.store.conversation(row.conversation_id)
            prepared = await self.parts.sender.message(row)
            assert prepared is not None
            found.append((outbox_id, conversation.reporter_id, prepared[1].text, prepared[1].reference))
        return found


class Merges(RuleBasedStateMachine):
    """A model of who is part of what, beside the real thing."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.town = Town(Path(self.folder.name))
        self.parent: dict[int, int] = {}
        self.state: dict[int, State] = {}
        self.numbers: list[str] = []
        self.wrote: dict[int, list[str]] = {who: [] for who in range(COUNT)}
        self.heard = 0
        self.run(self.town.gateway.__aenter__())
        for who in range(COUNT):
            self.run(self.town.write(who, f"Pedagang di trotoar pasar Paringin menutup jalan, awal{who}"))
            [case] = [one for one in self.cases() if one.reference not in self.numbers]
            self.numbers.append(case.reference)
            self.state[who] = case.state

    def run(self, doing):
        return self.runner.run(doing)

    def cases(self):
        return self.run(self.town.gateway.desk.cases(HEAD)).items

    def root(self, who: int) -> int:
        while who in self.parent:
            who = self.parent[who]
        return who

    @rule(child=ANYONE, parent=ANYONE)
    def merge(self, child, parent):
        possible = child not in self.parent and self.root(parent) != child
        doing = self.town.gateway.desk.move(
            DESK, self.numbers[child], State.DUPLICATE, Given(parent=self.numbers[parent])
        )
        try:
            self.run(doing)
        except ValueError:
            assert not possible
            return
        assert possible
        self.parent[child] = self.root(parent)

    @rule(child=ANYONE)
    def undo(self, child):
        try:
            case = self.run(self.town.gateway.desk.unmerge(DESK, self.numbers[child]))
        except ValueError:
            assert child not in self.parent
            return
        del self.parent[child]
        assert case.state is self.state[child]

    @rule(who=ANYONE)
    def write(self, who):
        text = f"Masih ada lapak di trotoar, lanjutan{who}x{len(self.wrote[who])}"
        self.wrote[who].append(text)
        self.run(self.town.write(who, text))

    @precondition(lambda self: any(self.state[who] is State.RECEIVED for who in range(COUNT) if who not in self.parent))
    @rule(who=ANYONE)
    def review(self, who):
        if who in self.parent or self.state[who] is not State.RECEIVED:
            return
        self.run(self.town.gateway.desk.move(DESK, self.numbers[who], State.UNDER_REVIEW, Given()))
        self.state[who] = State.UNDER_REVIEW

    @invariant()
    def each_case_stands_as_the_model_says(self):
        states = {one.reference: one.state for one in self.cases()}
        for who, number in enumerate(self.numbers):
            assert states[number] is (State.DUPLICATE if who in self.parent else self.state[who])
        assert len(states) == COUNT

    @invariant()
    def what_somebody_wrote_lies_where_they_take_part(self):
        for who, number in enumerate(self.numbers):
            file = self.run(self.town.gateway.desk.case_file(HEAD, number))
            texts = [one.text for one in file.messages if one.direction == "in"]
            if who not in self.parent:
                expected = {other for other in range(COUNT) if self.root(other) == who}
                writers = {int(re.search(r"(?:awal|lanjutan)(\d)", one)[1]) for one in texts}
                assert writers == expected
                assert {one for one in texts if "lanjutan" in one} == {
                    t for other in expected for t in self.wrote[other]
                }

    @invariant()
    def nobody_is_told_of_a_case_they_are_no_part_of(self):
        for outbox_id, reporter_id, text, number in self.run(self.town.waiting(self.heard)):
            self.heard = outbox_id
            own = self.numbers[reporter_id - 1]
            assert set(NUMBER.findall(text)) <= {own}
            assert number == own
            assert "lanjutan" not in text
            assert "awal" not in text

    def teardown(self):
        for child in list(self.parent):
            self.undo(child)
        self.what_somebody_wrote_lies_where_they_take_part()
        self.run(self.town.gateway.__aexit__(None, None, None))
        self.runner.close()
        self.folder.cleanup()


TestMerges = Merges.TestCase
TestMerges.settings = settings(max_examples=8, stateful_step_count=14, deadline=None)
