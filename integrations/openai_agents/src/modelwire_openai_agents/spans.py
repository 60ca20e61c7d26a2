"""Spans of the SDK's tracing, one for each request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agents import ModelSettings, ModelTracing, SpanError, generation_span
from agents.usage import model_usage_to_span_usage
from attrs import define
from openai.types.responses import Response

from modelwire_openai_agents.responses import usage_of

__all__ = ["TracedAnswer", "trace_request"]


@define
class TracedAnswer:
    """The answer of a request that is traced.

    Attributes:
        response: The response; `None` as long as there is none.
    """

    response: Response | None = None


@contextmanager
def trace_request(
    model: str, settings: ModelSettings, tracing: ModelTracing, items: str | list[Any]
) -> Iterator[TracedAnswer]:
    """Trace a request; without its content where the tracing is to have no data.

    The span is not made the current one: a stream may be closed in another context than it began in.
    """
    config = settings.to_traceable_dict()
    if not tracing.include_data():
        config.pop("metadata", None)
    span = generation_span(model=model, model_config=config, disabled=tracing.is_disabled())
    answer = TracedAnswer()
    span.start()
    try:
        if tracing.include_data():
            messages = [{"role": "user", "content": items}] if isinstance(items, str) else items
            span.span_data.input = messages
        yield answer
    except Exception as error:
        reason = str(error) if tracing.include_data() else "Error details are redacted."
        data = {"name": type(error).__name__, "error": reason}
        span.set_error(SpanError(message="The request failed.", data=data))
        raise
    finally:
        if answer.response is not None:
            span.span_data.usage = model_usage_to_span_usage(usage_of(answer.response))
            if tracing.include_data():
                span.span_data.output = [answer.response.model_dump(mode="json")]
        span.finish()
