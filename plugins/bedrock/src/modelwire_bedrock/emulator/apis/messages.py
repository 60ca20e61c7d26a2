"""Messages: Anthropic's API, read as Converse and written from its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelwire_bedrock.emulator.answers import WireEvent, converse_body
from modelwire_bedrock.emulator.apis.sse import ApiCall, SseEncoding, joined, sse
from modelwire_bedrock.emulator.invoke.anthropic import (
    MessageChunks,
    message_body,
    read_messages,
)

__all__ = ["MessagesWriter", "read_messages"]


class MessagesWriter(SseEncoding):
    """Writes an answer as Messages does; every event has its type as its name."""

    shape = "anthropic"

    def __init__(self, call: ApiCall) -> None:
        self._model = call.base_model
        self._chunks = MessageChunks(call.base_model)

    def event(self, name: str, payload: Mapping[str, Any]) -> bytes:
        """The events of Messages for one of ConverseStream."""
        return joined((chunk["type"], chunk) for chunk in self._chunks.feed(name, payload))

    def error(self, body: dict[str, Any]) -> bytes:
        """An error in mid-stream."""
        return sse({"type": "error", "error": body["error"]}, "error")

    def whole(self, events: Sequence[WireEvent]) -> dict[str, Any]:
        """The message."""
        return message_body(self._model, converse_body(events))
