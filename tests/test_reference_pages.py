"""Reference pages that repeat what the code says are compared with it."""

from __future__ import annotations

import base64
import importlib.util
import inspect
import re
import tomllib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from treckk_gateway import Gateway, errors
from treckk_gateway.adapters.email.webhooks import PROVIDERS
from treckk_gateway.adapters.twilio import codes, inbound
from treckk_gateway.casework import Coordination, Desk
from treckk_gateway.channel import options as reading
from treckk_gateway.channel import registry
from treckk_gateway.model import Reason, Secret
from treckk_gateway.model.act import STEPS
from treckk_gateway.profile import load
from treckk_gateway.settings import from_mapping
from treckk_gateway.settings.loading import TABLES

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
CHANNELS = DOCS / "reference" / "channels"
HEADINGS = [
    "What it does",
    "Settings",
    "Inbound",
    "Outbound",
    "Receipts",
    "Limits",
    "What is refused",
    "Trying it locally",
    "Known limits",
    "Sources",
]


def section(path, heading):
    text = "\n" + (DOCS / path).read_text(encoding="utf-8")
    found = re.split(r"^##+ ", text.partition(f"\n{heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    assert found, f"{path} has no section {heading}"
    return found


def rows(text):
    """The cells of a section's tables, without the headings."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if not line.startswith(("| name ", "|--"))
    ]


def named(text):
    return {name for first, *_ in rows(text) for name in re.findall(r"`(\w+)`", first)}


@pytest.mark.parametrize(
    "module",
    [
        "treckk_gateway",
        "treckk_gateway.channel",
        "treckk_gateway.model",
        "treckk_gateway.testing",
        "treckk_gateway.server",
    ],
)
def test_the_python_page_names_what_is_exported(module):
    assert named(section("reference/python-api.md", f"## `{module}`")) == set(importlib.import_module(module).__all__)


@pytest.mark.parametrize(
    ("heading", "kind"),
    [("### `Gateway`", Gateway), ("### `gateway.desk`", Desk), ("### `gateway.coordination`", Coordination)],
)
def test_the_python_page_names_every_call(heading, kind):
    calls = {
        name
        for name, found in vars(kind).items()
        if not name.startswith("_") and (inspect.isfunction(found) or isinstance(found, classmethod))
    }
    assert named(section("reference/python-api.md", heading)) == calls


def test_the_python_page_names_every_error():
    own = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and kind.__module__ == errors.__name__}
    assert named(section("reference/python-api.md", "## `treckk_gateway.errors`")) == own


def test_each_adapter_of_this_repository_has_a_page_with_the_same_headings():
    bundled = {name for name, entry in registry.installed().items() if entry.value.startswith("treckk_gateway.")}
    packages = [tomllib.loads(path.read_text(encoding="utf-8")) for path in ROOT.glob("adapters/*/pyproject.toml")]
    others = {name for one in packages for name in one["project"]["entry-points"]["treckk_gateway.adapters"]}
    sources = {f"email-{name}" for name in (*PROVIDERS, "imap")}
    assert {path.stem for path in CHANNELS.glob("*.md")} == bundled | others | sources
    for path in CHANNELS.glob("*.md"):
        assert re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE) == HEADINGS, path.name


def test_the_feature_matrix_is_current():
    spec = importlib.util.spec_from_file_location("feature_matrix", DOCS / "feature_matrix.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    written = (DOCS / "reference" / "feature-matrix.md").read_text(encoding="utf-8")
    assert written == script.page(), "run: python docs/feature_matrix.py"


def test_the_staff_page_names_every_word_and_what_it_does():
    staff = load("balangan").staff
    shown = {}
    for words, _what, state, _who in rows(section("reference/staff-words.md", "# Words staff write")):
        for word in re.findall(r"`([a-z ]+)`", words):
            shown.setdefault(word, set()).add(state.strip("`"))
    shown.pop("words", None)
    known = {
        " ".join(words): {STEPS[act].value if act in STEPS else "-" for act in acts}
        for words, acts in staff.phrases.items()
    }
    assert shown == known


def test_the_staff_page_names_every_reason():
    text = section("reference/staff-words.md", "# Words staff write")
    listed = text.partition("Reason codes:")[2].partition(".\n")[0]
    assert re.findall(r"`([a-z_]+)`", listed) == [reason.value for reason in Reason]


def test_the_twilio_page_names_every_code_and_word():
    meanings = {
        "come again": codes.Meaning.AGAIN,
        "handset off": codes.Meaning.LATER,
        "window": codes.Meaning.TEMPLATE,
        "address": codes.Meaning.ADDRESS,
        "opted out": codes.Meaning.OPTED_OUT,
        "channel": codes.Meaning.CHANNEL,
        "message": codes.Meaning.MESSAGE,
    }
    tables = rows(section("reference/channels/twilio.md", "## Outbound"))
    shown = {
        int(code): meanings[name]
        for name, written, *_ in tables
        if name in meanings
        for code in re.findall(r"\d{5}", written)
    }
    assert shown == dict(codes.MEANING)
    words = rows(section("reference/channels/twilio.md", "## Receipts"))
    heard = {word: state for written, state in words for word in re.findall(r"`(\w+)`", written)}
    assert heard == {word: state.value for word, state in inbound.STATES.items()}


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.md")), ids=lambda path: path.parent.name)
def test_links_of_the_examples_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#\s]+)\)", path.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (path.parent / target).exists(), target


def slug(heading):
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.md")), ids=lambda path: str(path.relative_to(DOCS)))
def test_links_to_a_heading_find_it(path):
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        page = (path.parent / target).resolve() if target else path
        headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in {slug(heading) for heading in headings}, f"{target}#{anchor}"


PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
SHOWN = [
    pytest.param(tomllib.loads(found), id=f"{path.relative_to(ROOT)}-{count}")
    for path in PAGES
    for count, found in enumerate(
        re.findall(r"^```toml\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL), 1
    )
    if not set(tomllib.loads(found)).isdisjoint(TABLES)
]


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """The adapters that are packages of their own, there as if they were installed."""
    for path in ROOT.glob("adapters/*/pyproject.toml"):
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        monkeypatch.syspath_prepend(path.parent / "src")
        info = tmp_path / "site" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0\n")
        [(group, names)] = project["entry-points"].items()
        lines = [f"{name} = {value}" for name, value in names.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]))
    monkeypatch.syspath_prepend(tmp_path / "site")


@pytest.mark.parametrize("table", SHOWN)
@pytest.mark.usefixtures("packages")
def test_every_configuration_shown_is_accepted(table, tmp_path, monkeypatch):
    zeros = base64.b64encode(bytes(32)).decode()
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    secrets = {"secret_key": zeros, "secret": f"whsec_{zeros}", "webhook_login": "service:" + "0" * 16,
               "email.webhook_secret": base64.b64encode(der).decode()}  # fmt: skip
    monkeypatch.setattr(
        reading,
        "read_secret",
        lambda _written, *, key, **_: Secret(
            secrets.get(key.removeprefix("channels."), secrets.get(key.rpartition(".")[2], "0" * 32))
        ),
    )
    (tmp_path / "profile").mkdir()
    (tmp_path / "villages.geojson").write_text("{}")
    gateway = {"public_url": "https://aduan.example.go.id", "secret_key": "file:x"} | table.get("gateway", {})
    settings = from_mapping({**table, "gateway": gateway}, where="docs", base=tmp_path)
    assert {one.channel_id for one in settings.channels} == set(table.get("channels", {}))
    assert [one.broken for one in settings.channels if one.broken] == []
