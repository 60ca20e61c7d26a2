"""A real model behind the Bedrock wire: whatever modelwire can reach answers."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from modelwire.errors import (
    AccessDenied,
    AuthenticationError,
    ContextOverflow,
    InvalidMessage,
    InvalidRequest,
    ModelwireError,
    Overloaded,
    RateLimited,
    RequestTimeout,
)
from modelwire.events import (
    DoneEvent,
    Event,
    TextDeltaEvent,
    TextEndEvent,
    ThinkingDeltaEvent,
    ThinkingEndEvent,
    ToolCallDeltaEvent,
    ToolCallEndEvent,
    ToolCallStartEvent,
)
from modelwire.messages import AssistantMessage, StopReason
from modelwire_bedrock.emulator.answers import TokenUsage, WireEvent
from modelwire_bedrock.emulator.contexts import context_of, options_of
from modelwire_bedrock.emulator.errors import Refusal
from modelwire_bedrock.emulator.scenario import EmulatedCall

if TYPE_CHECKING:
    from modelwire.runtime import Runtime

__all__ = ["LocalModel"]

_STOP = {
    StopReason.STOP: "end_turn",
    StopReason.LENGTH: "max_tokens",
    StopReason.TOOL_USE: "tool_use",
}
_CODES: tuple[tuple[type[ModelwireError], str], ...] = (
    (ContextOverflow, "ValidationException"),
    (InvalidRequest, "ValidationException"),
    (InvalidMessage, "ValidationException"),
    (AuthenticationError, "AccessDeniedException"),
    (AccessDenied, "AccessDeniedException"),
    (RateLimited, "ThrottlingException"),
    (Overloaded, "ServiceUnavailableException"),
    (RequestTimeout, "ModelTimeoutException"),
)


class LocalModel:
    """Answers with a model that modelwire reaches, whichever Bedrock model was requested.

    Args:
        ref: The model, such as `local/smollm2-135m-instruct`.
        runtime: Where to find it; by default one made from the user's configuration.
    """

    def __init__(self, ref: str, runtime: Runtime | None = None) -> None:
        self.ref = ref
        self._runtime = runtime

    async def resolve(self) -> None:
        """Find the model before the first request comes.

        Raises:
            ModelwireError: There is no such model.
        """
        await self._made().resolve(self.ref)

    async def events(self, call: EmulatedCall) -> AsyncIterator[WireEvent]:
        """The wire events of an answer.

        Raises:
            Refusal: The model failed.
        """
        started = time.monotonic()
        try:
            stream = self._made().stream(
                context_of(call.parameters),
                model=self.ref,
                options=options_of(call.parameters),
            )
            async with stream:
                begun = False
                async for event in stream:
                    if not begun:
                        begun = True
                        yield "messageStart", {"role": "assistant"}
                    for wire in _wire(event):
                        yield wire
                    if isinstance(event, DoneEvent):
                        latency = int((time.monotonic() - started) * 1000)
                        for wire in _end(event.message, event.reason, latency):
                            yield wire
        except ModelwireError as error:
            code = next((code for kind, code in _CODES if isinstance(error, kind)), None)
            raise Refusal(code or "ModelErrorException", str(error)) from error

    async def aclose(self) -> None:
        """Close the model's connections."""
        if self._runtime is not None:
            await self._runtime.aclose()

    def _made(self) -> Runtime:
        if self._runtime is None:
            from modelwire.runtime import Runtime

            self._runtime = Runtime.from_config()
        return self._runtime


def _wire(event: Event) -> list[WireEvent]:
    if isinstance(event, TextDeltaEvent):
        return [_delta(event.content_index, {"text": event.delta})]
    if isinstance(event, ThinkingDeltaEvent):
        return [_delta(event.content_index, {"reasoningContent": {"text": event.delta}})]
    if isinstance(event, ToolCallStartEvent):
        start = {"toolUse": {"toolUseId": event.id, "name": event.name}}
        body = {"contentBlockIndex": event.content_index, "start": start}
        return [("contentBlockStart", body)]
    if isinstance(event, ToolCallDeltaEvent):
        return [_delta(event.content_index, {"toolUse": {"input": event.delta}})]
    if isinstance(event, TextEndEvent | ThinkingEndEvent | ToolCallEndEvent):
        return [("contentBlockStop", {"contentBlockIndex": event.content_index})]
    return []


def _delta(index: int, delta: dict[str, object]) -> WireEvent:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}


def _end(message: AssistantMessage, reason: StopReason, latency: int) -> list[WireEvent]:
    used = message.usage
    cached = bool(used.cache_read or used.cache_write)
    usage = TokenUsage(
        used.input,
        used.output,
        used.cache_read if cached else None,
        used.cache_write if cached else None,
    )
    metadata = {"usage": usage.wire(), "metrics": {"latencyMs": latency}}
    return [("messageStop", {"stopReason": _STOP[reason]}), ("metadata", metadata)]
