"""Whatever is written: no step raises, and every code is one of an enum or of the profile."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treckk_gateway.model import Address, Attachment, InboundMessage, Intent, MediaKind, Subject, Urgency
from treckk_gateway.profile import load
from treckk_gateway.triage import Pipeline, TriageContext, default_steps

PROFILES = {"balangan": load("balangan"), "tiny": load(Path(__file__).parents[1] / "samples" / "profile_tiny")}
FLAGS = {
    "needs_clarification", "needs_human", "media_only", "voice_only", "has_case_number", "confidential", "abusive",
    "integrity", "minors", "repeat_report", "withdraw", "reopen", "opt_in", "remote_area", "outside_regency",
    "quoted_text", "silent",
}  # fmt: skip
WORDS = sorted({word for words in PROFILES["balangan"].lexicon.lists.values() for word in words})
TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(WORDS), max_size=15).map(" ".join),
    st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=6)), max_size=15).map(". ".join),
)


async def findings(profile, text, **fields):
    own = {name: fields.pop(name) for name in ("open_cases", "answering") if name in fields}
    message = InboundMessage(dedupe_key="m-1", sender=Address("whatsapp", "+6281200000000"), text=text, **fields)
    steps = Pipeline(default_steps(profile))
    return await steps.run(Subject(message=message, **own), TriageContext(profile=profile, now=0))


def unknown(found, profile):
    codes = {
        "intent": set(Intent),
        "urgency": set(Urgency),
        "category": {one.code for one in profile.categories},
        "also": {one.code for one in profile.categories},
        "refer_to": set(profile.offices),
        "flag": FLAGS,
        "unsure": {"intent", "category"},
        "district": {one.code for one in profile.districts},
        "village": {one.code for one in profile.villages},
        "keyword": {"report", "question", "status", "settled"},
    }
    return [one for one in found if one.field in codes and one.value not in codes[one.field]]


@pytest.mark.parametrize("name", PROFILES)
@given(text=TEXTS, answering=st.booleans(), open_cases=st.integers(0, 2), photo=st.booleans())
@settings(max_examples=120, deadline=None)
async def test_every_code_is_known_and_no_step_is_skipped(name, text, answering, open_cases, photo):
    files = (Attachment(kind=MediaKind.IMAGE),) if photo else ()
    profile = PROFILES[name]
    found = await findings(profile, text, attachments=files, answering=answering, open_cases=open_cases)
    assert unknown(found, profile) == []
    assert not [one.reason for one in found if "was skipped" in one.reason]
    assert sum(one.field == "intent" for one in found) == 1
    assert sum(one.field == "category" for one in found) <= 1


@given(text=TEXTS)
@settings(max_examples=80, deadline=None)
async def test_danger_beside_anything_is_danger(text):
    found = await findings(PROFILES["balangan"], f"rumah kami dirampok sekarang, tolong. {text[:100]}")
    assert "emergency" in [one.value for one in found if one.field == "urgency"]
    assert "complaint" in [one.value for one in found if one.field == "intent"]
