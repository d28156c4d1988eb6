"""Approved texts in a channel's settings, filled for sending; and what a tapped button stands for."""

from __future__ import annotations

import attrs
import pytest

from treckk_gateway.channel import ApprovedTemplate, TemplateTable, choices
from treckk_gateway.channel.options import read_options
from treckk_gateway.channel.templates import LONGEST_VALUE, approved
from treckk_gateway.errors import ConfigError
from treckk_gateway.model import Choice, Template


@attrs.frozen(kw_only=True)
class Options:
    templates: TemplateTable = attrs.field(factory=dict)


def read(table, base):
    return read_options(Options, table, where="treckk.toml", prefix="channels.wa", base=base)


def test_a_table_names_templates_by_update_and_language(tmp_path):
    given = {"resolved": {"id": {"name": "HX1", "variables": ["nomor", "hasil"]}, "en": {"name": "HX2"}}}

    table = read({"templates": given}, tmp_path).templates

    assert table["resolved"]["id"] == ApprovedTemplate(name="HX1", variables=("nomor", "hasil"))
    assert table["resolved"]["en"].variables == ()
    assert read({}, tmp_path).templates == {}


@pytest.mark.parametrize(
    ("given", "key", "reason"),
    [
        ("HX1", "templates", "must be a table"),
        ({"resolved": "HX1"}, "templates.resolved", "must be a table"),
        ({"resolved": {"id": "HX1"}}, "templates.resolved.id", "must be a table"),
        ({"resolved": {"id": {}}}, "templates.resolved.id.name", "is required"),
        ({"resolved": {"id": {"name": "HX1", "vars": []}}}, "templates.resolved.id.vars", "unknown key"),
        ({"resolved": {"id": {"name": "HX1", "variables": ["{nomor}"]}}}, "templates.resolved.id", "placeholder"),
        ({"resolved": {"id": {"name": 7}}}, "templates.resolved.id.name", "Expected `str`"),
    ],
)
def test_what_is_no_table_of_templates_is_refused_with_its_key(given, key, reason, tmp_path):
    with pytest.raises(ConfigError) as caught:
        read({"templates": given}, tmp_path)

    assert caught.value.key == f"channels.wa.{key}"
    assert reason in caught.value.reason


def test_parameters_are_one_line_and_never_empty_or_long():
    template = ApprovedTemplate(name="HX1", variables=("nomor", "hasil", "batas"), language="id_ID")

    filled = template.filled({"nomor": "TRK-1", "hasil": "dua\n\n  baris\tteks" + "a" * 400}, "id")

    assert (filled.name, filled.language) == ("HX1", "id_ID")
    assert filled.parameters[0] == "TRK-1"
    assert filled.parameters[1].startswith("dua baris teksaaa")
    assert len(filled.parameters[1]) == LONGEST_VALUE
    assert filled.parameters[2] == "-"
    assert "TRK-1" not in repr(filled)


def test_the_first_language_that_has_one_is_taken():
    table = {"resolved": {"id": ApprovedTemplate(name="HX1"), "en": ApprovedTemplate(name="HX2")}}

    assert approved(table, "resolved", ("bjn", "id")) == (table["resolved"]["id"], "id")
    assert approved(table, "resolved", ("en", "id")) == (table["resolved"]["en"], "en")
    assert approved(table, "resolved", ("bjn",)) is None
    assert approved(table, "en_route", ("id",)) is None
    assert ApprovedTemplate(name="HX1").filled({}, "id") == Template(name="HX1", language="id")


def test_a_tapped_choice_is_the_answer_it_stands_for():
    assert choices.answered(choices.payload(Choice(answer="2", label="2. TRK-2611-00012"))) == "2"
    for other in (None, "", "YES", "jawab:", "jawab: "):
        assert choices.answered(other) is None
