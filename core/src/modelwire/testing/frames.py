"""Frames of the binary event stream `application/vnd.amazon.eventstream`.

A frame is: its whole length and the length of its headers (both 32 bit, big endian), the CRC-32 of
these eight bytes, the headers, the payload, and the CRC-32 of everything before it, as the
documentation of Amazon Transcribe's streaming ("Event stream encoding") lays it out.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

__all__ = ["CONTENT_TYPE", "frame", "split_frames"]

CONTENT_TYPE = "application/vnd.amazon.eventstream"

_STRING = 7  # the header type `string`, the only one that is used here
_PRELUDE = struct.Struct(">II")
_CRC = struct.Struct(">I")


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Encode one frame."""
    head = b"".join(_header(name, value) for name, value in headers.items())
    prelude = _PRELUDE.pack(12 + len(head) + len(payload) + 4, len(head))
    body = prelude + _CRC.pack(zlib.crc32(prelude)) + head + payload
    return body + _CRC.pack(zlib.crc32(body))


def split_frames(data: bytes) -> list[bytes]:
    """Cut a recorded stream into its frames; what is left of a cut one comes last."""
    frames = []
    while data:
        length = _PRELUDE.unpack_from(data)[0] if len(data) >= _PRELUDE.size else len(data)
        length = min(max(length, 1), len(data))
        frames.append(data[:length])
        data = data[length:]
    return frames


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return bytes([len(key)]) + key + bytes([_STRING]) + struct.pack(">H", len(text)) + text
