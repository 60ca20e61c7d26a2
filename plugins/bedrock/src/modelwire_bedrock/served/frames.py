"""Frames of the binary event stream `application/vnd.amazon.eventstream`, as a service writes them.

A frame is: its whole length and the length of its headers (both 32 bit, big endian), the CRC-32 of
these eight bytes, the headers, the payload, and the CRC-32 of everything before it, as the
documentation of Amazon Transcribe's streaming ("Event stream encoding") lays it out. Nothing is shared
with the decoder in `modelwire_bedrock.aws.eventstream`, so that each can be tested against the other.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache
from typing import Final
from zlib import crc32

from modelwire.dialects import WireEvent

__all__ = ["CONTENT_TYPE", "frame", "frame_event", "frame_headers"]

CONTENT_TYPE: Final = "application/vnd.amazon.eventstream"

_STRING: Final = 7
"""The header type `string`, the only one that Bedrock uses."""
_AROUND: Final = 16
"""Bytes of a frame besides its headers and its payload."""
_SIZES: Final = struct.Struct(">II")
_CRC: Final = struct.Struct(">I")


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Encode one frame."""
    return _frame(_encoded(headers), payload)


def frame_event(event: WireEvent) -> bytes:
    """Encode an event, or an exception, which ends a stream; only their names end in `Exception`."""
    kind = "exception" if event.name.endswith("Exception") else "event"
    return _frame(_headers(kind, event.name), event.data)


def frame_headers(kind: str, name: str) -> dict[str, str]:
    """The headers of a frame whose payload is JSON.

    Args:
        kind: `event` or `exception`.
        name: Its name, such as `contentBlockDelta` or `throttlingException`.
    """
    return {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}


@cache
def _headers(kind: str, name: str) -> bytes:
    return _encoded(frame_headers(kind, name))


def _encoded(headers: Mapping[str, str]) -> bytes:
    parts = []
    for name, value in headers.items():
        key, text = name.encode(), value.encode()
        parts.append(struct.pack(f">B{len(key)}sBH", len(key), key, _STRING, len(text)) + text)
    return b"".join(parts)


def _frame(headers: bytes, payload: bytes) -> bytes:
    sizes = _SIZES.pack(_AROUND + len(headers) + len(payload), len(headers))
    data = b"".join((sizes, _CRC.pack(crc32(sizes)), headers, payload))
    return data + _CRC.pack(crc32(data))
