"""The hooks. Importing this is cheap: the engine is imported when a model is used."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

from modelwire.hookspecs import CredentialStatus, hookimpl

if TYPE_CHECKING:
    from modelwire.config import ProviderConfig
    from modelwire.events import Deltas
    from modelwire.hookspecs import (
        CompletionOptions,
        EmbeddingBatch,
        EmbeddingLimits,
        EmbeddingOptions,
    )
    from modelwire.messages import Context
    from modelwire.models import Model

__all__ = [
    "describe_call",
    "detect_credentials",
    "discover_models",
    "embed",
    "embedding_limits",
    "stream_completion",
    "warm_up",
]


@hookimpl
def detect_credentials(provider: ProviderConfig, probe: bool) -> CredentialStatus:
    """Say whether the engine and some weights are there; no credentials are needed.

    With `probe` the engine is imported, which shows missing system libraries.
    """
    from modelwire_local.credentials import check_readiness

    return check_readiness(provider, probe=probe)


@hookimpl
async def discover_models(provider: ProviderConfig) -> Sequence[Model]:
    """List the embedded model, if its weights are installed, and the configured GGUF files."""
    from modelwire_local.discovery import offered_models

    return offered_models(provider)


@hookimpl
def stream_completion(
    model: Model, context: Context, options: CompletionOptions, provider: ProviderConfig
) -> AsyncIterator[Deltas]:
    """Stream the model's answer, token by token. Closing the generator stops the computation.

    Raises:
        PluginError: The engine or the weights are missing or broken, or cannot run here.
        NotFound: There is no such model or file.
        InvalidRequest: The model lacks a requested feature.
        ContextOverflow: The conversation does not fit.
        ServerError: The model cannot be loaded, or failed.
        RequestTimeout: A deadline passed.
    """
    from modelwire_local.chat.completion import complete

    return complete(model, context, options, provider)


@hookimpl
def describe_call(model: Model, provider: ProviderConfig) -> Mapping[str, str]:
    """Name the GGUF file that is configured for a model; the embedded model needs none.

    Raises:
        NotFound: There is no such model.
        ConfigError: Its path is not a file's name.
    """
    from modelwire_local.settings import file_of

    path = file_of(model, provider)
    return {} if path is None else {"file": str(path)}


@hookimpl
def embedding_limits() -> EmbeddingLimits:
    """Say how many texts are computed for one call of `embed`."""
    from modelwire_local.embeddings import limits_of

    return limits_of()


@hookimpl
async def embed(
    model: Model, texts: Sequence[str], options: EmbeddingOptions, provider: ProviderConfig
) -> EmbeddingBatch:
    """Make a vector of each text with a model that is loaded for that alone.

    Raises:
        PluginError: The engine or the weights are missing or broken, or cannot run here.
        NotFound: There is no such model or file.
        InvalidRequest: The model makes no vectors of texts, or takes no such parameter.
        ContextOverflow: A text is too long.
        ServerError: The model cannot be loaded, or failed.
        RequestTimeout: A deadline passed.
    """
    from modelwire_local.embeddings import embed_texts

    return await embed_texts(model, texts, options, provider)


@hookimpl
def warm_up() -> None:
    """Import what streams and embeddings need but the engine, which a thread of its own imports with a model."""
    import modelwire_local.chat.completion
    import modelwire_local.discovery
    import modelwire_local.embeddings  # noqa: F401 - for the hooks above
