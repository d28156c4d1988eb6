"""Whatever the unit's people type, in whatever order: no step the table does not allow, and only leadership instructs."""

from __future__ import annotations

import asyncio
import base64
import tempfile
from datetime import date
from functools import cache
from itertools import count
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from treckk_gateway import Gateway, WalkIn
from treckk_gateway.model import EventKind, InboundMessage, Location, Role, State
from treckk_gateway.model.lifecycle import INITIAL_ACTION, TRANSITIONS
from treckk_gateway.profile import load
from treckk_gateway.settings import from_mapping

PEOPLE = {
    "rini": ("admin", None), "kasat": ("leadership", None), "danru": ("team", "paringin"),
    "piket": ("duty", "paringin"), "mako": ("duty", "mako"), "bidang": ("holder", None), "wakil": ("admin", None),
}  # fmt: skip
DELEGATE = "wakil"
ABOVE = {"kasat", DELEGATE}


@cache
def profile():
    return load("balangan")


WORDS = sorted(" ".join(one) for one in profile().staff.phrases)
TEXTS = st.one_of(
    st.tuples(
        st.sampled_from(["", "1", "2", "00001", "TRK-2611-00002", "#2", "42"]),
        st.sampled_from(WORDS),
        st.sampled_from(
            ["", "1", "2", "paringin", "mako", "tidak tahu", "beres semua", "4 orang", "data belum cukup", "darurat",
             "tolak", "desa layap paringin", "instruksi mako"]
        ),
    ).map(" ".join),
    st.sampled_from(["1", "2", "3", "4", "5", "1 2", "2 1", "ya", "tidak", "darurat", "selesai", "batal"]),
    st.text(max_size=60),
)  # fmt: skip
TALK = st.lists(st.tuples(st.sampled_from(sorted(PEOPLE)), TEXTS, st.booleans()), max_size=14)


def settings_in(folder: Path):
    for name, text in (
        ("key", base64.b64encode(bytes(32)).decode()),
        ("web", "whsec_" + base64.b64encode(bytes(32)).decode()),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    staff = [
        {"name": name, "role": role, "addresses": [f"whatsapp:+62813000000{n:02}"]} | ({"post": post} if post else {})
        for n, (name, (role, post)) in enumerate(PEOPLE.items())
    ]
    staff[-1]["delegated_until"] = date(2999, 12, 31)
    return from_mapping(
        {
            "gateway": {"public_url": "https://aduan.example.go.id", "secret_key": "file:key", "data_dir": "data"},
            "channels": {"web": {"adapter": "web", "secret": "file:web"}},
            "staff": staff,
        },
        base=folder,
    )  # fmt: skip


async def play(talk, folder):
    """Everything said, one after the other; the events of all cases."""
    clock = count(1_795_500_000_000_000, 3_000_000)
    gateway = Gateway(settings_in(folder), profile=profile(), clock=lambda: next(clock), working=False)
    async with gateway:
        casework, intake = gateway.desk.casework, gateway._parts.intake
        admin = casework.roster.actor(casework.roster.named("rini"))
        for place in ("paringin", "mako"):
            await gateway.desk.open_walk_in(admin, WalkIn(text="Ada pedagang di trotoar", post=place))
        for n, (name, text, pin) in enumerate(talk):
            staff = casework.roster.named(name)
            location = Location(lat=-2.33, lng=115.46) if pin and n % 5 == 0 else None
            message = InboundMessage(dedupe_key=f"m{n}", sender=staff.addresses[0], text=text, location=location)
            filing = await intake.act(staff, "web", message)
            filed = await casework.store.file(replace(filing, inbox_id=None))
            assert not filed.stale
        files = [await casework.store.case_file(number) for number in (1, 2)]
        return [(one.case, one.events) for one in files]


@given(TALK)
@settings(max_examples=40)
def test_no_text_of_anybody_leaves_the_table_and_only_leadership_instructs(talk):
    with tempfile.TemporaryDirectory() as folder:
        cases = asyncio.run(play(talk, Path(folder)))
    for case, events in cases:
        state = State.RECEIVED
        for one in events:
            if one.kind is not EventKind.TRANSITION:
                continue
            roles = {one.role} | ({Role.LEADERSHIP} if one.actor == DELEGATE else set())
            assert one.source is state
            assert any(t.source is one.source and t.target is one.target and t.roles & roles for t in TRANSITIONS)
            if one.target is State.INSTRUCTED:
                assert one.actor in ABOVE
            state = one.target
        assert case.state is state
        first = next((one for one in events if one.target is State.EN_ROUTE), None)
        if first is not None and first.source is not State.INSTRUCTED:
            assert first.role is Role.DUTY
            assert INITIAL_ACTION in case.flags


def test_the_talk_of_these_tests_can_lead_a_case_to_its_end(tmp_path):
    talk = [
        ("rini", "1 telaah", False), ("wakil", "instruksi mako 1", False), ("mako", "1 berangkat", False),
        ("mako", "beres 1 sudah ditertibkan", False),
    ]  # fmt: skip
    (case, events), _other = asyncio.run(play(talk, tmp_path))
    assert case.state is State.RESOLVED
    steps = [one.actor for one in events if one.kind is EventKind.TRANSITION]
    assert steps == ["rini", DELEGATE, "mako", "mako"]
