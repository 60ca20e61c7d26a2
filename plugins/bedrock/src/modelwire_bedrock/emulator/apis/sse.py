"""Server-sent events: the streams of the OpenAI-shaped and Anthropic-shaped APIs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from attrs import field, frozen

from modelwire_bedrock.emulator.answers import WireEvent
from modelwire_bedrock.emulator.apis.errors import error_body
from modelwire_bedrock.emulator.apis.paths import ApiPath
from modelwire_bedrock.emulator.errors import Refusal
from modelwire_bedrock.emulator.replies import StreamEncoding

__all__ = ["AnswerWriter", "ApiCall", "SseEncoding", "joined", "sse"]


@frozen
class ApiCall:
    """One request to an API that answers with text.

    Attributes:
        api: The API.
        model_id: The model id in the request.
        base_model: The id of the foundation model behind it.
        body: The request.
    """

    api: ApiPath
    model_id: str
    base_model: str
    body: Mapping[str, Any] = field(repr=False)

    @property
    def streams(self) -> bool:
        """Whether the answer is to be a stream."""
        return self.body.get("stream") is True


class AnswerWriter(StreamEncoding, Protocol):
    """Writes one answer, as a stream or as one body."""

    def whole(self, events: Sequence[WireEvent]) -> dict[str, Any]:
        """The body of an answer that is not streamed, from the events of ConverseStream."""


def sse(data: Mapping[str, Any] | str, name: str | None = None) -> bytes:
    """One event; `name` is its `event` field."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {text}\n\n".encode()


class SseEncoding:
    """The common part of the streams. Mid-stream errors are those of the vendors' own APIs."""

    content_type = "text/event-stream"
    shape = "openai"

    def failure(self, name: str, message: str, members: Mapping[str, Any]) -> bytes:
        """An error in mid-stream; `name` is as `throttlingException`."""
        del members
        body = error_body(Refusal(name[:1].upper() + name[1:], message), self.shape, "")
        return self.error(body)

    def error(self, body: dict[str, Any]) -> bytes:
        """The event of an error."""
        return sse(body)

    def corrupted(self, data: bytes, part: str) -> bytes:
        """The same events with one bit flipped: the first is no JSON any more."""
        del part
        at = data.find(b"data: ") + len(b"data: ")
        return data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]


def joined(events: Iterable[tuple[str | None, Mapping[str, Any]]]) -> bytes:
    """Several events in one piece."""
    return b"".join(sse(data, name) for name, data in events)
