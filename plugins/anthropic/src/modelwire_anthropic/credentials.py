"""Detection of the API key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.authoring import detect_key
from modelwire.hookspecs import CredentialStatus, fingerprint
from modelwire.redaction import shown_url
from modelwire_anthropic.account import Account, resolve_account

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.transport import Deadlines, Transport

__all__ = ["detect"]


def detect(
    provider: ProviderConfig, config: Config, *, probe: bool, timeout: float
) -> CredentialStatus:
    """Report which key would be used, and whether it would work.

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
        _status,
        _ask,
        config=config,
        probe=probe,
        timeout=timeout,
    )


def _status(account: Account) -> CredentialStatus:
    return CredentialStatus(
        "usable",
        source=account.key_source or "no key is needed",
        identity=fingerprint(account.key) if account.key else None,
        details={"endpoint": shown_url(account.base_url)},
    )


async def _ask(account: Account, transport: Transport, deadlines: Deadlines) -> None:
    from modelwire_anthropic.client import fetch_json

    await fetch_json(account, "models?limit=1", transport=transport, deadlines=deadlines)
