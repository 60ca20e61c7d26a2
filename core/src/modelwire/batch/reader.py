"""The input of a batch: its lines as JSON data, read a few at a time, from JSON lines, CSV or Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

from modelwire.authoring import parse_json
from modelwire.errors import BatchError, InvalidRequest

__all__ = ["FORMATS", "InputLine", "chunks_of", "input_format"]

InputLine = tuple[int, object]
"""The number of a line, from 1, and its data; an `InvalidRequest` in place of data that is not JSON."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_CHUNK_ROWS: Final = 64
_NUMBERS: Final = ("max_tokens", "temperature", "top_p")
_JSON: Final = (
    "messages",
    "tools",
    "metadata",
    "response_schema",
    "params",
    "plugins",
    "fallbacks",
)
"""Columns whose texts are JSON."""


def input_format(path: Path) -> str:
    """The format of a file, by the end of its name.

    Raises:
        BatchError: No such format is read.
    """
    found = path.suffix.lower()
    if found not in FORMATS:
        known = ", ".join(FORMATS)
        msg = f"The format of {path} is not known; the name of a batch's input ends in one of {known}."
        raise BatchError(msg, source=str(path))
    return found


def chunks_of(path: Path) -> Iterator[list[InputLine]]:
    """Read a batch's input, some lines at a time, so that memory does not grow with the file.

    Raises:
        BatchError: The file cannot be read, or its format is not known.
    """
    lines = FORMATS[input_format(path)](path)
    with _readable(path):
        while chunk := list(islice(lines, _CHUNK_ROWS)):
            yield chunk


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        msg = f"Cannot read {path}: {error.strerror or error}."
        raise BatchError(msg, source=str(path)) from error
    except UnicodeDecodeError as error:
        msg = f"{path} is not UTF-8 text."
        raise BatchError(msg, source=str(path)) from error


def _json_lines(path: Path) -> Iterator[InputLine]:
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            content = text.removeprefix(_BYTE_ORDER_MARK) if number == 1 else text
            if content.strip():
                yield number, _parsed(content, number)


def _parsed(text: bytes, line: int) -> object:
    try:
        return parse_json(text.rstrip())
    except json.JSONDecodeError as error:
        # Its own text counts lines within this one.
        return _not_json(line, f"{error.msg} at character {error.pos + 1}")
    except ValueError as error:
        return _not_json(line, str(error))


def _not_json(line: int, reason: str) -> InvalidRequest:
    msg = f"Line {line}: it is not JSON: {reason.rstrip('.')}."
    return InvalidRequest(msg, retryable=False)


def _csv_rows(path: Path) -> Iterator[InputLine]:
    """The rows of a CSV file, numbered without the header."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        try:
            for number, row in enumerate(rows, 1):
                yield number, _cells({name: cell for name, cell in row.items() if name}, number)
        except csv.Error as error:
            msg = f"{path} is not CSV: {error} (line {rows.line_num})."
            raise BatchError(msg, source=str(path)) from error


def _parquet_rows(path: Path) -> Iterator[InputLine]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        msg = f"{path} cannot be read: Parquet needs the package pyarrow."
        raise BatchError(msg, source=str(path), hint="pip install pyarrow") from error
    numbers = count(1)
    with path.open("rb") as file:
        try:
            for batch in parquet.ParquetFile(file).iter_batches(batch_size=_CHUNK_ROWS):
                for row in batch.to_pylist():
                    number = next(numbers)
                    yield number, _cells(row, number)
        except ValueError as error:  # as every error of pyarrow that is about data
            msg = f"{path} is not Parquet: {error}."
            raise BatchError(msg, source=str(path)) from error


def _cells(row: Mapping[str, Any], number: int) -> object:
    """A row of a table as the data of a line: an empty cell is a missing field, and some hold JSON."""
    data: dict[str, Any] = {}
    for name, cell in row.items():
        if cell is None or cell == "":
            continue
        try:
            data[name] = _cell(name, cell)
        except ValueError as error:
            return _not_json(number, f"{name}: {error}")
    return data


def _cell(name: str, cell: Any) -> Any:
    if isinstance(cell, str) and name in (*_JSON, *_NUMBERS):
        return parse_json(cell)
    return cell


FORMATS: Final[Mapping[str, Callable[[Path], Iterator[InputLine]]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".csv": _csv_rows,
    ".parquet": _parquet_rows,
}
"""The formats that are read, by the ends of names."""
