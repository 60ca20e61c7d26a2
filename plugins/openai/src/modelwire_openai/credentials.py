"""Detection of the API key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from modelwire.authoring import probed
from modelwire.errors import AuthenticationError
from modelwire.hookspecs import CredentialStatus, fingerprint
from modelwire_openai.account import Account, resolve_account

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.transport import Deadlines, Transport

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
    if not probe:
        return status

    async def ask(transport: Transport, deadlines: Deadlines) -> None:
        from modelwire_openai.discovery import list_models

        await list_models(account, transport, deadlines=deadlines)

    # A key that works in principle may have met a service that is down.
    otherwise: Literal["unknown", "unusable"] = "unusable" if account.api_key is None else "unknown"
    return probed(status, ask, config=config, timeout=timeout, otherwise=otherwise)


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
