"""The hooks. Importing this is cheap: their dependencies are imported when they are called."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

from modelwire.hookspecs import CredentialStatus, hookimpl

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.events import Deltas
    from modelwire.hookspecs import BatchJobs, CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Transport

__all__ = [
    "batch_jobs",
    "describe_call",
    "detect_credentials",
    "discover_models",
    "stream_completion",
    "warm_up",
]


@hookimpl
def detect_credentials(
    provider: ProviderConfig, config: Config, probe: bool, timeout: float
) -> CredentialStatus:
    """Say which key would be used, and whether it would work; only a probe sends a request."""
    from modelwire_anthropic.credentials import detect

    return detect(provider, config, probe=probe, timeout=timeout)


@hookimpl
async def discover_models(
    provider: ProviderConfig, config: Config, transport: Transport
) -> Sequence[Model]:
    """List the models that the key may use.

    Raises:
        ConfigError: A setting is not valid.
        ProviderError: The service cannot be reached, or refused.
    """
    from modelwire_anthropic.discovery import discover

    return await discover(provider, config, transport)


@hookimpl
def stream_completion(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> AsyncIterator[Deltas]:
    """Stream a model's answer. Closing the generator closes the connection.

    Raises:
        ConfigError: A setting is not valid.
        InvalidMessage: A message holds what the API does not take.
        ProviderError: The service refused or failed, or the answer was interrupted.
    """
    from modelwire_anthropic.messages.completion import complete

    return complete(model, context, options, provider, config, transport)


@hookimpl
def batch_jobs(
    model: Model, provider: ProviderConfig, config: Config, transport: Transport
) -> BatchJobs:
    """Return the Message Batches of a model; nothing is sent."""
    from modelwire_anthropic.messages.batch_jobs import MessageBatches

    return MessageBatches(model, provider, config, transport)


@hookimpl
def describe_call(model: Model, provider: ProviderConfig, config: Config) -> Mapping[str, str]:
    """Say where a call of the model would go, without a request.

    Raises:
        ConfigError: A setting is not valid.
    """
    from modelwire_anthropic.describe import describe

    return describe(model, provider, config)


@hookimpl
def warm_up() -> None:
    """Import what streams and lists of models need."""
    import modelwire_anthropic.discovery
    import modelwire_anthropic.messages.completion  # noqa: F401 - for the hooks above
