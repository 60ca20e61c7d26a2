"""Frames of the binary event stream `application/vnd.amazon.eventstream`, as Bedrock writes them.

Bedrock pads the JSON of each event with a member `p`, so that sizes tell nothing about the text.
"""

from __future__ import annotations

import json
import string
import zlib
from collections.abc import Mapping
from typing import Any

from modelwire.testing.frames import CONTENT_TYPE, frame, split_frames

__all__ = ["CONTENT_TYPE", "event_frame", "exception_frame", "frame", "split_frames"]

_PADDING = string.ascii_lowercase + string.ascii_uppercase + string.digits


def event_frame(name: str, payload: Mapping[str, Any]) -> bytes:
    """Encode one event, padded as Bedrock pads it; `name` is as `contentBlockDelta`."""
    bare = _json(payload)
    # Bedrock's padding is random; ours follows from the content, so that runs can be compared.
    length = 2 + zlib.crc32(bare) % (len(_PADDING) - 2)
    padded = _json({**payload, "p": _PADDING[:length]})
    headers = {
        ":event-type": name,
        ":content-type": "application/json",
        ":message-type": "event",
    }
    return frame(headers, padded)


def exception_frame(name: str, message: str, **members: Any) -> bytes:
    """Encode an exception in mid-stream; `name` is as `throttlingException`."""
    headers = {
        ":exception-type": name,
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return frame(headers, _json({"message": message, **members}))


def _json(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
