"""Answers of models, as pydantic-ai's responses and streams of parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic_ai.messages import (
    FinishReason,
    ModelResponse,
    ModelResponsePart,
    ModelResponseStreamEvent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from pydantic_ai.models import StreamedResponse
from pydantic_ai.usage import RequestUsage

from modelwire.errors import ModelwireError
from modelwire.events import (
    DoneEvent,
    Event,
    TextDeltaEvent,
    ThinkingDeltaEvent,
    ThinkingEndEvent,
    ToolCallDeltaEvent,
    ToolCallEndEvent,
    ToolCallStartEvent,
)
from modelwire.messages import AssistantMessage, StopReason, Text, Thinking, Usage
from modelwire.runtime import Stream
from modelwire_pydantic_ai.errors import translate_errors
from modelwire_pydantic_ai.messages import SIGNATURE

__all__ = ["ModelwireStream", "response_of"]

_FINISH: dict[StopReason, FinishReason] = {
    StopReason.STOP: "stop",
    StopReason.LENGTH: "length",
    StopReason.TOOL_USE: "tool_call",
}
REDACTED = "redacted_content"
"""The id of thinking that the provider hides, as pydantic-ai's own models have it."""


def response_of(answer: AssistantMessage) -> ModelResponse:
    """A whole answer."""
    return ModelResponse(
        parts=list(_parts(answer)),
        usage=_usage(answer.usage),
        model_name=answer.model,
        provider_name=answer.provider,
        provider_response_id=answer.response_id,
        provider_details=_details(answer),
        finish_reason=_FINISH.get(answer.stop_reason),
    )


def _parts(answer: AssistantMessage) -> Iterator[ModelResponsePart]:
    for part in answer.content:
        if isinstance(part, Text):
            yield TextPart(part.text)
        elif isinstance(part, Thinking):
            yield ThinkingPart(
                "" if part.redacted else part.text,
                id=REDACTED if part.redacted else None,
                signature=part.signature,
                provider_name=answer.provider,
            )
        else:
            yield ToolCallPart(
                part.name,
                part.arguments,
                part.id,
                provider_name=answer.provider if part.signature else None,
                provider_details={SIGNATURE: part.signature} if part.signature else None,
            )


def _usage(usage: Usage) -> RequestUsage:
    """The tokens; pydantic-ai's input counts what a cache read or wrote."""
    return RequestUsage(
        input_tokens=usage.input + usage.cache_read + usage.cache_write,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        output_reasoning_tokens=usage.reasoning or 0,
    )


def _details(answer: AssistantMessage) -> dict[str, Any] | None:
    details = {"finish_reason": answer.raw_stop_reason}
    return {name: value for name, value in details.items() if value is not None} or None


@dataclass
class ModelwireStream(StreamedResponse):
    """A stream of parts; leaving or cancelling it closes the connection."""

    stream: Stream
    requested: str
    provider: str
    _begun: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        with translate_errors(self.requested):
            async for event in self.stream:
                for made in self._made(event):
                    yield made

    def _made(self, event: Event) -> Iterable[ModelResponseStreamEvent]:
        if type(event) is TextDeltaEvent:  # as nearly every event is
            return self._parts_manager.handle_text_delta(
                vendor_part_id=event.content_index, content=event.delta
            )
        return self._others(event)

    def _others(self, event: Event) -> Iterator[ModelResponseStreamEvent]:
        parts = self._parts_manager
        if isinstance(event, ToolCallStartEvent):
            yield from parts.handle_tool_call_delta_events(
                vendor_part_id=event.content_index, tool_name=event.name, tool_call_id=event.id
            )
        elif isinstance(event, ToolCallDeltaEvent):
            yield from parts.handle_tool_call_delta_events(
                vendor_part_id=event.content_index, args=event.delta
            )
        elif isinstance(event, ToolCallEndEvent) and event.tool_call.signature:
            yield from parts.handle_tool_call_delta_events(
                vendor_part_id=event.content_index,
                provider_name=self.provider,
                provider_details={SIGNATURE: event.tool_call.signature},
            )
        elif isinstance(event, ThinkingDeltaEvent):
            yield from parts.handle_thinking_delta(
                vendor_part_id=event.content_index,
                content=event.delta,
                provider_name=self.provider,
            )
        elif isinstance(event, ThinkingEndEvent) and event.signature:
            yield from parts.handle_thinking_delta(
                vendor_part_id=event.content_index,
                content="",
                id=REDACTED if event.redacted else None,
                signature=event.signature,
                provider_name=self.provider,
            )
        elif isinstance(event, DoneEvent):
            self._end(event.message)

    def _end(self, answer: AssistantMessage) -> None:
        self._usage = _usage(answer.usage)
        self.finish_reason = _FINISH.get(answer.stop_reason)
        self.provider_response_id = answer.response_id
        self.provider_details = _details(answer)
        self.provider = answer.provider

    async def close_stream(self) -> None:
        """Close the connection."""
        self.stream.cancel()
        await self.stream.aclose()

    def get_stream_cancel_errors(self) -> tuple[type[BaseException], ...]:
        """The exceptions that a closed stream raises."""
        return (ModelwireError,)

    @property
    def model_name(self) -> str:
        """The model that answers."""
        return self.requested if self.stream.model is None else self.stream.model.id

    @property
    def provider_name(self) -> str:
        """The provider that answers."""
        return self.provider if self.stream.model is None else self.stream.model.provider

    @property
    def provider_url(self) -> None:
        """Unknown here: it is in the configuration."""
        return

    @property
    def timestamp(self) -> datetime:
        """When the stream began."""
        return self._begun
