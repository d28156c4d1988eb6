"""Invented messages: the 40 that ship, and further ones with other wording, villages, spelling and dialect.

They show that the rules run, not that they understand citizens: one author invented them all.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from treckk_gateway.model import (
    Address,
    Attachment,
    InboundMessage,
    Intent,
    Location,
    MediaKind,
    Subject,
    Urgency,
)
from treckk_gateway.model import subject as judged
from treckk_gateway.profile import load, samples
from treckk_gateway.triage import Pipeline, TriageContext, default_steps

PROFILE = load("balangan")
TINY = load(Path(__file__).parents[1] / "samples" / "profile_tiny")
SAMPLES = samples("balangan")
OWN = [json.loads(line) for line in (Path(__file__).parent / "own_messages.jsonl").read_text("utf-8").splitlines()]


async def triage(text, profile=PROFILE, line=None, files=(), place=None, **fields):
    message = InboundMessage(
        dedupe_key="m-1",
        sender=Address("whatsapp", "+6281200000000"),
        text=text,
        subject=line,
        attachments=files,
        location=place,
    )
    steps = Pipeline(default_steps(profile))
    return await steps.run(Subject(message=message, **fields), TriageContext(profile=profile, now=0))


async def of_sample(sample):
    files = tuple(Attachment(kind=MediaKind(one["type"])) for one in sample["attachments"] if one["type"] != "location")
    pins = [Location.read(one["lat"], one["lng"]) for one in sample["attachments"] if one["type"] == "location"]
    return await triage(sample["text"], line=sample.get("subject"), files=files, place=next(iter(pins), None))


def value(found, field):
    best = judged.best(found, field)
    return best.value if best else None


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one["id"])
async def test_the_shipped_samples(sample):
    wanted, found = sample["expected"], await of_sample(sample)
    assert judged.intent(found) == wanted["intent"]
    if wanted["urgency"] == "emergency":
        assert judged.urgency(found) is Urgency.EMERGENCY
    assert (value(found, "district"), value(found, "village")) == (wanted["district"], wanted["village"])
    assert set(judged.flags(found)) & {"reopen", "withdraw", "media_only", "voice_only", "has_case_number"} == set(
        wanted["flags"]
    ) & {"reopen", "withdraw", "media_only", "voice_only", "has_case_number"}


async def test_the_samples_categories_are_right_or_unsure():
    right, wrong = 0, []
    labelled = [one for one in SAMPLES if one["expected"]["category"]]
    for sample in labelled:
        wanted, found = sample["expected"], await of_sample(sample)
        category = value(found, "category")
        right += category in {wanted["category"], *wanted["also"]}
        if category is not None and category not in {wanted["category"], *wanted["also"]}:
            wrong.append(sample["id"])
    assert wrong == []
    assert right >= 0.9 * len(labelled)


def missed(own, found):
    """What the findings about a message of our own say otherwise than its label."""
    wanted = [own["intent"]] if isinstance(own["intent"], str) else own["intent"]
    if judged.intent(found) not in wanted:
        yield "intent"
    if own.get("emergency") and judged.urgency(found) is not Urgency.EMERGENCY:
        yield "emergency"
    yield from (field for field in {"district", "village", "category"} & set(own) if value(found, field) != own[field])
    if own.get("flag", "needs_human") not in (*judged.flags(found), "needs_human"):
        yield "flag"
    if own.get("auto") and value(found, "automatic") != "true":
        yield "automatic"


async def test_messages_in_other_words():
    wrong = {}
    for own in OWN:
        found = await triage(own["text"], line=own.get("subject"))
        if fields := list(missed(own, found)):
            wrong[own["id"]] = fields
    assert wrong == {}


def test_there_are_enough_messages_of_each_intent():
    count = {}
    for own in OWN:
        first = own["intent"] if isinstance(own["intent"], str) else own["intent"][0]
        count[first] = count.get(first, 0) + 1
    for intent in ("complaint", "info_request", "status_query", "help", "opt_out", "feedback", "unknown"):
        assert count[intent] >= 10, intent
    assert sum(bool(own.get("emergency")) for own in OWN) >= 40
    sampled = {one["text"] for one in SAMPLES}
    assert not [own for own in OWN if own["text"] in sampled]


@pytest.mark.parametrize(
    ("text", "line", "automatic"),
    [
        ("halo", None, False),
        ("cek status aduan", None, False),
        ("terima kasih banyak pak", None, False),
        ("ok", None, False),
        ("Saya sedang di luar kantor dan akan membalas setelah kembali bekerja.", "Out of office", False),
        ("ada kebakaran di rumah tetangga", "Re: [TRK-2611-00042] Laporan Anda kami terima", True),
        ("> ada kebakaran\n> di rumah tetangga", None, False),
    ],
)
async def test_what_must_open_no_case_is_neither_complaint_nor_unknown(text, line, automatic):
    message = InboundMessage(
        dedupe_key="m-1",
        sender=Address("mailto", "warga@example.org"),
        text=text,
        subject=line,
        automatic=automatic,
    )
    found = await Pipeline(default_steps(PROFILE)).run(Subject(message=message), TriageContext(profile=PROFILE, now=0))
    assert judged.intent(found) not in {Intent.COMPLAINT, Intent.UNKNOWN, Intent.INFO_REQUEST}


@pytest.mark.parametrize(
    ("text", "intent", "flag"),
    [
        ("ahoy!", "help", None),
        ("3", "status_query", None),
        ("any news of my report FMR-2611-00001?", "status_query", "has_case_number"),
        ("cheers, splendid", "feedback", None),
        ("silence please", "opt_out", None),
        ("resume", "opt_out", "opt_in"),
        ("wipe my file", "privacy_request", None),
        ("unsettled", "feedback", "reopen"),
        ("what are the opening hours?", "info_request", None),
        ("there is a loud band in Upper Lea tonight, it keeps us awake", "complaint", None),
        ("water is rising in Lea", "complaint", None),
        ("the moon is blue", "unknown", None),
        ("halo pak", "unknown", None),
    ],
)
async def test_another_countys_words_work_without_code(text, intent, flag):
    found = await triage(text, TINY)
    assert judged.intent(found) == intent
    assert flag is None or flag in judged.flags(found)


@pytest.mark.parametrize("language", PROFILE.languages)
async def test_what_may_be_tapped_means_the_same_where_only_its_label_comes_back(language):
    """Some providers tell of a tap with the words that were shown, and nothing else."""
    for name in PROFILE.templates.names:
        for one in PROFILE.templates.choices(name, language, {"nomor": "TRK-2611-00042"}):
            if name == "ask_case":  # read by the number of its line, or as "new"
                continue
            tapped, shown = await triage(one.answer, PROFILE), await triage(one.label, PROFILE)
            assert judged.intent(shown) == judged.intent(tapped), one.label
            assert judged.flags(shown) == tuple(x for x in judged.flags(tapped) if x != "has_case_number"), one.label
