"""The hook wrappers around every provider's hooks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Generator
from typing import TYPE_CHECKING, Any

from modelwire.hookspecs import hookimpl

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import BeginObserver, CompletionOptions, EmbeddingOptions
    from modelwire.models import Model

__all__ = ["embed", "observe_operations", "stream_completion", "warm_up"]


@hookimpl(wrapper=True)
def observe_operations(
    config: Config,
) -> Generator[None, list[BeginObserver], list[BeginObserver]]:
    """Give answers, tools and agents spans that last as long as they do."""
    observers = yield
    _import()
    from modelwire_otel.observers import begin_observers

    return [*observers, begin_observers(config)]


@hookimpl(wrapper=True, tryfirst=True)
def stream_completion(
    model: Model, options: CompletionOptions, provider: ProviderConfig
) -> Generator[None, Any, Any]:
    """Record each try of an answer that has a span.

    It is the outermost wrapper, so that an answer that another one gives is recorded, too.
    """
    deltas = yield
    if not isinstance(deltas, AsyncIterator):
        return deltas  # not a stream; the runtime says so, and whose fault it is
    from modelwire_otel.settings import is_recording

    if not is_recording():
        return deltas
    from modelwire_otel.recorder import present_span, record

    call = present_span()
    if call is None:
        return deltas
    return record(deltas, call, call.begin_try(model, options, model.base_url or provider.base_url))


@hookimpl(wrapper=True, tryfirst=True)
def embed(
    model: Model, options: EmbeddingOptions, provider: ProviderConfig, config: Config
) -> Generator[None, Any, Any]:
    """Give each request for embeddings a span."""
    batch = yield
    if not isinstance(batch, Awaitable):
        return batch  # the runtime says so, and whose fault it is
    from modelwire_otel.settings import is_recording

    if not is_recording():
        return batch
    from modelwire_otel.conventions import chosen
    from modelwire_otel.embeddings import record_embeddings

    return record_embeddings(
        batch,
        model=model,
        options=options,
        base_url=model.base_url or provider.base_url,
        conventions=chosen(config.environ),
    )


@hookimpl(wrapper=True)
def warm_up() -> Generator[None, None, None]:
    """Import what the other hooks need."""
    _import()
    return (yield)


def _import() -> None:
    """Import OpenTelemetry's API, and the SDK where a variable of the environment names one."""
    from opentelemetry.metrics import get_meter_provider
    from opentelemetry.trace import get_tracer_provider

    import modelwire_otel.embeddings
    import modelwire_otel.observers  # noqa: F401 - for the hooks above
    from modelwire_otel.instruments import scope_version

    scope_version()
    get_tracer_provider()
    get_meter_provider()
