"""Package metadata, read from the files written by installers.

`importlib.metadata` gives the same, but importing it takes longer than reading all these files.
A file or a folder is read again once it has changed, so packages installed, edited or removed
meanwhile count at once. Packages outside of plain folders, such as in a zip file, are left to `importlib.metadata`.
The files: https://packaging.python.org/en/latest/specifications/entry-points/ and
https://packaging.python.org/en/latest/specifications/recording-installed-packages/.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import PathFinder
from typing import NamedTuple

__all__ = ["EntryPoint", "MetadataFolder", "Package", "described_packages", "packages_with"]

_Stamp = tuple[int, int, int, int, int]

_SETTLED = 2_000_000_000
"""Nanoseconds after which another change has another time: that of FAT file systems is the coarsest."""

_folders: dict[str, tuple[_Stamp, list[str]]] = {}
_files: dict[str, tuple[_Stamp, str]] = {}


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


class MetadataFolder(NamedTuple):
    """The folder in which an installer describes a package.

    Attributes:
        site: The folder above it, which the paths in its `RECORD` are relative to.
        read: Reads one of its files as text, as `RECORD`; `None` or an `OSError` where there is none.
    """

    site: str
    read: Callable[[str], str | None]


def packages_with(prefix: str, path: Iterable[str] | None = None) -> Iterator[Package]:
    """Find the packages that have entry points in groups of a namespace; nothing is imported.

    A package whose entry points cannot be read is left out: it is not this project's to report.

    Args:
        prefix: The prefix of the groups' names, such as `modelwire.`.
        path: The folders to look into, the first ones first; by default those of `sys.path`, and
            those of other path finders.
    """
    return (package for package, _ in described_packages(prefix, path))


def described_packages(
    prefix: str, path: Iterable[str] | None = None
) -> Iterator[tuple[Package, MetadataFolder]]:
    """The same packages, each with its metadata folder."""
    for folder in _everywhere() if path is None else _in_folders(path):
        text = _text(folder, "entry_points.txt")
        if prefix in text:
            found = [entry for entry in _entry_points(text) if entry.group.startswith(prefix)]
            if found:
                about = _text(folder, "METADATA") or _text(folder, "PKG-INFO")
                package = Package(_field(about, "Name"), _field(about, "Version"), found)
                yield package, folder


def _everywhere() -> Iterator[MetadataFolder]:
    finders = [finder for finder in sys.meta_path if hasattr(finder, "find_distributions")]
    if finders == [PathFinder]:
        yield from _in_folders(sys.path)
    else:
        yield from _as_python_finds_them()


def _in_folders(path: Iterable[str]) -> Iterator[MetadataFolder]:
    for folder in dict.fromkeys(path):
        full = os.path.abspath(folder)  # noqa: PTH100 - pathlib takes many times as long
        try:
            names = _metadata_folders(full)
        except NotADirectoryError:
            yield from _as_python_finds_them([folder])
        except OSError:
            continue
        else:
            for name in names:
                yield MetadataFolder(folder, _reader(f"{full}/{name}"))


def _metadata_folders(path: str) -> list[str]:
    """The names of the metadata folders in a folder of packages, listed again where it has changed."""
    before = os.stat(path)  # noqa: PTH116
    stamp = _stamp(before)
    kept = _folders.get(path)
    if kept is not None and kept[0] == stamp:
        return kept[1]
    names = [name for name in os.listdir(path) if _describes(name, path)]  # noqa: PTH208
    if _is_settled(before):
        _folders[path] = stamp, names
    return names


def _describes(name: str, folder: str) -> bool:
    """Whether a folder's name is that of a metadata folder."""
    name = name.lower()
    if name == "egg-info":
        return folder.lower().endswith(".egg")
    return name.endswith((".dist-info", ".egg-info"))


def _reader(folder: str) -> Callable[[str], str | None]:
    def read(file: str) -> str | None:
        path = f"{folder}/{file}"
        return _content(path) if os.access(path, os.F_OK) else None

    return read


def _content(path: str) -> str:
    """The text of a file, read again where it has changed."""
    kept = _files.get(path)
    if kept is not None and kept[0] == _stamp(os.stat(path)):  # noqa: PTH116
        return kept[1]
    with open(path, encoding="utf-8") as opened:  # noqa: PTH123
        before = os.fstat(opened.fileno())
        text = opened.read()
    if _is_settled(before):
        _files[path] = _stamp(before), text
    return text


def _stamp(status: os.stat_result) -> _Stamp:
    """What changes with a file's content or a folder's names."""
    return (
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns,
    )  # fmt: skip


def _is_settled(status: os.stat_result) -> bool:
    """Whether the next change cannot have the time of this one."""
    return time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _SETTLED


def _as_python_finds_them(path: list[str] | None = None) -> Iterator[MetadataFolder]:
    from importlib.metadata import distributions

    for found in distributions() if path is None else distributions(path=path):
        yield MetadataFolder(str(found.locate_file("")), found.read_text)


def _text(folder: MetadataFolder, file: str) -> str:
    try:
        return folder.read(file) or ""
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
    """A field of the metadata header; names are case-insensitive."""
    for line in about.splitlines():
        key, colon, value = line.partition(":")
        if not line:
            break
        if colon and key.lower() == name.lower():
            return value.strip()
    return "?"
