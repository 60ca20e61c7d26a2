"""The recorder: one span and its measurements for each stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from time import perf_counter
from typing import TYPE_CHECKING

from opentelemetry import context as otel_context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, get_tracer, set_span_in_context

from modelwire.errors import ModelwireError
from modelwire.events import (
    ArgumentsDelta,
    Delta,
    Deltas,
    Diagnostic,
    RedactedThinkingDelta,
    ResponseInfo,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCallStart,
    UsageReport,
    deltas_of,
)
from modelwire_otel.attributes import Attributes, finish_reason, identity, request, usage
from modelwire_otel.content import RecordedAnswer, asked
from modelwire_otel.instruments import SCOPE, Instruments, instruments

if TYPE_CHECKING:
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context, Usage
    from modelwire.models import Model

__all__ = ["record"]

_CONTENT = (TextDelta, ThinkingDelta, RedactedThinkingDelta, ToolCallStart, ArgumentsDelta)


async def record(
    deltas: AsyncIterator[Deltas],
    *,
    model: Model,
    context: Context,
    options: CompletionOptions,
    base_url: str | None,
    capture: bool,
) -> AsyncGenerator[Deltas, None]:
    """Pass a stream on, and record it.

    The span begins with the request and ends with the answer, however that ends. Time that the
    reader takes between two deltas counts as the stream's, since a span has no pauses. An answer that
    was replayed from a recording is marked as such, and is not measured: no service was called.

    Args:
        deltas: The owner's stream; it is closed when this one is.
        model: The model that is asked.
        context: What it is asked to continue.
        options: What was asked of the answer.
        base_url: Where the model is reached, if that is known.
        capture: Record the content as well.
    """
    shared = identity(model, base_url)
    local = model.local is True
    span = get_tracer(SCOPE).start_span(
        f"chat {model.id}",
        kind=SpanKind.INTERNAL if local else SpanKind.CLIENT,
        attributes={**shared, **request(options)},
    )
    capture = capture and span.is_recording()
    if capture:
        span.set_attributes(asked(context))
    call = _Call(span, instruments(), shared, RecordedAnswer() if capture else None)
    try:
        # Whatever the plugin does before its first delta, such as the HTTP request, is a child of
        # this span. Between deltas the reader's own context counts.
        token = otel_context.attach(set_span_in_context(span))
        try:
            first = await anext(deltas, None)
        finally:
            otel_context.detach(token)
        if first is not None:
            call.feed(first)
            yield first
            async for delta in deltas:
                call.feed(delta)
                yield delta
        call.exhausted()
    except ModelwireError as error:
        call.failed(error.code, str(error))
        raise
    except (asyncio.CancelledError, GeneratorExit):
        call.left()
        raise
    except Exception as error:
        call.failed(type(error).__qualname__, "The plugin failed.")
        raise
    finally:
        call.end()
        close = getattr(deltas, "aclose", None)
        if close is not None:
            await close()


class _Call:
    """What is known of a call that is running."""

    def __init__(
        self, span: Span, measures: Instruments, shared: Attributes, answer: RecordedAnswer | None
    ) -> None:
        self._span = span
        self._measures = measures
        self._shared = shared
        self._answer = answer
        self._began = perf_counter()
        self._latest: float | None = None
        self._usage: Usage | None = None
        self._response_model: str | None = None
        self._finish: str | None = None
        self._error: str | None = None
        self._replayed = False

    def feed(self, arrived: Deltas) -> None:
        for delta in deltas_of(arrived):
            self._take(delta)

    def _take(self, delta: Delta) -> None:
        if isinstance(delta, _CONTENT):
            self._chunk()
            if self._answer is not None:
                self._answer.feed(delta)
        elif isinstance(delta, UsageReport):
            self._usage = delta.usage
        elif isinstance(delta, Stop):
            self._finish = finish_reason(delta.reason)
            reasons = [delta.raw or self._finish]
            self._span.set_attribute("gen_ai.response.finish_reasons", reasons)
        elif isinstance(delta, ResponseInfo):
            self._describe(delta)
        elif isinstance(delta, Diagnostic) and delta.type == "replayed":
            self._replayed = True
            self._span.set_attribute("modelwire.replayed", True)

    def exhausted(self) -> None:
        """A stream that ends without a reason to stop was cut, and the runtime will say so."""
        if self._finish is None:
            self.failed("stream_truncated", "The stream ended without a stop reason.")

    def left(self) -> None:
        """The reader stopped the answer, its deadline passed, or it needed no more of it."""
        if self._finish is None:
            self._error = "cancelled"
            self._span.set_attribute("error.type", self._error)

    def failed(self, kind: str, message: str) -> None:
        self._error = kind
        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR, message))

    def end(self) -> None:
        shared = self._shared
        if self._response_model is not None:
            shared = {**shared, "gen_ai.response.model": self._response_model}
        if self._usage is not None:
            tokens = usage(self._usage)
            self._span.set_attributes(tokens)
            for kind in () if self._replayed else ("input", "output"):
                self._measures.tokens.record(
                    float(tokens[f"gen_ai.usage.{kind}_tokens"]),  # type: ignore[arg-type] # a number
                    {**shared, "gen_ai.token.type": kind},
                )
        if self._error is not None:
            shared = {**shared, "error.type": self._error}
        if not self._replayed:
            self._measures.duration.record(perf_counter() - self._began, shared)
        if self._answer is not None:
            self._span.set_attributes(self._answer.to_attributes(self._finish or "error"))
        self._span.end()

    def _chunk(self) -> None:
        now = perf_counter()
        if self._latest is None:
            first = now - self._began
            self._span.set_attribute("gen_ai.response.time_to_first_chunk", first)
            if not self._replayed:
                self._measures.first_chunk.record(first, self._shared)
        elif not self._replayed:
            self._measures.next_chunk.record(now - self._latest, self._shared)
        self._latest = now

    def _describe(self, info: ResponseInfo) -> None:
        if info.response_id is not None:
            self._span.set_attribute("gen_ai.response.id", info.response_id)
        if info.response_model is not None:
            self._response_model = info.response_model
            self._span.set_attribute("gen_ai.response.model", info.response_model)
