"""Words that end our messages and words that begin them again, one by one, and the same words said of something else.

Source: Twilio docs, default keywords of SMS and Advanced Opt-Out; channel reference, 8 (the Indonesian ones).
"""

from __future__ import annotations

import pytest

from treckk_gateway.model import Address, InboundMessage, Intent, Subject
from treckk_gateway.model import subject as judged
from treckk_gateway.profile import load
from treckk_gateway.triage import Pipeline, TriageContext, default_steps

PROFILE = load("balangan")
TWILIO_STOP = ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT")
TWILIO_START = ("START", "UNSTOP")
INDONESIAN_STOP = ("BERHENTI", "KELUAR", "STOP KIRIM PESAN", "jangan kirim pesan lagi", "jangan hubungi saya lagi")
INDONESIAN_START = ("MULAI", "mulai lagi", "aktifkan lagi", "langganan lagi", "berlangganan lagi")


PIPELINE = Pipeline(default_steps(PROFILE))


async def wish(text, open_cases=0):
    """`stop`, `start` or the intent's own name."""
    message = InboundMessage(dedupe_key="1", sender=Address("sms", "+628120000001"), text=text)
    context = TriageContext(profile=PROFILE, now=0)
    found = await PIPELINE.run(Subject(message=message, open_cases=open_cases), context)
    if judged.intent(found) is not Intent.OPT_OUT:
        return str(judged.intent(found))
    return "start" if "opt_in" in judged.flags(found) else "stop"


@pytest.mark.parametrize("word", [*TWILIO_STOP, *INDONESIAN_STOP])
async def test_a_word_that_ends_messages_by_itself(word):
    for written in (word, f"{word}.", f" {word.lower()} ", f"{word.title()}!!", f"{word} pak", f"tolong {word}"):
        assert await wish(written) == "stop", written
    assert await wish(word, open_cases=2) == "stop"


@pytest.mark.parametrize("word", [*TWILIO_START, *INDONESIAN_START, "SUBSCRIBE", "OPTIN", "opt in"])
async def test_a_word_that_begins_them_again(word):
    for written in (word, f"{word}.", f" {word.lower()} ", f"{word.title()}!!"):
        assert await wish(written) == "start", written
    assert await wish(word, open_cases=2) == "start"


@pytest.mark.parametrize(("open_cases", "meant"), [(0, "stop"), (1, "feedback")])
async def test_batal_takes_a_case_back_and_ends_messages_where_there_is_none(open_cases, meant):
    assert await wish("BATAL", open_cases) == meant


@pytest.mark.parametrize("word", ["HELP", "INFO", "BANTUAN", "MENU"])
async def test_a_call_for_help_shows_the_menu(word):
    assert await wish(word) == "help"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Tolong stop orang itu jualan di trotoar depan pasar", "complaint"),
        ("Musiknya belum berhenti sampai jam 2 malam", "complaint"),
        ("Mobil berhenti di tengah jalan depan pasar, macet", "complaint"),
        ("Anak muda mabuk keluar dari karaoke sambil berkelahi", "complaint"),
        ("Mulai tadi malam ada pedagang jualan di trotoar", "complaint"),
        ("Acara batal tapi tendanya masih menutup jalan", "complaint"),
        ("Yes", "feedback"),
        ("YA", "feedback"),
    ],
)
async def test_the_same_word_among_others_says_nothing_of_messages(text, meant):
    assert await wish(text) == meant
