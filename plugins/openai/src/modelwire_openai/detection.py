"""Which key would be used, and whether it would work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from modelwire.errors import AccessDenied, AuthenticationError, ConfigError, ModelwireError
from modelwire.hookspecs import CredentialStatus, fingerprint
from modelwire_openai.accounts import Account, resolve_account

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig

__all__ = ["detect"]

_NO_KEY = "no key is needed"


def detect(
    provider: ProviderConfig, config: Config, *, probe: bool, timeout: float
) -> CredentialStatus:
    """Say which key would be used, and whether it would work.

    A server of one's own needs no key. It counts as usable when the configuration has the provider
    or its key is set; otherwise nobody knows whether such a server runs, and it is not asked.

    Args:
        provider: The provider's configuration.
        config: The whole configuration.
        probe: Whether the service may be asked.
        timeout: Seconds for that.

    Raises:
        ConfigError: A setting is not valid.
    """
    try:
        account = resolve_account(provider, config)
    except AuthenticationError as error:
        return CredentialStatus("unusable", reason=error.message, hint=error.hint)
    status = _status(account, provider, config)
    return _probed(status, account, config, timeout) if probe else status


def _status(account: Account, provider: ProviderConfig, config: Config) -> CredentialStatus:
    details = {"baseUrl": account.address.base}
    if account.api_key is not None:
        identity = fingerprint(account.api_key)
        return CredentialStatus(
            "usable", source=account.key_source, identity=identity, details=details
        )
    configured = provider.id in config.models.providers
    known = account.server is not None and account.server.local
    if known and not configured:
        return CredentialStatus(
            "unknown",
            source=_NO_KEY,
            reason=f"whether a server runs at {account.address.base} is not known",
            hint=f"Add models.providers.{provider.id} to the configuration, be it empty, to use it.",
            details=details,
        )
    source = "headers of the configuration" if account.headers else _NO_KEY
    return CredentialStatus("usable", source=source, details=details)


def _probed(
    status: CredentialStatus, account: Account, config: Config, timeout: float
) -> CredentialStatus:
    """Ask the service; called in a thread without an event loop."""
    import asyncio

    try:
        asyncio.run(_ask(account, config, timeout))
    except (AuthenticationError, AccessDenied) as error:
        return evolve(status, state="unusable", reason=error.message, hint=error.hint)
    except ConfigError:
        raise
    except ModelwireError as error:
        # A key that works in principle may have met a service that is down.
        if account.api_key is None:
            return evolve(status, state="unusable", reason=error.message, hint=error.hint)
        return evolve(status, state="unknown", reason=error.message, hint=error.hint)
    details = {**status.details, "probed": "true"}
    return evolve(status, state="usable", reason=None, hint=None, details=details)


async def _ask(account: Account, config: Config, timeout: float) -> None:
    from modelwire.transport import Deadlines, Transport
    from modelwire_openai.discovery import list_models

    deadlines = Deadlines(connect=timeout, first_byte=timeout, idle=timeout, total=timeout)
    async with Transport(environ=config.environ) as transport:
        await list_models(account, transport, deadlines=deadlines)
