"""Which key would be used, and whether it would work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from modelwire.errors import AccessDenied, AuthenticationError, ConfigError, ModelwireError
from modelwire.hookspecs import CredentialStatus, fingerprint
from modelwire_anthropic.accounts import Account, resolve_account

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig

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
    return _probed(status, account, config, timeout) if probe else status


def _probed(
    status: CredentialStatus, account: Account, config: Config, timeout: float
) -> CredentialStatus:
    """Ask for one model of the list; called in a thread without an event loop."""
    import asyncio

    try:
        asyncio.run(_ask(account, config, timeout))
    except (AuthenticationError, AccessDenied) as error:
        return evolve(status, state="unusable", reason=error.message, hint=error.hint)
    except ConfigError:
        raise
    except ModelwireError as error:
        return evolve(status, state="unknown", reason=error.message, hint=error.hint)
    return evolve(status, details={**status.details, "probed": "true"})


async def _ask(account: Account, config: Config, timeout: float) -> None:
    from modelwire.transport import Deadlines, Transport
    from modelwire_anthropic.calling import fetch_json

    deadlines = Deadlines(connect=timeout, first_byte=timeout, idle=timeout, total=timeout)
    async with Transport(environ=config.environ) as transport:
        await fetch_json(account, "models?limit=1", transport=transport, deadlines=deadlines)
