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
        OtherApis,
    )
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Request, Transport

__all__ = [
    "authorize_request",
    "batch_jobs",
    "count_tokens",
    "describe_call",
    "detect_credentials",
    "discover_models",
    "embed",
    "embedding_limits",
    "renew_authorization",
    "stream_completion",
    "warm_up",
]


CONVERSE = "bedrock-converse-stream"
MANTLE_PROVIDER = "amazon-bedrock-mantle"


@hookimpl
def detect_credentials(
    provider: ProviderConfig, config: Config, probe: bool, timeout: float
) -> CredentialStatus:
    """Say which AWS credentials would be used, and whether they would work.

    Without `probe` it reads the environment and the shared AWS files. With it, credentials are
    loaded as a call would load them, from the instance metadata too.

    Raises:
        ConfigError: A setting is not valid.
    """
    from modelwire_bedrock.credentials import detect

    status = detect(provider, config, probe=probe, timeout=timeout)
    if provider.id == MANTLE_PROVIDER and provider.id not in config.models.providers:
        from modelwire_bedrock.credentials import unlisted

        return unlisted(status, provider.id)
    return status


@hookimpl
async def discover_models(
    provider: ProviderConfig, settings: DiscoverySettings, config: Config, transport: Transport
) -> Sequence[Model]:
    """List the models and inference profiles that a region offers, or those of Mantle there.

    Raises:
        ConfigError: A setting is not valid.
        ProviderError: No request could be sent, or AWS refused it.
    """
    if provider.id == MANTLE_PROVIDER:
        from modelwire_bedrock.discovery.mantle_models import discover_mantle

        return await discover_mantle(provider, settings, config, transport)
    from modelwire_bedrock.discovery.region_models import discover

    return await discover(provider, settings, config, transport)


@hookimpl
def stream_completion(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
    apis: OtherApis,
) -> AsyncIterator[Deltas]:
    """Stream a model's answer, event by event. Closing the generator closes the connection.

    In Converse, or through the plugin that speaks another API, where the model is not on Converse or
    the configuration names that API.

    Raises:
        ConfigError: A setting is not valid.
        ProviderError: AWS refused or failed, or the answer was interrupted.
    """
    from modelwire_bedrock.converse.completion import complete_stream
    from modelwire_bedrock.embeddings.families import makes_embeddings_only
    from modelwire_bedrock.routes.choice import choose_route

    if makes_embeddings_only(model.id):
        from modelwire.authoring import only_embeds

        raise only_embeds(model)
    route = choose_route(model, provider)
    if route.api != CONVERSE:
        from modelwire_bedrock.routes.stream import complete_through

        return complete_through(route, model, context, options, provider, config, transport, apis)
    return complete_stream(model, context, options, provider, config, transport)


@hookimpl
async def count_tokens(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> int:
    """Count the input tokens of a call with CountTokens.

    Raises:
        ConfigError: A setting is not valid.
        ProviderError: AWS refused or failed, or cannot count for this model.
    """
    from modelwire_bedrock.converse.token_count import count_input_tokens

    return await count_input_tokens(model, context, options, provider, config, transport)


@hookimpl
def embedding_limits(model: Model, provider: ProviderConfig) -> EmbeddingLimits:
    """Say how many texts one InvokeModel may hold.

    Raises:
        InvalidRequest: The model makes no embeddings, or none that are known here.
    """
    if provider.id == MANTLE_PROVIDER:
        from modelwire.authoring import makes_no_embeddings

        raise makes_no_embeddings(model)
    from modelwire_bedrock.embeddings.batch import limits_of

    return limits_of(model)


@hookimpl
async def embed(
    model: Model,
    texts: Sequence[str],
    options: EmbeddingOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> EmbeddingBatch:
    """Make a vector of each text with one InvokeModel.

    Raises:
        ConfigError: A setting is not valid.
        ProviderError: AWS refused or failed.
    """
    from modelwire_bedrock.embeddings.batch import embed_texts

    return await embed_texts(model, texts, options, provider, config, transport)


@hookimpl
def batch_jobs(
    model: Model, provider: ProviderConfig, config: Config, transport: Transport
) -> BatchJobs:
    """Return the batch inference jobs of a model; nothing is sent."""
    from modelwire_bedrock.batch.jobs import InferenceJobs

    return InferenceJobs(model, provider, config, transport)


@hookimpl
async def authorize_request(request: Request, provider: ProviderConfig, config: Config) -> Request:
    """Sign a request of any API with AWS credentials, or give it a bearer token.

    Raises:
        AuthenticationError: There are no credentials, or they cannot be loaded.
        ConfigError: A setting is not valid, or the request goes to a host that must not get it.
    """
    from modelwire_bedrock.auth import authorize

    return await authorize(request, provider, config)


@hookimpl
async def renew_authorization(
    request: Request,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> bool:
    """Load AWS credentials again that a service refused as expired or unknown.

    Raises:
        AuthenticationError: There are none any more, or they cannot be loaded.
    """
    from modelwire_bedrock.auth import renew
    from modelwire_bedrock.routes.transport import AwsFaultTransport

    if isinstance(transport, AwsFaultTransport):  # of a route, which reports that it sends again
        return False
    return await renew(request, status, headers, body, provider, config)


@hookimpl
def describe_call(
    model: Model, options: CompletionOptions, provider: ProviderConfig, config: Config
) -> Mapping[str, str]:
    """Say where a call of the model would go and through which profile, without a request to AWS.

    Raises:
        ConfigError: A setting is not valid.
    """
    from modelwire_bedrock.describe import describe

    return describe(model, options, provider, config)


@hookimpl
def warm_up() -> None:
    """Import what streams, embeddings, lists of models and their errors need.

    That is without botocore, which is imported in a thread once it is needed.
    """
    import modelwire_bedrock.auth
    import modelwire_bedrock.aws.credentials.errors
    import modelwire_bedrock.converse.completion
    import modelwire_bedrock.converse.token_count
    import modelwire_bedrock.discovery.mantle_models
    import modelwire_bedrock.discovery.region_models
    import modelwire_bedrock.embeddings.batch
    import modelwire_bedrock.routes.stream  # noqa: F401 - for the hooks above
