from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from treckk_gateway.errors import ConfigError
from treckk_gateway.profile import load
from treckk_gateway.triage import default_steps, load_steps, loading

PROFILE = load("balangan")


async def flood(_subject, _context):
    return []


NOT_A_STEP = "flood"


@pytest.fixture
def packages(monkeypatch):
    """Entry points as if installed: name to what they name."""
    found = {}

    def entry_points(group):
        assert group == "treckk_gateway.triage"
        return [EntryPoint(name, value, group) for name, value in found.items()]

    monkeypatch.setattr(loading, "entry_points", entry_points)
    return found


def names(steps):
    return [one.__name__ for one in steps]


def test_without_names_the_default_steps_run():
    wanted = [
        "automatic", "language", "place", "urgency", "time", "media", "intent", "category", "event", "referral",
        "marks", "wishes", "completeness", "duplicates", "history", "superiors",
    ]  # fmt: skip
    assert names(load_steps(None, PROFILE)) == names(default_steps(PROFILE)) == wanted


def test_names_run_in_the_order_given(packages):
    packages["flood"] = f"{__name__}:flood"
    assert names(load_steps(["urgency", "intent"], PROFILE)) == ["urgency", "intent"]
    assert names(load_steps(["flood", "...", "flood"], PROFILE))[:: len(default_steps(PROFILE)) + 1] == [
        "flood",
        "flood",
    ]
    assert load_steps([], PROFILE) == ()


def test_a_bundled_name_cannot_be_taken(packages):
    packages["intent"] = f"{__name__}:flood"
    assert names(load_steps(["intent"], PROFILE)) == ["intent"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "no step 'flood' is installed"),
        ("no_such_module:flood", "cannot be imported"),
        (f"{__name__}:missing", "cannot be imported"),
        (f"{__name__}:NOT_A_STEP", "no coroutine function"),
    ],
)
def test_what_is_no_step_is_refused_with_file_and_key(packages, value, said):
    if value is not None:
        packages["flood"] = value
    with pytest.raises(ConfigError, match=said) as refused:
        load_steps(["flood"], PROFILE, where="desk.toml")
    assert (refused.value.where, refused.value.key) == ("desk.toml", "triage.steps")
