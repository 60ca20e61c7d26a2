"""Detection of the API key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.authoring import detect_key
from modelwire.hookspecs import CredentialStatus, fingerprint
from modelwire.redaction import shown_url
from modelwire_openai.account import Account, resolve_account

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.transport import Deadlines, Transport

__all__ = ["detect"]

_NO_KEY = "no key is needed"


def detect(
    provider: ProviderConfig, config: Config, *, probe: bool, timeout: float
) -> CredentialStatus:
    """Report which key would be used, and whether it would work.

    A self-hosted server needs no key. It counts as usable when the configuration has the provider
    or its key is set; otherwise it is not known whether such a server runs, and no request is sent.

    Args:
        provider: The provider's configuration.
        config: The whole configuration.
        probe: Whether the service may be called.
        timeout: The time limit for that, in seconds.

    Raises:
        ConfigError: A setting is not valid.
    """
    return detect_key(
        lambda: resolve_account(provider, config),
        lambda account: _status(account, provider, config),
        _ask,
        config=config,
        probe=probe,
        timeout=timeout,
    )


async def _ask(account: Account, transport: Transport, deadlines: Deadlines) -> None:
    from modelwire_openai.discovery import list_models

    await list_models(account, transport, deadlines=deadlines)


def _status(account: Account, provider: ProviderConfig, config: Config) -> CredentialStatus:
    base_url = shown_url(account.address.base)
    details = {"baseUrl": base_url}
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
            reason=f"it is unknown whether a server runs at {base_url}",
            hint=f"Add models.providers.{provider.id} to the configuration, be it empty, to use it.",
            details=details,
        )
    source = "headers of the configuration" if account.headers else _NO_KEY
    return CredentialStatus("usable", source=source, details=details)
