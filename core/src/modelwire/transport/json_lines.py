"""The decoder of JSON lines (NDJSON): one JSON document per line."""

from __future__ import annotations

import json
from typing import Any

from modelwire.errors import MalformedResponse
from modelwire.structuring import check_depth

__all__ = ["DEFAULT_LINE_LIMIT", "JsonLinesDecoder"]

DEFAULT_LINE_LIMIT = 64 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"


class JsonLinesDecoder:
    """Decodes lines of JSON that arrive in pieces of any size.

    Lines end with LF or CR LF; blank ones are left out. The last one needs no line ending.

    Args:
        limit: The maximum size of a line in bytes.
    """

    def __init__(self, limit: int = DEFAULT_LINE_LIMIT) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0
        self._number = 0
        self._fault: MalformedResponse | None = None

    def feed(self, chunk: bytes) -> list[Any]:
        """Process the next bytes and return the documents that they complete.

        Raises:
            MalformedResponse: A line is not JSON in UTF-8, is nested too deep, or is larger than
                the limit. Documents before it are returned first, and the error is raised by the
                next call.
        """
        if self._fault is not None:
            raise self._fault
        *ended, rest = chunk.split(b"\n")
        found: list[Any] = []
        try:
            for last_piece in ended:
                self._take(last_piece)
                found += self._completed()
            self._take(rest)
        except MalformedResponse as fault:
            self._fault = fault
            if not found:
                raise
        return found

    def end(self) -> list[Any]:
        """Mark the end of the body, and return the document that lacked its line feed, if any.

        Raises:
            MalformedResponse: As in `feed`.
        """
        if self._fault is not None:
            raise self._fault
        return self._completed()

    def _take(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            msg = f"A line of the stream is larger than {self._limit} bytes."
            raise MalformedResponse(msg)
        if piece:
            self._pieces.append(piece)

    def _completed(self) -> list[Any]:
        line = b"".join(self._pieces).strip(b" \t\r")
        self._pieces.clear()
        self._size = 0
        self._number += 1
        if self._number == 1:
            line = line.removeprefix(_BOM)
        return [self._parsed(line)] if line else []

    def _parsed(self, line: bytes) -> Any:
        try:
            text = line.decode()
            value = json.loads(text)
            check_depth(text, value)
        except UnicodeDecodeError as error:
            msg = f"Line {self._number} of the stream is not UTF-8 text: {error.reason}."
            raise MalformedResponse(msg) from error
        except (ValueError, RecursionError) as error:
            reason = "it is nested too deep" if isinstance(error, RecursionError) else error
            msg = f"Line {self._number} of the stream is not JSON: {reason}."
            raise MalformedResponse(msg) from error
        return value
