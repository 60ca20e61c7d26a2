"""The hook wrapper around every provider's stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import TYPE_CHECKING, Any

from modelwire.hookspecs import hookimpl, late_stream

if TYPE_CHECKING:
    from modelwire.config import Config
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model

__all__ = ["stream_completion"]


@hookimpl(wrapper=True)
def stream_completion(
    model: Model, context: Context, options: CompletionOptions, config: Config
) -> Generator[None, Any, Any]:
    """Answer from the folder, or pass the owner's stream on and keep it.

    The owner's stream is an asynchronous generator: where it is not used, it never begins.
    """
    deltas = yield
    from modelwire_cache.settings import Settings

    settings = Settings.of(config)
    if settings.mode == "off" or not isinstance(deltas, AsyncIterator):
        return deltas
    from modelwire_cache.fingerprint import CacheRequest

    asked = CacheRequest.of(model, context, options)
    return late_stream("modelwire_cache.replay", "answer", deltas, asked, settings)
