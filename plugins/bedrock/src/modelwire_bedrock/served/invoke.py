"""InvokeModel with bodies of Claude, as Claude Code sends them in its Bedrock mode."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from modelwire.dialects import (
    Dialect,
    EventWriter,
    Failure,
    FailureReport,
    ServedCall,
    ServedRequest,
    WireEvent,
)
from modelwire.events import Event
from modelwire.messages import AssistantMessage
from modelwire.models import Model
from modelwire.registry import load_dialect
from modelwire_bedrock.served.errors import aws_error, aws_exception, aws_headers
from modelwire_bedrock.served.frames import CONTENT_TYPE, frame_event

__all__ = ["InvokeDialect"]

_BODIES: Final = "anthropic-messages"
"""The API whose requests and events are the bodies and the chunks."""


class InvokeDialect:
    """InvokeModel and InvokeModelWithResponseStream.

    Args:
        bodies: The dialect of the bodies; by default that of the installed plugin for Messages.

    Raises:
        PluginError: The plugin is missing or broken.
    """

    api: ClassVar[str] = "bedrock-invoke-model"
    paths: ClassVar[Mapping[str, bool | None]] = {
        "/model/{model:path}/invoke": False,
        "/model/{model:path}/invoke-with-response-stream": True,
    }
    beginnings: ClassVar[tuple[str, ...]] = ()
    media_type: ClassVar[str] = CONTENT_TYPE
    provider: ClassVar[str | None] = "amazon-bedrock"
    needs_text: ClassVar[bool] = False

    def __init__(self, bodies: Dialect | None = None) -> None:
        self._bodies = load_dialect(_BODIES) if bodies is None else bodies

    def read(
        self, body: Mapping[str, Any], headers: Mapping[str, str], model: Model, upstream: str
    ) -> ServedCall:
        """Read a request; see `Dialect`."""
        return self._bodies.read(body, headers, model, upstream)

    def writer(self, request: ServedRequest) -> EventWriter:
        """Make what writes a streamed answer."""
        return _InvokeWriter(self._bodies.writer(request))

    def frame(self, event: WireEvent) -> bytes:
        """Write an event as bytes of a stream."""
        return frame_event(event)

    def whole(self, message: AssistantMessage, request: ServedRequest) -> dict[str, Any]:
        """Write an answer that is not streamed."""
        return self._bodies.whole(message, request)

    def error(self, failure: Failure, request_id: str) -> FailureReport:  # noqa: ARG002 - the protocol's
        """Write a failure."""
        return aws_error(failure)

    def headers(self, request_id: str) -> dict[str, str]:
        """The header fields that every answer has."""
        return aws_headers(request_id)


class _InvokeWriter:
    """Writes the events of Messages, each as the bytes of a chunk."""

    def __init__(self, events: EventWriter) -> None:
        self._events = events

    def feed(self, event: Event) -> list[WireEvent]:
        """Write an event that is not the last."""
        return [_chunk(each) for each in self._events.feed(event)]

    def end(self, message: AssistantMessage) -> list[WireEvent]:
        """Write the end of an answer that is complete."""
        return [_chunk(each) for each in self._events.end(message)]

    def fail(self, failure: Failure) -> list[WireEvent]:
        """Write an exception, which ends the stream."""
        return [aws_exception(failure)]

    def keep_alive(self) -> list[WireEvent]:
        """Write the `ping` of Messages."""
        return [_chunk(each) for each in self._events.keep_alive()]


def _chunk(event: WireEvent) -> WireEvent:
    return WireEvent("chunk", b'{"bytes":"' + base64.b64encode(event.data) + b'"}')
