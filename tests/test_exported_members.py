"""The public names are curated: adding or dropping one is a decision, so it is made here too."""

from __future__ import annotations

import enum
import importlib
import inspect
import re

import pytest

from treckk_gateway.casework import Desk

PUBLIC = {
    "treckk_gateway": """
        Actor Case CaseFile ChannelHealth Finding Gateway Given Health InboundMessage Intent Page Role Settings State
        Step Subject TreckkError TriageContext Urgency WalkIn WebhookRequest WebhookResponse __version__
    """,
    "treckk_gateway.channel": """
        Accepted ApprovedTemplate Capabilities Channel ChannelContext Checking Completing Deliver Envelope
        Glancing Inbound Listening LookingUp
        MediaHolding MediaSource NoOptions ParseMode Problem Recovering TemplateTable Templating
        TextForm Turn WebhookRequest WebhookResponse
    """,
    "treckk_gateway.model": """
        OPENS_CASE Act Actor Address Attachment Case CaseClock CaseEvent CaseUpdate Choice ClockName ClockState Consent DeliveryReceipt DeliveryState EventKind
        Finding InboundMessage Incident Instant Intent Location MediaKind OpenCase OutboundMessage PlaceSource PriorCase
        Questions Reason Reporter Role
        Secret SendResult Staff State Subject Template Thread Transition Urgency
    """,
    "treckk_gateway.testing": "RETRY_AFTER Fault HttpStandIn MemoryChannel MemoryOptions StandIn",
    "treckk_gateway.testing.conformance": "ChannelConformance Refusal Sample",
    "treckk_gateway.server": "application subapp",
}
ALIASES = {"Step", "Deliver", "Inbound", "Instant", "OPENS_CASE", "TemplateTable", "Turn", "RETRY_AFTER", "__version__"}
"""Names of plain values and types, which hold no docstring; docs/reference/python-api.md says what they are."""


EXPORTED = [
    pytest.param(module, name, id=f"{module.removeprefix('treckk_gateway.')}.{name}")
    for module, names in PUBLIC.items()
    for name in names.split()
    if name not in ALIASES
]


@pytest.mark.parametrize(("module", "names"), PUBLIC.items(), ids=PUBLIC.keys())
def test_a_module_exports_these_names_and_no_others(module, names):
    assert sorted(importlib.import_module(module).__all__) == sorted(names.split())


def members(kind):
    """What a class adds that somebody may call or read: methods and properties, not those of its bases elsewhere."""
    for name, found in vars(kind).items():
        if name.startswith("_"):
            continue
        if isinstance(found, classmethod | staticmethod):
            yield name, found.__func__
        elif inspect.isfunction(found) or isinstance(found, property):
            yield name, found


@pytest.mark.parametrize(("module", "name"), EXPORTED)
def test_every_exported_name_says_what_it_is(module, name):
    found = getattr(importlib.import_module(module), name)
    assert found.__doc__, name
    assert not re.match(rf"{name}\(", found.__doc__), f"{name} has only a generated docstring"
    assert found.__module__.startswith("treckk_gateway")


@pytest.mark.parametrize(("module", "name"), EXPORTED)
def test_every_public_member_says_what_it_is(module, name):
    kind = getattr(importlib.import_module(module), name)
    if not inspect.isclass(kind) or issubclass(kind, enum.Enum):
        return
    tests = ("test_", "pytest_") if name == "ChannelConformance" else ()
    silent = [member for member, found in members(kind) if not found.__doc__ and not member.startswith(tests)]
    assert silent == []


def test_the_desk_says_what_every_call_is():
    assert [name for name, found in members(Desk) if not found.__doc__] == []


def test_every_error_is_in_the_tree_of_the_docstring():
    errors = importlib.import_module("treckk_gateway.errors")
    drawn = re.findall(r"[├└]── (\w+) ?(?:\((\w+)\))?", errors.__doc__)
    raised = {
        name: kind
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and issubclass(kind, errors.TreckkError) and kind is not errors.TreckkError
    }
    assert {name for name, _ in drawn} == set(raised)
    for name, standard in drawn:
        assert raised[name].__doc__
        if standard:
            assert issubclass(raised[name], vars(importlib.import_module("builtins"))[standard]), name
