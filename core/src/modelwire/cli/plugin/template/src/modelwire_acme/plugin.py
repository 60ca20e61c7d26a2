"""The hooks. Importing this costs nothing; what they need is imported when called."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from modelwire.hookspecs import CredentialStatus, hookimpl

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.events import Deltas
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Transport

__all__ = ["detect_credentials", "discover_models", "stream_completion", "warm_up"]


@hookimpl
def detect_credentials(
    provider: ProviderConfig, config: Config, probe: bool, timeout: float
) -> CredentialStatus:
    """Say which key would be used; with `probe`, ask the service whether it works."""
    from modelwire_acme.credentials import detect

    return detect(provider, config, probe=probe, timeout=timeout)


@hookimpl
async def discover_models(
    provider: ProviderConfig, config: Config, transport: Transport
) -> Sequence[Model]:
    """List the models that Acme offers."""
    from modelwire_acme.account import account_of
    from modelwire_acme.discovery import list_models

    return await list_models(account_of(provider, config), transport)


@hookimpl
def stream_completion(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> AsyncIterator[Deltas]:
    """Let a model answer, event by event. Closing the generator closes the connection."""
    from modelwire_acme.chat.completion import complete

    return complete(model, context, options, provider, config, transport)


@hookimpl
def warm_up() -> None:
    """Import what the two hooks above need; called in a thread, before they are."""
    import modelwire_acme.chat.completion
    import modelwire_acme.discovery  # noqa: F401 - imported for the hooks
