"""The hook wrappers around every provider's hooks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import TYPE_CHECKING, Any

from modelwire.hookspecs import hookimpl

if TYPE_CHECKING:
    from modelwire.config import Config
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model

__all__ = ["stream_completion", "warm_up"]


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
    from modelwire_cache.replay import answer

    return answer(deltas, CacheRequest.of(model, context, options), settings)


@hookimpl(wrapper=True)
def warm_up() -> Generator[None, None, None]:
    """Import what answers from the folder need."""
    import platformdirs  # noqa: F401 - names the folder where the settings name none

    import modelwire_cache.replay  # noqa: F401 - for the hook above

    return (yield)
