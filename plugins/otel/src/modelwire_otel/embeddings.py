"""Embeddings: one span and its measurements for each request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from time import perf_counter
from typing import TYPE_CHECKING

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, use_span

from modelwire.errors import ModelwireError
from modelwire_otel.attributes import Attributes, identity
from modelwire_otel.instruments import instruments, tracer

if TYPE_CHECKING:
    from modelwire.hookspecs import EmbeddingBatch, EmbeddingOptions
    from modelwire.models import Model
    from modelwire_otel.conventions import Conventions

__all__ = ["record_embeddings"]


async def record_embeddings(
    batch: Awaitable[EmbeddingBatch],
    *,
    model: Model,
    options: EmbeddingOptions,
    base_url: str | None,
    conventions: Conventions,
) -> EmbeddingBatch:
    """Wait for the vectors of one request, and record it. The texts are not recorded.

    Args:
        batch: The owner's work.
        model: The model to call.
        options: The requested options.
        base_url: Where the model is reached, if that is known.
        conventions: The release of the conventions.
    """
    shared = identity(model, base_url, conventions, "embeddings")
    requested: Attributes = {}
    if options.dimensions is not None:
        requested["gen_ai.embeddings.dimension.count"] = options.dimensions
    span = tracer(conventions).start_span(
        f"embeddings {model.id}",
        kind=SpanKind.INTERNAL if model.local is True else SpanKind.CLIENT,
        attributes={**shared, **requested},
    )
    began = perf_counter()
    failure: str | None = None
    try:
        with use_span(span, record_exception=False, set_status_on_exception=False):
            made = await batch
        _describe(span, shared, made, conventions)
        return made
    except ModelwireError as error:
        failure = _failed(span, error.code, str(error))
        raise
    except asyncio.CancelledError:
        failure = _failed(span, "cancelled", "The caller stopped waiting.")
        raise
    except Exception as error:
        failure = _failed(span, type(error).__qualname__, "The plugin failed.")
        raise
    finally:
        errors: Attributes = {"error.type": failure} if failure is not None else {}
        measures = instruments(conventions)
        measures.embeddings_duration.record(perf_counter() - began, {**shared, **errors})
        span.end()


def _describe(
    span: Span, shared: Attributes, made: EmbeddingBatch, conventions: Conventions
) -> None:
    usage = getattr(made, "usage", None)  # what is no batch, the runtime says
    if usage is None:
        return
    span.set_attribute("gen_ai.usage.input_tokens", usage.input)
    if not conventions.token_counters:
        shared = {**shared, "gen_ai.token.type": "input"}
    instruments(conventions).embeddings_tokens.record(float(usage.input), shared)


def _failed(span: Span, kind: str, message: str) -> str:
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR, message))
    return kind
