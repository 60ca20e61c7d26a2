"""Package metadata, read from the files that installers write.

`importlib.metadata` says the same, and takes longer to be imported than all these files to be read.
Nothing is kept between two calls, so whatever was installed, edited or removed meanwhile counts at
once. What stands elsewhere than in plain folders, as in a zip file, is left to `importlib.metadata`.
The files: https://packaging.python.org/en/latest/specifications/entry-points/ and
https://packaging.python.org/en/latest/specifications/recording-installed-packages/.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import PathFinder
from typing import NamedTuple

__all__ = ["EntryPoint", "Package", "packages_with"]

_Read = Callable[[str], str | None]


class EntryPoint(NamedTuple):
    """A line of a package's `entry_points.txt`."""

    group: str
    name: str
    value: str


class Package(NamedTuple):
    """An installed package; name and version are `?` where its metadata cannot be read."""

    name: str
    version: str
    entry_points: list[EntryPoint]


def packages_with(prefix: str, path: Iterable[str] | None = None) -> Iterator[Package]:
    """Find the packages that have entry points in groups of a name space; nothing is imported.

    A package whose entry points cannot be read is left out: another's damage is not our business.

    Args:
        prefix: How the names of the groups begin, as `modelwire.`.
        path: The folders to look into, the first ones first; by default those of `sys.path`, and
            wherever else packages may be imported from.
    """
    for read in _everywhere() if path is None else _in_folders(path):
        text = _text(read, "entry_points.txt")
        if prefix in text:
            found = [entry for entry in _entry_points(text) if entry.group.startswith(prefix)]
            if found:
                about = _text(read, "METADATA") or _text(read, "PKG-INFO")
                yield Package(_field(about, "Name"), _field(about, "Version"), found)


def _everywhere() -> Iterator[_Read]:
    finders = [finder for finder in sys.meta_path if hasattr(finder, "find_distributions")]
    if finders == [PathFinder]:
        yield from _in_folders(sys.path)
    else:
        yield from _as_python_finds_them()


def _in_folders(path: Iterable[str]) -> Iterator[_Read]:
    for folder in dict.fromkeys(path):
        try:
            names = os.listdir(folder or ".")  # noqa: PTH208 - a tenth of the time
        except NotADirectoryError:
            yield from _as_python_finds_them([folder])
        except OSError:
            continue
        else:
            yield from (_reader(folder, name) for name in names if _describes(name, folder))


def _describes(name: str, folder: str) -> bool:
    """Whether a folder's name is one in which installers write about a package."""
    name = name.lower()
    if name == "egg-info":
        return folder.lower().endswith(".egg")
    return name.endswith((".dist-info", ".egg-info"))


def _reader(folder: str, name: str) -> _Read:
    def read(file: str) -> str | None:
        with open(os.path.join(folder, name, file), encoding="utf-8") as opened:  # noqa: PTH118, PTH123
            return opened.read()

    return read


def _as_python_finds_them(path: list[str] | None = None) -> Iterator[_Read]:
    from importlib.metadata import distributions

    found = distributions() if path is None else distributions(path=path)
    yield from (distribution.read_text for distribution in found)


def _text(read: _Read, file: str) -> str:
    try:
        return read(file) or ""
    except (OSError, ValueError):
        return ""


def _entry_points(text: str) -> Iterator[EntryPoint]:
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        elif not line.startswith(("#", ";")):
            name, equals, value = line.partition("=")
            if equals:
                yield EntryPoint(group, name.strip(), value.strip())


def _field(about: str, name: str) -> str:
    """A field of the metadata, whose names fold case and which end at the first blank line."""
    for line in about.splitlines():
        key, colon, value = line.partition(":")
        if not line:
            break
        if colon and key.lower() == name.lower():
            return value.strip()
    return "?"
