"""The recorder: one span and its measurements for each answer, over all tries."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter, time_ns
from typing import TYPE_CHECKING

from opentelemetry import context as otel_context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context

from modelwire.errors import Cancelled
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
)
from modelwire.hookspecs import Observer
from modelwire.transport import watch_requests
from modelwire_otel.attributes import (
    Attributes,
    cost,
    finish_reason,
    identity,
    request,
    server,
    usage,
)
from modelwire_otel.content import RecordedAnswer, conversation
from modelwire_otel.instruments import instruments, tracer

if TYPE_CHECKING:
    from modelwire.errors import Attempt
    from modelwire.hookspecs import CompletionOperation, CompletionOptions, OperationOutcome
    from modelwire.messages import Usage
    from modelwire.models import Model
    from modelwire.transport import Request
    from modelwire_otel.settings import Settings

__all__ = ["CompletionSpan", "present_span", "record"]

_CONTENT = frozenset(
    {TextDelta, ThinkingDelta, RedactedThinkingDelta, ToolCallStart, ArgumentsDelta}
)
_ONE_CHUNK = 0.001
"""Seconds, the lowest boundary of the histogram: what arrives within them counts as one chunk, so
that an answer that arrives in a burst is not measured a thousand times."""

_PRESENT: ContextVar[CompletionSpan | None] = ContextVar("_PRESENT", default=None)


def present_span() -> CompletionSpan | None:
    """The recorder of the answer that the current try belongs to."""
    return _PRESENT.get()


class CompletionSpan(Observer):
    """Records one answer: its tries, what arrives, and how it ends.

    The span begins with the request and ends with the answer, however that ends; it is made when a
    model is called for the first time. Time that the reader takes between two deltas counts as the
    answer's, since a span has no pauses. An answer that was replayed from a recording is marked as
    such, and is not measured: no service was called.

    Args:
        operation: The answer.
        settings: The settings of the recording.
    """

    def __init__(self, operation: CompletionOperation, settings: Settings) -> None:
        self._context = operation.context
        self._settings = settings
        self._conventions = settings.conventions
        self._measures = instruments(settings.conventions)
        self._began, self._began_at = perf_counter(), time_ns()
        self._span: Span | None = None
        self._first_model = ""
        self._tries = 0
        self._shared: Attributes = {}
        self._try_began = 0.0
        self._latest: float | None = None
        self._usage: Usage | None = None
        self._response: dict[str, str] = {}
        self._finish: str | None = None
        self._replayed = False
        self._answer: RecordedAnswer | None = None

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Let tries find this object; each makes the span current for its own work."""
        token = _PRESENT.set(self)
        try:
            yield
        finally:
            _PRESENT.reset(token)

    def begin_try(self, model: Model, options: CompletionOptions, base_url: str | None) -> Span:
        """Begin a request to a model, the first or another one.

        Args:
            model: The model.
            options: The options of its answer.
            base_url: Where it is reached, if that is known.
        """
        self._tries += 1
        self._try_began, self._latest = perf_counter(), None
        self._shared = shared = identity(model, base_url, self._conventions)
        name = f"chat {model.id}"
        span = self._span
        if span is None:
            self._first_model = str(model.ref)
            self._span = span = self._start(name, model, options)
        elif self._first_model != str(model.ref):
            span.update_name(name)
            span.set_attributes({**shared, "modelwire.fallback_of": self._first_model})
        if self._settings.capture and span.is_recording():
            self._answer = RecordedAnswer()
        return span

    def _start(self, name: str, model: Model, options: CompletionOptions) -> Span:
        span = tracer(self._conventions).start_span(
            name,
            kind=SpanKind.INTERNAL if model.local is True else SpanKind.CLIENT,
            attributes={**self._shared, **request(options, self._conventions)},
            start_time=self._began_at,
        )
        if self._settings.capture and span.is_recording():
            span.set_attributes(conversation(self._context, self._settings.limit))
        return span

    def sent(self, sent: Request) -> None:
        """Record where a request goes, if the configuration did not state it."""
        if self._span is not None:
            found = server(sent.url)
            self._shared = {**self._shared, **found}
            self._span.set_attributes(found)

    def feed(self, arrived: Deltas) -> None:
        """Take what arrived together."""
        answer, content = self._answer, False
        for delta in arrived if type(arrived) is list else (arrived,):
            kind = type(delta)
            if kind in _CONTENT:
                content = True
                if answer is not None:
                    answer.feed(delta)  # type: ignore[arg-type] # a single delta
            else:
                self._take_fact(delta)  # type: ignore[arg-type] # a single delta
        if content:
            self._chunk()

    def failed(self, attempt: Attempt) -> None:
        """Note a try that failed, as an event of the span."""
        if self._span is None:
            return
        about: Attributes = {
            "modelwire.try": self._tries,
            "modelwire.model": attempt.model,
            "error.type": attempt.code,
            "error.message": attempt.message,
        }
        if attempt.waited is not None:
            about["modelwire.wait"] = attempt.waited
        self._span.add_event("modelwire.try_failed", about)

    def ended(self, outcome: OperationOutcome) -> None:
        """End the span, and measure the answer."""
        span, error = self._span, outcome.error
        if span is None:
            return  # no request was sent
        shared = {**self._shared, **self._end_of(span, outcome)}
        if "model" in self._response:
            shared["gen_ai.response.model"] = self._response["model"]
        message = outcome.message if outcome.message is not None else error and error.partial
        if self._usage is not None:
            tokens = usage(self._usage, self._conventions)
            span.set_attributes({**tokens, **cost(getattr(message, "usage", self._usage).cost)})
            if not self._replayed:
                self._measures.count_tokens(tokens, shared)
        if not self._replayed:
            self._measures.duration.record(perf_counter() - self._began, shared)
        if self._answer is not None:
            finish = self._finish or "error"
            span.set_attributes(self._answer.to_attributes(finish, self._settings.limit))
        span.end()

    def _end_of(self, span: Span, outcome: OperationOutcome) -> Attributes:
        """Say how the answer ended, and give the attributes that its measurements have from it."""
        error = outcome.error
        if self._tries > 1:
            span.set_attribute("modelwire.tries", self._tries)
        if self._finish is None and self._conventions.error_reason:
            span.set_attribute("gen_ai.response.finish_reasons", ["error"])
        request_id = self._response.get("request") or getattr(error, "request_id", None)
        if request_id is not None:
            span.set_attribute("modelwire.request_id", request_id)
            if self._shared["gen_ai.provider.name"] == "aws.bedrock":
                span.set_attribute("aws.request_id", request_id)
        if error is None and (outcome.message is not None or self._finish is not None):
            return {}
        kind = "cancelled" if error is None else error.code
        span.set_attribute("error.type", kind)
        if error is not None and not isinstance(error, Cancelled):
            span.set_status(Status(StatusCode.ERROR, str(error)))
        return {"error.type": kind}

    def _chunk(self) -> None:
        now = perf_counter()
        latest = self._latest
        if latest is None:
            first = now - self._try_began
            if self._span is not None:
                self._span.set_attribute("gen_ai.response.time_to_first_chunk", first)
            if not self._replayed:
                self._measures.first_chunk.record(first, self._shared)
        elif now - latest < _ONE_CHUNK:
            return
        elif not self._replayed:
            self._measures.next_chunk.record(now - latest, self._shared)
        self._latest = now

    def _take_fact(self, delta: Delta) -> None:
        """Take a delta that is no content."""
        span = self._span
        if span is None:
            return
        if isinstance(delta, UsageReport):
            self._usage = delta.usage
        elif isinstance(delta, Stop):
            self._finish = finish_reason(delta.reason)
            span.set_attribute("gen_ai.response.finish_reasons", [delta.raw or self._finish])
        elif isinstance(delta, ResponseInfo):
            self._take_info(span, delta)
        elif isinstance(delta, Diagnostic) and delta.type == "replayed":
            self._replayed = True
            span.set_attribute("modelwire.replayed", True)

    def _take_info(self, span: Span, info: ResponseInfo) -> None:
        if info.response_id is not None:
            span.set_attribute("gen_ai.response.id", info.response_id)
        if info.response_model is not None:
            self._response["model"] = info.response_model
            span.set_attribute("gen_ai.response.model", info.response_model)
        if info.request_id is not None:
            self._response["request"] = info.request_id


async def record(
    deltas: AsyncIterator[Deltas], call: CompletionSpan, span: Span
) -> AsyncGenerator[Deltas, None]:
    """Pass the stream of one try on, and record it.

    Args:
        deltas: The owner's stream; it is closed when this one is.
        call: What records the answer.
        span: Its span.
    """
    try:
        # Whatever the plugin does before its first delta, such as the HTTP request, is a child of
        # this span. Between deltas the reader's own context counts.
        token = otel_context.attach(set_span_in_context(span))
        try:
            with watch_requests(call.sent):
                first = await anext(deltas, None)
        finally:
            otel_context.detach(token)
        if first is not None:
            call.feed(first)
            yield first
            async for arrived in deltas:
                call.feed(arrived)
                yield arrived
    finally:
        close = getattr(deltas, "aclose", None)
        if close is not None:
            await close()
