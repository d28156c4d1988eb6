from __future__ import annotations

import ast
import re
import tomllib
from importlib import metadata
from pathlib import Path

import attrs
import pytest
from packaging.requirements import Requirement

from treckk_gateway.channel import registry
from treckk_gateway.model.lifecycle import TRANSITIONS, Role
from treckk_gateway.profile import DURATIONS, Limits
from treckk_gateway.settings import (
    DeliverySettings,
    DigestSettings,
    RetentionSettings,
    SenderSettings,
    TelemetrySettings,
    TriageSettings,
)
from treckk_gateway.settings.clocks_table import FROM_THE_PROFILE
from treckk_gateway.settings.gateway_table import GatewayTable
from treckk_gateway.settings.loading import TABLES
from treckk_gateway.settings.staff_table import StaffTable

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def page(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks(kind):
    fence = re.compile(rf"^```{kind}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for path in PAGES:
        for count, found in enumerate(fence.findall(path.read_text(encoding="utf-8")), 1):
            yield pytest.param(found, id=f"{path.relative_to(ROOT)}-{count}")


def rendered():
    yield "| from | to | who | tells | needs | flag |"
    yield "|---|---|---|---|---|---|"
    for one in TRANSITIONS:
        who = ", ".join(role for role in Role if role in one.roles)
        cells = (one.source, one.target, who, one.tells or "-", ", ".join(one.needs) or "-", one.flag or "-")
        yield f"| {' | '.join(cells)} |"


def test_the_lifecycle_page_shows_the_table_of_the_code():
    table = "\n".join(rendered())
    shown = page("explanation/lifecycle.md").partition("<!-- transitions: begin -->\n")[2].partition("\n<!--")[0]
    assert shown == table, f"docs/explanation/lifecycle.md should show\n{table}"


def documented(heading):
    text = page("reference/configuration.md")
    after = text.partition(f"\n{heading}\n")[2]
    assert after, f"no section {heading}"
    section = re.split(r"^##+ ", after, maxsplit=1, flags=re.MULTILINE)[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", section, re.MULTILINE))


def keys(kind):
    return {field.name for field in attrs.fields(kind)}


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("## `[gateway]`", GatewayTable),
        ("## `[[staff]]`", StaffTable),
        ("## `[triage]`", TriageSettings),
        ("## `[delivery]`", DeliverySettings),
        ("## `[retention]`", RetentionSettings),
        ("## `[digest]`", DigestSettings),
        ("## `[telemetry]`", TelemetrySettings),
        ("## `[senders]`", SenderSettings),
        ('### `adapter = "twilio"`', "twilio"),
        ('### `adapter = "email"`', "email"),
        ('### `adapter = "web"`', "web"),
    ],
)
def test_every_setting_is_documented_and_nothing_else(heading, kind):
    options = registry.load(kind).Options if isinstance(kind, str) else kind
    shown = documented(heading)
    assert set(shown) == keys(options)
    required = {field.name for field in attrs.fields(options) if field.default is attrs.NOTHING}
    assert {name for name, default in shown.items() if default == "required"} == required


def test_every_table_has_its_section():
    headings = re.findall(r"^## `\[+(\w+)", page("reference/configuration.md"), re.MULTILINE)
    assert set(headings) == set(TABLES)
    assert set(documented("## `[channels.NAME]`")) == {"adapter"}


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("## `[gateway]`", GatewayTable),
        ("## `[delivery]`", DeliverySettings),
        ("## `[retention]`", RetentionSettings),
        ("## `[digest]`", DigestSettings),
        ("## `[telemetry]`", TelemetrySettings),
        ("## `[senders]`", SenderSettings),
    ],
)
def test_documented_defaults_are_the_real_ones(heading, kind):
    real = {field.name: field.default for field in attrs.fields(kind) if field.default is not attrs.NOTHING}
    for name, default in documented(heading).items():
        if name in real:
            shown = tomllib.loads(f"x = {default.strip('`')}")["x"] if default != "none" else None
            assert (tuple(shown) if isinstance(shown, list) else shown) == real[name], name


def test_every_limit_is_documented_with_its_default():
    shown = {
        name: tomllib.loads(f"x = {default.strip('`')}")["x"] for name, default in documented("## `[clocks]`").items()
    }
    real = {one.name: getattr(Limits(), one.name) for one in attrs.fields(Limits) if one.name != FROM_THE_PROFILE}
    assert shown == {name: str(one) if name in DURATIONS else one for name, one in real.items()}


@pytest.mark.parametrize("code", [*blocks("python")])
def test_python_in_the_docs_is_python(code):
    compile(code, "docs", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)


@pytest.mark.parametrize("text", [*blocks("toml")])
def test_toml_in_the_docs_is_toml(text):
    assert tomllib.loads(text)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#\s]+)\)", path.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (path.parent / target).exists(), target


def test_every_page_is_in_the_index():
    index = page("index.md")
    for path in (ROOT / "docs").rglob("*.md"):
        assert path.name == "index.md" or f"({path.relative_to(ROOT / 'docs')})" in index, path


def test_every_dependency_is_explained_and_pinned():
    wanted = {Requirement(one).name for one in PROJECT["project"]["dependencies"]}
    shown = re.findall(r"^\| ([a-z0-9-]+) \| .+ \| .+ \| ([0-9.]+) \|", page("reference/dependencies.md"), re.MULTILINE)
    pins = dict(line.split("==") for line in _pins())
    known = {_plain(name): version for name, version in pins.items()}
    assert {name for name, _ in shown} == wanted
    assert {name: known[_plain(name)] for name, _ in shown} == dict(shown)


def test_constraints_name_versions_and_nothing_of_a_machine():
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line) for line in _pins())


def test_the_default_install_holds_nothing_of_the_gpl_family():
    bad = re.compile(r"\b[AL]?GPL|GNU (Affero|Lesser|Library|General)", re.IGNORECASE)
    for name in _installed_by_default("treckk-gateway"):
        about = metadata.metadata(name)
        licences = [about.get("License-Expression") or "", (about.get("License") or "").partition("\n")[0]]
        licences += [one for one in about.get_all("Classifier") or [] if one.startswith("License")]
        assert any(licences), name
        assert not [one for one in licences if bad.search(one)], name


def _pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def _plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed_by_default(name, seen=None):
    seen = set() if seen is None else seen
    if _plain(name) not in seen:
        seen.add(_plain(name))
        for line in metadata.requires(name) or ():
            wanted = Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                _installed_by_default(wanted.name, seen)
    return seen
