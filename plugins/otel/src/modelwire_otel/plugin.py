"""The hook wrappers around every provider's hooks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Generator
from typing import TYPE_CHECKING, Any

from modelwire.hookspecs import hookimpl

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import CompletionOptions, EmbeddingOptions
    from modelwire.messages import Context
    from modelwire.models import Model

__all__ = ["embed", "stream_completion", "warm_up"]


@hookimpl(wrapper=True, tryfirst=True)
def stream_completion(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
) -> Generator[None, Any, Any]:
    """Give the owner's stream a span that lasts as long as it does.

    It is the outermost wrapper, so that an answer that another one gives has a span, too.
    """
    deltas = yield
    if not isinstance(deltas, AsyncIterator):
        return deltas  # not a stream; the runtime says so, and whose fault it is
    from modelwire_otel.settings import captures_content, is_recording

    if not is_recording():
        return deltas
    from modelwire_otel.recorder import record

    return record(
        deltas,
        model=model,
        context=context,
        options=options,
        base_url=model.base_url or provider.base_url,
        capture=captures_content(config),
    )


@hookimpl(wrapper=True, tryfirst=True)
def embed(
    model: Model, options: EmbeddingOptions, provider: ProviderConfig
) -> Generator[None, Any, Any]:
    """Give each request for embeddings a span."""
    batch = yield
    if not isinstance(batch, Awaitable):
        return batch  # the runtime says so, and whose fault it is
    from modelwire_otel.settings import is_recording

    if not is_recording():
        return batch
    from modelwire_otel.embeddings import record_embeddings

    return record_embeddings(
        batch, model=model, options=options, base_url=model.base_url or provider.base_url
    )


@hookimpl(wrapper=True)
def warm_up() -> Generator[None, None, None]:
    """Import OpenTelemetry's API, and the SDK where a variable of the environment names one."""
    from opentelemetry.metrics import get_meter_provider
    from opentelemetry.trace import get_tracer_provider

    import modelwire_otel.embeddings
    import modelwire_otel.recorder
    import modelwire_otel.settings  # noqa: F401 - for the hook above

    get_tracer_provider()
    get_meter_provider()
    return (yield)
