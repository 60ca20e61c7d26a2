"""The `RECORD` of an installed package: its files, each with the hash that it was installed with.

The format: https://packaging.python.org/en/latest/specifications/recording-installed-packages/.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from functools import cache

from attrs import frozen

__all__ = ["Record", "located", "read_record"]

_Read = Callable[[str], str | None]
_ALGORITHMS = ("sha256", "sha384", "sha512")
"""The accepted hash algorithms; older ones do not protect against forged files."""


@frozen
class Record:
    """The files that an installer recorded.

    Attributes:
        files: The paths of the files, each with its hash as `sha256=...`, or an empty text.
        editable: Whether the package is imported from its sources, so that these are not among
            its files.
    """

    files: dict[str, str]
    editable: bool

    def intact(self, path: str) -> bool:
        """Whether a file is as it was installed, as far as its hash is recorded."""
        algorithm, _, expected = self.files.get(path, "").partition("=")
        if not expected or algorithm not in _ALGORITHMS:
            return True
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - paths are texts here
                digest = hashlib.file_digest(file, algorithm).digest()
        except OSError:
            return False
        return urlsafe_b64encode(digest).rstrip(b"=").decode() == expected.rstrip("=")


def read_record(read: _Read, site: str, names: Iterable[str] | None = None) -> Record | None:
    """Read the record of a package.

    Args:
        read: Reads a file of the folder that describes the package.
        site: The folder above it.
        names: The endings of the paths that matter; a record has all files without it.

    Returns:
        The record, or `None` for a package without one, which no installer of wheels put there.
    """
    try:
        text = read("RECORD")
        rows = [row for row in csv.reader((text or "").splitlines()) if row]
    except (OSError, ValueError, csv.Error):
        return None
    if not rows:
        return None
    real = cache(os.path.realpath)  # takes its time, and a package has many files in few folders
    ends = ("",) if names is None else tuple(names)
    files = {
        located(os.path.join(site, row[0]), real): (row[1:] or [""])[0]  # noqa: PTH118
        for row in rows
        if row[0].endswith(ends)
    }
    return Record(files, _is_editable(read))


def located(path: str, real: Callable[[str], str] = os.path.realpath) -> str:
    """The path by which a record has a file, whichever links lead to its folder."""
    folder, name = os.path.split(os.path.normpath(path))
    return os.path.join(real(folder), name)  # noqa: PTH118 - as above


def _is_editable(read: _Read) -> bool:
    """Whether a package was installed with `pip install --editable` or the like (PEP 610)."""
    try:
        origin = json.loads(read("direct_url.json") or "{}")
        return origin.get("dir_info", {}).get("editable") is True
    except (OSError, ValueError, AttributeError):
        return False
