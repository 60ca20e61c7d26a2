"""The plugin template: a whole package, for a provider that is called Acme."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from modelwire.cli.plugin.names import PluginNames
from modelwire.errors import ConfigError

__all__ = ["write_plugin"]

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
