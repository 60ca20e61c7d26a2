"""Detection of the API key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.authoring import probed
from modelwire.errors import AuthenticationError
from modelwire.hookspecs import CredentialStatus, fingerprint
from modelwire_anthropic.account import resolve_account

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.transport import Deadlines, Transport

__all__ = ["detect"]


def detect(
    provider: ProviderConfig, config: Config, *, probe: bool, timeout: float
) -> CredentialStatus:
    """Say which key would be used, and whether it would work.

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
    status = CredentialStatus(
        "usable",
        source=account.key_source or "no key is needed",
        identity=fingerprint(account.key) if account.key else None,
        details={"endpoint": account.base_url},
    )
    if not probe:
        return status

    async def ask(transport: Transport, deadlines: Deadlines) -> None:
        from modelwire_anthropic.client import fetch_json

        await fetch_json(account, "models?limit=1", transport=transport, deadlines=deadlines)

    return probed(status, ask, config=config, timeout=timeout)
