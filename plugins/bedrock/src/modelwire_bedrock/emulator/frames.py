"""Frames of the event stream as Bedrock writes them, and what faults make of them.

Bedrock pads the JSON of each event with a member `p`, so that sizes reveal nothing about the text.
"""

from __future__ import annotations

import json
import string
import struct
import zlib
from collections.abc import Mapping
from typing import Any

from modelwire_bedrock.served.frames import CONTENT_TYPE, frame, frame_headers

__all__ = [
    "EventStreamEncoding",
    "event_frame",
    "exception_frame",
    "split_frames",
]

_PRELUDE = struct.Struct(">II")
_CRC = struct.Struct(">I")
_PADDING = string.ascii_lowercase + string.ascii_uppercase + string.digits


def split_frames(data: bytes) -> list[bytes]:
    """Cut a recorded stream into its frames; what is left of a cut one comes last."""
    frames = []
    while data:
        length = _PRELUDE.unpack_from(data)[0] if len(data) >= _PRELUDE.size else len(data)
        length = min(max(length, 1), len(data))
        frames.append(data[:length])
        data = data[length:]
    return frames


def event_frame(name: str, payload: Mapping[str, Any]) -> bytes:
    """Encode one event, padded as Bedrock pads it; `name` is as `contentBlockDelta`."""
    bare = _json(payload)
    # Bedrock's padding is random; ours follows from the content, so that runs can be compared.
    length = 2 + zlib.crc32(bare) % (len(_PADDING) - 2)
    padded = _json({**payload, "p": _PADDING[:length]})
    return frame(frame_headers("event", name), padded)


def exception_frame(name: str, message: str, **members: Any) -> bytes:
    """Encode an exception in mid-stream; `name` is as `throttlingException`."""
    return frame(frame_headers("exception", name), _json({"message": message, **members}))


class EventStreamEncoding:
    """The encoding of ConverseStream and InvokeModelWithResponseStream."""

    content_type = CONTENT_TYPE

    def event(self, name: str, payload: Mapping[str, Any]) -> bytes:
        """One event as a frame."""
        return event_frame(name, payload)

    def failure(self, name: str, message: str, members: Mapping[str, Any]) -> bytes:
        """An exception in mid-stream as a frame; `name` is as `throttlingException`."""
        return exception_frame(name, message, **members)

    def corrupted(self, data: bytes, part: str) -> bytes:
        """A frame with one bit flipped: in its `prelude`, `headers` or `payload`."""
        places = {"prelude": 6, "headers": _PRELUDE.size + _CRC.size + 3, "payload": len(data) - 6}
        at = places[part]
        return data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]


def _json(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
