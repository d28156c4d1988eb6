"""What an operator's terminal shows of cases, messages and letters."""

from __future__ import annotations

import pytest

from treckk_gateway.profile import load
from treckk_gateway.server.commands.casebook import Casebook, said

CASE = {
    "reference": "TRK-2611-00042", "state": "not_actionable", "intent": "complaint", "urgency": "emergency",
    "post": "paringin_selatan", "category": "tertib_lingkungan", "channel_id": "whatsapp", "district": "63.11.06",
    "village": "63.11.06.2009", "missing": ["time"], "due_at": "2026-11-26T23:00:00Z", "opened_at": "2026-11-26T18:05:00Z",
    "messages": [], "deliveries": [], "events": [],
}  # fmt: skip
MESSAGE = {"at": "2026-11-26T18:05:00Z", "direction": "in", "by": "P-AAAA2222", "unsupported": None, "attachments": [],
           "location": None}  # fmt: skip


@pytest.fixture
def book(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")  # narrower than a line
    return Casebook(load("balangan"))


def test_a_list_never_cuts_a_number_and_tells_the_units_own_time(book, capsys):
    book.cases([CASE, CASE])

    heading, *lines = capsys.readouterr().out.splitlines()
    assert "opened WITA" in heading
    assert [line.split() for line in lines] == [
        [
            "TRK-2611-00042",
            "not_actionable",
            "emergency",
            "paringin_selatan",
            "tertib_lingkungan",
            "27",
            "Nov",
            "02:05",
            "whatsapp",
        ]
    ] * 2


def test_an_empty_list_says_so(book, capsys):
    book.cases([])
    book.parked([])
    book.letters([])

    assert capsys.readouterr().out.splitlines() == ["no cases", "nothing is parked", "no dead letters"]


def test_a_case_names_its_place_what_is_missing_and_its_next_clock(book, capsys):
    book.case(CASE)

    assert capsys.readouterr().out.splitlines() == [
        "TRK-2611-00042  not_actionable  complaint, emergency  post paringin_selatan",
        "Layap, Paringin  tertib_lingkungan  over whatsapp  missing time  next clock 2026-11-27 07:00  (times are WITA)",
    ]


def test_what_a_citizen_wrote_commands_no_terminal_and_looks_like_no_line_of_ours(book, capsys):
    text = "Tolong\x1b[2J\x9b31m [bold]pak[/bold]\n2026-11-27 02:05  transition by Ketua"
    book.case(CASE | {"messages": [MESSAGE | {"text": text}]})
    book.identities([{"pseudonym": "P-AAAA2222", "name": "Budi\x1b]0;x\x07", "addresses": ["whatsapp:+6281200000000"]}])

    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\x9b" not in shown
    assert shown.splitlines()[2:] == [
        "2026-11-27 02:05  in   P-AAAA2222: Tolong[2J31m [bold]pak[/bold]",
        "                  2026-11-27 02:05  transition by Ketua",
        "P-AAAA2222  Budi]0;x  whatsapp:+6281200000000",
    ]


def test_what_is_parked_and_what_is_dead_is_listed_with_why(book, capsys):
    book.parked(
        [
            {
                "id": 7,
                "received_at": "2026-11-26T18:05:00Z",
                "channel_id": "portal",
                "kind": "other",
                "reason": "no [JSON]",
            }
        ]
    )
    book.letters([{"id": 31, "created_at": "2026-11-26T18:05:00Z", "channel_id": "portal", "reference": None,
                   "template": "receipt", "state": "dead", "reason": "http_400", "attempts": 1}])  # fmt: skip

    _, parked, _, letter = capsys.readouterr().out.splitlines()
    assert parked.split() == ["7", "2026-11-27", "02:05", "portal", "other", "no", "[JSON]"]
    assert letter.split() == ["31", "2026-11-27", "02:05", "portal", "-", "receipt", "dead", "http_400", "1"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ({"text": "halo"}, "halo"),
        ({"text": "", "unsupported": "form"}, "[cannot be shown: form]"),
        ({"text": "foto", "attachments": [{}]}, "foto [1 file]"),
        ({"text": "", "attachments": [{}, {}], "location": {"lat": 1}}, "[2 files] [pin]"),
    ],
)
def test_what_is_no_text_is_named_in_its_place(message, shown):
    assert said(MESSAGE | message) == shown
