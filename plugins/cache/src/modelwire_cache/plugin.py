"""The hook wrappers around every provider's hooks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelwire.hookspecs import hookimpl

if TYPE_CHECKING:
    from modelwire.config import Config
    from modelwire.hookspecs import CompletionOptions, EmbeddingOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire_cache.call import RecordedCall
    from modelwire_cache.fingerprint import RecordedRequest

__all__ = ["count_tokens", "embed", "stream_completion", "warm_up"]


@hookimpl(wrapper=True)
def stream_completion(
    model: Model, context: Context, options: CompletionOptions, config: Config
) -> Generator[None, Any, Any]:
    """Answer from a recording, or pass the owner's stream on and record it.

    The owner's stream is an asynchronous generator: where it is not used, it never begins.
    """
    deltas = yield
    if not isinstance(deltas, AsyncIterator):
        return deltas

    def request(names: Mapping[str, str]) -> RecordedRequest:
        from modelwire_cache.fingerprint import RecordedRequest

        return RecordedRequest.of("completion", model, context, options, names)

    call = _call(request, options, config)
    if call is None:
        return deltas
    from modelwire_cache.replay import recorded_stream

    return recorded_stream(deltas, call)


@hookimpl(wrapper=True)
def count_tokens(
    model: Model, context: Context, options: CompletionOptions, config: Config
) -> Generator[None, Any, Any]:
    """Replay a token count, or record the owner's."""
    counted = yield
    if not isinstance(counted, Coroutine):
        return counted  # the runtime says whose fault it is

    def request(names: Mapping[str, str]) -> RecordedRequest:
        from modelwire_cache.fingerprint import RecordedRequest

        return RecordedRequest.of("token count", model, context, options, names)

    call = _call(request, options, config, answer=counted)
    if call is None:
        return counted
    from modelwire_cache.replay import recorded_value

    return recorded_value(counted, call, int, int)


@hookimpl(wrapper=True)
def embed(
    model: Model, texts: Sequence[str], options: EmbeddingOptions, config: Config
) -> Generator[None, Any, Any]:
    """Replay vectors, or record the owner's."""
    batch = yield
    if not isinstance(batch, Coroutine):
        return batch  # the runtime says whose fault it is

    def request(names: Mapping[str, str]) -> RecordedRequest:
        from modelwire_cache.fingerprint import RecordedRequest

        return RecordedRequest.of_texts(model, texts, options, names)

    call = _call(request, options, config, answer=batch)
    if call is None:
        return batch
    from modelwire_cache.codec import vectors_from_json, vectors_to_json
    from modelwire_cache.replay import recorded_value

    return recorded_value(batch, call, vectors_to_json, vectors_from_json)


@hookimpl(wrapper=True)
def warm_up() -> Generator[None, None, None]:
    """Import what recording and replay need."""
    import platformdirs  # noqa: F401 - names the folder where the settings name none

    import modelwire_cache.replay  # noqa: F401 - for the hooks above

    return (yield)


def _call(
    request: Callable[[Mapping[str, str]], RecordedRequest],
    options: CompletionOptions | EmbeddingOptions,
    config: Config,
    answer: Coroutine[Any, Any, Any] | None = None,
) -> RecordedCall | None:
    """The call to replay or record, or `None` where that is off.

    Args:
        request: Makes the request, with placeholder names in place of texts.
        options: The options of the call.
        config: The configuration.
        answer: The owner's answer, a coroutine; it is closed where a setting is wrong.
    """
    from modelwire_cache.session import scope_of

    try:
        scope = scope_of(config, options)
        if scope.settings.mode == "off":
            return None
        from modelwire_cache.call import RecordedCall

        return RecordedCall(request(scope.names), scope, config)
    except BaseException:
        if answer is not None:
            answer.close()
        raise
