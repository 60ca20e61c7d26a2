"""The hooks. Importing this is cheap: their dependencies are imported when they are called."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

from modelwire.hookspecs import CredentialStatus, hookimpl

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.events import Deltas
    from modelwire.hookspecs import (
        BatchJobs,
        CompletionOptions,
        DiscoverySettings,
        EmbeddingBatch,
        EmbeddingLimits,
        EmbeddingOptions,
    )
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Transport

__all__ = [
    "batch_jobs",
    "describe_call",
    "detect_credentials",
    "discover_models",
    "embed",
    "embedding_limits",
    "stream_completion",
    "warm_up",
]


@hookimpl
def detect_credentials(
    provider: ProviderConfig, config: Config, probe: bool, timeout: float
) -> CredentialStatus:
    """Report which API key would be used, and whether it would work.

    Without `probe` it looks at the configuration and the environment. With it, the
    service's list of models is requested.

    Raises:
        ConfigError: A setting is not valid.
    """
    from modelwire_openai.credentials import detect

    return detect(provider, config, probe=probe, timeout=timeout)


@hookimpl
async def discover_models(
    provider: ProviderConfig, settings: DiscoverySettings, config: Config, transport: Transport
) -> Sequence[Model]:
    """List the models that a service offers for conversations and for embeddings.

    Raises:
        ConfigError: A setting is not valid.
        ProviderError: The service cannot be reached, or refused.
    """
    from modelwire_openai.discovery import discover

    return await discover(provider, settings, config, transport)


@hookimpl
def stream_completion(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> AsyncIterator[Deltas]:
    """Stream a model's answer, event by event. Closing the generator closes the connection.

    Raises:
        ConfigError: A setting is not valid.
        ProviderError: The service refused or failed, or the answer was interrupted.
    """
    from modelwire_openai.account import default_api
    from modelwire_openai.models import only_makes_embeddings
    from modelwire_openai.servers import RESPONSES

    if provider.id == "openai" and only_makes_embeddings(model.id):
        from modelwire.authoring import only_embeds

        raise only_embeds(model)
    if (model.api or default_api(provider, config, model)) == RESPONSES:
        from modelwire_openai.responses.completion import complete_responses

        return complete_responses(model, context, options, provider, config, transport)
    from modelwire_openai.completions.completion import complete_chat

    return complete_chat(model, context, options, provider, config, transport)


@hookimpl
def embedding_limits(
    model: Model, options: EmbeddingOptions, provider: ProviderConfig, config: Config
) -> EmbeddingLimits:
    """Say how much one request for embeddings may hold.

    Raises:
        ConfigError: A setting is not valid.
        InvalidRequest: It is a model of OpenAI that makes no embeddings.
    """
    from modelwire_openai.embeddings.batch import limits_of

    return limits_of(model, options, provider, config)


@hookimpl
async def embed(
    model: Model,
    texts: Sequence[str],
    options: EmbeddingOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> EmbeddingBatch:
    """Make a vector of each text with one request, by the route `embeddings` of either API.

    Raises:
        ConfigError: A setting is not valid.
        ProviderError: The service refused or failed.
    """
    from modelwire_openai.embeddings.batch import embed_texts

    return await embed_texts(model, texts, options, provider, config, transport)


@hookimpl
def batch_jobs(
    model: Model, provider: ProviderConfig, config: Config, transport: Transport
) -> BatchJobs:
    """Return the batches of a model, in the API that it is called in; nothing is sent."""
    import modelwire_openai.completions.batch
    import modelwire_openai.responses.batch  # noqa: F401 - for its methods, which run on the loop
    from modelwire_openai.batch_jobs import OpenAIBatches

    return OpenAIBatches(model, provider, config, transport)


@hookimpl
def describe_call(
    model: Model, options: CompletionOptions, provider: ProviderConfig, config: Config
) -> Mapping[str, str]:
    """Say where a call of the model would go, without sending a request.

    Raises:
        ConfigError: A setting is not valid.
    """
    from modelwire_openai.describe import describe

    return describe(model, options, provider, config)


@hookimpl
def warm_up(api: str | None) -> None:
    """Import what streams of an API, or of both, embeddings and lists need."""
    import modelwire_openai.discovery
    import modelwire_openai.embeddings.batch
    from modelwire_openai.servers import COMPLETIONS, RESPONSES

    if api != RESPONSES:
        import modelwire_openai.completions.completion
    if api != COMPLETIONS:
        import modelwire_openai.responses.completion  # noqa: F401 - for the hooks above
