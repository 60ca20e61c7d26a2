"""Which key would be used, and whether it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve
from modelwire.errors import AccessDenied, AuthenticationError, ProviderError
from modelwire.hookspecs import CredentialStatus, fingerprint

from modelwire_acme.account import Account, account_of

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig

__all__ = ["detect"]


def detect(
    provider: ProviderConfig, config: Config, *, probe: bool, timeout: float
) -> CredentialStatus:
    """Say which key would be used; with `probe`, ask the service whether it works."""
    try:
        account = account_of(provider, config)
    except AuthenticationError as error:
        return CredentialStatus("unusable", reason=error.message, hint=error.hint)
    found = CredentialStatus("usable", source=account.source, identity=fingerprint(account.api_key))
    if not probe:
        return found
    import asyncio

    try:
        asyncio.run(_ask(account, config, timeout))
    except (AuthenticationError, AccessDenied) as error:
        return evolve(found, state="unusable", reason=error.message, hint="Check the key.")
    except ProviderError as error:
        return evolve(found, state="unknown", reason=error.message, hint=error.hint)
    return found


async def _ask(account: Account, config: Config, seconds: float) -> None:
    from modelwire.transport import Deadlines, Transport

    from modelwire_acme.listing import list_models

    async with Transport(
        environ=config.environ, deadlines=Deadlines(connect=seconds, total=seconds)
    ) as transport:
        await list_models(account, transport)
