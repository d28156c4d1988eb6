"""A package for a new adapter, in the form a third party would write: complete, and green from its first minute."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from string import Template

import attrs

from treckk_gateway.channel import registry
from treckk_gateway.errors import ConfigError

_TEMPLATE = Path(__file__).with_name("adapter_template")
_ENDING = ".tmpl"
_MODULE = "module"
"""The folder of the template that takes the module's name."""
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 40


@attrs.frozen
class Names:
    """One name as it is written in all its places: `sms-gate` is the adapter of the package `treckk-sms-gate`."""

    name: str

    @property
    def package(self) -> str:
        """The distribution, and the folder it is written into."""
        return f"treckk-{self.name}"

    @property
    def module(self) -> str:
        """What is imported."""
        return self.package.replace("-", "_")

    def written(self) -> dict[str, str]:
        """What the template's words stand for."""
        parts = [part.capitalize() for part in self.name.split("-")]
        return {
            "name": self.name,
            "package": self.package,
            "module": self.module,
            "title": " ".join(parts),
            "class": "".join(parts),
            "channel": f"{''.join(parts)}Channel",
            "options": f"{''.join(parts)}Options",
            "header": f"X-{'-'.join(parts)}",
            "scheme": self.name.replace("-", ""),
            "variable": f"{self.name.replace('-', '_').upper()}_TOKEN",
        }


def checked(name: str) -> Names:
    """The names of an adapter called so. Raises `ConfigError` for one that cannot be used or is in use here."""
    names = Names(name)
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        reason = f"is no name for an adapter: take 1 to {_LONGEST} of a-z, 0-9 and single hyphens, a letter first"
        raise ConfigError(name, "", reason)
    if name in registry.installed():
        raise ConfigError(name, "", "an adapter of that name is installed already: take another name")
    if find_spec(names.module) is not None:
        raise ConfigError(name, "", f"a module {names.module} is installed already: take another name")
    return names


def write(names: Names, folder: Path) -> Path:
    """Write the package into a new folder of its own below `folder`, and say where.

    Raises `ConfigError` when that folder is there already, whatever is in it.
    """
    target = folder / names.package
    try:
        target.mkdir(parents=True)
    except FileExistsError:
        raise ConfigError(str(target), "", "is there already; nothing was written") from None
    for path, text in _files(names):
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return target


def _files(names: Names) -> Iterator[tuple[Path, str]]:
    words = names.written()
    for path in sorted(_TEMPLATE.rglob(f"*{_ENDING}")):
        parts = path.relative_to(_TEMPLATE).parts
        place = Path(*(names.module if part == _MODULE else part for part in parts))
        yield (
            place.with_name(place.name.removesuffix(_ENDING)),
            Template(path.read_text(encoding="utf-8")).substitute(words),
        )
