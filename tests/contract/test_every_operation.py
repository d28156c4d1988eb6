"""No operation of the port is without a test over both databases."""

from __future__ import annotations

import inspect
from pathlib import Path

from treckk_gateway import report
from treckk_gateway.store import Store

ELSEWHERE = {"open", "close"}
"""What the fixtures do for every test."""


def said(folder):
    return "".join(one.read_text(encoding="utf-8") for one in folder.glob("*.py"))


def test_each_operation_of_the_port_is_asked_for_in_this_suite():
    """By a test itself, or by `Reports`, which `test_reports.py` holds against a count by hand."""
    operations = {name for name, _ in inspect.getmembers(Store, inspect.iscoroutinefunction)} - ELSEWHERE
    asked = said(Path(__file__).parent) + said(Path(report.__file__).parent)
    assert len(operations) > 60
    assert {one for one in operations if f".{one}(" not in asked} == set()
