"""The hook wrappers around every provider's hooks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Generator
from typing import TYPE_CHECKING, Any

from modelwire.hookspecs import hookimpl

if TYPE_CHECKING:
    from modelwire.config import Config
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire_cache.call import RecordedCall
    from modelwire_cache.fingerprint import Kind

__all__ = ["count_tokens", "stream_completion", "warm_up"]


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
    call = _call("completion", model, context, options, config)
    if call is None:
        return deltas
    from modelwire_cache.replay import recorded_stream

    return recorded_stream(deltas, call)


@hookimpl(wrapper=True)
def count_tokens(
    model: Model, context: Context, options: CompletionOptions, config: Config
) -> Generator[None, Any, Any]:
    """Count from a recording, or let the owner count and record it."""
    counted = yield
    if not isinstance(counted, Coroutine):
        return counted
    try:
        call = _call("token count", model, context, options, config)
    except BaseException:
        counted.close()
        raise
    if call is None:
        return counted
    from modelwire_cache.replay import recorded_value

    return recorded_value(counted, call, int, int)


@hookimpl(wrapper=True)
def warm_up() -> Generator[None, None, None]:
    """Import what recording and replay need."""
    import platformdirs  # noqa: F401 - names the folder where the settings name none

    import modelwire_cache.replay  # noqa: F401 - for the hooks above

    return (yield)


def _call(
    kind: Kind, model: Model, context: Context, options: CompletionOptions, config: Config
) -> RecordedCall | None:
    """The call to replay or record, or `None` where that is off."""
    from modelwire_cache.session import scope_of

    scope = scope_of(config, options)
    if scope.settings.mode == "off":
        return None
    from modelwire_cache.call import RecordedCall
    from modelwire_cache.fingerprint import RecordedRequest

    request = RecordedRequest.of(kind, model, context, options, scope.names)
    return RecordedCall(request, scope, config)
