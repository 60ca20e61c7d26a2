"""The plugin template: a whole package, for a provider that is called Acme."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from attrs import frozen

from modelwire.errors import ConfigError

__all__ = ["PluginNames", "write_plugin"]

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 30
_PREFIX = "modelwire-"


@frozen
class PluginNames:
    """The names in a new plugin.

    Attributes:
        provider: The provider's id, such as `acme-cloud`.
    """

    provider: str

    @classmethod
    def parse(cls, text: str) -> PluginNames:
        """Read what the user calls the provider; the name of the package is accepted, too.

        Raises:
            ConfigError: It cannot be a provider's id.
        """
        name = text.strip().lower().removeprefix(_PREFIX)
        if not _ID.fullmatch(name) or len(name) > _LONGEST:
            msg = f"{text!r} cannot be the id of a provider."
            hint = (
                f"Use up to {_LONGEST} letters a to z, digits and single hyphens, beginning with a "
                "letter, as acme-cloud."
            )
            raise ConfigError(msg, hint=hint)
        return cls(name)

    @property
    def distribution(self) -> str:
        """The package's name, such as `modelwire-acme-cloud`."""
        return _PREFIX + self.provider

    @property
    def module(self) -> str:
        """The name of its import package, such as `modelwire_acme_cloud`."""
        return self.distribution.replace("-", "_")

    @property
    def variable(self) -> str:
        """The beginning of environment variables, such as `ACME_CLOUD`."""
        return self.provider.replace("-", "_").upper()

    @property
    def title(self) -> str:
        """The name in prose, such as `Acme Cloud`."""
        return " ".join(part.capitalize() for part in self.provider.split("-"))

    @property
    def camel(self) -> str:
        """The beginning of names of classes, such as `AcmeCloud`."""
        return self.title.replace(" ", "")

    def put_into(self, text: str) -> str:
        """Put these names into a text about Acme."""
        own = {
            "modelwire_acme": self.module,
            "AcmeWire": f"{self.camel}Wire",
            "TestAcme": f"Test{self.camel}",
            "ACME": self.variable,
            "Acme": self.title,
            "acme": self.provider,
        }
        # At once, since a name may hold the word that is replaced.
        return re.sub("|".join(own), lambda found: own[found[0]], text)


_HIDDEN = "dot_"
_COMPILED = "__pycache__"


def write_plugin(names: PluginNames, folder: Path) -> list[Path]:
    """Write the package into a folder that does not exist or is empty.

    Returns:
        The files, relative to the folder, sorted.

    Raises:
        ConfigError: There is something in the folder, or it cannot be written.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            msg = f"{folder} is there already, and nothing is overwritten."
            raise ConfigError(msg, hint="Name another folder with --dir.")
        written = []
        for path, text in _template(files("modelwire.cli.plugin").joinpath("template")):
            relative = Path(names.put_into(path))
            target = folder / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(names.put_into(text), encoding="utf-8")
            written.append(relative)
    except OSError as error:
        msg = f"{folder} cannot be written: {error.strerror or error}."
        raise ConfigError(msg) from error
    return sorted(written)


def _template(folder: Traversable, parent: str = "") -> Iterator[tuple[str, str]]:
    """The files of the template, each with its path and its text."""
    for entry in folder.iterdir():
        name = entry.name
        if name.startswith(".") or name == _COMPILED:
            continue  # what tools left beside the template
        if name.startswith(_HIDDEN):
            name = f".{name.removeprefix(_HIDDEN)}"
        if entry.is_dir():
            yield from _template(entry, f"{parent}{name}/")
        else:
            yield f"{parent}{name}", entry.read_text(encoding="utf-8")
