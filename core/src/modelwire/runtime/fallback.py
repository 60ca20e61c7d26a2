"""Which failures let another model try."""

from __future__ import annotations

from modelwire.errors import (
    ContentFiltered,
    ContextOverflow,
    ModelwireError,
    PluginError,
    ProviderError,
    UnknownModel,
)

__all__ = ["deserves_fallback"]


def deserves_fallback(error: ModelwireError) -> bool:
    """Whether a model that is named as a fallback may answer instead.

    Not where the conversation itself is at fault: one that does not fit or that a policy stopped is
    the caller's to shorten or change, and nobody else should be shown it unasked. Not where the
    caller made a mistake or stopped, either.
    """
    if isinstance(error, ContextOverflow | ContentFiltered):
        return False
    return isinstance(error, ProviderError | PluginError | UnknownModel)
