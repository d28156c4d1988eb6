"""Texts a provider approved beforehand, as an operator names them in a channel's settings.

An adapter takes them as a field `templates: TemplateTable` of its `Options`, which reads::

    [channels.whatsapp.templates.resolved.id]
    name = "HX00000000000000000000000000000000"
    variables = ["nomor", "hasil"]
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import attrs

from treckk_gateway.model import Template

LONGEST_VALUE = 300
"""Characters of one parameter: a whole template has about a thousand (WhatsApp, message templates)."""

_PLACEHOLDER = re.compile(r"[a-z_]+")


def _named(_: object, __: object, names: tuple[str, ...]) -> None:
    for name in names:
        if not _PLACEHOLDER.fullmatch(name):
            raise ValueError(f"a variable is named like a placeholder of the texts, not {name!r}")


@attrs.frozen(kw_only=True)
class ApprovedTemplate:
    """`name` is the provider's word for it; `variables` name what fills its placeholders, in order.

    `language` is the provider's code for its language, where that is another than the unit's own (`en_US` for `en`).
    """

    name: str = attrs.field(validator=attrs.validators.min_len(1))
    variables: tuple[str, ...] = attrs.field(default=(), validator=_named)
    language: str | None = None

    def filled(self, values: Mapping[str, str], language: str) -> Template:
        """The template with its parameters: each one line, never empty, none long (WhatsApp, message templates)."""
        return Template(
            name=self.name,
            language=self.language or language,
            parameters=tuple(_parameter(values.get(name, "")) for name in self.variables),
        )


TemplateTable = Mapping[str, Mapping[str, ApprovedTemplate]]
"""Approved templates by the name of the update they stand for, then by the unit's code of their language."""


def approved(table: TemplateTable, update: str, languages: tuple[str, ...]) -> tuple[ApprovedTemplate, str] | None:
    """The template for an update in the first of these languages that has one, and that language."""
    known = table.get(update, {})
    return next(((known[one], one) for one in languages if one in known), None)


def _parameter(value: str) -> str:
    line = " ".join(value.split())
    if len(line) > LONGEST_VALUE:
        line = line[: LONGEST_VALUE - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    return line or "-"
