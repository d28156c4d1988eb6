"""The page on approved templates shows the texts of the shipped profile, with the variables that its settings name."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from treckk_gateway.profile import load

PAGE = (Path(__file__).parents[1] / "docs/how-to/write-on-whatsapp-after-a-day.md").read_text(encoding="utf-8")


def test_the_texts_to_register_are_those_of_the_profile():
    shown = dict(re.findall(r"^### `(\w+)`\n.*?```text\n(.*?)\n```", PAGE, re.MULTILINE | re.DOTALL))
    [written] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    named = tomllib.loads(written)["channels"]["whatsapp"]["templates"]
    texts = load("balangan").templates

    assert set(shown) == set(named)
    for update, text in shown.items():
        variables = named[update]["id"].get("variables", [])
        marks = {name: f"<{number}>" for number, name in enumerate(variables, 1)}
        rendered = texts.render(update, "whatsapp", "id", marks).text
        assert re.sub(r"<(\d+)>", r"{{\1}}", rendered) == text, update
