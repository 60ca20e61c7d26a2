"""Frames of Amazon's event stream, as a service writes them.

A frame is its length, the length of its headers, the CRC-32 of these two numbers, the headers, the
payload, and the CRC-32 of everything before it; all numbers are big-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache
from typing import Final
from zlib import crc32

__all__ = ["MEDIA_TYPE", "event_frame", "exception_frame"]

MEDIA_TYPE: Final = "application/vnd.amazon.eventstream"

_TEXT: Final = 7
"""The type of a header whose value is text."""
_AROUND: Final = 16
"""Bytes of a frame besides its headers and its payload."""


def event_frame(name: str, payload: bytes) -> bytes:
    """An event."""
    return _frame(_headers("event", name), payload)


def exception_frame(name: str, payload: bytes) -> bytes:
    """A failure, which ends a stream."""
    return _frame(_headers("exception", name), payload)


@cache
def _headers(kind: str, name: str) -> bytes:
    return _written(
        {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}
    )


def _written(headers: Mapping[str, str]) -> bytes:
    parts = []
    for name, value in headers.items():
        key, text = name.encode(), value.encode()
        parts.append(struct.pack(f">B{len(key)}sBH", len(key), key, _TEXT, len(text)) + text)
    return b"".join(parts)


def _frame(headers: bytes, payload: bytes) -> bytes:
    sizes = struct.pack(">II", _AROUND + len(headers) + len(payload), len(headers))
    data = b"".join((sizes, struct.pack(">I", crc32(sizes)), headers, payload))
    return data + struct.pack(">I", crc32(data))
