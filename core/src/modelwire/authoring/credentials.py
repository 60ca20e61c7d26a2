"""Detection of credentials that are an API key."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from modelwire.authoring.probe import probe_credentials
from modelwire.errors import AuthenticationError, ConfigError, Problem
from modelwire.hookspecs.credentials import CredentialStatus

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.transport import Deadlines, Transport

__all__ = ["detect_key", "key_variable", "missing_key", "unusable_auth"]

A = TypeVar("A")


def detect_key(
    find: Callable[[], A],
    describe: Callable[[A], CredentialStatus],
    ask: Callable[[A, Transport, Deadlines], Awaitable[object]],
    *,
    config: Config,
    probe: bool,
    timeout: float,
) -> CredentialStatus:
    """Report which API key would be used, and whether it would work; the hook `detect_credentials`.

    Args:
        find: Finds the account that would be used.
        describe: The status of an account as far as the configuration and the environment show it.
        ask: Sends a small request that needs the key, such as one for the list of models.
        config: The configuration, for its environment.
        probe: Whether to call the service.
        timeout: The time limit of that call, in seconds.

    Returns:
        The status. A probe that fails for another reason than a refused key leaves the state
        `unknown` where a key was found; a server without one that cannot be reached is `unusable`.

    Raises:
        ConfigError: A setting is not valid.
    """
    try:
        account = find()
    except AuthenticationError as error:
        return CredentialStatus("unusable", reason=error.message, hint=error.hint)
    status = describe(account)
    if not probe:
        return status
    return probe_credentials(
        status,
        lambda transport, deadlines: ask(account, transport, deadlines),
        config=config,
        timeout=timeout,
        otherwise="unusable" if status.identity is None else "unknown",
    )


def key_variable(provider_id: str) -> str:
    """The usual environment variable for a provider's key, such as `ACME_CLOUD_API_KEY`."""
    return f"{re.sub(r'[^A-Z0-9]+', '_', provider_id.upper()).strip('_')}_API_KEY"


def missing_key(provider_id: str, variables: Sequence[str]) -> AuthenticationError:
    """The error of a provider without a key, with the remedy.

    Args:
        provider_id: The provider's id.
        variables: The environment variables that may hold its key.
    """
    return AuthenticationError(
        f"There is no API key for {provider_id}.",
        provider=provider_id,
        retryable=False,
        hint=f"Set the environment variable {' or '.join(variables)}, or "
        f"models.providers.{provider_id}.apiKey.",
    )


def unusable_auth(provider: ProviderConfig, reason: str) -> ConfigError:
    """The error of an auth mode that an API cannot use, such as one without HTTP.

    An API that sends its requests with the transport that its hook gets can use every mode.

    Args:
        provider: The provider's configuration; its `auth` names the mode.
        reason: The reason, such as `a model in this process needs no credentials`.
    """
    message = f"the auth mode {provider.auth!r} cannot be used: {reason}"
    problem = Problem(provider.auth_path, message)
    return ConfigError("The configuration is not valid.", problems=[problem])
