"""The state of a batch's input: its size, digest and rows, by which a later run knows it again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from attrs import frozen

from modelwire.batch.duplicates import SeenIds
from modelwire.batch.reader import chunks_of
from modelwire.batch.records import id_of_line
from modelwire.errors import BatchError

if TYPE_CHECKING:
    from modelwire.batch.request_shapes import RequestShapes

__all__ = ["InputState", "examine_input", "recheck_input"]

_BLOCK: Final = 2**20
_APPENDABLE: Final = (".jsonl", ".ndjson", ".csv")


@frozen
class InputState:
    """The state of an input.

    Attributes:
        size: Bytes.
        sha256: Their digest, in hexadecimal.
        rows: The number of rows.
        lines: The number of the last row's line.
    """

    size: int
    sha256: str
    rows: int
    lines: int


def examine_input(path: Path, shapes: Callable[[], RequestShapes] | None = None) -> InputState:
    """Read an input from beginning to end: count its rows, and check that their ids differ.

    Args:
        path: The file.
        shapes: Loads the batch lines of APIs; by default those of the installed plugins.

    Raises:
        BatchError: It cannot be read, has no rows, or two of its rows have the same id.
    """
    rows = lines = 0
    with SeenIds() as seen:
        for chunk in chunks_of(path):
            for line, data in chunk:
                rows, lines = rows + 1, line
                seen.add(id_of_line(data, line, shapes), line)
        duplicate = seen.first_duplicate()
    if duplicate is not None:
        first, second = duplicate
        named = _name_at(path, second, shapes)
        msg = f"Lines {first} and {second} of {path} have the same custom_id, {named!r}."
        hint = "Give each line an id of its own, or none: then it has the number of its line."
        raise BatchError(msg, source=str(path), hint=hint)
    if not rows:
        msg = f"{path} has no rows."
        raise BatchError(msg, source=str(path))
    size, digest = _digest(path)
    return InputState(size, digest, rows, lines)


def recheck_input(
    path: Path, known: InputState, shapes: Callable[[], RequestShapes] | None = None
) -> InputState:
    """Check that an input is the one of an earlier run; rows may have been added at its end.

    Args:
        path: The file.
        known: Its state at that run.
        shapes: As for `examine_input`.

    Raises:
        BatchError: It has changed, or cannot be read.
    """
    size, digest = _digest(path, known.size)
    hint = "Give another output for another input, or restore the input."
    if digest != known.sha256:
        what = "is shorter than" if size < known.size else "is not the same as"
        msg = f"{path} {what} when its output was begun, so that answers would get wrong rows."
        raise BatchError(msg, source=str(path), hint=hint)
    if path.stat().st_size == known.size:
        return known
    if path.suffix.lower() not in _APPENDABLE or not _ends_a_line(path, known.size):
        msg = f"{path} has grown since its output was begun, but not by whole lines."
        raise BatchError(msg, source=str(path), hint=hint)
    return examine_input(path, shapes)


def _name_at(path: Path, wanted: int, shapes: Callable[[], RequestShapes] | None) -> str:
    for chunk in chunks_of(path):
        for line, data in chunk:
            if line == wanted:
                return id_of_line(data, line, shapes)
    return str(wanted)


def _digest(path: Path, most: int | None = None) -> tuple[int, str]:
    """The size and the digest of a file, or of its first bytes."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK if most is None else min(_BLOCK, most - size)):
                digest.update(block)
                size += len(block)
    except OSError as error:
        msg = f"Cannot read {path}: {error.strerror or error}."
        raise BatchError(msg, source=str(path)) from error
    return size, digest.hexdigest()


def _ends_a_line(path: Path, size: int) -> bool:
    with path.open("rb") as file:
        return _byte_at(file, size - 1) == b"\n" or _byte_at(file, size) in (b"\n", b"\r")


def _byte_at(file: BinaryIO, place: int) -> bytes:
    file.seek(place)
    return file.read(1)
